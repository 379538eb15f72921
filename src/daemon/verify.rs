//! Runs the checks of an iteration on the kept check tree, taking over what was found before on the same inputs.

use std::collections::{BTreeMap, BTreeSet};

use super::ground::{Ground, Said, SetUp, approvals};
use super::judging::{self, Judged};
use super::perform::{Task, unfit};
use super::seal::globs;
use crate::manager::Failed;
use crate::session::{Bill, Event, Fault, Scope};
use crate::verify::{self, Answer, Baseline, Item, Known, Occasion};
use crate::words::{CheckId, CriterionId, Hash, TreeId, Verdict};

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
    let ground = checking.prepare(tree, dir, SetUp::WhenDue).await.map_err(|error| unfit(&error))?;
    let known_tests = baseline(task)?;
    let items = take_over_known(task, &ground, known_tests.as_ref(), items)?;
    Ok(match run(task, &ground, items, Keep::Verdicts).await {
        Ok(bill) => Event::Verified { attempt, bill },
        Err(Failed { fault, bill }) => Event::Failed { attempt, fault, bill },
    })
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
    Verdicts,
    Nothing,
}

/// The place of the baseline's passed tests among the memos.
const BASELINE: &str = "baseline";

/// The tests that passed before any work; `None` while they are being found.
fn baseline(task: &Task) -> Result<Option<Baseline>, Fault> {
    let stored = task.tools.caches.memo(BASELINE).map_err(|error| unfit(&error))?;
    match stored {
        None => Ok(None),
        Some(bytes) => {
            let passed: BTreeMap<CheckId, BTreeSet<String>> =
                serde_json::from_slice(&bytes).map_err(|error| unfit(&error))?;
            let mut baseline = Baseline::default();
            passed.into_iter().for_each(|(check, passed)| baseline.insert(check, passed));
            Ok(Some(baseline))
        }
    }
}

fn remember_baseline(task: &Task, passed: &Baseline) -> Result<(), Fault> {
    let passed: BTreeMap<_, _> = passed.iter().collect();
    let bytes = serde_json::to_vec(&passed).map_err(|error| unfit(&error))?;
    task.tools.caches.remember(BASELINE, &bytes).map_err(|error| unfit(&error))
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
    let inputs = inputs(task, &ground.tree, &item.check.inputs)?;
    let known =
        Known { environment: ground.environment.hash(), inputs: &inputs, services: &task.mission.services, baseline };
    Ok(verify::cache_key(item, known))
}

/// The tree of what a check's `inputs` select, by name and object; the whole tree if it names none.
fn inputs(task: &Task, tree: &TreeId, patterns: &[String]) -> Result<TreeId, Fault> {
    if patterns.is_empty() {
        return Ok(tree.clone());
    }
    let wanted = globs(patterns)?;
    let entries = task.tools.repo.list_tree(tree).map_err(|error| unfit(&error))?;
    let selected: Vec<String> = entries
        .iter()
        .filter(|entry| wanted.is_match(&entry.path))
        .map(|entry| format!("{:o} {} {}", entry.mode, entry.id, entry.path.display()))
        .collect();
    Ok(TreeId::new(Hash::of_parts(selected.iter().map(String::as_bytes)).to_string()))
}

/// Has the judges asked and the checks run. Returns what judging cost; a fault after it carries that cost along.
pub(super) async fn run(task: &Task, ground: &Ground, items: Vec<Item>, keep: Keep) -> Result<Option<Bill>, Failed> {
    if items.is_empty() {
        return Ok(None);
    }
    let free = |fault| Failed { fault, bill: None };
    let Judged { answers, bill } = judging::ask(task, &ground.dir, &items, &ground.hidden).await.map_err(free)?;
    match judge(task, ground, items, answers, keep).await {
        Ok(()) => Ok(bill),
        Err(fault) => Err(Failed { fault, bill }),
    }
}

/// Runs checks on a ground, records their verdicts, and keeps them if they may be kept.
async fn judge(
    task: &Task,
    ground: &Ground,
    items: Vec<Item>,
    answers: BTreeMap<CheckId, Vec<Answer>>,
    keep: Keep,
) -> Result<(), Fault> {
    let baseline = baseline(task)?;
    let first = baseline.is_none() && task.session.iteration.0 == 0;
    let said = Said { baseline: baseline.clone(), answers, approvals: approvals(&task.session, &ground.tree) };
    let (attempt, progress) = (task.attempt, task.progress());
    let told = |verdict: &Verdict| progress(Event::VerdictRecorded { attempt, verdict: Box::new(verdict.clone()) });
    let report = task.checking().run(ground, items.clone(), said, told).await.map_err(|error| unfit(&error))?;
    if keep == Keep::Verdicts {
        if first {
            remember_baseline(task, &report.passed)?;
        }
        remember(task, ground, baseline.as_ref(), &items, &report.verdicts)?;
    }
    Ok(())
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
