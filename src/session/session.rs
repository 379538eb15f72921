//! The session: the fold of the journal, and nothing else.
//!
//! Everything the core decides on is here; everything here can be rebuilt from the journal. Lists are bounded, so that
//! a session of ten thousand iterations is no larger than one of ten.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::amend::Amendment;
use super::charter::Charter;
use super::criteria::CriterionRecord;
use super::event::{Pinned, Prepared, Seal, StopHow, TreeChange};
use super::ledger::Ledger;
use super::lessons::Lessons;
use super::plan::{Impossible, Strategy, TaskState};
use super::progress::Progress;
use super::stage::{PauseReason, Stage, Work};
use super::tamper::Tamper;
use crate::words::{
    Actor, AttemptId, CommitId, CriterionId, Hash, IterationNumber, RunId, SessionId, TaskId, TreeId, Verdict,
};

/// The newest iterations kept in full for prompts; older ones live in the journal.
pub const HISTORY: usize = 8;
/// The most tasks kept; the oldest finished ones go first.
pub(super) const TASKS: usize = 60;
/// The most pieces of guidance kept for the next prompt.
pub(super) const GUIDANCE: usize = 16;

/// The state of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The run.
    pub run: RunId,
    /// The mission and its limits.
    pub charter: Charter,
    /// Who started it.
    pub started_by: Actor,
    /// When.
    pub started_at: Timestamp,
    /// When the newest event happened.
    pub updated_at: Timestamp,
    /// The daemons of the run so far.
    pub epoch: u64,
    /// Where it stands.
    pub stage: Stage,
    /// The attempt of the stage's effect.
    pub attempt: AttemptId,
    /// The newest iteration that was started; 0 before the first.
    pub iteration: IterationNumber,
    /// The place of the phase under way.
    pub phase: usize,
    /// What the repository looked like at the start.
    pub prepared: Option<Prepared>,
    /// Hash over the seal in force; the paths are in the journal.
    pub sealed: Option<SealMark>,
    /// The newest snapshot.
    pub tree: Option<TreeId>,
    /// The newest published commit, or the base.
    pub head: Option<CommitId>,
    /// The tree of `head`.
    pub head_tree: Option<TreeId>,
    /// Parallel to the charter's criteria.
    pub records: Vec<CriterionRecord>,
    /// The verdicts of the proof under way or passed.
    pub proof: Vec<Verdict>,
    /// The manager's list of tasks.
    pub tasks: Vec<Task>,
    /// What people said since the last action.
    pub guidance: Vec<Guidance>,
    /// The worker's conversation.
    pub conversation: Option<Conversation>,
    /// How many conversations there were.
    pub conversations: u64,
    /// Whether the next action starts a conversation of its own.
    pub fresh_next: bool,
    /// The record of progress.
    pub progress: Progress,
    /// The record of errors.
    pub lessons: Lessons,
    /// The account.
    pub ledger: Ledger,
    /// The counters of section 8.1 of the specification.
    pub metrics: Metrics,
    /// The iteration under way, once it was planned.
    pub current: Option<IterationNote>,
    /// The newest finished iterations, oldest first.
    pub history: VecDeque<IterationNote>,
    /// What an operator wants at the next boundary.
    pub wish: Option<Wish>,
    /// Retries since the last success, by cause.
    pub retries: Retries,
    /// The manager's newest belief that a criterion cannot be met.
    pub impossible: Option<Impossible>,
    /// The milestone of the last verification.
    pub milestone: Option<String>,
    /// Restore points with a name so far: CP1, CP2 …
    pub checkpoints: u32,
    /// Work whose soft slice was over, to be continued without a new plan.
    pub sliced: Option<Box<Work>>,
    /// Whether a conversation has ended since the last published commit.
    pub unpublished_session: bool,
    /// What actions did to sealed paths; `None`: none touched one.
    pub tamper: Option<Tamper>,
    /// Changes of the mission under way; `None`: there was none.
    pub amended: Option<Amendment>,
}

