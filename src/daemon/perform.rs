//! One match from effect to adapter calls. What each does is in a file of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

#[cfg(feature = "test-fakes")]
use super::failpoint;
use super::ground::Checking;
use super::observer::Observer;
use super::run::Anchor;
use super::running::{Hold, Over};
use super::{clock, derive, plan, prepare, prove, record, seal, snapshot, verify, work};
use crate::manager::Manager;
use crate::mission::Mission;
use crate::prompt::Prompts;
use crate::repo::{BranchChoice, LeftOut, Repo};
use crate::session::{Effect, Event, Fault, FaultKind, Session};
use crate::store::{Caches, StateDir};
use crate::verify::Verifier;
use crate::words::{AttemptId, Hash, TreeId};
use crate::worker::{Control, Worker};

/// The adapters and doers, shared by the tasks that perform effects.
pub(super) struct Tools {
    pub(super) repo: Repo,
    pub(super) state: StateDir,
    pub(super) caches: Caches,
    pub(super) worker: Worker,
    pub(super) models: Models,
    /// The models that judge, in the order in which they are asked.
    pub(super) judges: Vec<String>,
    pub(super) verifier: Verifier,
    pub(super) manager: Manager,
    pub(super) prompts: Prompts,
    pub(super) branch: BranchChoice,
    pub(super) sealed: SealedInputs,
    /// cco's own environment, from which checks get what is allowed.
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// Checks at once.
    pub(super) jobs: usize,
    /// The login name of who runs the daemon.
    pub(super) user: String,
    pub(super) observer: Observer,
    /// Paths left out of snapshots that were told of already.
    pub(super) said: Mutex<BTreeSet<LeftOut>>,
    /// The worker's supervisor while one lives; the control socket refuses what descends from it.
    pub(super) supervisor: watch::Sender<Option<u32>>,
}

/// The worker's models by tier; `None`: Claude Code's own choice.
#[derive(Clone, Debug, Default)]
pub(super) struct Models {
    pub(super) standard: Option<String>,
    pub(super) light: Option<String>,
    pub(super) strong: Option<String>,
    pub(super) max_turns: Option<u32>,
}

/// Hashes of the inputs as they were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct SealedInputs {
    pub(super) mission: Hash,
    pub(super) config: Hash,
    /// Of the prompts that people wrote; they are pinned under it.
    pub(super) prompts: Hash,
}

/// An effect's answer on its way to the loop.
pub(super) struct Answer {
    pub(super) event: Event,
    /// The mission with its derived checks, where the effect was to derive them.
    pub(super) mission: Option<Arc<Mission>>,
}

/// What a task that performs an effect works with.
pub(super) struct Task {
    pub(super) tools: Arc<Tools>,
    pub(super) mission: Arc<Mission>,
    /// As it was when the stage was entered.
    pub(super) session: Arc<Session>,
    pub(super) attempt: AttemptId,
    /// The journal's place that commits name.
    pub(super) anchor: Anchor,
    answers: mpsc::UnboundedSender<Answer>,
    hold: Hold,
}

impl Tools {
    /// Tells of what snapshots leave out, once for each path and reason.
    pub(super) fn say_left_out(&self, left_out: &[LeftOut]) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for left in left_out {
            if said.insert(left.clone()) {
                self.observer.note(format!("left out of snapshots: {} ({})", left.path.display(), left.why));
            }
        }
    }

    pub(super) fn task(
        self: &Arc<Self>,
        mission: &Arc<Mission>,
        session: &Arc<Session>,
        answers: &mpsc::UnboundedSender<Answer>,
        anchor: Anchor,
    ) -> (Task, Over) {
        let (hold, over) = Hold::new();
        let task = Task {
            tools: Arc::clone(self),
            mission: Arc::clone(mission),
            session: Arc::clone(session),
            attempt: session.attempt,
            anchor,
            answers: answers.clone(),
            hold,
        };
        (task, over)
    }
}

impl Task {
    /// Sends progress to the loop, in order with the answer that follows.
    pub(super) fn report(&self, event: Event) {
        self.send(Answer { event, mission: None });
    }

    fn send(&self, answer: Answer) {
        // The loop is gone only when the daemon is leaving: then nobody waits for the answer.
        if self.answers.send(answer).is_err() {
            tracing::debug!("an answer came after the loop had ended");
        }
    }

    /// The same as [`Task::report`], for code that outlives the borrow.
    pub(super) fn progress(&self) -> impl Fn(Event) + Send + 'static {
        let answers = self.answers.clone();
        move |event| {
            if answers.send(Answer { event, mission: None }).is_err() {
                tracing::debug!("progress came after the loop had ended");
            }
        }
    }

    /// What it takes to run checks for this effect.
    pub(super) fn checking(&self) -> Checking<'_> {
        let Tools { repo, state, verifier, environment, jobs, observer, .. } = &*self.tools;
        let spool = state.attempt(self.attempt).join("checks");
        let marker = format!("{}-{}", self.session.run, self.attempt);
        let (mission, hold) = (&self.mission, self.hold.clone());
        Checking { repo, state, verifier, mission, hold, environment, jobs: *jobs, observer, spool, marker }
    }

    /// Runs what blocks on a thread of its own.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tools) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let tools = Arc::clone(&self.tools);
        self.hold
            .blocking(move || {
                #[cfg(feature = "test-fakes")]
                failpoint::break_in(&tools.environment, "blocking");
                work(&tools)
            })
            .await
    }
}

/// Performs an effect and sends its answer.
pub(super) async fn perform(task: Task, effect: Effect, worker: Option<Control>) {
    let attempt = task.attempt;
    #[cfg(feature = "test-fakes")]
    failpoint::break_in(&task.tools.environment, effect.name());
    let done = match effect {
        Effect::Prepare => prepare::prepare(&task).await.map(plain),
        Effect::Derive { criteria } => derive::derive(&task, &criteria).await,
        Effect::Seal => seal::seal(&task).await.map(plain),
        Effect::Verify { tree, scope, phase, done } => {
            verify::verify(&task, tree, scope, phase, &done).await.map(plain)
        }
        Effect::Plan { ask, heard } => plan::plan(&task, ask, heard).await,
        Effect::Work(order) => work::work(&task, &order, worker.unwrap_or_default()).await.map(plain),
        Effect::Snapshot => snapshot::snapshot(&task).await.map(plain),
        Effect::Restore { tree } => restore(&task, tree).await.map(plain),
        Effect::Record(order) => record::record(&task, order).await.map(plain),
        Effect::Prove { commit, tree } => prove::prove(&task, commit, tree).await.map(plain),
        Effect::Sleep { until } => {
            clock::sleep_until(until).await;
            Ok(plain(Event::TimeReached { attempt }))
        }
        // The loop cancels by itself: there is nothing to wait for.
        Effect::Cancel { attempt, .. } => Ok(plain(Event::Cancelled { attempt })),
    };
    let answer = done.unwrap_or_else(|fault| plain(Event::Failed { attempt, fault, bill: None }));
    task.send(answer);
}

/// Puts the work tree back; what was there is kept, and a second time finishes what a first one began.
async fn restore(task: &Task, tree: TreeId) -> Result<Event, Fault> {
    let to = tree.clone();
    task.blocking(move |tools| tools.repo.restore(&to).map_err(|error| unfit(&error))).await?;
    Ok(Event::Restored { attempt: task.attempt, tree })
}

fn plain(event: Event) -> Answer {
    Answer { event, mission: None }
}

/// A fault of the machine or the repository.
pub(super) fn unfit(error: &impl ToString) -> Fault {
    Fault { kind: FaultKind::Environment, text: error.to_string() }
}
