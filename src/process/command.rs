//! What to run and how it ended: the values that cross between this room and those above it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// One program with everything it is given. Nothing is inherited from cco's own environment.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments; a program without a slash is looked up in the `PATH` of `env`.
    pub argv: Vec<OsString>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The complete environment; [`super::MARKER`] is added to it.
    pub env: Vec<(OsString, OsString)>,
    /// Standard input.
    pub stdin: Stdin,
    /// The folder of the spool files and the exit record, created with mode 0700.
    pub dir: PathBuf,
    /// A text unique to this run, by which its processes are known again.
    pub marker: String,
    /// Wall-clock limit; the tree is ended as by [`Stop::Polite`] when it is reached.
    pub timeout: Option<Duration>,
    /// Bytes kept of each output stream: the beginning and the end, with a line between that says what was left out.
    pub output_limit: u64,
    /// From the polite signal to the kill.
    pub grace: Duration,
    /// How long the tree may run on after the daemon's death; zero ends it at once.
    pub orphan_grace: Duration,
}

/// Where a program's standard input comes from.
#[derive(Clone, Debug)]
pub enum Stdin {
    /// `/dev/null`.
    Null,
    /// A file, read from its beginning.
    File(PathBuf),
}

/// How firmly a tree is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM to the program, after [`Command::grace`] SIGKILL to the tree.
    Polite,
    /// SIGKILL to the whole tree now.
    Kill,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It left with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Status {
    /// Whether the program left with code 0.
    #[must_use]
    pub const fn success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// The end of a whole tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// How the program itself ended.
    pub status: Status,
    /// Whether [`Command::timeout`] was reached.
    pub timed_out: bool,
    /// Processes beside the program that had to be signalled because they did not end with it.
    pub swept: u32,
    /// Whether output was left out of a spool file.
    pub output_cut: bool,
    /// From the program's start to its end.
    pub duration: Duration,
}
