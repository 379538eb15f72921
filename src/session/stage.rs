//! Where a session stands. Each stage owns its data and has exactly one outstanding effect.

use jiff::Timestamp;

use super::effect::{CancelForce, Preface, RecordOrder, WorkOrder};
use crate::words::{AttemptId, CheckId, CommitId, CriterionId, SessionId, TreeId};

/// Where a session stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// The repository is made ready.
    Preparing,
    /// Criteria that are only words are given checks. Stands before the seal, because what is derived is sealed too.
    Deriving {
        /// Which.
        criteria: Vec<CriterionId>,
    },
    /// What the worker must not change is written down.
    Sealing,
    /// Checks run.
    Verifying {
        /// On this tree.
        tree: TreeId,
        /// Which of them.
        scope: Scope,
        /// Why.
        purpose: Purpose,
        /// The checks whose verdict is recorded already.
        done: Vec<CheckId>,
    },
    /// The manager is asked.
    Planning {
        /// What kind of question it is.
        ask: PlanAsk,
        /// How many pieces of guidance the question carries; what is said later waits for the next one, so that the
        /// request stays a function of the state at the stage's entry.
        heard: usize,
    },
    /// The worker acts.
    Working(Work),
    /// The tree is kept.
    Snapshotting {
        /// What comes after it.
        after: AfterSnapshot,
    },
    /// The repository goes back to the best state so far.
    Restoring {
        /// To this tree.
        tree: TreeId,
    },
    /// The iteration is committed and kept.
    Recording(RecordOrder),
    /// Every check runs on a fresh checkout.
    Proving {
        /// Of this commit.
        commit: CommitId,
        /// Whose tree is this.
        tree: TreeId,
    },
    /// Nothing can be done before a time.
    Waiting {
        /// The time.
        until: Timestamp,
        /// Why.
        why: WaitReason,
        /// What is done then.
        then: Box<Self>,
    },
    /// Nothing is done before someone says so.
    Paused {
        /// Why.
        why: PauseReason,
        /// What is done then.
        then: Box<Self>,
    },
    /// A person must answer.
    AwaitingHuman {
        /// What.
        what: HumanNeed,
        /// When the wait is renewed with a notice.
        until: Timestamp,
        /// What is done when they have.
        then: Box<Self>,
    },
    /// An effect is being ended.
    Stopping {
        /// The attempt whose effect it is.
        attempt: AttemptId,
        /// How.
        force: CancelForce,
        /// Why the mission then pauses.
        why: PauseReason,
        /// What is done on resume.
        then: Box<Self>,
    },
    /// The mission is over.
    Ended(End),
}

/// Which checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Those of every iteration.
    Iteration,
    /// Those and the ones of a phase's end.
    Phase,
    /// All, at the baseline.
    Baseline,
}

/// Why checks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To see what holds where no action came before: at the start, at a phase's start, after a person's answer.
    Baseline,
    /// To see what an action achieved.
    AfterAction,
}

/// The kind of question put to the manager: the six interactions of section 3.3.2 of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanAsk {
    /// The first action of the mission or of a phase.
    TaskInitiation,
    /// The next action after one that moved something.
    ProgressCheck,
    /// The next action after one that moved nothing.
    MotivationalBoost,
    /// The next action after one that failed.
    ErrorRecovery,
    /// The next action after a proof that did not hold.
    DodValidation,
    /// The first action of a fresh conversation.
    SessionTransition,
}

impl PlanAsk {
    /// The word used in prompts' file names, journal and page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TaskInitiation => "task_initiation",
            Self::ProgressCheck => "progress_check",
            Self::MotivationalBoost => "motivational_boost",
            Self::ErrorRecovery => "error_recovery",
            Self::DodValidation => "dod_validation",
            Self::SessionTransition => "session_transition",
        }
    }
}

/// What the worker is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// The order as given, but for what an interruption changed.
    pub order: WorkOrder,
    /// Whether the worker's conversation was seen to be open in this attempt.
    pub seen: Option<SessionId>,
}

/// What follows a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterSnapshot {
    /// The checks.
    Verify,
    /// A wait; then the worker again.
    Wait {
        /// Until when.
        until: Timestamp,
        /// Why.
        why: WaitReason,
        /// The work to go on with.
        work: Box<Work>,
    },
    /// A pause; then the worker again.
    Pause {
        /// Why.
        why: PauseReason,
        /// The work to go on with.
        work: Box<Work>,
    },
    /// A person is asked; then the worker again.
    Ask {
        /// What.
        what: HumanNeed,
        /// The work to go on with.
        work: Box<Work>,
    },
}

