//! Runs a list of checks on one folder and gives a verdict for each: the room's main idea.
//!
//! A check never decides in silence: every run that did not pass is kept in the evidence of those that follow, and
//! whatever stops a check from being decided is an inconclusive verdict with the reason, not an error.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::task::{self, JoinSet};

use super::baseline::Baseline;
use super::environment::Environment;
use super::error::Error;
use super::evaluate::evaluate;
use super::files;
use super::finding::Finding;
use super::git::History;
use super::ground::Ground;
use super::judge::Answer;
use super::manual::Approval;
use super::plan::{Item, needs_service, needs_set_up};
use super::refresh::Refresh;
use super::setup::{self, Broken, Setup};
use super::stopwatch::{Stopwatch, milliseconds};
use super::tail;
use crate::mission::Service;
use crate::process::Supervisor;
use crate::words::{CheckId, Evidence, TreeId, Verdict, last};

/// Summaries longer than this are cut: they are one line for people.
const SUMMARY_CAP: usize = 600;

/// Commands and rubrics are shown whole as long as they are written by people.
const SUBJECT_CAP: usize = 4096;

/// Runs checks by way of a supervisor.
#[derive(Clone, Debug)]
pub struct Verifier {
    supervisor: Arc<Supervisor>,
}

/// One list of checks on one folder.
#[derive(Clone, Debug)]
pub struct Job {
    /// The checked-out tree; carried files placed and set-up done.
    pub dir: PathBuf,
    /// What is checked out there.
    pub tree: TreeId,
    /// What programs see beside it.
    pub environment: Environment,
    /// The checks, in the order of their verdicts.
    pub items: Vec<Item>,
    /// The mission's services.
    pub services: Vec<Service>,
    /// What `no_regression` compares with; `None` while it is being taken.
    pub baseline: Option<Baseline>,
    /// What changed since the start; `None` where there is no start to compare with, or no check asks.
    pub history: Option<Arc<History>>,
    /// What judges answered, one answer per vote, by the check's id.
    pub answers: BTreeMap<CheckId, Vec<Answer>>,
    /// What people said.
    pub approvals: Vec<Approval>,
    /// Carried paths: secrets as often as not, so no judge is shown or may cite them.
    pub hidden: Vec<String>,
    /// A folder of the job's own for spools and temporary files, outside of the tree. Its path must be short enough
    /// for sockets in its `tmp` (about 100 bytes in all). It is left to the caller to remove.
    pub spool: PathBuf,
    /// Begins the marker of every process that the job starts; the rest of it is the spool folder's path.
    pub marker: String,
    /// How many checks run at once; those with services run alone.
    pub jobs: usize,
    /// Whether programs have run in the folder since it was made.
    pub soiled: bool,
    /// Puts it back before a check that would find what another one left; checks that run at once find what they leave.
    pub refresh: Option<Refresh>,
    /// Kept until nothing of the job is under way any more, also where it was abandoned: it takes as long as its services'
    /// `stop` and `teardown`, a little over two minutes at most.
    pub hold: Arc<dyn Debug + Send + Sync>,
}

/// What a job found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One verdict for each item, in its order.
    pub verdicts: Vec<Verdict>,
    /// The tests that passed, for the baseline.
    pub passed: Baseline,
}

impl Verifier {
    /// Takes the supervisor that starts programs.
    #[must_use]
    pub const fn new(supervisor: Arc<Supervisor>) -> Self {
        Self { supervisor }
    }

    /// Runs the checks. `progress` is told each verdict as it comes, with the tests that passed in it. Dropped, the programs are stopped; a service's
    /// `stop` and `teardown` still run.
    ///
    /// # Errors
    /// If the job's spool cannot be made: without it nothing can be run at all.
    pub async fn run(&self, job: Job, mut progress: impl FnMut(&Verdict, &Baseline)) -> Result<Report, Error> {
        let (refresh, mut soiled) = (job.refresh.clone(), job.soiled);
        let (ground, items, jobs) = self.ground(job)?;
        let all = items.into_iter().enumerate();
        let (alone, beside): (Vec<_>, Vec<_>) = all.partition(|(_, item)| needs_service(&item.check));
        let mut pool = Pool::new(&ground);
        let mut found = Vec::new();
        let mut keep = |done: Done| {
            progress(&done.verdict, &done.passed);
            found.push(done);
        };
        for (room, (at, item)) in
            beside.into_iter().map(|item| (jobs.max(1), item)).chain(alone.into_iter().map(|item| (1, item)))
        {
            while pool.len() >= room {
                pool.next().await.into_iter().for_each(&mut keep);
            }
            if let (true, 0, Some(refresh)) = (soiled, pool.len(), &refresh) {
                refresh.run().await?;
                soiled = false;
            }
            soiled |= needs_set_up(&item.check);
            pool.start(at, item);
        }
        while let Some(done) = pool.next().await {
            keep(done);
        }
        forget_temporary(&ground);
        found.sort_by_key(|done| done.at);
        Ok(report(found))
    }

