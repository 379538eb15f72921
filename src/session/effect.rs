//! What the core asks of the world: a closed list, in the imperative. Each is safe to issue twice.

use jiff::Timestamp;

use super::plan::Action;
use super::stage::{PlanAsk, Scope};
use crate::words::{AttemptId, CheckId, CommitId, CriterionId, IterationNumber, Money, SessionId, TreeId};

/// One thing to be done, under one attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Take the repository over: snapshot what is there, move to the mission's branch.
    Prepare,
    /// Have the manager propose checks for criteria that are only words, and pin them.
    Derive {
        /// Which.
        criteria: Vec<CriterionId>,
    },
    /// Write down the hashes of what the worker must not change.
    Seal,
    /// Run checks on a tree.
    Verify {
        /// The tree.
        tree: TreeId,
        /// Which checks.
        scope: Scope,
        /// Checks of criteria up to this phase.
        phase: usize,
        /// Checks whose verdict on this tree was already recorded in this stage.
        done: Vec<CheckId>,
    },
    /// Ask the manager what to do next.
    Plan {
        /// What kind of question it is.
        ask: PlanAsk,
        /// How many pieces of guidance it carries.
        heard: usize,
    },
    /// Run the worker.
    Work(WorkOrder),
    /// Keep the tree as it is now.
    Snapshot,
    /// Put the work tree back to a tree that was kept.
    Restore {
        /// Which.
        tree: TreeId,
    },
    /// Commit, publish and keep a restore point as asked.
    Record(RecordOrder),
    /// Run every check on a fresh checkout.
    Prove {
        /// The published commit.
        commit: CommitId,
        /// Its tree.
        tree: TreeId,
    },
    /// Wait.
    Sleep {
        /// Until when.
        until: Timestamp,
    },
    /// End the effect of an earlier attempt.
    Cancel {
        /// Which.
        attempt: AttemptId,
        /// Whether politeness is skipped.
        force: CancelForce,
    },
}

/// How an effect is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelForce {
    /// TERM, a grace, KILL.
    Polite,
    /// KILL.
    Kill,
}

/// What the worker is to do and in which conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkOrder {
    /// The instruction.
    pub action: Action,
    /// The iteration it belongs to.
    pub iteration: IterationNumber,
    /// The conversation, named before the worker is started.
    pub session: SessionId,
    /// Whether the conversation exists already.
    pub opening: Opening,
    /// What the prompt must say beside the instruction.
    pub preface: Preface,
    /// An attempt of an earlier daemon whose result may be taken over.
    pub adopt: Option<AttemptId>,
    /// The dollars the worker may spend; `None`: no fence; zero: it is not started, see [`WorkOrder::nothing_is_left`].
    pub max_cost: Option<Money>,
}

impl WorkOrder {
    /// Whether the worker may not be started: a limit is used up, and only a result that is there already is taken over.
    #[must_use]
    pub fn nothing_is_left(&self) -> bool {
        self.max_cost == Some(Money::ZERO)
    }
}

/// How a conversation is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It is new.
    Start,
    /// It goes on.
    Resume,
}

/// Why a prompt is not just the manager's instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preface {
    /// It is.
    None,
    /// The conversation is new in a mission that is not: a summary comes first.
    Transition,
    /// The last attempt was cut off: the worker looks what took effect and goes on.
    Interrupted,
    /// The soft slice was over: the worker goes on where it was.
    Continue,
}

/// What recording an iteration means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOrder {
    /// The iteration.
    pub iteration: IterationNumber,
    /// Its tree.
    pub tree: TreeId,
    /// The commit to build on.
    pub parent: CommitId,
    /// Whether a commit is made and published.
    pub publish: Publish,
    /// What restore point is kept.
    pub checkpoint: Checkpoint,
}

/// The restore point of an iteration (design section 9, Time). The journal and the snapshot are always kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkpoint {
    /// None beside journal and snapshot.
    Light,
    /// A full one.
    Full,
    /// A full one with a name: CP1, CP2 … at phase ends.
    Named(String),
}

/// Whether an iteration is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// As a commit on the mission's branch.
    Commit,
    /// Not now.
    Hold,
}

impl Effect {
    /// The effect's name, used in logs and as a metric label.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Derive { .. } => "derive",
            Self::Seal => "seal",
            Self::Verify { .. } => "verify",
            Self::Plan { .. } => "plan",
            Self::Work(_) => "work",
            Self::Snapshot => "snapshot",
            Self::Restore { .. } => "restore",
            Self::Record(_) => "record",
            Self::Prove { .. } => "prove",
            Self::Sleep { .. } => "sleep",
            Self::Cancel { .. } => "cancel",
        }
    }

    /// Whether the journal must be on disk before this is done: what costs money or is seen outside
    /// (design section 3). The others repeat for free, but for judges; see [`super::Session::owes_sync`].
    #[must_use]
    pub const fn owes_sync(&self) -> bool {
        match self {
            // It changes what the user sees in the folder.
            Self::Restore { .. } => true,
            Self::Prepare | Self::Derive { .. } | Self::Plan { .. } | Self::Work(_) | Self::Prove { .. } => true,
            Self::Record(order) => matches!(order.publish, Publish::Commit),
            Self::Sleep { .. } => true,
            Self::Seal | Self::Verify { .. } | Self::Snapshot | Self::Cancel { .. } => false,
        }
    }
}
