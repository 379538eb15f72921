//! The one way to run checks on a tree: a folder is made to hold it, carried files are placed, it is set up, checks run.
//!
//! The daemon's verifying and proving stand on it, and so does `cco validate`, which has no daemon: nothing here knows a
//! run. What to run, what may be taken over and what becomes of a verdict is said by the caller.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::error::Error;
use super::observer::Observer;
use super::running::Hold;
use crate::mission::Mission;
use crate::repo::Repo;
use crate::store::StateDir;
use crate::verify::{self, Answer, Approval, Baseline, Environment, Item, Job, Report, Setup, Surroundings, Verifier};
use crate::words::{CheckId, Outcome, TreeId, Verdict};

/// What it takes to run checks.
pub(super) struct Checking<'a> {
    pub(super) repo: &'a Repo,
    pub(super) state: &'a StateDir,
    pub(super) verifier: &'a Verifier,
    pub(super) mission: &'a Mission,
    /// Held by what runs on threads of its own.
    pub(super) hold: Hold,
    /// cco's own environment, from which checks get what is allowed.
    pub(super) environment: &'a BTreeMap<OsString, OsString>,
    /// Checks at once.
    pub(super) jobs: usize,
    pub(super) observer: &'a Observer,
    /// A folder for spools and temporary files.
    pub(super) spool: PathBuf,
    /// Begins the marker of every process that is started.
    pub(super) marker: String,
}

/// When a check tree is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SetUp {
    /// When its key differs from that of the last time: the kept tree.
    WhenDue,
    /// Always: the checkout is fresh.
    Always,
}

/// A check tree made ready.
pub(super) struct Ground {
    pub(super) tree: TreeId,
    pub(super) dir: PathBuf,
    pub(super) environment: Environment,
    /// Carried paths, which no judge is shown.
    pub(super) hidden: Vec<String>,
}

/// What surrounds a run of checks: what others said about it beforehand.
#[derive(Clone, Default)]
pub(super) struct Said {
    /// The tests that passed before any work; `None` while they are being found.
    pub(super) baseline: Option<Baseline>,
    /// What judges answered.
    pub(super) answers: BTreeMap<CheckId, Vec<Answer>>,
    /// What people said about exactly this tree.
    pub(super) approvals: Vec<Approval>,
}

impl Checking<'_> {
    /// Makes the kept check tree hold a tree. A set-up it has been through counts only while the folder is there.
    pub(super) async fn checkout_kept(&self, tree: &TreeId) -> Result<PathBuf, Error> {
        let (repo, state, tree) = (self.repo.clone(), self.state.clone(), tree.clone());
        self.hold
            .blocking(move || {
                let dir = state.check_tree();
                if !dir.is_dir() {
                    state.forget_set_up()?;
                }
                repo.update_kept(&tree, &dir)?;
                Ok(dir)
            })
            .await
    }

    /// Places carried files and sets the tree up.
    pub(super) async fn prepare(&self, tree: TreeId, dir: PathBuf, set_up: SetUp) -> Result<Ground, Error> {
        let (carry, keep, into) = (self.mission.carry.clone(), self.state.carried(), dir.clone());
        let from = self.repo.work_tree().to_owned();
        let carried = self
            .hold
            .blocking(move || {
                let carried = verify::gather(&from, &carry, &keep)?;
                verify::place(&carried, &keep, &into)?;
                Ok::<_, Error>(carried)
            })
            .await?;
        let setup = Setup::of(self.mission.setup.as_deref(), &dir)?;
        let environment = Environment::new(Surroundings {
            variables: self.environment,
            pass_env: &self.mission.pass_env,
            carried: &carried,
            setup: setup.key,
        });
        let hidden = carried.into_iter().map(|file| file.path).collect();
        let ground = Ground { tree, dir, environment, hidden };
        self.set_up(&ground, &setup, set_up).await?;
        Ok(ground)
    }

    async fn set_up(&self, ground: &Ground, setup: &Setup, when: SetUp) -> Result<(), Error> {
        let last = match when {
            SetUp::Always => None,
            SetUp::WhenDue => self.state.set_up()?,
        };
        if !setup.is_due(last) {
            return Ok(());
        }
        self.observer.note(format!("setting up: {}", setup.commands.join(" && ")));
        if when == SetUp::WhenDue {
            self.state.forget_set_up()?;
        }
        let job = self.job(ground, Vec::new(), Said::default());
        self.verifier.set_up(job, setup).await?;
        if when == SetUp::WhenDue {
            self.state.note_set_up(&setup.key)?;
        }
        Ok(())
    }

    fn job(&self, ground: &Ground, items: Vec<Item>, said: Said) -> Job {
        Job {
            dir: ground.dir.clone(),
            tree: ground.tree.clone(),
            environment: ground.environment.clone(),
            items,
            services: self.mission.services.clone(),
            baseline: said.baseline,
            answers: said.answers,
            approvals: said.approvals,
            hidden: ground.hidden.clone(),
            spool: self.spool.clone(),
            marker: self.marker.clone(),
            jobs: self.jobs,
        }
    }

    /// Runs checks once each, and those whose criterion must pass several times in a row as often; `told` hears each
    /// verdict as it comes. The report is about those that ran once.
    pub(super) async fn run(
        &self,
        ground: &Ground,
        items: Vec<Item>,
        said: Said,
        mut told: impl FnMut(&Verdict),
    ) -> Result<Report, Error> {
        let (once, often): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| self.runs_of(item) == 1);
        let job = self.job(ground, once, said.clone());
        let report = self.verifier.run(job, &mut told).await?;
        for item in often {
            told(&self.run_often(ground, &item, &said).await?);
        }
        Ok(report)
    }

    /// Runs a check as often as its criterion must pass in a row; one run that differs makes it flaky, and that is no
    /// pass.
    async fn run_often(&self, ground: &Ground, item: &Item, said: &Said) -> Result<Verdict, Error> {
        let runs = self.runs_of(item);
        let mut verdicts = Vec::new();
        for _ in 0..runs {
            let job = self.job(ground, vec![item.clone()], said.clone());
            let report = self.verifier.run(job, |_| {}).await?;
            verdicts.extend(report.verdicts);
        }
        let passed = verdicts.iter().filter(|verdict| verdict.outcome == Outcome::Pass).count();
        let telling = verdicts.iter().position(|verdict| verdict.outcome != Outcome::Pass).unwrap_or(0);
        let mut verdict = verdicts.swap_remove(telling);
        verdict.evidence.summary = format!("passed {passed} of {runs} runs; {}", verdict.evidence.summary);
        Ok(verdict)
    }

    /// How many passes in a row the item's criterion takes.
    pub(super) fn runs_of(&self, item: &Item) -> u32 {
        let criterion = self.mission.criteria.iter().find(|criterion| criterion.id == item.criterion);
        criterion.map_or(1, |criterion| criterion.stable_for.max(1))
    }
}

/// What people said about exactly this tree.
pub(super) fn approvals(session: &crate::session::Session, tree: &TreeId) -> Vec<Approval> {
    let mut approvals = Vec::new();
    for (criterion, record) in session.charter.criteria.iter().zip(&session.records) {
        let Some(answer) = record.answer.as_ref().filter(|answer| answer.tree == *tree) else { continue };
        for check in criterion.checks.iter().filter(|check| check.kind == "manual") {
            approvals.push(Approval {
                check: check.id.clone(),
                tree: tree.clone(),
                answer: if answer.approved { verify::Word::Approved } else { verify::Word::Rejected },
                by: answer.actor.to_string(),
                note: answer.note.clone(),
            });
        }
    }
    approvals
}
