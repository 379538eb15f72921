//! What can happen to a session: a closed list, in the past tense, each completion tagged with its attempt.
//!
//! These are the journal's records (through the versioned types of `store/record`). Their shape is final in journal
//! format 1: what later work needs (seal, ledger, actors) has its place here from the start.

use jiff::Timestamp;

use super::charter::{Charter, CharterCheck, Limits, Reserves, WorkerDollars};
use super::ledger::Bill;
use super::plan::{Plan, PlanSource};
use super::worker_report::WorkerReport;
use crate::words::{Actor, AttemptId, CommitId, CriterionId, Hash, PhaseId, RunId, SessionId, TreeId, Verdict};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run began. Always the first record of a journal.
    RunStarted {
        /// The run's name.
        run: RunId,
        /// The mission and its limits.
        charter: Box<Charter>,
        /// Who started it.
        actor: Actor,
    },
    /// A daemon took the session over: whatever an earlier one had under way is lost.
    DaemonStarted {
        /// Counts the daemons of the run; a record of an older one after this is refused (fencing).
        epoch: u64,
        /// cco's version.
        version: String,
        /// The daemon's process id.
        pid: u32,
    },
    /// The repository was made ready.
    Prepared {
        /// The attempt that did it.
        attempt: AttemptId,
        /// What it found.
        prepared: Prepared,
    },
    /// Words became checks.
    Derived {
        /// The attempt that did it.
        attempt: AttemptId,
        /// The checks of each criterion that had none.
        criteria: Vec<(CriterionId, Vec<CharterCheck>)>,
        /// What it cost.
        bill: Bill,
    },
    /// What the worker must not change was written down.
    Sealed {
        /// The attempt that did it.
        attempt: AttemptId,
        /// The hashes.
        seal: Seal,
        /// Who asked for it.
        actor: Actor,
    },
    /// A check was run (progress; changes no stage).
    VerdictRecorded {
        /// The attempt it was part of.
        attempt: AttemptId,
        /// What it found.
        verdict: Box<Verdict>,
    },
    /// All checks asked for were run.
    Verified {
        /// The attempt that did it.
        attempt: AttemptId,
        /// What judging cost, if a judge was asked.
        bill: Option<Bill>,
    },
    /// The next action was planned.
    Planned {
        /// The attempt that did it.
        attempt: AttemptId,
        /// What is to be done.
        plan: Box<Plan>,
        /// Who planned it.
        source: PlanSource,
        /// What it cost.
        bill: Bill,
    },
    /// The worker's conversation is open (progress; changes no stage).
    WorkerSeen {
        /// The attempt it is part of.
        attempt: AttemptId,
        /// The conversation.
        session: SessionId,
        /// The model that answers in it.
        model: String,
    },
    /// The worker's process is gone.
    WorkerEnded {
        /// The attempt it was.
        attempt: AttemptId,
        /// How it ended and what it said.
        report: Box<WorkerReport>,
    },
    /// An action changed what is sealed; it is put back (progress; changes no stage).
    Tampered {
        /// The attempt that found it.
        attempt: AttemptId,
        /// The paths, relative to the repository.
        paths: Vec<String>,
        /// The tree as the action left it.
        tree: TreeId,
    },
    /// The tree after an action was kept.
    Snapshotted {
        /// The attempt that did it.
        attempt: AttemptId,
        /// The tree.
        tree: TreeId,
        /// What changed since the last one.
        change: TreeChange,
    },
    /// The work tree is as a kept tree again.
    Restored {
        /// The effect's attempt.
        attempt: AttemptId,
        /// The tree.
        tree: TreeId,
    },
    /// An iteration was committed and published as asked.
    Recorded {
        /// The attempt that did it.
        attempt: AttemptId,
        /// The commit on the mission's branch; `None` where nothing was to be published.
        commit: Option<CommitId>,
    },
    /// Every check was run on a fresh checkout of a commit.
    Proved {
        /// The attempt that did it.
        attempt: AttemptId,
        /// What judging cost, if a judge was asked.
        bill: Option<Bill>,
    },
    /// An effect could not be done.
    Failed {
        /// The attempt that failed.
        attempt: AttemptId,
        /// Why.
        fault: Fault,
        /// What it cost all the same.
        bill: Option<Bill>,
    },
    /// An effect was cancelled as asked.
    Cancelled {
        /// The attempt that was cancelled.
        attempt: AttemptId,
    },
    /// The time a stage waited for has come.
    TimeReached {
        /// The attempt that waited.
        attempt: AttemptId,
    },
    /// Someone wants a pause before the next action.
    PauseAsked {
        /// Who.
        actor: Actor,
    },
    /// Someone wants the mission to go on.
    ResumeAsked {
        /// Who.
        actor: Actor,
    },
    /// Someone wants the daemon to leave.
    StopAsked {
        /// Who.
        actor: Actor,
        /// How soon.
        how: StopHow,
    },
    /// Someone told manager and worker something.
    Guided {
        /// Who.
        actor: Actor,
        /// What; bounded by the face that took it.
        text: String,
    },
    /// The worker, or the person in its place, says that the action is done: a claim (`cco done`).
    Signalled {
        /// Who.
        actor: Actor,
        /// The phase it is about, where they named one.
        phase: Option<PhaseId>,
        /// What they say; bounded by the face that took it.
        note: String,
    },
    /// A person answered a manual check.
    Answered {
        /// Who.
        actor: Actor,
        /// The criterion the check belongs to.
        criterion: CriterionId,
        /// Whether it holds.
        answer: Answer,
        /// Why, in the person's words; may be empty.
        note: String,
    },
    /// The limits were changed.
    LimitsSet {
        /// Who.
        actor: Actor,
        /// The new ones.
        limits: Limits,
    },
    /// Someone changed mission or configuration of a run under way (`cco amend`). A seal on these follows.
    Amended {
        /// Who.
        actor: Actor,
        /// The mission from now on; its limits and reserves are not looked at, for they have events of their own.
        charter: Box<Charter>,
        /// What the inputs were; `None`: nothing was sealed yet.
        before: Option<InputHashes>,
        /// What they are.
        after: InputHashes,
        /// Why; may be empty.
        reason: String,
    },
    /// What calls cost is not what it was for the daemon before: another credential, another key, other prices.
    TermsSet {
        /// Who started the daemon that found it.
        actor: Actor,
        /// What is set aside from now on.
        reserves: Reserves,
        /// What the worker's dollars mean from now on.
        worker_dollars: WorkerDollars,
    },
}

