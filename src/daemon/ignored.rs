//! A check that passes in the work tree and fails in the check tree is told as exactly that (design section 9, Files git
//! does not track): it is tried once more on a copy of the check tree that has the work tree's ignored files too. The
//! verdict stays what it was; only its evidence says more.

use super::ground::{Ground, Said};
use super::perform::{Task, unfit};
use crate::mission::CheckKind;
use crate::repo::Beside;
use crate::session::{Fault, Scope};
use crate::verify::{Baseline, Item};
use crate::words::{Outcome, Verdict};

/// The most that the copy may hold, in bytes; beyond it the paths are only named.
const LARGEST: u64 = 200 << 20;
/// The most paths that are named.
const NAMED: usize = 6;

/// Whether checks of a scope are tried again: those of an iteration, where a fail is what the next action is made of.
pub(super) const fn is_asked(scope: Scope) -> bool {
    match scope {
        Scope::Iteration | Scope::Phase => true,
        Scope::Baseline => false,
    }
}

/// Whether a verdict is one that files which git ignores may explain.
pub(super) fn may_explain(verdict: &Verdict, items: &[Item]) -> bool {
    let runs = |item: &Item| {
        matches!(
            item.check.kind,
            CheckKind::Command(_) | CheckKind::Tests(_) | CheckKind::Coverage(_) | CheckKind::Metric(_)
        )
    };
    verdict.outcome == Outcome::Fail && items.iter().any(|item| item.id == verdict.check && runs(item))
}

/// Tries failed checks with what is ignored, and says in their evidence where that makes them pass.
pub(super) async fn explain(
    task: &Task,
    ground: &Ground,
    items: &[Item],
    said: &Said,
    verdicts: &mut [Verdict],
) -> Result<(), Fault> {
    if verdicts.is_empty() {
        return Ok(());
    }
    let (from, into) = (ground.dir.clone(), task.tools.state.tree_with_ignored());
    let dir = into.clone();
    let beside = task
        .blocking(move |tools| {
            tools.repo.discard(&into).map_err(|error| unfit(&error))?;
            tools.repo.copy_beside(&from, &into, LARGEST).map_err(|error| unfit(&error))
        })
        .await?;
    if beside.lacking.is_empty() {
        return Ok(());
    }
    if beside.copied {
        let there = Ground { dir: dir.clone(), ..ground.clone() };
        let tried = items.iter().filter(|item| verdicts.iter().any(|verdict| verdict.check == item.id));
        let tried = tried.cloned().map(once).collect();
        let mut passing = Vec::new();
        let told = |verdict: &Verdict, _: &Baseline| {
            if verdict.outcome == Outcome::Pass {
                passing.push(verdict.check.clone());
            }
        };
        task.checking().run(&there, tried, said.clone(), told).await.map_err(|error| unfit(&error))?;
        for verdict in verdicts.iter_mut().filter(|verdict| passing.contains(&verdict.check)) {
            add(verdict, &format!("passes with the ignored files of the work tree: {}", named(&beside)));
        }
    } else {
        let named = named(&beside);
        verdicts.iter_mut().for_each(|verdict| {
            add(verdict, &format!("the work tree has ignored files, too large to try it with them: {named}"));
        });
    }
    task.blocking(move |tools| tools.repo.discard(&dir).map_err(|error| unfit(&error))).await
}

/// One run is enough to see a pass.
fn once(mut item: Item) -> Item {
    item.check.retries = 0;
    item
}

fn named(beside: &Beside) -> String {
    let paths = beside.lacking.iter().take(NAMED).map(|path| path.display().to_string());
    let paths = paths.collect::<Vec<_>>().join(", ");
    match beside.lacking.len().saturating_sub(NAMED) {
        0 => paths,
        more => format!("{paths} and {more} more"),
    }
}

/// Adds it to what was found.
fn add(verdict: &mut Verdict, what: &str) {
    let summary = &verdict.evidence.summary;
    verdict.evidence.summary =
        format!("{summary}; {what} (not in the check tree: name them under `carry:`, or have `setup` make them)");
}
