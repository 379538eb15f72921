//! The mission: what is asked, as checked values.

use std::time::Duration;

use super::check::{Check, HttpCheck};
use crate::words::{CriterionId, MissionId, Money, PhaseId, Priority};

/// What is asked of the worker, and what proves that it was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Mission {
    /// The `id` of the file, or a slug of the title.
    pub id: MissionId,
    /// One line for people.
    pub title: String,
    /// The repository as the file names it, relative to the file; `None`: the one cco runs in.
    pub repository: Option<String>,
    /// The full text for manager and worker.
    pub description: String,
    /// Repository-specific knowledge that goes into the stable part of every prompt; may be empty.
    pub context: String,
    /// The definition of done, in the order of the file. Never empty.
    pub criteria: Vec<Criterion>,
    /// Rules the worker is told.
    pub constraints: Vec<Constraint>,
    /// Shell commands that prepare a check tree; `None`: what the lock files imply; empty: nothing.
    pub setup: Option<Vec<String>>,
    /// Globs of files that the worker must not change.
    pub protect: Vec<String>,
    /// Globs taken out of what would be sealed by inference.
    pub unprotect: Vec<String>,
    /// Ignored files that checks need: copied into every check tree, pinned by the seal, never committed.
    pub carry: Vec<String>,
    /// Names of variables that worker and checks may see.
    pub pass_env: Vec<String>,
    /// Long-running programs that checks need.
    pub services: Vec<Service>,
    /// The ordered parts; a plain mission has exactly one, named `main`, with every criterion.
    pub phases: Vec<Phase>,
    /// The ceiling of cost.
    pub budget: Budget,
}

/// One item of the definition of done.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// The `id` of the file, or a slug of the text.
    pub id: CriterionId,
    /// What must hold, in words.
    pub text: String,
    /// Whether it can be decided by a machine; `false` needs a judge or a person.
    pub measurable: bool,
    /// The order of work.
    pub priority: Priority,
    /// Whether the mission can end without it. All are required unless the file says `required: false`.
    pub required: bool,
    /// How many consecutive passes on one tree it takes; at least 1.
    pub stable_for: u32,
    /// All of them must pass. Empty: words only, to be compiled into checks at the start.
    pub checks: Vec<Check>,
    /// Whether the checks come from the mission lock and not from the author.
    pub derived: bool,
}

/// A rule the worker is told to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// The rule in words.
    pub rule: String,
    /// Globs the worker must not touch; they are sealed like `protect`.
    pub paths_denied: Vec<String>,
    /// A check that guards the rule; it must hold at the end like a criterion.
    pub check: Option<Check>,
}

/// A long-running program that checks need.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// How checks name it.
    pub name: String,
    /// The shell command that runs it in the foreground; `${PORT}` is replaced by a free port.
    pub run: String,
    /// When it counts as up.
    pub ready: Readiness,
    /// How long it may take to get there; 60 s unless the file says otherwise.
    pub ready_timeout: Duration,
    /// A shell command that ends it politely; without one it is sent TERM.
    pub stop: Option<String>,
    /// A shell command that always runs after it has ended.
    pub teardown: Option<String>,
}

/// What shows that a service is up.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    /// A request that is answered as asked.
    Http(Box<HttpCheck>),
    /// A TCP port on loopback that accepts a connection.
    Port(u16),
    /// A shell command that exits 0.
    Command(String),
}

/// An ordered part of a mission.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its name.
    pub id: PhaseId,
    /// The criteria that end it, each in exactly one phase.
    pub criteria: Vec<CriterionId>,
}

/// The ceiling of cost. Nothing is limited unless set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Budget {
    /// Of the whole mission.
    pub usd: Option<Money>,
    /// Of the whole mission.
    pub tokens: Option<u64>,
    /// Shares of the budget, in percent, at which a notice is given.
    pub warn_at: Vec<u8>,
}