/// What the repository looked like when it was made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The commit the mission starts from.
    pub base: CommitId,
    /// Its tree.
    pub base_tree: TreeId,
    /// The tree it starts from, uncommitted work included.
    pub tree: TreeId,
    /// The branch work is published on.
    pub branch: String,
    /// The staged tree, where it differed from both.
    pub staged: Option<TreeId>,
}

/// The hashes of what the worker must not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The mission file.
    pub mission: Hash,
    /// The effective configuration.
    pub config: Hash,
    /// `.cco/mission.lock.yaml`, where there is one.
    pub lock: Option<Hash>,
    /// The prompts in use.
    pub prompts: Hash,
    /// Each sealed path, absent ones included.
    pub paths: Vec<SealedPath>,
    /// What is kept beside the journal and named by its hash; `None` in a seal of before there was any.
    pub pinned: Option<Pinned>,
    /// Criteria whose own checks all pass on a tree without files: they prove nothing, and count because a person wrote
    /// them.
    pub vacuous: Vec<CriterionId>,
    /// The tree it was taken of, where that is not the one the run began with.
    pub tree: Option<TreeId>,
}

/// Hashes of what people wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputHashes {
    /// The mission file.
    pub mission: Hash,
    /// The effective configuration.
    pub config: Hash,
    /// `.cco/mission.lock.yaml`, where there is one.
    pub lock: Option<Hash>,
}

/// What a run relies on and git does not hold: hashes of bytes that the state folder keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The list of carried files; each of them is pinned by a hash of its own in it.
    pub carried: Hash,
    /// What the repository tells the worker.
    pub project: Hash,
    /// The files beside the tree through which a worker could take over the next one; `None` in a seal of before there was
    /// such a list.
    pub take_over: Option<Hash>,
}

/// One sealed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPath {
    /// Relative to the repository.
    pub path: String,
    /// Hash of its bytes; `None`: it must stay absent.
    pub content: Option<Hash>,
}