/// Why nothing can be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// A usage window is closed, or the provider named a time.
    UsageWindow {
        /// Which, for people.
        what: String,
    },
    /// A provider does not answer.
    Provider {
        /// Which and how, for people.
        what: String,
        /// The number of this try.
        attempt: u32,
    },
    /// The worker died at once.
    WorkerCrash {
        /// How, for people.
        what: String,
        /// The number of this try.
        attempt: u32,
    },
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Someone asked for it.
    Operator,
    /// The daemon was asked to leave.
    Stopped,
    /// The daemon's time slice is over.
    TimeLimit,
    /// `cco next` has done its one iteration.
    OneIteration,
    /// The budget is used up.
    Budget {
        /// Which and by how much, for people.
        what: String,
    },
    /// The limit of iterations is reached.
    MaxIterations,
    /// A key is missing, wrong or revoked, or the account is empty.
    Credentials {
        /// Which, for people.
        what: String,
    },
    /// The machine, the repository or the configuration is not fit.
    Environment {
        /// What, for people.
        what: String,
    },
    /// The mission cannot be worked on as it is written.
    Mission {
        /// Why, for people.
        what: String,
    },
    /// A provider stayed away after all retries.
    ProviderOut {
        /// Which, for people.
        what: String,
    },
    /// No progress, and the configuration says to pause then.
    Stalled,
    /// Actions change what is sealed again and again.
    Tampered {
        /// How often and what, for people.
        what: String,
    },
}

/// What a person must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HumanNeed {
    /// Whether manual criteria hold on the current tree.
    Manual {
        /// Which.
        criteria: Vec<CriterionId>,
    },
    /// A question of the manager.
    Question {
        /// Its words.
        text: String,
    },
    /// The ladder is used up.
    Escalation {
        /// Why, for people.
        why: String,
    },
}

/// How a mission ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every required criterion was proven on one fresh checkout of this commit.
    Done {
        /// The commit.
        commit: CommitId,
    },
    /// A verified stall, together with the manager's belief that a criterion cannot be met.
    Impossible {
        /// Which.
        criterion: CriterionId,
        /// Why.
        why: String,
    },
    /// A verified stall.
    Stalled,
}

impl Stage {
    /// The word used in journal, page and `status`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Deriving { .. } => "deriving",
            Self::Sealing => "sealing",
            Self::Verifying { .. } => "verifying",
            Self::Planning { .. } => "planning",
            Self::Working(_) => "working",
            Self::Snapshotting { .. } => "snapshotting",
            Self::Restoring { .. } => "restoring",
            Self::Recording(_) => "recording",
            Self::Proving { .. } => "proving",
            Self::Waiting { .. } => "waiting",
            Self::Paused { .. } => "paused",
            Self::AwaitingHuman { .. } => "awaiting_human",
            Self::Stopping { .. } => "stopping",
            Self::Ended(_) => "ended",
        }
    }

    /// The stage that this one holds back: what is done when the wait is over.
    #[must_use]
    pub const fn held_back(&self) -> Option<&Self> {
        match self {
            Self::Waiting { then, .. }
            | Self::Paused { then, .. }
            | Self::AwaitingHuman { then, .. }
            | Self::Stopping { then, .. } => Some(then),
            Self::Preparing
            | Self::Deriving { .. }
            | Self::Sealing
            | Self::Verifying { .. }
            | Self::Planning { .. }
            | Self::Working(_)
            | Self::Snapshotting { .. }
            | Self::Restoring { .. }
            | Self::Recording(_)
            | Self::Proving { .. }
            | Self::Ended(_) => None,
        }
    }

    /// The stage at the bottom of all that holds back: itself where nothing does.
    #[must_use]
    pub fn innermost(&self) -> &Self {
        self.held_back().map_or(self, Self::innermost)
    }

    /// The same, to be changed.
    pub(super) fn innermost_mut(&mut self) -> &mut Self {
        match self {
            Self::Waiting { then, .. }
            | Self::Paused { then, .. }
            | Self::AwaitingHuman { then, .. }
            | Self::Stopping { then, .. } => then.innermost_mut(),
            Self::Preparing
            | Self::Deriving { .. }
            | Self::Sealing
            | Self::Verifying { .. }
            | Self::Planning { .. }
            | Self::Working(_)
            | Self::Snapshotting { .. }
            | Self::Restoring { .. }
            | Self::Recording(_)
            | Self::Proving { .. }
            | Self::Ended(_) => self,
        }
    }

    /// Whether a pause or a drain takes hold before this stage: the next step would cost money or end the mission.
    #[must_use]
    pub const fn is_boundary(&self) -> bool {
        matches!(self, Self::Planning { .. } | Self::Working(_) | Self::Proving { .. })
    }
}

impl Work {
    /// The same work after its attempt was cut off: the conversation is resumed and told so.
    #[must_use]
    pub fn interrupted(mut self, by: Option<AttemptId>) -> Self {
        self.order.opening = super::effect::Opening::Resume;
        self.order.preface = Preface::Interrupted;
        self.order.adopt = by;
        self.seen = None;
        self
    }
}