/// What of a seal the session keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealMark {
    /// The mission file.
    pub mission: Hash,
    /// The effective configuration.
    pub config: Hash,
    /// The lock file, where there is one.
    pub lock: Option<Hash>,
    /// What prompts people wrote; `None` in what was kept before this was.
    pub prompts: Option<Hash>,
    /// Over everything that is sealed.
    pub whole: Hash,
    /// What is kept beside the journal.
    pub pinned: Option<Pinned>,
    /// The tree it was taken of, where that is not the one the run began with.
    pub tree: Option<TreeId>,
}

/// A task as the manager tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// What is to be done.
    pub text: String,
    /// Where it stands, by the manager's account.
    pub state: TaskState,
}

/// What a person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guidance {
    /// Who.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// The worker's conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its name.
    pub id: SessionId,
    /// Attempts made in it.
    pub attempts: u32,
    /// Tokens it held at its last answer.
    pub context_tokens: u64,
    /// What of its cumulative cost is booked.
    pub booked: crate::words::Money,
}

/// The counters of section 8.1 of the specification that no other part keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Actions that the worker finished.
    pub successful_actions: u64,
    /// Actions that it did not.
    pub failed_actions: u64,
    /// Successes after at least one retry or failed action.
    pub error_recoveries: u64,
    /// What changed over all iterations.
    pub change: TreeChange,
}

/// One iteration in a few lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IterationNote {
    /// Its number.
    pub number: IterationNumber,
    /// The kind of step.
    pub strategy: Strategy,
    /// The action's title.
    pub title: String,
    /// The criteria it aimed at.
    pub criteria: Vec<CriterionId>,
    /// How the worker ended; empty while it works.
    pub outcome: String,
    /// What the worker said, bounded: a claim.
    pub claim: String,
    /// What changed.
    pub change: TreeChange,
    /// Required criteria that held afterwards.
    pub held: u32,
    /// When it was planned.
    pub started_at: Timestamp,
}

/// What an operator wants at the next boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Why the mission then pauses.
    pub why: PauseReason,
    /// Where it takes hold.
    pub at: WishAt,
}

/// Where a wish takes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WishAt {
    /// Before the next step that costs money or ends the mission.
    Boundary,
    /// Before the next plan: the iteration is finished first.
    IterationEnd,
    /// Before a plan that would follow a newer iteration than this one; a proof is still made.
    IterationAfter(IterationNumber),
    /// Before any step but the snapshot.
    NextStep,
}

/// Retries since the last success, by cause (I13: every retry has a counter).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// A closed window whose reset time is not known.
    pub limit: u32,
    /// A provider that does not answer.
    pub provider: u32,
    /// A worker that dies at once.
    pub crash: u32,
    /// A conversation that is gone.
    pub session: u32,
}

impl Session {
    /// The session right after its first event.
    #[must_use]
    pub fn new(run: RunId, charter: Charter, actor: Actor, now: Timestamp) -> Self {
        let records = vec![CriterionRecord::default(); charter.criteria.len()];
        Self {
            run,
            charter,
            started_by: actor,
            started_at: now,
            updated_at: now,
            epoch: 0,
            stage: Stage::Preparing,
            attempt: AttemptId(1),
            iteration: IterationNumber(0),
            phase: 0,
            prepared: None,
            sealed: None,
            tree: None,
            head: None,
            head_tree: None,
            records,
            proof: Vec::new(),
            tasks: Vec::new(),
            guidance: Vec::new(),
            conversation: None,
            conversations: 0,
            fresh_next: false,
            progress: Progress::default(),
            lessons: Lessons::default(),
            ledger: Ledger::default(),
            metrics: Metrics::default(),
            current: None,
            history: VecDeque::new(),
            wish: None,
            retries: Retries::default(),
            impossible: None,
            milestone: None,
            checkpoints: 0,
            sliced: None,
            unpublished_session: false,
            tamper: None,
            amended: None,
        }
    }

