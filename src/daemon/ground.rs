//! The one way to run checks on a tree: a folder is made to hold it, carried files are placed, it is set up, checks run.
//!
//! The daemon's verifying and proving stand on it, and so does `cco validate`, which has no daemon: nothing here knows a
//! run. What to run, what may be taken over and what becomes of a verdict is said by the caller.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::error::Error;
use super::observer::Observer;
use super::running::Hold;
use crate::mission::Mission;
use crate::repo::{Repo, TreeEntry};
use crate::store::StateDir;
use crate::verify::{
    self, Answer, Approval, Baseline, Broken, Carried, Environment, History, Item, Job, Refresh, Report, Setup,
    Surroundings, Verifier,
};
use crate::words::{CheckId, Evidence, Hash, Measure, Outcome, TreeId, Verdict, last};

/// What it takes to run checks.
pub(super) struct Checking<'a> {
    pub(super) repo: &'a Repo,
    pub(super) state: &'a StateDir,
    pub(super) verifier: &'a Verifier,
    pub(super) mission: &'a Mission,
    /// Held by what runs on threads of its own, and by services until they are torn down.
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
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) tree: TreeId,
    pub(super) dir: PathBuf,
    pub(super) environment: Environment,
    /// Carried files, which no judge is shown.
    pub(super) carried: Arc<Vec<Carried>>,
    /// Where the tree differs from the seal: the tree of the start, and the paths that are placed from it.
    pub(super) sealed: Option<(TreeId, Vec<PathBuf>)>,
    /// Whether programs have run there.
    pub(super) soiled: bool,
    /// Why the tree could not be set up: the checks that need it are not run.
    pub(super) broken: Option<Broken>,
    /// The tree, listed once however many checks name their inputs.
    pub(super) entries: Arc<OnceLock<Vec<TreeEntry>>>,
}

