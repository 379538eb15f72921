//! How a worker's attempt ended, in the words of the core.

use jiff::Timestamp;

use crate::words::{Money, SessionId, Usage};

/// What is known of an attempt after its process is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerReport {
    /// How it ended.
    pub outcome: WorkerOutcome,
    /// The conversation it was part of.
    pub session: SessionId,
    /// The model that answered; empty where none did.
    pub model: String,
    /// The worker's last words, bounded to 4 KiB: a claim.
    pub text: String,
    /// Tokens of this attempt.
    pub usage: Usage,
    /// Dollars of this attempt as the worker reported them; `None`: not reported (killed, or a worker without cost).
    pub own_cost: Option<Money>,
    /// Dollars of the whole conversation as reported: cumulative over resumes (measured on claude 2.1.328).
    pub session_cost: Option<Money>,
    /// Model calls, retries not counted.
    pub calls: u32,
    /// Tool calls.
    pub tool_calls: u32,
    /// Tokens the conversation held at its last answer.
    pub context_tokens: u64,
    /// Tool uses that were denied, each `Tool: reason`, at most 16.
    pub denials: Vec<String>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// Whether the result was taken over from an attempt that outlived its daemon.
    pub adopted: bool,
}

/// How an attempt ended. Only the first group says something about the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerOutcome {
    /// It said what it had to say.
    Finished,
    /// The limit of model calls for one action was reached.
    MaxTurns,
    /// The dollars for one action were used up.
    ActionBudget,
    /// The model refused.
    Refused {
        /// Its words.
        text: String,
    },
    /// It went silent and was ended.
    Hung {
        /// In which phase: start, idle, after the result.
        phase: String,
    },
    /// The conversation no longer fits the model.
    PromptTooLong,
    /// The soft slice was over while work went on; it is continued.
    Sliced,

    /// It was stopped as asked.
    Stopped,
    /// The conversation is gone; a new one is needed.
    SessionLost,
    /// A usage window is closed, or the provider asks to come back later.
    Limited {
        /// When it opens, if told.
        until: Option<Timestamp>,
        /// Which window or limit, for people.
        what: String,
    },
    /// The provider does not answer, answers with an error, or the connection is cut.
    Unreachable {
        /// For people.
        what: String,
    },
    /// The key or login is missing, wrong or revoked.
    Unauthorized {
        /// For people.
        what: String,
    },
    /// The account has no credit left.
    NoCredit {
        /// For people.
        what: String,
    },
    /// The program does not start, or the request cannot work as configured.
    Misconfigured {
        /// For people.
        what: String,
    },
    /// The process died without a result.
    Crashed {
        /// Exit code or signal and the end of its stderr.
        what: String,
    },
}

impl WorkerOutcome {
    /// The word used in logs, journal and page.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::MaxTurns => "max_turns",
            Self::ActionBudget => "action_budget",
            Self::Refused { .. } => "refused",
            Self::Hung { .. } => "hung",
            Self::PromptTooLong => "prompt_too_long",
            Self::Sliced => "sliced",
            Self::Stopped => "stopped",
            Self::SessionLost => "session_lost",
            Self::Limited { .. } => "limited",
            Self::Unreachable { .. } => "unreachable",
            Self::Unauthorized { .. } => "unauthorized",
            Self::NoCredit { .. } => "no_credit",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Crashed { .. } => "crashed",
        }
    }
}
