//! Runs the checks of an iteration on the kept check tree, taking over what was found before on the same inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::judging::{self, Judged};
use super::perform::{Task, unfit};
use super::seal::globs;
use crate::session::{Event, Fault, Scope};
use crate::verify::{self, Approval, Baseline, Environment, Item, Job, Known, Occasion, Setup, Surroundings, Word};
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
    let dir = task.tools.state.check_tree();
    checkout_kept(task, &tree, &dir).await?;
    let ground = Ground::prepare(task, tree, dir, SetUp::WhenDue).await?;
    let items = take_over_known(task, &ground, items).await?;
    let bill = run(task, &ground, items, Keep::Verdicts).await?;
    Ok(Event::Verified { attempt, bill })
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

async fn checkout_kept(task: &Task, tree: &TreeId, dir: &Path) -> Result<(), Fault> {
    let (tree, dir) = (tree.clone(), dir.to_owned());
    task.blocking(move |tools| tools.repo.update_kept(&tree, &dir).map(drop).map_err(|error| unfit(&error))).await
}

/// When a check tree is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SetUp {
    /// When its key differs from that of the last time.
    WhenDue,
    /// Always: the checkout is fresh.
    Always,
}

/// Whether verdicts may be taken over later.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Verdicts,
    Nothing,
}

/// A check tree made ready.
pub(super) struct Ground {
    tree: TreeId,
    dir: PathBuf,
    environment: Environment,
    hidden: Vec<String>,
    baseline: Option<Baseline>,
}

impl Ground {
    /// Places carried files and sets the tree up.
    pub(super) async fn prepare(task: &Task, tree: TreeId, dir: PathBuf, set_up: SetUp) -> Result<Self, Fault> {
        let (carry, keep, into) = (task.mission.carry.clone(), task.tools.state.carried(), dir.clone());
        let carried = task
            .blocking(move |tools| {
                let carried = verify::gather(tools.repo.work_tree(), &carry, &keep).map_err(|error| unfit(&error))?;
                verify::place(&carried, &keep, &into).map_err(|error| unfit(&error))?;
                Ok(carried)
            })
            .await?;
        let setup = Setup::of(task.mission.setup.as_deref(), &dir).map_err(|error| unfit(&error))?;
        let surroundings = Surroundings {
            variables: &task.tools.environment,
            pass_env: &task.mission.pass_env,
            carried: &carried,
            setup: setup.key,
        };
        let environment = Environment::new(surroundings);
        let hidden = carried.into_iter().map(|file| file.path).collect();
        let baseline = baseline(task)?;
        let ground = Self { tree, dir, environment, hidden, baseline };
        ground.set_up(task, &setup, set_up).await?;
        Ok(ground)
    }

    async fn set_up(&self, task: &Task, setup: &Setup, when: SetUp) -> Result<(), Fault> {
        let last = match when {
            SetUp::Always => None,
            SetUp::WhenDue => task.tools.caches.memo(SETUP_KEY).map_err(|error| unfit(&error))?,
        };
        let last = last.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|text| text.parse().ok());
        if !setup.is_due(last) {
            return Ok(());
        }
        task.tools.observer.note(format!("setting up: {}", setup.commands.join(" && ")));
        // A set-up that breaks half-way must run again.
        task.tools.caches.forget(SETUP_KEY).map_err(|error| unfit(&error))?;
        task.tools.verifier.set_up(self.job(task, Vec::new()), setup).await.map_err(|error| unfit(&error))?;
        if when == SetUp::WhenDue {
            let key = setup.key.to_string();
            task.tools.caches.remember(SETUP_KEY, key.as_bytes()).map_err(|error| unfit(&error))?;
        }
        Ok(())
    }

    fn job(&self, task: &Task, items: Vec<Item>) -> Job {
        Job {
            dir: self.dir.clone(),
            tree: self.tree.clone(),
            environment: self.environment.clone(),
            items,
            services: task.mission.services.clone(),
            baseline: self.baseline.clone(),
            answers: BTreeMap::new(),
            approvals: approvals(task, &self.tree),
            hidden: self.hidden.clone(),
            spool: task.tools.state.attempt(task.attempt).join("checks"),
            marker: format!("{}-{}", task.session.run, task.attempt),
            jobs: task.tools.jobs,
        }
    }
}

/// The place of the last set-up's key among the memos.
const SETUP_KEY: &str = "setup-key";
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

/// What people said about exactly this tree.
fn approvals(task: &Task, tree: &TreeId) -> Vec<Approval> {
    let mut approvals = Vec::new();
    for (criterion, record) in task.session.charter.criteria.iter().zip(&task.session.records) {
        let Some(answer) = record.answer.as_ref().filter(|answer| answer.tree == *tree) else { continue };
        for check in criterion.checks.iter().filter(|check| check.kind == "manual") {
            let said = if answer.approved { Word::Approved } else { Word::Rejected };
            let by = answer.actor.to_string();
            approvals.push(Approval {
                check: check.id.clone(),
                tree: tree.clone(),
                answer: said,
                by,
                note: answer.note.clone(),
            });
        }
    }
    approvals
}

