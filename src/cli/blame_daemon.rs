//! What the daemon's failures are to a person: code and next step.

use super::code::Code;
use super::error::Error;
use crate::daemon::{self, client};
use crate::reading::Diagnostic;

impl From<daemon::Error> for Error {
    fn from(error: daemon::Error) -> Self {
        use daemon::Error as E;
        let text = error.to_string();
        match error {
            E::Mistakes(found) => Self::mistakes("mission and configuration", &found),
            E::Unsupported(found) => {
                let told = found.iter().map(|unsupported| Diagnostic::from(unsupported).to_string());
                Self::new(Code::Mistakes, text).diagnostics(told)
            }
            E::NoMission { .. } => {
                Self::new(Code::NoMission, text).hint("`cco init` writes one; or name one with --mission")
            }
            E::OnlyWords { .. } => Self::new(Code::Mistakes, text).hint(
                "give each a `validator` in the mission file, or set OPENROUTER_API_KEY so that checks can be derived",
            ),
            E::NoJudge { .. } => {
                Self::new(Code::Mistakes, text).hint("set OPENROUTER_API_KEY, or use another kind of validator")
            }
            E::Broke(_) => Self::new(Code::Internal, text)
                .hint("a fault of cco; what was recorded is safe, and `cco resume` goes on from there"),
            E::Changed { .. } => Self::new(Code::Changed, text).hint(
                "`cco amend` shows what changed and goes on with it; or put the file back, or begin a new run with `cco \
                 start --fresh`",
            ),
            E::CannotAmend { .. } => Self::new(Code::Changed, text)
                .hint("put the file back to go on, or begin a new run with `cco start --fresh`; the old one stays readable"),
            E::NothingToResume => Self::new(Code::NoRun, text).hint("`cco start` begins one"),
            E::MissingProgram { .. } => Self::new(Code::Missing, text)
                .hint("install Claude Code (`npm install -g @anthropic-ai/claude-code`), or set `claude_code.path`"),
            E::NoCredential => Self::new(Code::Credentials, text).hint(
                "log in with `claude`, or set ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN or `claude_code.api_key`",
            ),
            E::SecretPlace { .. } => Self::new(Code::Credentials, text),
            E::Secret(error) => error.into(),
            E::File { doing, path, source } => Self::file(doing, &path, &source),
            E::Lock(error) => error.into(),
            E::Control(source) => Self::new(Code::Files, text).hint(source.to_string()),
            E::Repo(error) => error.into(),
            E::Store(error) => error.into(),
            E::Prompt(error) => error.into(),
            E::OpenRouter(error) => error.into(),
            E::Worker(error) => error.into(),
            E::Verify(error) => error.into(),
        }
    }
}

impl From<client::Error> for Error {
    fn from(error: client::Error) -> Self {
        let text = error.to_string();
        match error {
            client::Error::NotRunning => Self::new(Code::NoDaemon, text)
                .hint("`cco start` or `cco resume` starts it; commands that only read work without it"),
            client::Error::TooLong => Self::new(Code::BadArgument, text),
            client::Error::Socket { source, .. } => Self::new(Code::Files, format!("{text}: {source}")),
            client::Error::Answer(_) => Self::new(Code::Version, text),
        }
    }
}
