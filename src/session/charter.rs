//! What the core knows of a mission: enough to decide, nothing to execute.
//!
//! Written into the journal with the run's first event, so that the journal alone is enough to rebuild the session.

use std::time::Duration;

use crate::mission::Every;
use crate::words::{CheckId, CriterionId, Hash, MissionId, Money, PhaseId, Priority};

/// The mission and its limits as the core sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Charter {
    /// The mission's name.
    pub mission: MissionId,
    /// One line for people.
    pub title: String,
    /// The definition of done, in the order of the file.
    pub criteria: Vec<CharterCriterion>,
    /// The ordered phases; a plain mission has one. Never empty.
    pub phases: Vec<PhaseId>,
    /// What bounds the run.
    pub limits: Limits,
    /// When work is published.
    pub commits: Commits,
    /// What is set aside before a call that costs money.
    pub reserves: Reserves,
    /// Whether the worker's dollars are real, or the list price of a subscription (design section 9, Credentials).
    pub worker_dollars: WorkerDollars,
    /// How many tokens one conversation may hold.
    pub context_window: u64,
}

/// A criterion as the core sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct CharterCriterion {
    /// Its name.
    pub id: CriterionId,
    /// What must hold, in words.
    pub text: String,
    /// The order of work.
    pub priority: Priority,
    /// Whether the mission can end without it.
    pub required: bool,
    /// The place of its phase in [`Charter::phases`].
    pub phase: usize,
    /// Its checks; empty until they are derived.
    pub checks: Vec<CharterCheck>,
    /// Whether its checks were derived from words by a model.
    pub derived: bool,
}

/// A check as the core sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct CharterCheck {
    /// Its place in the mission.
    pub id: CheckId,
    /// The kind as written in the mission.
    pub kind: String,
    /// How often it runs.
    pub every: Every,
    /// Hash of its definition as sealed.
    pub hash: Hash,
    /// How many times a judge is asked for it, the parts of a combination included; 0: never.
    pub votes: u32,
    /// Whether a person is asked, in it or in a part of it.
    pub person: bool,
}

impl CharterCheck {
    /// Whether an answer of a person decides it. Records of before `person` was noted tell it by the kind alone.
    #[must_use]
    pub fn asks_person(&self) -> bool {
        self.person || self.kind == "manual"
    }
}

/// What bounds a run. A change while it runs is an audited event.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The last iteration that may be started; `None`: no limit.
    pub max_iterations: Option<u64>,
    /// Iterations without progress after which [`Limits::on_stall`] applies.
    pub stall_after: u32,
    /// What happens then.
    pub on_stall: OnStall,
    /// A full restore point every so many iterations; at least 1.
    pub checkpoint_interval: u64,
    /// The mission's ceiling in dollars.
    pub usd: Option<Money>,
    /// The mission's ceiling in tokens.
    pub tokens: Option<u64>,
    /// Shares of the ceiling, in percent, at which a notice is given.
    pub warn_at: Vec<u8>,
    /// The longest a person is waited for before the wait is renewed with a notice (I13: every wait has a deadline).
    pub human_wait: Duration,
    /// What the files said where the command line may say something else; `None`: not noted.
    pub written: Option<Written>,
}

/// The limits that a command line can set, as the files and the environment had them when a daemon last read them. By this
/// the next daemon knows a file that was changed from one that never said so: only the former undoes what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// As [`Limits::max_iterations`].
    pub max_iterations: Option<u64>,
    /// As [`Limits::usd`].
    pub usd: Option<Money>,
}

/// What happens when the ladder of strategies is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStall {
    /// A fresh conversation and a new plan, twice; then as [`OnStall::Escalate`].
    Replan,
    /// A person is asked.
    Escalate,
    /// The mission pauses.
    Pause,
    /// The mission ends as stalled; it can be resumed.
    Stop,
}

/// When work is published on the mission's branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commits {
    /// `false`: nothing is published before the end.
    pub auto: bool,
    /// The rhythm if it is.
    pub frequency: CommitFrequency,
}

/// The rhythm of commits (design section 9, Names).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFrequency {
    /// After each iteration that changed the tree.
    PerIteration,
    /// When a conversation ends.
    PerSession,
    /// When a phase ends.
    PerPhase,
    /// When all criteria hold.
    OnCompletion,
}

/// What is set aside in the ledger before a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserves {
    /// For one question to the manager, over all of its models with their repair rounds.
    pub manager: Money,
    /// For one worker attempt: the `--max-budget-usd` it is given, as far as the budget goes. Zero: the attempt has no
    /// ceiling, or costs nothing.
    pub worker: Money,
    /// As `manager`, for deriving checks from words: a longer answer.
    pub derive: Money,
    /// As `manager`, for one vote of a judge.
    pub judge: Money,
}

/// What the worker's dollars mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerDollars {
    /// An API key is billed for them: they count against the budget.
    Billed,
    /// A subscription pays: shown, not counted.
    Equivalent,
}

impl Charter {
    /// Looks a criterion up by name.
    #[must_use]
    pub fn criterion(&self, id: &CriterionId) -> Option<&CharterCriterion> {
        self.criteria.iter().find(|criterion| criterion.id == *id)
    }

    /// The criteria that still have no check.
    #[must_use]
    pub fn underived(&self) -> Vec<CriterionId> {
        self.criteria
            .iter()
            .filter(|criterion| criterion.checks.is_empty())
            .map(|criterion| criterion.id.clone())
            .collect()
    }
}
