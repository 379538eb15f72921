//! Runs the checks of an iteration on the kept check tree, taking over what was found before on the same inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ground::{Checking, Ground, Said, SetUp, approvals};
use super::history::history;
use super::judging::{self, Judged};
use super::perform::{Task, Tools, unfit};
use super::seal::{self, globs};
use super::{baseline, ignored, pins};
use crate::manager::{Failed, total};
use crate::mission::Mission;
use crate::repo;
use crate::session::{Bill, Event, Fault, Role, Scope, Session};
use crate::verify::{self, Answer, Baseline, Broken, Item, Known, Occasion};
use crate::words::{CheckId, CriterionId, Hash, Outcome, TreeId, Verdict};

pub(super) async fn verify(
    task: &Task,
    tree: TreeId,
    scope: Scope,
    phase: usize,
    done: &[CheckId],
) -> Result<Event, Fault> {
    let attempt = task.attempt;
    let mut items = items(task, scope, phase);
    items.retain(|item| !done.contains(&item.id));
    if items.is_empty() {
        return Ok(Event::Verified { attempt, bill: None });
    }
    let checking = task.checking();
    let dir = checking.checkout_kept(&tree).await.map_err(|error| unfit(&error))?;
    let mut ground = prepare(task, tree, dir, SetUp::WhenDue).await?;
    let compared = if baseline::is_being_found(task) {
        ground.broken = ground.broken.map(Broken::undecided);
        None
    } else {
        Some(baseline::found(task)?)
    };
    let (items, anew): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| !begins_now(task, compared.as_ref(), item));
    let items = take_over_known(task, &ground, compared.as_ref(), items)?;
    let mut bills = Vec::new();
    for (items, compared) in [(anew, None), (items, compared)] {
        match run(task, &ground, items, compared, Keep::Verdicts(scope)).await {
            Ok(found) => bills.extend(found.bill),
            Err(Failed { fault, bill }) => {
                bills.extend(bill);
                return Ok(Event::Failed { attempt, fault, bill: sum(&bills) });
            }
        }
    }
    Ok(Event::Verified { attempt, bill: sum(&bills) })
}

/// Whether what a check finds now is what it will be compared with: an amendment brought it, and nothing was done since.
fn begins_now(task: &Task, baseline: Option<&Baseline>, item: &Item) -> bool {
    let (whole, part) = (item.id.to_string(), format!("{}.", item.id));
    let is_known =
        |baseline: &Baseline| baseline.iter().any(|(id, _)| id.as_str() == whole || id.as_str().starts_with(&part));
    baseline::is_amended_now(&task.session)
        && verify::compares_with_baseline(&item.check)
        && baseline.is_some_and(|baseline| !is_known(baseline))
}

fn sum(bills: &[Bill]) -> Option<Bill> {
    match bills {
        [] => None,
        [bill] => Some(*bill),
        bills => Some(total(Role::Judge, bills)),
    }
}

/// Makes a check tree ready with what was pinned at the seal: sealed paths, carried files.
pub(super) async fn prepare(task: &Task, tree: TreeId, dir: PathBuf, set_up: SetUp) -> Result<Ground, Fault> {
    let (session, mission, held, into) =
        (Arc::clone(&task.session), Arc::clone(&task.mission), tree.clone(), dir.clone());
    let (sealed, links, carried) = task
        .blocking(move |tools| {
            let (sealed, links) = seal_tree(tools, &session, &mission, &held, &into)?;
            let carried = pins::carried(&tools.state, session.sealed.as_ref()).map_err(|error| unfit(&error))?;
            Ok((sealed, links, carried))
        })
        .await?;
    let mut ground = task.checking().prepare(tree, dir, set_up, carried).await.map_err(|error| unfit(&error))?;
    ground.sealed = sealed;
    if !links.is_empty() {
        ground.broken = Some(Broken::by_links(&links));
    }
    Ok(ground)
}

/// What differs from the seal: the tree of the start, and the paths that it gives.
type Sealed = Option<(TreeId, Vec<PathBuf>)>;