/// Records the verdicts that were found before on the same inputs; returns the checks that must run.
async fn take_over_known(task: &Task, ground: &Ground, items: Vec<Item>) -> Result<Vec<Item>, Fault> {
    let mut open = Vec::new();
    for item in items {
        match known(task, ground, &item)? {
            Some(verdict) => {
                let verdict = Box::new(Verdict { tree: ground.tree.clone(), cached: true, ..verdict });
                task.report(Event::VerdictRecorded { attempt: task.attempt, verdict });
            }
            None => open.push(item),
        }
    }
    Ok(open)
}

fn known(task: &Task, ground: &Ground, item: &Item) -> Result<Option<Verdict>, Fault> {
    let Some(key) = key(task, ground, item)? else { return Ok(None) };
    let stored = task.tools.caches.verdict(&key).map_err(|error| unfit(&error))?;
    Ok(stored.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn key(task: &Task, ground: &Ground, item: &Item) -> Result<Option<Hash>, Fault> {
    // A criterion that must pass several times in a row is run each time.
    if runs_of(task, item) > 1 {
        return Ok(None);
    }
    let inputs = inputs(task, &ground.tree, &item.check.inputs)?;
    let known = Known {
        environment: ground.environment.hash(),
        inputs: &inputs,
        services: &task.mission.services,
        baseline: ground.baseline.as_ref(),
    };
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

/// How many passes in a row the item's criterion takes.
fn runs_of(task: &Task, item: &Item) -> u32 {
    let criterion = task.mission.criteria.iter().find(|criterion| criterion.id == item.criterion);
    criterion.map_or(1, |criterion| criterion.stable_for.max(1))
}

/// Runs checks on a ground, records their verdicts, and keeps them if they may be kept. Returns what judging cost.
pub(super) async fn run(
    task: &Task,
    ground: &Ground,
    items: Vec<Item>,
    keep: Keep,
) -> Result<Option<crate::session::Bill>, Fault> {
    if items.is_empty() {
        return Ok(None);
    }
    let Judged { answers, bill } = judging::ask(task, &ground.dir, &items, &ground.hidden).await?;
    let (once, often): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| runs_of(task, item) == 1);
    let attempt = task.attempt;
    let progress = task.progress();
    let job = Job { answers: answers.clone(), ..ground.job(task, once.clone()) };
    let report = task
        .tools
        .verifier
        .run(job, |verdict| {
            progress(Event::VerdictRecorded { attempt, verdict: Box::new(verdict.clone()) });
        })
        .await
        .map_err(|error| unfit(&error))?;
    if keep == Keep::Verdicts {
        if ground.baseline.is_none() && task.session.iteration.0 == 0 {
            remember_baseline(task, &report.passed)?;
        }
        remember(task, ground, &once, &report.verdicts)?;
    }
    for item in often {
        let verdict = run_often(task, ground, &item, &answers).await?;
        task.report(Event::VerdictRecorded { attempt, verdict: Box::new(verdict) });
    }
    Ok(bill)
}

fn remember(task: &Task, ground: &Ground, items: &[Item], verdicts: &[Verdict]) -> Result<(), Fault> {
    for (item, verdict) in items.iter().zip(verdicts) {
        if let (true, Some(key)) = (verify::is_kept(verdict.outcome), key(task, ground, item)?) {
            let bytes = serde_json::to_vec(verdict).map_err(|error| unfit(&error))?;
            task.tools.caches.keep_verdict(&key, &bytes).map_err(|error| unfit(&error))?;
        }
    }
    Ok(())
}

/// Runs a check as often as its criterion must pass in a row; one run that differs makes it flaky, and that is no pass.
async fn run_often(
    task: &Task,
    ground: &Ground,
    item: &Item,
    answers: &BTreeMap<CheckId, Vec<verify::Answer>>,
) -> Result<Verdict, Fault> {
    let runs = runs_of(task, item);
    let mut verdicts = Vec::new();
    for _ in 0..runs {
        let job = Job { answers: answers.clone(), ..ground.job(task, vec![item.clone()]) };
        let report = task.tools.verifier.run(job, |_| {}).await.map_err(|error| unfit(&error))?;
        verdicts.extend(report.verdicts);
    }
    let passed = verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Pass).count();
    let telling = verdicts.iter().position(|verdict| verdict.outcome != Outcome::Pass).unwrap_or(0);
    let mut verdict = verdicts.swap_remove(telling);
    verdict.evidence.summary = format!("passed {passed} of {runs} runs; {}", verdict.evidence.summary);
    Ok(verdict)
}