impl Ground {
    /// Carried paths.
    pub(super) fn hidden(&self) -> Vec<String> {
        self.carried.iter().map(|file| file.path.clone()).collect()
    }
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
    /// What changed since the start, where a check asks.
    pub(super) history: Option<Arc<History>>,
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
    pub(super) async fn prepare(
        &self,
        tree: TreeId,
        dir: PathBuf,
        set_up: SetUp,
        carried: Vec<Carried>,
    ) -> Result<Ground, Error> {
        let into = dir.clone();
        let carried = self
            .hold
            .blocking(move || {
                verify::place(&carried, &into)?;
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
        let carried = Arc::new(carried);
        let entries = Arc::default();
        let mut ground = Ground { tree, dir, environment, carried, sealed: None, soiled: false, broken: None, entries };
        self.set_up(&mut ground, &setup, set_up).await?;
        Ok(ground)
    }

    /// A check tree as it is, with nothing beside it: no carried file, no set-up.
    pub(super) fn bare(&self, tree: TreeId, dir: PathBuf) -> Ground {
        let environment = Environment::new(Surroundings {
            variables: self.environment,
            pass_env: &self.mission.pass_env,
            carried: &[],
            setup: Hash::ZERO,
        });
        let (carried, entries) = (Arc::default(), Arc::default());
        Ground { tree, dir, environment, carried, sealed: None, soiled: false, broken: None, entries }
    }

    async fn set_up(&self, ground: &mut Ground, setup: &Setup, when: SetUp) -> Result<(), Error> {
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
        ground.soiled = true;
        ground.broken = self.verifier.set_up(job, setup).await?;
        match &ground.broken {
            Some(Broken { reason, .. }) => self.observer.note(reason.clone()),
            None if when == SetUp::WhenDue => self.state.note_set_up(&setup.key)?,
            None => {}
        }
        Ok(())
    }

    /// Puts the check tree back to what the next check is to find.
    fn refresh(&self, ground: &Ground) -> Refresh {
        let (repo, hold, tree, dir) = (self.repo.clone(), self.hold.clone(), ground.tree.clone(), ground.dir.clone());
        let (sealed, carried) = (ground.sealed.clone(), Arc::clone(&ground.carried));
        Refresh::by(move || {
            let (repo, hold, tree, dir) = (repo.clone(), hold.clone(), tree.clone(), dir.clone());
            let (sealed, carried) = (sealed.clone(), Arc::clone(&carried));
            let put_back = move || {
                repo.update_kept(&tree, &dir)?;
                if let Some((start, paths)) = &sealed {
                    repo.restore_paths(start, paths, &dir)?;
                }
                verify::place(&carried, &dir)?;
                Ok::<_, Error>(())
            };
            Box::pin(async move { hold.blocking(put_back).await.map_err(|error| error.to_string()) })
        })
    }

    fn job(&self, ground: &Ground, items: Vec<Item>, said: Said) -> Job {
        Job {
            dir: ground.dir.clone(),
            tree: ground.tree.clone(),
            environment: ground.environment.clone(),
            items,
            services: self.mission.services.clone(),
            baseline: said.baseline,
            history: said.history,
            answers: said.answers,
            approvals: said.approvals,
            hidden: ground.hidden(),
            spool: self.spool.clone(),
            marker: self.marker.clone(),
            jobs: self.jobs,
            soiled: ground.soiled,
            refresh: Some(self.refresh(ground)),
            hold: Arc::new(self.hold.clone()),
        }
    }

    /// Runs checks once each, and those whose criterion must pass several times in a row as often; `told` hears each
    /// verdict as it comes, with the tests that passed in it. The report's verdicts are of those that ran once; of the
    /// others each run is in the evidence.
    pub(super) async fn run(
        &self,
        ground: &Ground,
        items: Vec<Item>,
        said: Said,
        mut told: impl FnMut(&Verdict, &Baseline),
    ) -> Result<Report, Error> {
        let (once, often): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| self.runs_of(item) == 1);
        let job = self.job(ground, once, said.clone());
        let mut report = self.verifier.run(job, &mut told).await?;
        for item in often {
            let (verdict, passed) = self.run_often(ground, &item, &said).await?;
            told(&verdict, &passed);
            passed.iter().for_each(|(check, names)| report.passed.insert(check.clone(), names.clone()));
        }
        Ok(report)
    }

    /// Runs a check as often as its criterion must pass in a row; one run that differs makes it flaky, and that is no
    /// pass.
    async fn run_often(&self, ground: &Ground, item: &Item, said: &Said) -> Result<(Verdict, Baseline), Error> {
        let (mut verdicts, mut passed) = (Vec::new(), Baseline::default());
        for _ in 0..self.runs_of(item) {
            let job = self.job(ground, vec![item.clone()], said.clone());
            let report = self.verifier.run(job, |_, _| {}).await?;
            verdicts.extend(report.verdicts);
            passed = report.passed;
        }
        let verdict = repeated(verdicts).ok_or_else(|| Error::Broke("a check has no verdict".to_owned()))?;
        Ok((verdict, passed))
    }

    /// How many passes in a row the item's criterion takes.
    pub(super) fn runs_of(&self, item: &Item) -> u32 {
        let criterion = self.mission.criteria.iter().find(|criterion| criterion.id == item.criterion);
        criterion.map_or(1, |criterion| criterion.stable_for.max(1))
    }
}

/// What the runs of one check on one tree come to: a pass if all passed, else what the first that did not found. How each
/// ended is in the evidence, with the share of those that did not pass.
fn repeated(mut runs: Vec<Verdict>) -> Option<Verdict> {
    let count = runs.len();
    let passed = runs.iter().filter(|run| run.outcome == Outcome::Pass).count();
    let each = runs.iter().enumerate().map(|(at, run)| {
        let line: String = run.evidence.summary.chars().take(200).collect();
        format!("[run {}: {} in {} ms] {line}", at + 1, run.outcome, run.duration_ms)
    });
    let each = each.collect::<Vec<_>>().join("\n");
    let duration_ms = runs.iter().map(|run| run.duration_ms).fold(0, u64::saturating_add);
    let telling = runs.iter().position(|run| run.outcome != Outcome::Pass).unwrap_or(0);
    if runs.is_empty() {
        return None;
    }
    let verdict = runs.swap_remove(telling);
    let Evidence { summary, mut measures, tail, .. } = verdict.evidence.clone();
    let flaky = if passed > 0 && passed < count { "flaky: " } else { "" };
    let measure = |name: &str, value: f64, bound: String| Measure { name: name.to_owned(), value, bound };
    #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
    let (all, good) = (count as f64, passed as f64);
    measures.push(measure("runs_passed", good, format!(">= {count}")));
    measures.push(measure("flake_rate", (all - good) * 100.0 / all, "0".to_owned()));
    let evidence = Evidence {
        summary: format!("{flaky}passed {passed} of {count} runs; {summary}"),
        measures,
        // Half of the room for the runs, half for what the telling one said.
        tail: format!("{}\n{}", last(&each, TAIL / 2), last(&tail, TAIL / 2 - 1)),
        ..verdict.evidence
    };
    Some(Verdict { evidence, duration_ms, ..verdict })
}

/// The most that evidence carries of an output, in bytes.
const TAIL: usize = 4096;

/// What people said about exactly this tree.
pub(super) fn approvals(session: &crate::session::Session, tree: &TreeId) -> Vec<Approval> {
    let mut approvals = Vec::new();
    for (criterion, record) in session.charter.criteria.iter().zip(&session.records) {
        let Some(answer) = record.answer.as_ref().filter(|answer| answer.tree == *tree) else { continue };
        for check in criterion.checks.iter().filter(|check| check.asks_person()) {
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