/// What changed between two trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreeChange {
    /// Files added, changed or removed.
    pub files: u64,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Files added whose path looks like a test.
    pub tests_created: u64,
}

/// Why an effect could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing went wrong, which decides what happens next.
    pub kind: FaultKind,
    /// For people: what and where.
    pub text: String,
}

/// Kinds of faults. Only what the worker did with its work costs an attempt; these do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A key is missing, wrong or revoked.
    Credentials,
    /// The account has no credit left.
    Credit,
    /// A provider does not answer or is overloaded: tried again later.
    Provider {
        /// When the provider says it will answer again.
        retry_at: Option<Timestamp>,
    },
    /// The machine or the repository is not fit: disk full, git refuses, a program is missing.
    Environment,
    /// The mission cannot be worked on as it is written.
    Mission,
}

/// How soon the daemon is to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopHow {
    /// After this iteration.
    Drain,
    /// The worker is stopped at once.
    Now,
    /// The worker is killed at once.
    Kill,
    /// The time slice is over: as [`StopHow::Now`], but to be run again.
    TimeLimit,
    /// After exactly one more iteration (`cco next`).
    AfterOne,
}

/// A person's answer to a manual check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Approve,
    /// It does not.
    Reject,
}

impl Event {
    /// The event's name, used in logs and as a metric label.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run_started",
            Self::DaemonStarted { .. } => "daemon_started",
            Self::Prepared { .. } => "prepared",
            Self::Derived { .. } => "derived",
            Self::Sealed { .. } => "sealed",
            Self::VerdictRecorded { .. } => "verdict_recorded",
            Self::Verified { .. } => "verified",
            Self::Planned { .. } => "planned",
            Self::WorkerSeen { .. } => "worker_seen",
            Self::WorkerEnded { .. } => "worker_ended",
            Self::Tampered { .. } => "tampered",
            Self::Snapshotted { .. } => "snapshotted",
            Self::Restored { .. } => "restored",
            Self::Recorded { .. } => "recorded",
            Self::Proved { .. } => "proved",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
            Self::TimeReached { .. } => "time_reached",
            Self::PauseAsked { .. } => "pause_asked",
            Self::ResumeAsked { .. } => "resume_asked",
            Self::StopAsked { .. } => "stop_asked",
            Self::Guided { .. } => "guided",
            Self::Signalled { .. } => "signalled",
            Self::Answered { .. } => "answered",
            Self::LimitsSet { .. } => "limits_set",
            Self::Amended { .. } => "amended",
            Self::TermsSet { .. } => "terms_set",
        }
    }

    /// Whether it is told by an effect on its way and leaves the stage as it is; its answer is still to come.
    #[must_use]
    pub const fn is_progress(&self) -> bool {
        matches!(self, Self::VerdictRecorded { .. } | Self::WorkerSeen { .. } | Self::Tampered { .. })
    }

    /// The attempt an effect's answer belongs to; `None` for what people and daemons do.
    #[must_use]
    pub const fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Prepared { attempt, .. }
            | Self::Derived { attempt, .. }
            | Self::Sealed { attempt, .. }
            | Self::VerdictRecorded { attempt, .. }
            | Self::Verified { attempt, .. }
            | Self::Planned { attempt, .. }
            | Self::WorkerSeen { attempt, .. }
            | Self::WorkerEnded { attempt, .. }
            | Self::Tampered { attempt, .. }
            | Self::Snapshotted { attempt, .. }
            | Self::Restored { attempt, .. }
            | Self::Recorded { attempt, .. }
            | Self::Proved { attempt, .. }
            | Self::Failed { attempt, .. }
            | Self::Cancelled { attempt }
            | Self::TimeReached { attempt } => Some(*attempt),
            Self::RunStarted { .. }
            | Self::DaemonStarted { .. }
            | Self::PauseAsked { .. }
            | Self::ResumeAsked { .. }
            | Self::StopAsked { .. }
            | Self::Guided { .. }
            | Self::Signalled { .. }
            | Self::Answered { .. }
            | Self::LimitsSet { .. }
            | Self::Amended { .. }
            | Self::TermsSet { .. } => None,
        }
    }
}