    /// The record of a criterion.
    #[must_use]
    pub fn record(&self, id: &CriterionId) -> Option<&CriterionRecord> {
        let place = self.charter.criteria.iter().position(|criterion| criterion.id == *id)?;
        self.records.get(place)
    }

    /// How many required criteria hold on the newest tree, and how many there are.
    #[must_use]
    pub fn held(&self) -> (u32, u32) {
        let required = self.charter.criteria.iter().zip(&self.records).filter(|(criterion, _)| criterion.required);
        required.fold((0, 0), |(held, total), (_, record)| (held + u32::from(record.holding), total + 1))
    }

    /// The tree that holds what is sealed as it was sealed; `None` before the repository is prepared.
    #[must_use]
    pub fn sealed_tree(&self) -> Option<&TreeId> {
        let own = self.sealed.as_ref().and_then(|mark| mark.tree.as_ref());
        own.or_else(|| self.prepared.as_ref().map(|prepared| &prepared.tree))
    }

    /// The name of the n-th conversation: chosen before the worker starts, and the same however often it is chosen.
    #[must_use]
    pub fn conversation_name(&self, n: u64) -> SessionId {
        let hash = Hash::of_parts([self.run.0.as_bytes().as_slice(), b"conversation", &n.to_le_bytes()]);
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        SessionId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Whether the wish, if there is one, is to be obeyed before a stage is entered.
    pub(super) fn wish_holds_before(&self, stage: &Stage) -> bool {
        self.wish.as_ref().is_some_and(|wish| match wish.at {
            WishAt::Boundary => stage.is_boundary(),
            WishAt::IterationEnd => matches!(
                stage,
                Stage::Planning { .. } | Stage::Proving { .. } | Stage::Waiting { .. } | Stage::AwaitingHuman { .. }
            ),
            WishAt::IterationAfter(number) => matches!(stage, Stage::Planning { .. }) && self.iteration > number,
            WishAt::NextStep => !matches!(stage, Stage::Snapshotting { .. } | Stage::Paused { .. } | Stage::Ended(_)),
        })
    }
}

impl Wish {
    /// What a stop asks for; `over` is the newest iteration that was finished before.
    #[must_use]
    pub fn of_stop(how: StopHow, over: IterationNumber) -> Self {
        let (why, at) = match how {
            StopHow::Drain => (PauseReason::Stopped, WishAt::IterationEnd),
            StopHow::Now | StopHow::Kill => (PauseReason::Stopped, WishAt::NextStep),
            StopHow::TimeLimit => (PauseReason::TimeLimit, WishAt::NextStep),
            StopHow::AfterOne => (PauseReason::OneIteration, WishAt::IterationAfter(over)),
        };
        Self { why, at }
    }
}

impl SealMark {
    /// What the session keeps of a seal.
    #[must_use]
    pub fn of(seal: &Seal) -> Self {
        let lock = seal.lock.unwrap_or(Hash::ZERO);
        let mut parts: Vec<Vec<u8>> = vec![
            seal.mission.as_bytes().to_vec(),
            seal.config.as_bytes().to_vec(),
            lock.as_bytes().to_vec(),
            seal.prompts.as_bytes().to_vec(),
        ];
        for sealed in &seal.paths {
            parts.push(sealed.path.clone().into_bytes());
            parts.push(sealed.content.map_or_else(Vec::new, |hash| hash.as_bytes().to_vec()));
        }
        if let Some(Pinned { carried, project, take_over }) = &seal.pinned {
            let pinned = [Some(carried), Some(project), take_over.as_ref()];
            parts.extend(pinned.into_iter().flatten().map(|hash| hash.as_bytes().to_vec()));
        }
        parts.extend(seal.tree.iter().map(|tree| tree.as_str().as_bytes().to_vec()));
        let whole = Hash::of_parts(parts.iter().map(Vec::as_slice));
        Self {
            mission: seal.mission,
            config: seal.config,
            lock: seal.lock,
            prompts: Some(seal.prompts),
            whole,
            pinned: seal.pinned,
            tree: seal.tree.clone(),
        }
    }
}
