//! What the manager decided: the next prompt, and opinions that change nothing.
//!
//! The manager's answer can choose what the worker is told next. Nothing in it can accept a criterion, move money or
//! change mission, checks or fence (design section 4, step 3).

use crate::words::{CriterionId, TaskId};

/// The manager's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the manager makes of the last result.
    pub analysis: String,
    /// The kind of step this is.
    pub strategy: Strategy,
    /// What the worker is to do.
    pub action: Action,
    /// Whether the worker's conversation goes on.
    pub conversation: ConversationWish,
    /// Changes to the list of tasks; completing one is a claim.
    pub tasks: Vec<TaskUpdate>,
    /// The manager believes that a criterion cannot be met.
    pub impossible: Option<Impossible>,
    /// Something only a person can answer.
    pub question: Option<String>,
}

/// What is asked of the worker in one iteration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// One line for people.
    pub title: String,
    /// The instruction.
    pub prompt: String,
    /// The criteria it aims at.
    pub criteria: Vec<CriterionId>,
    /// The agent definition that the worker should use.
    pub agent: Option<String>,
    /// How strong a model the action needs.
    pub tier: ModelTier,
}

/// The kind of a step (section 4.3 of the specification, and the ordinary one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// The next step of the work.
    #[default]
    Proceed,
    /// The same goal, told differently, with the failing evidence.
    RetryModified,
    /// Another way to the goal, in a fresh conversation.
    Alternative,
    /// Another criterion first.
    Partial,
    /// A person is needed.
    Escalate,
}

impl Strategy {
    /// The word used in the manager's schema, the journal and the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proceed => "proceed",
            Self::RetryModified => "retry_modified",
            Self::Alternative => "alternative",
            Self::Partial => "partial",
            Self::Escalate => "escalate",
        }
    }
}

/// How strong a model an action needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelTier {
    /// A small one will do.
    Light,
    /// The configured one.
    #[default]
    Standard,
    /// The strongest.
    Strong,
}

/// What the manager wants of the worker's conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConversationWish {
    /// It goes on.
    #[default]
    Continue,
    /// A new one begins with a summary.
    Fresh,
}

/// A change to one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskUpdate {
    /// Which.
    pub id: TaskId,
    /// What is to be done; empty: as before.
    pub text: String,
    /// Where it stands.
    pub state: TaskState,
}

/// Where a task stands, by the manager's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskState {
    /// Still to be done.
    #[default]
    Pending,
    /// Claimed to be done; proves nothing.
    Completed,
    /// No longer needed.
    Dropped,
}

impl TaskState {
    /// The word used in the manager's schema, the journal and the page.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Dropped => "dropped",
        }
    }
}

/// The manager's belief that a criterion cannot be met. It counts only together with a verified stall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// Which.
    pub criterion: CriterionId,
    /// Why.
    pub why: String,
}

/// Who made a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanSource {
    /// A model.
    Model {
        /// Its name at the provider.
        model: String,
    },
    /// The embedded checklist manager.
    Checklist {
        /// Why no model planned; `None` where none was asked for.
        instead_of: Option<String>,
    },
}