    /// Runs a set-up in the job's folder within 30 min; its checks are not looked at. Tells what broke it, if anything did.
    ///
    /// # Errors
    /// If a command cannot be started, there is no room on the disk, or the spool cannot be made.
    pub async fn set_up(&self, job: Job, setup: &Setup) -> Result<Option<Broken>, Error> {
        let (ground, _, _) = self.ground(job)?;
        let done = setup::run(&ground, setup).await;
        forget_temporary(&ground);
        done
    }

    fn ground(&self, job: Job) -> Result<(Arc<Ground>, Vec<Item>, usize), Error> {
        let Job { dir, tree, environment, items, services, baseline, history, .. } = job;
        let Job { answers, approvals, hidden, spool, marker, jobs, hold, .. } = job;
        let ground = Ground {
            supervisor: Arc::clone(&self.supervisor),
            dir,
            tree,
            environment,
            spool,
            marker,
            services,
            baseline,
            history,
            answers,
            approvals,
            hidden,
            spooled: AtomicU64::new(0),
            _hold: hold,
        };
        let temporary = ground.temporary();
        files::make_folder(&temporary).map_err(|source| Error::Spool { path: temporary, source })?;
        Ok((Arc::new(ground), items, jobs))
    }
}

/// The verdict of a check that was not run because the set-up that it needs is broken.
#[must_use]
pub fn unready(broken: &Broken, item: &Item, tree: &TreeId, environment: &Environment) -> Verdict {
    bind(environment, tree, item.clone(), &broken.finding(), 0)
}

/// The temporary files of programs are theirs alone; one that cannot be removed now goes with the spool.
fn forget_temporary(ground: &Ground) {
    if let Err(error) = files::remove_folder(&ground.temporary()) {
        tracing::debug!(%error, "temporary files of checks stay until their spool is removed");
    }
}

/// A check that has ended.
struct Done {
    at: usize,
    verdict: Verdict,
    passed: Baseline,
}

/// The checks that run at the moment.
struct Pool<'a> {
    ground: &'a Arc<Ground>,
    running: JoinSet<(Finding, Stopwatch)>,
    /// Outside of the tasks, so that one that breaks still gets its verdict.
    items: BTreeMap<task::Id, (usize, Item)>,
}

impl<'a> Pool<'a> {
    fn new(ground: &'a Arc<Ground>) -> Self {
        Self { ground, running: JoinSet::new(), items: BTreeMap::new() }
    }

    fn len(&self) -> usize {
        self.running.len()
    }

    fn start(&mut self, at: usize, item: Item) {
        let (ground, id, check) = (Arc::clone(self.ground), item.id.clone(), item.check.clone());
        let run = async move {
            let watch = Stopwatch::start();
            (evaluate(ground, id, check, None).await, watch)
        };
        let task = self.running.spawn(run).id();
        self.items.insert(task, (at, item));
    }

    async fn next(&mut self) -> Option<Done> {
        let (task, finding, duration_ms) = match self.running.join_next_with_id().await? {
            Ok((task, (finding, watch))) => (task, finding, milliseconds(watch.elapsed())),
            Err(error) => (error.id(), Finding::inconclusive(format!("the check itself broke: {error}")), 0),
        };
        let (at, item) = self.items.remove(&task)?;
        let verdict = bind(&self.ground.environment, &self.ground.tree, item, &finding, duration_ms);
        Some(Done { at, verdict, passed: finding.passed.into_iter().collect() })
    }
}

/// Binds a finding to tree, check and environment.
fn bind(environment: &Environment, tree: &TreeId, item: Item, finding: &Finding, duration_ms: u64) -> Verdict {
    let Item { criterion, id, check, check_hash } = item;
    Verdict {
        criterion,
        check: id,
        kind: check.kind.name().to_owned(),
        outcome: finding.outcome,
        tree: tree.clone(),
        check_hash,
        environment_hash: environment.hash(),
        evidence: presentable(environment, &finding.evidence),
        duration_ms,
        cached: false,
    }
}

/// Evidence goes into journal, pages and prompts: masked, printable, bounded.
fn presentable(environment: &Environment, evidence: &Evidence) -> Evidence {
    let shown = |text: &str, cap: usize| -> String {
        let text = environment.mask(&tail::clean(text));
        if text.chars().count() <= cap { text } else { text.chars().take(cap - 1).chain(['…']).collect() }
    };
    Evidence {
        summary: shown(&evidence.summary, SUMMARY_CAP).replace('\n', " "),
        subject: shown(&evidence.subject, SUBJECT_CAP),
        exit_code: evidence.exit_code,
        measures: evidence.measures.clone(),
        tail: last(&environment.mask(&evidence.tail), tail::TAIL_CAP).to_owned(),
        citations: evidence.citations.iter().map(|cited| shown(cited, SUMMARY_CAP)).collect(),
        passed: None,
    }
}

fn report(found: Vec<Done>) -> Report {
    let mut report = Report { verdicts: Vec::new(), passed: Baseline::default() };
    for done in found {
        report.verdicts.push(done.verdict);
        done.passed.iter().for_each(|(check, passed)| report.passed.insert(check.clone(), passed.clone()));
    }
    report
}