/// Whatever a tree holds, sealed paths are as they were sealed when a check runs (invariant I11). Returns them, and the
/// links made since the start that lead out of the tree: what they lead to is no part of the work.
fn seal_tree(
    tools: &Tools,
    session: &Session,
    mission: &Mission,
    tree: &TreeId,
    dir: &Path,
) -> Result<(Sealed, Vec<PathBuf>), Fault> {
    let Some(start) = session.sealed_tree().filter(|start| *start != tree) else {
        return Ok((None, Vec::new()));
    };
    let changes = tools.repo.changed_paths(start, tree).map_err(|error| unfit(&error))?;
    let broken = seal::broken(&tools.repo, mission, start, &changes)?;
    tools.repo.restore_paths(start, &broken, dir).map_err(|error| unfit(&error))?;
    let changed: Vec<PathBuf> = changes.into_iter().map(|change| change.path).collect();
    let links = repo::links_out(dir, &changed).map_err(|error| unfit(&error))?;
    Ok(((!broken.is_empty()).then(|| (start.clone(), broken)), links))
}

/// The checks of a scope up to a phase.
fn items(task: &Task, scope: Scope, phase: usize) -> Vec<Item> {
    let occasion = match scope {
        Scope::Baseline => Occasion::Baseline,
        Scope::Phase => Occasion::PhaseEnd,
        Scope::Iteration => Occasion::Iteration,
    };
    let due =
        task.session.charter.criteria.iter().filter(|criterion| criterion.phase <= phase || scope == Scope::Baseline);
    let due: BTreeSet<CriterionId> = due.map(|criterion| criterion.id.clone()).collect();
    verify::items(&task.mission.criteria, verify::Scope::Only(&due), occasion, crate::mission::Check::hash)
}

/// Whether verdicts may be taken over later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Those of the checks of a scope.
    Verdicts(Scope),
    /// None: it is the proof.
    Nothing,
}

/// Records the verdicts that were found before on the same inputs; returns the checks that must run.
fn take_over_known(
    task: &Task,
    ground: &Ground,
    baseline: Option<&Baseline>,
    items: Vec<Item>,
) -> Result<Vec<Item>, Fault> {
    let mut open = Vec::new();
    for item in items {
        match known(task, ground, baseline, &item)? {
            Some(verdict) => {
                let verdict = Box::new(Verdict { tree: ground.tree.clone(), cached: true, ..verdict });
                task.report(Event::VerdictRecorded { attempt: task.attempt, verdict });
            }
            None => open.push(item),
        }
    }
    Ok(open)
}

