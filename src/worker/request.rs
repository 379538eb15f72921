//! What an action is given and what it comes to: the values that cross between this room and the daemon.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::outcome::Outcome;
use super::stream::{ModelSpend, RateLimit};
use crate::words::{IterationNumber, Money, SessionId, Usage};

/// One action.
#[derive(Clone, Debug)]
pub struct Request {
    /// The whole prompt.
    pub prompt: String,
    /// The conversation, chosen and stored before the start.
    pub session: SessionId,
    /// Whether the conversation exists already.
    pub opening: Opening,
    /// Which turn of the loop this is; the scripted worker plays its scene by it.
    pub iteration: IterationNumber,
    /// The model, as Claude Code names it; `None`: its default. A resumed session would keep the last one used, so
    /// it is passed each time.
    pub model: Option<String>,
    /// The effort; a resumed session would fall back to the default.
    pub effort: Option<String>,
    /// Model calls at most.
    pub max_turns: Option<u32>,
    /// Dollars at most; overshot by one call.
    pub max_budget: Option<Money>,
    /// Appended to Claude Code's own system prompt; empty: nothing is.
    pub system_prompt: String,
    /// Subagents, in Claude Code's own form.
    pub agents: Option<serde_json::Value>,
    /// Folders of plugins (the repository's skills and commands, from the sealed copy).
    pub plugins: Vec<PathBuf>,
    /// The folder of the attempt.
    pub dir: PathBuf,
    /// The mark of the attempt's processes, unique to it.
    pub marker: String,
}

/// How a conversation is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It is new; a used id is refused, which makes it a fence.
    Start,
    /// It goes on.
    Resume,
}

/// What is told while the worker works.
#[derive(Clone, Debug, PartialEq)]
pub enum Live {
    /// Its processes run under this supervisor.
    Started {
        /// The supervisor's pid.
        supervisor: Option<u32>,
    },
    /// A turn began with this model.
    Model(String),
    /// One line of the tool trace, safe to show.
    Chip(String),
    /// Tokens in the conversation.
    Context(u64),
    /// The usage windows of a subscription changed.
    RateLimit(RateLimit),
    /// A person is asked to do this.
    Instruction(String),
}

/// What is known of an action after its processes are gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it came to.
    pub outcome: Outcome,
    /// The session as the worker named it.
    pub session: Option<String>,
    /// The model that answered; empty where none did.
    pub model: String,
    /// The worker's version; empty where it did not tell.
    pub version: String,
    /// The last words, bounded to 32 KiB: a claim, never a proof.
    pub text: String,
    /// Tokens of this process.
    pub usage: Usage,
    /// Dollars of this process as reported; `None`: not reported.
    pub own_cost: Option<Money>,
    /// Dollars of the whole session as reported, cumulative over its processes.
    pub session_cost: Option<Money>,
    /// The same by model, for this process.
    pub by_model: BTreeMap<String, ModelSpend>,
    /// Turns as the worker counts them.
    pub turns: u64,
    /// Answers of the model in the main loop.
    pub api_calls: u64,
    /// Tool calls, subagents' included.
    pub tool_calls: u64,
    /// Tokens the conversation held at its last answer.
    pub context_tokens: u64,
    /// What the model can hold, where the worker told.
    pub context_window: Option<u64>,
    /// Tool uses that were refused, each `Tool: reason`, at most 16.
    pub denials: Vec<String>,
    /// Errors of tools, one line each, at most 20.
    pub errors: Vec<String>,
    /// The last chips.
    pub chips: Vec<String>,
    /// The usage windows as last seen.
    pub rate_limit: Option<RateLimit>,
    /// From the program's start to its end.
    pub duration: Duration,
    /// Processes it left behind that had to be ended.
    pub swept: u32,
    /// The end of its stderr, bounded to 4 KiB.
    pub stderr: String,
}
