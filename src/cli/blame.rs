//! Whose fault a failure of another room is: each room's error becomes this room's, with code and next step.
//!
//! The only such map. Every match is exhaustive, so that a new failure anywhere makes somebody decide here.

use super::code::Code;
use super::error::Error;
use crate::config;
use crate::mission;
use crate::openrouter;
use crate::process;
use crate::prompt;
use crate::reading::Diagnostic;
use crate::repo;
use crate::store;
use crate::verify;
use crate::worker;

impl Error {
    /// What is wrong with a file: every mistake with its line, then how many there are.
    #[must_use]
    pub fn mistakes(file: &str, found: &[Diagnostic]) -> Self {
        let count = match found.len() {
            1 => "one mistake".to_owned(),
            many => format!("{many} mistakes"),
        };
        Self::new(Code::Mistakes, format!("{count} in {file}")).diagnostics(found.iter().map(ToString::to_string))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let code = match &error {
            E::NoSpace { .. } => Code::NoSpace,
            E::DiskFailed { .. } | E::Io { .. } | E::NotPrivate { .. } | E::Unsure { .. } => Code::Files,
            E::Held { .. } => Code::Held,
            E::Damaged { .. } | E::Database { .. } => Code::Damaged,
            E::Newer { .. } => Code::Version,
            E::NoRun { .. } => Code::NoRun,
            E::UnknownRun { .. } => Code::NotFound,
            E::Unpinned { .. } => Code::Changed,
            E::TooLong { .. } | E::Unwritable { .. } | E::RunExists { .. } => Code::Internal,
        };
        let hint = match code {
            Code::Held => {
                Some("`cco status` shows what it does, `cco resume --budget N` gives it more, `cco stop` ends it")
            }
            Code::NoRun => Some("`cco start` begins one"),
            Code::NoSpace => Some("make room, then `cco resume`: nothing acknowledged is lost"),
            _ => None,
        };
        with(Self::new(code, error.to_string()), hint)
    }
}

impl From<repo::Error> for Error {
    fn from(error: repo::Error) -> Self {
        use repo::Error as E;
        let code = match &error {
            E::Unborn { .. } => Code::Unborn,
            E::GitMissing { .. } => Code::Missing,
            E::Io { source, .. } => of_io(source),
            E::NotARepository { .. }
            | E::Bare { .. }
            | E::ForeignOwner { .. }
            | E::Redirected { .. }
            | E::PartialClone { .. }
            | E::InProgress { .. }
            | E::Unmerged { .. }
            | E::Detached
            | E::BranchName { .. }
            | E::BranchBlocked { .. }
            | E::BranchDiverged { .. }
            | E::BranchGone { .. }
            | E::BranchElsewhere { .. }
            | E::WouldOverwrite { .. }
            | E::BranchMoved { .. }
            | E::IndexLocked { .. }
            | E::Replaced { .. }
            | E::NotPrepared { .. }
            | E::SubmoduleMissing { .. }
            | E::NotInTree { .. }
            | E::Hung { .. }
            | E::Git { .. }
            | E::Libgit2(_) => Code::Repository,
            E::NotEmpty { .. } | E::Answer { .. } => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<process::Error> for Error {
    fn from(error: process::Error) -> Self {
        use process::Error as E;
        let code = match &error {
            E::Start { .. } | E::Supervisor(_) | E::Lost { .. } => Code::Process,
            E::Dir { source, .. } => of_io(source),
            E::Spool { .. } => Code::Files,
            E::Record { .. } => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<worker::Error> for Error {
    fn from(error: worker::Error) -> Self {
        match error {
            worker::Error::Process(error) => error.into(),
            worker::Error::File { ref source, .. } => Self::new(of_io(source), error.to_string()),
        }
    }
}

impl From<verify::Error> for Error {
    fn from(error: verify::Error) -> Self {
        use verify::Error as E;
        let code = match &error {
            E::Carry { .. } | E::CarryTooMuch { .. } | E::LockFile { .. } | E::Refresh { .. } => Code::Files,
            E::Setup(_) => Code::SetUp,
            E::SetupNotStarted { .. } => Code::Process,
            E::Spool { source, .. } => of_io(source),
        };
        let tail = match &error {
            E::Setup(broken) if !broken.tail.trim().is_empty() => format!("\n{}", broken.tail.trim_end()),
            E::Setup(_)
            | E::SetupNotStarted { .. }
            | E::Carry { .. }
            | E::CarryTooMuch { .. }
            | E::LockFile { .. }
            | E::Refresh { .. }
            | E::Spool { .. } => String::new(),
        };
        Self::new(code, format!("{error}{tail}"))
    }
}

impl From<openrouter::Error> for Error {
    fn from(error: openrouter::Error) -> Self {
        use openrouter::Error as E;
        let code = match &error {
            E::Settings { .. } | E::BadRequest { .. } | E::ModelGone { .. } => Code::Settings,
            E::Credentials { .. } | E::Credit { .. } => Code::Credentials,
            E::RateLimited { .. }
            | E::Unavailable { .. }
            | E::TimedOut { .. }
            | E::Malformed { .. }
            | E::Truncated { .. }
            | E::Filtered { .. } => Code::Provider,
        };
        Self::new(code, error.to_string())
    }
}

impl From<prompt::Error> for Error {
    fn from(error: prompt::Error) -> Self {
        Self::new(Code::Settings, error.to_string()).hint("prompts of your own are in .cco/prompts/")
    }
}

impl From<mission::lock::Error> for Error {
    fn from(error: mission::lock::Error) -> Self {
        Self::new(Code::Mistakes, error.to_string()).at(".cco/mission.lock.yaml")
    }
}

impl From<config::Error> for Error {
    fn from(error: config::Error) -> Self {
        match error {
            config::Error::Unset { .. } => Self::new(Code::Credentials, error.to_string()),
        }
    }
}

impl From<crate::words::ParseMoneyError> for Error {
    fn from(error: crate::words::ParseMoneyError) -> Self {
        Self::new(Code::BadArgument, error.to_string())
    }
}

fn of_io(error: &std::io::Error) -> Code {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::NoSpace,
        _ => Code::Files,
    }
}

fn with(error: Error, hint: Option<&str>) -> Error {
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::{Colour, Paint};

    #[test]
    fn each_blame_has_its_exit_code() {
        let held = store::Error::Held { path: "lock".into(), holder: None };
        assert_eq!(Error::from(held).exit().code(), 7);
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let full = repo::Error::Io { doing: "write", path: "x".into(), source: full };
        assert_eq!(Error::from(full).code, Code::NoSpace);
        let unborn = repo::Error::Unborn { path: "x".into() };
        assert_eq!(Error::from(unborn).exit().code(), 9);
        let away = openrouter::Error::TimedOut { what: "60 s".into() };
        assert_eq!(Error::from(away).exit().code(), 69);
        let key = openrouter::Error::Credentials { what: "401".into() };
        assert_eq!(Error::from(key).exit().code(), 9);
    }

    #[test]
    fn all_mistakes_of_a_file_are_shown_at_once() {
        let found = mission::read("mission.yaml", "title: x\npriorty: 1\ndefinition_of_done: []\n").unwrap_err();
        let error = Error::mistakes("mission.yaml", &found);
        let text = error.render(Paint(Colour::Off));
        assert_eq!(error.exit().code(), 8);
        assert!(text.contains("mission.yaml:2:1") && text.contains("mistakes in mission.yaml"), "{text}");
    }
}