fn known(task: &Task, ground: &Ground, baseline: Option<&Baseline>, item: &Item) -> Result<Option<Verdict>, Fault> {
    let Some(key) = key(task, ground, baseline, item)? else { return Ok(None) };
    let stored = task.tools.caches.verdict(&key).map_err(|error| unfit(&error))?;
    Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn key(task: &Task, ground: &Ground, baseline: Option<&Baseline>, item: &Item) -> Result<Option<Hash>, Fault> {
    // A criterion that must pass several times in a row is run each time.
    if task.checking().runs_of(item) > 1 {
        return Ok(None);
    }
    // What the baseline is made of is found, not taken over: an earlier verdict does not tell the tests.
    if baseline.is_none() && verify::compares_with_baseline(&item.check) {
        return Ok(None);
    }
    let inputs = inputs(task, ground, &item.check.inputs)?;
    let known =
        Known { environment: ground.environment.hash(), inputs: &inputs, services: &task.mission.services, baseline };
    Ok(verify::cache_key(item, known))
}

/// The tree of what a check's `inputs` select, by name and object; the whole tree if it names none.
fn inputs(task: &Task, ground: &Ground, patterns: &[String]) -> Result<TreeId, Fault> {
    if patterns.is_empty() {
        return Ok(ground.tree.clone());
    }
    let wanted = globs(patterns)?;
    let entries = match ground.entries.get() {
        Some(entries) => entries,
        None => {
            let listed = task.tools.repo.list_tree(&ground.tree).map_err(|error| unfit(&error))?;
            ground.entries.get_or_init(|| listed)
        }
    };
    let selected: Vec<String> = entries
        .iter()
        .filter(|entry| wanted.is_match(&entry.path))
        .map(|entry| format!("{:o} {} {}", entry.mode, entry.id, entry.path.display()))
        .collect();
    Ok(TreeId::new(Hash::of_parts(selected.iter().map(String::as_bytes)).to_string()))
}

/// What came of a run of checks.
#[derive(Default)]
pub(super) struct Found {
    /// What judging cost.
    pub(super) bill: Option<Bill>,
    /// Checks that did not pass, those aside that wait for a person.
    pub(super) open: usize,
}

impl Found {
    fn count(&mut self, verdict: &Verdict) {
        let waits = verdict.kind == "manual" && verdict.outcome == Outcome::Inconclusive;
        self.open += usize::from(verdict.outcome != Outcome::Pass && !waits);
    }
}

/// Has the judges asked and the checks run; a fault after it carries what judging cost along.
pub(super) async fn run(
    task: &Task,
    ground: &Ground,
    items: Vec<Item>,
    compared: Option<Baseline>,
    keep: Keep,
) -> Result<Found, Failed> {
    let mut found = Found::default();
    let items = without_unready(task, ground, items, &mut found);
    if items.is_empty() {
        return Ok(found);
    }
    let free = |fault| Failed { fault, bill: None };
    let Judged { answers, bill } = judging::ask(task, &ground.dir, &items, &ground.hidden()).await.map_err(free)?;
    found.bill = bill;
    match judge(task, ground, items, answers, compared, keep, &mut found).await {
        Ok(()) => Ok(found),
        Err(fault) => Err(Failed { fault, bill: found.bill }),
    }
}

/// Runs checks on a ground, records their verdicts, and keeps them if they may be kept.
async fn judge(
    task: &Task,
    ground: &Ground,
    items: Vec<Item>,
    answers: BTreeMap<CheckId, Vec<Answer>>,
    compared: Option<Baseline>,
    keep: Keep,
    found: &mut Found,
) -> Result<(), Fault> {
    let history =
        history(&task.tools.repo, Some(&task.session), &ground.tree, &items).map_err(|error| unfit(&error))?;
    let said = Said { baseline: compared.clone(), answers, approvals: approvals(&task.session, &ground.tree), history };
    let (attempt, progress) = (task.attempt, task.progress());
    let explains = matches!(keep, Keep::Verdicts(scope) if ignored::is_asked(scope));
    let (mut unpinned, mut failed) = (None, Vec::new());
    let told = |verdict: &Verdict, passed: &Baseline| {
        found.count(verdict);
        if explains && ignored::may_explain(verdict, &items) {
            return failed.push(verdict.clone());
        }
        let mut verdict = Box::new(verdict.clone());
        if compared.is_none() && compares(&items, &verdict.check) {
            match baseline::pin(&task.tools.state, passed) {
                Ok(hash) => verdict.evidence.passed = hash,
                Err(fault) => {
                    unpinned = Some(fault);
                    return;
                }
            }
        }
        progress(Event::VerdictRecorded { attempt, verdict });
    };
    // The proof is of each check on the tree as it was committed, so none may find what another one leaves beside it.
    let jobs = if keep == Keep::Nothing { 1 } else { task.tools.jobs };
    let checking = Checking { jobs, ..task.checking() };
    let report = checking.run(ground, items.clone(), said.clone(), told).await.map_err(|error| unfit(&error))?;
    if let Some(fault) = unpinned {
        return Err(fault);
    }
    ignored::explain(task, ground, &items, &said, &mut failed).await?;
    let mut verdicts = report.verdicts;
    for verdict in failed {
        if let Some(kept) = verdicts.iter_mut().find(|kept| kept.check == verdict.check) {
            kept.clone_from(&verdict);
        }
        task.report(Event::VerdictRecorded { attempt, verdict: Box::new(verdict) });
    }
    if let Keep::Verdicts(_) = keep {
        remember(task, ground, compared.as_ref(), &items, &verdicts)?;
    }
    Ok(())
}

fn compares(items: &[Item], check: &CheckId) -> bool {
    items.iter().any(|item| item.id == *check && verify::compares_with_baseline(&item.check))
}

/// Records what a broken set-up means to the checks that need it; returns the others.
fn without_unready(task: &Task, ground: &Ground, items: Vec<Item>, found: &mut Found) -> Vec<Item> {
    let Some(broken) = &ground.broken else { return items };
    let (unready, ready): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| verify::needs_set_up(&item.check));
    for item in unready {
        let verdict = Box::new(verify::unready(broken, &item, &ground.tree, &ground.environment));
        found.count(&verdict);
        task.report(Event::VerdictRecorded { attempt: task.attempt, verdict });
    }
    ready
}

fn remember(
    task: &Task,
    ground: &Ground,
    baseline: Option<&Baseline>,
    items: &[Item],
    verdicts: &[Verdict],
) -> Result<(), Fault> {
    for verdict in verdicts {
        let Some(item) = items.iter().find(|item| item.id == verdict.check) else { continue };
        if let (true, Some(key)) = (verify::is_kept(verdict.outcome), key(task, ground, baseline, item)?) {
            let bytes = serde_json::to_vec(verdict).map_err(|error| unfit(&error))?;
            task.tools.caches.keep_verdict(&key, &bytes).map_err(|error| unfit(&error))?;
        }
    }
    Ok(())
}
