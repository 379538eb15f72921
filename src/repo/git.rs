//! One run of the git command line: arguments as a list, a cleared environment, bounded time, errors with their cause.
//!
//! Invariant: every run switches off hooks, the file monitor, prompts, lazy fetches and all transports, and reads the
//! user's configuration only where [`Git::reading_the_users`] says so (`crates.md` section 4, `faults.md` fact 3).

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{Environment, Error};
use crate::words::last;

/// A filter that hangs must not hang the mission; hashing tens of gigabytes still ends within this.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// What is kept of the standard error of a failed run.
const STDERR_TAIL: usize = 2000;

/// Given on each command line, where it outranks every configuration file. Listed in `crates.md` section 4.
const OVERRIDES: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "core.quotePath=false",
    "index.sparse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
];

/// Keeps git from asking, fetching, replacing and translating.
const QUIET: [(&str, &str); 6] = [
    ("LC_ALL", "C"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_ALLOW_PROTOCOL", ""),
];

/// A run of git in the making.
pub(super) struct Git {
    command: Command,
    argv: Vec<OsString>,
    input: Option<Vec<u8>>,
}

/// How a run ended, whatever its exit code.
pub(super) struct Ended {
    pub(super) argv: String,
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl Git {
    /// A run that sees no configuration but that of the git dir it is pointed at.
    pub(super) fn new(environment: &Environment) -> Self {
        let mut git = Self::bare(environment);
        git.command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        git
    }

    /// A run that sees the configuration as the user's own git does. It must not be one that executes any of it.
    pub(super) fn reading_the_users(environment: &Environment) -> Self {
        let mut git = Self::bare(environment);
        git.command.envs(environment.configuration());
        git
    }

    #[expect(clippy::disallowed_methods, reason = "git is this room's power; this is the one place that starts it")]
    fn bare(environment: &Environment) -> Self {
        let mut command = Command::new(environment.program());
        command.env_clear().envs(environment.always()).envs(QUIET);
        let mut git = Self { command, argv: Vec::new(), input: None };
        for setting in OVERRIDES {
            git.command.arg("-c").arg(setting);
        }
        git
    }

    /// The git dir, with the work tree it is to look at.
    pub(super) fn on(mut self, git_dir: &Path, work_tree: &Path) -> Self {
        self.command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", work_tree).current_dir(work_tree);
        self
    }

    /// The git dir alone, for what needs no work tree.
    pub(super) fn on_dir(mut self, git_dir: &Path) -> Self {
        self.command.env("GIT_DIR", git_dir).current_dir(git_dir);
        self
    }

    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(super) fn index(self, index: &Path) -> Self {
        self.env("GIT_INDEX_FILE", index)
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// One more setting for this run; before [`Self::args`].
    pub(super) fn setting(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        let mut setting = OsString::from(key);
        setting.push("=");
        setting.push(value);
        self.command.arg("-c").arg(setting);
        self
    }

    pub(super) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.command.arg(&arg);
            self.argv.push(arg.as_ref().to_owned());
        }
        self
    }

    pub(super) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Runs to the end and demands exit code 0.
    pub(super) fn run(self) -> Result<Vec<u8>, Error> {
        self.ended()?.success()
    }

    /// Runs to the end and demands one line of text.
    pub(super) fn line(self) -> Result<String, Error> {
        let ended = self.ended()?;
        let argv = ended.argv.clone();
        let text = String::from_utf8(ended.success()?)
            .map_err(|_| Error::Answer { argv: argv.clone(), what: "not text".to_owned() })?;
        let line = text.trim_end_matches('\n');
        if line.is_empty() || line.contains('\n') {
            return Err(Error::Answer { argv, what: format!("{} lines where one was due", text.lines().count()) });
        }
        Ok(line.to_owned())
    }

    /// Runs to the end, whatever the exit code.
    pub(super) fn ended(self) -> Result<Ended, Error> {
        self.start(None)?.finish()
    }

    /// Runs beside another one, both to their ends, whatever the exit codes. Neither may write what the other one reads.
    pub(super) fn beside(self, other: Self) -> Result<(Ended, Ended), Error> {
        let other = other.start(None)?;
        let own = self.ended();
        // Waited for in any case; its pipes hold what they can until then.
        let other = other.finish();
        Ok((own?, other?))
    }

    /// Runs with the output going into `next`; both must end with exit code 0.
    pub(super) fn piped_into(self, next: Self) -> Result<(), Error> {
        let mut first = self.start(None)?;
        let second = match next.start(first.child.stdout.take()) {
            Ok(second) => second.finish(),
            Err(error) => {
                kill_group(&mut first.child);
                return Err(error);
            }
        };
        // The first one's end is the cause if both failed: a reader stops when its writer does.
        first.finish()?.success()?;
        second?.success().map(drop)
    }

    fn start(self, feed: Option<ChildStdout>) -> Result<Running, Error> {
        let argv = self.spoken();
        let (mut command, input) = (self.command, self.input);
        // A group of its own: the terminal's Ctrl-C is for cco to answer, and a hung filter can be killed with its git.
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(match feed {
            Some(feed) => Stdio::from(feed),
            None if input.is_some() => Stdio::piped(),
            None => Stdio::null(),
        });
        let folder = command.get_current_dir().unwrap_or(Path::new(".")).to_owned();
        let mut child = command.spawn().map_err(|source| Error::GitMissing { folder, source })?;
        let input = child.stdin.take().zip(input).map(|(stdin, bytes)| Input::new(stdin.into(), bytes));
        // What fits into the pipe goes at once: a run whose output another one reads is waited for last.
        Ok(Running { argv, child, input: input.and_then(Input::go_on) })
    }

    /// The command as a person would type it, without cco's settings.
    fn spoken(&self) -> String {
        let words = self.argv.iter().map(|word| word.to_string_lossy());
        std::iter::once("git".into()).chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// A run under way.
struct Running {
    argv: String,
    child: Child,
    /// What it has not been given yet.
    input: Option<Input>,
}

impl Running {
    /// Gives the input and takes both outputs, so that none of the pipes stays full; `None` if nothing has moved for
    /// [`DEADLINE`].
    fn exchange(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut stdout = Output::new(self.child.stdout.take().map(OwnedFd::from));
        let mut stderr = Output::new(self.child.stderr.take().map(OwnedFd::from));
        let deadline = PollTimeout::try_from(DEADLINE).unwrap_or(PollTimeout::MAX);
        while self.input.is_some() || stdout.pipe.is_some() || stderr.pipe.is_some() {
            let input = self.input.iter().map(|input| (&input.pipe, PollFlags::POLLOUT));
            let outputs = [&stdout, &stderr].into_iter().flat_map(|output| &output.pipe);
            let pipes = input.chain(outputs.map(|pipe| (pipe, PollFlags::POLLIN)));
            let mut polled: Vec<PollFd<'_>> = pipes.map(|(pipe, flags)| PollFd::new(pipe.as_fd(), flags)).collect();
            if poll(&mut polled, deadline) == Ok(0) {
                return None;
            }
            self.input = self.input.take().and_then(Input::go_on);
            stdout.go_on();
            stderr.go_on();
        }
        Some((stdout.bytes, stderr.bytes))
    }

    fn finish(mut self) -> Result<Ended, Error> {
        let Some((stdout, stderr)) = self.exchange() else {
            kill_group(&mut self.child);
            return Err(Error::Hung { argv: self.argv, minutes: DEADLINE.as_secs() / 60 });
        };
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        match self.child.wait() {
            Ok(status) => Ok(Ended { argv: self.argv, status, stdout, stderr }),
            Err(error) => Err(Error::Answer { argv: self.argv, what: format!("no exit code: {error}") }),
        }
    }
}

impl Ended {
    pub(super) fn success(self) -> Result<Vec<u8>, Error> {
        if self.status.success() { Ok(self.stdout) } else { Err(self.failure()) }
    }

    pub(super) fn failure(self) -> Error {
        let status = match (self.status.code(), self.status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "an unknown status".to_owned(),
        };
        Error::Git { argv: self.argv, status, stderr: last(self.stderr.trim(), STDERR_TAIL).to_owned() }
    }
}

/// Bytes on their way into a pipe that does not block.
struct Input {
    pipe: File,
    bytes: Vec<u8>,
    given: usize,
}

impl Input {
    fn new(pipe: OwnedFd, bytes: Vec<u8>) -> Self {
        Self { pipe: unblocked(pipe), bytes, given: 0 }
    }

    /// Gives what fits; `None` when there is no more to give. A git that ends early closes the pipe; its exit code tells
    /// why, so the failed write is not the news.
    fn go_on(mut self) -> Option<Self> {
        while let Some(rest) = self.bytes.get(self.given..).filter(|rest| !rest.is_empty()) {
            match self.pipe.write(rest) {
                Ok(given @ 1..) => self.given += given,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Some(self),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return None,
            }
        }
        None
    }
}

/// Bytes on their way out of a pipe that does not block; the pipe is gone when its end has come.
struct Output {
    pipe: Option<File>,
    bytes: Vec<u8>,
}

impl Output {
    fn new(pipe: Option<OwnedFd>) -> Self {
        Self { pipe: pipe.map(unblocked), bytes: Vec::new() }
    }

    fn go_on(&mut self) {
        let read = self.pipe.as_mut().map(|pipe| pipe.read_to_end(&mut self.bytes));
        // Read to its end, or broken by a bug of the kernel; the exit code decides in any case.
        if !matches!(&read, Some(Err(error)) if error.kind() == ErrorKind::WouldBlock) {
            self.pipe = None;
        }
    }
}

fn unblocked(pipe: OwnedFd) -> File {
    // Cannot fail on a pipe of ours; if it did, the other pipe could fill up while this one is read, and then the
    // deadline would end it.
    fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).ok();
    File::from(pipe)
}

fn kill_group(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // Not yet waited for, so the pid is still this child's; an error means that it has just ended.
        nix::sys::signal::killpg(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).ok();
    }
    drop(child.wait());
}

/// Splits `-z` output into its records.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0).filter(|record| !record.is_empty())
}

