//! Checks that prove nothing: those that pass on a tree without a single file (design section 9, Vacuous).
//!
//! They run without set-up and without carried files: what is left is what the check asks of nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ground::Said;
use super::perform::{Task, unfit};
use crate::mission::Mission;
use crate::session::Fault;
use crate::verify::{self, Item, Occasion};
use crate::words::{CheckId, CriterionId, Outcome};

/// The longest that a check may take there; a time-out decides nothing, so it is not vacuous.
const LONGEST: Duration = Duration::from_secs(20);

/// Which of these checks pass on an emptied tree. Those that would by nature (absence, negation, opinions) are not asked.
pub(super) async fn among(task: &Task, items: &[Item]) -> Result<BTreeSet<CheckId>, Fault> {
    let items: Vec<Item> = verify::for_emptied_tree(items).into_iter().map(once).collect();
    if items.is_empty() {
        return Ok(BTreeSet::new());
    }
    let dir = task.tools.state.emptied_tree();
    let emptied = dir.clone();
    let tree = task
        .blocking(move |tools| {
            tools.repo.discard(&emptied).map_err(|error| unfit(&error))?;
            let tree = tools.repo.empty_tree().map_err(|error| unfit(&error))?;
            tools.repo.update_kept(&tree, &emptied).map_err(|error| unfit(&error))?;
            Ok(tree)
        })
        .await?;
    let checking = task.checking();
    let ground = checking.bare(tree, dir.clone());
    let mut vacuous = BTreeSet::new();
    let told = |verdict: &crate::words::Verdict, _: &verify::Baseline| {
        if verdict.outcome == Outcome::Pass {
            vacuous.insert(verdict.check.clone());
        }
    };
    checking.run(&ground, items, Said::default(), told).await.map_err(|error| unfit(&error))?;
    task.blocking(move |tools| tools.repo.discard(&dir).map_err(|error| unfit(&error))).await?;
    Ok(vacuous)
}

/// One run is enough to see a pass.
fn once(mut item: Item) -> Item {
    item.check.retries = 0;
    item.check.timeout = item.check.timeout.min(LONGEST);
    item
}

/// The criteria whose author wrote nothing but vacuous checks.
pub(super) async fn criteria(task: &Task) -> Result<Vec<CriterionId>, Fault> {
    let items = authored(&task.mission);
    let vacuous = among(task, &items).await?;
    let all_are = |id: &CriterionId| {
        let mut own = items.iter().filter(|item| item.criterion == *id).peekable();
        own.peek().is_some() && own.all(|item| vacuous.contains(&item.id))
    };
    let ids = task.mission.criteria.iter().map(|criterion| &criterion.id);
    Ok(ids.filter(|id| all_are(id)).cloned().collect())
}

/// The checks that people wrote.
fn authored(mission: &Mission) -> Vec<Item> {
    let written: Vec<_> = mission.criteria.iter().filter(|criterion| !criterion.derived).cloned().collect();
    verify::items(&written, verify::Scope::All, Occasion::Proof, crate::mission::Check::hash)
}
