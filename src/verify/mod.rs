//! Floor 5: proves. Runs the checks of a mission on a checked-out tree and gives a verdict for each.
//!
//! The room is told a folder, a tree id and an environment, and never asks where the repository is. What it is told by
//! programs, reports, servers and models is evidence to be held against the mission, never a verdict:
//!
//! - [`Verifier`] runs a [`Job`] and gives a [`Report`]; `evaluate` is its one match over the kinds of checks;
//! - `command`, `file`, `http`, `tests`, `coverage`, `metric`, `git`, `sarif`, `plugin`, `judge`, `manual`, `combine`: one
//!   kind each;
//! - `reports`, `path_query`, `text`, `tail`: readers of what others wrote, bounded and without panic;
//! - `plan` (which checks run, the key of a verdict), `setup`, `carry`, `environment`: what surrounds a run;
//! - `question`: what a judge is asked. The call itself is the daemon's.
//!
//! Deliberately absent: the state of criteria (the core's), check-outs (`repo/`), model calls (`manager/`).

mod baseline;
mod carry;
mod combine;
mod command;
mod coverage;
mod environment;
mod error;
mod evaluate;
mod file;
mod files;
mod finding;
mod fresh;
mod git;
mod ground;
mod http;
mod judge;
mod manual;
mod metric;
mod path_query;
mod plan;
mod plugin;
mod port;
mod question;
mod refresh;
mod reports;
mod sarif;
mod service;
mod setup;
mod shell;
mod stopwatch;
mod tail;
mod tests;
mod text;
mod verifier;

pub use baseline::Baseline;
pub use carry::{Carried, gather, place};
pub use environment::{Environment, Surroundings};
pub use error::Error;
pub use files::ReadError;
pub use git::{Changed, History, asks_history};
pub use judge::{Answer, Citation};
pub use manual::{Approval, Word};
pub use plan::{
    Item, Known, Occasion, Scope, cache_key, compares_with_baseline, for_emptied_tree, is_kept, items, needs_set_up,
};
pub use question::{Exhibit, Question, parse, questions, request, schema};
pub use refresh::{Refresh, Refreshed};
pub use setup::{Broken, SETUP_TIMEOUT, Setup};
pub use verifier::{Job, Report, Verifier, unready};
