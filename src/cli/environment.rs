//! What the program was started in: read once, passed on as a value. Nothing else of the faces reads the environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// The surroundings of one call of the program.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The variables.
    pub variables: BTreeMap<OsString, OsString>,
    /// The current folder; `None`: it was removed or cannot be read.
    pub directory: Option<PathBuf>,
    /// What stdin is.
    pub stdin: Stream,
    /// What stdout is.
    pub stdout: Stream,
    /// What stderr is.
    pub stderr: Stream,
}

/// What one of the standard streams is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// A pipe or a file.
    #[default]
    Plain,
    /// A terminal of this many columns and rows, if it tells.
    Terminal(Option<(u16, u16)>),
}

impl Environment {
    /// Reads the surroundings of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place where the faces read the environment")]
    #[must_use]
    pub fn read() -> Self {
        let size = |stream: Option<_>| {
            stream.map(|(terminal_size::Width(columns), terminal_size::Height(rows))| (columns, rows))
        };
        let stream = |is_terminal: bool, size| if is_terminal { Stream::Terminal(size) } else { Stream::Plain };
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        Self {
            variables: std::env::vars_os().collect(),
            directory: std::env::current_dir().ok(),
            stdin: stream(stdin.is_terminal(), None),
            stdout: stream(stdout.is_terminal(), size(terminal_size::terminal_size_of(&stdout))),
            stderr: stream(stderr.is_terminal(), size(terminal_size::terminal_size_of(&stderr))),
        }
    }

    /// The columns and rows of the terminal on stderr as it is now: a person may have made it smaller.
    #[must_use]
    pub fn terminal_size() -> Option<(u16, u16)> {
        let size = terminal_size::terminal_size_of(io::stderr());
        size.map(|(terminal_size::Width(columns), terminal_size::Height(rows))| (columns, rows))
    }

    /// The same with nobody in front of it: no colours, no questions, nothing drawn anew.
    #[must_use]
    pub fn without_a_terminal(self) -> Self {
        Self { stdin: Stream::Plain, stdout: Stream::Plain, stderr: Stream::Plain, ..self }
    }

    /// A variable that is set, not empty, and text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str()).filter(|value| !value.is_empty())
    }
}

impl Stream {
    /// Whether a person may be looking.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Terminal(_))
    }
}
