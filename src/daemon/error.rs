//! Why a daemon could not start, or had to stop.

use std::path::PathBuf;

use crate::config;
use crate::mission;
use crate::openrouter;
use crate::prompt;
use crate::reading::{Diagnostic, Unsupported};
use crate::repo;
use crate::store;
use crate::verify;
use crate::worker;

/// Why a daemon could not start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Mission or configuration have mistakes.
    #[error("{} in mission or configuration", count(.0))]
    Mistakes(Vec<Diagnostic>),
    /// They ask for what this version cannot do; it may guard the end, so it is not ignored.
    #[error("the mission asks for what this version does not do yet")]
    Unsupported(Vec<Unsupported>),
    /// There is no mission file.
    #[error("there is no mission: looked for {}", .looked_for.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and "))]
    NoMission {
        /// Where it was looked for.
        looked_for: Vec<PathBuf>,
    },
    /// Criteria are only words, and no model is there to derive checks.
    #[error("{} without a check, and no manager model to derive one: {}", if .criteria.len() == 1 { "a criterion" } else { "criteria" }, .criteria.join("; "))]
    OnlyWords {
        /// Their texts.
        criteria: Vec<String>,
    },
    /// A judge is asked for and no model is there.
    #[error("a judge is asked for and there is no manager model: {}", .criteria.join("; "))]
    NoJudge {
        /// The criteria that need one.
        criteria: Vec<String>,
    },
    /// A task inside of cco panicked; nothing was recorded of what it did.
    #[error("an inner task broke: {0}")]
    Broke(String),
    /// Mission, lock, configuration, a prompt or a sealed file differ from what was sealed when the run began.
    #[error("{what} changed since the run began")]
    Changed {
        /// Which of them.
        what: String,
    },
    /// The inputs are not those of the same mission.
    #[error("{why}")]
    CannotAmend {
        /// Why, for people.
        why: String,
    },
    /// There is nothing to resume.
    #[error("there is no unfinished run to resume")]
    NothingToResume,
    /// A program is missing.
    #[error("`{program}` was not found on PATH")]
    MissingProgram {
        /// Which.
        program: String,
    },
    /// The worker has no key and no login.
    #[error("the worker has no key and no login")]
    NoCredential,
    /// A secret could not be fetched.
    #[error(transparent)]
    Secret(#[from] config::Error),
    /// A secret's place failed.
    #[error("`{key}` could not be read from {place}: {why}")]
    SecretPlace {
        /// The key.
        key: String,
        /// The place.
        place: String,
        /// Why.
        why: String,
    },
    /// A file could not be read or written.
    #[error("failed to {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The lock file does not fit the mission.
    #[error("`.cco/mission.lock.yaml`: {0}")]
    Lock(#[from] mission::lock::Error),
    /// The control socket could not be opened.
    #[error("failed to listen for commands: {0}")]
    Control(#[source] std::io::Error),
    /// The repository.
    #[error(transparent)]
    Repo(#[from] repo::Error),
    /// The state folder.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The prompts.
    #[error(transparent)]
    Prompt(#[from] prompt::Error),
    /// The provider's settings.
    #[error(transparent)]
    OpenRouter(#[from] openrouter::Error),
    /// The worker.
    #[error(transparent)]
    Worker(#[from] worker::Error),
    /// The checks.
    #[error(transparent)]
    Verify(#[from] verify::Error),
}

fn count(mistakes: &[Diagnostic]) -> String {
    match mistakes.len() {
        1 => "a mistake".to_owned(),
        n => format!("{n} mistakes"),
    }
}