/// A path as git prints it under `-z`: raw bytes.
pub(super) fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Paths as git reads them under `-z --stdin`.
pub(super) fn nul_list<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_os_str().as_bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pipe_stays_full() {
        let environment = Environment::select([("PATH".into(), "/usr/bin:/bin:/usr/local/bin".into())]);
        let ids = "0123456789012345678901234567890123456789\n".repeat(20_000);
        let dir = tempfile::tempdir().unwrap();
        Git::new(&environment).in_folder(dir.path()).args(["init", "-q", "."]).run().unwrap();
        // Answers each line, which is more than a pipe holds.
        let asked = || Git::new(&environment).in_folder(dir.path()).args(["cat-file", "--batch-check"]);
        let answer = asked().input(ids.clone().into_bytes()).run().unwrap();
        assert_eq!(answer.iter().filter(|byte| **byte == b'\n').count(), 20_000);
        // Ends without reading it.
        let error = Git::new(&environment).args(["cat-file", "--nonsense"]).input(ids.into_bytes()).run().unwrap_err();
        assert!(error.to_string().contains("nonsense"), "{error}");
    }

    #[test]
    fn a_failed_run_tells_its_arguments_and_code() {
        let environment = Environment::select([("PATH".into(), "/usr/bin:/bin:/usr/local/bin".into())]);
        let error = Git::new(&environment).args(["cat-file", "-t", "nonsense"]).run().unwrap_err();
        assert!(matches!(&error, Error::Git { argv, .. } if argv == "git cat-file -t nonsense"), "{error}");
    }
}
