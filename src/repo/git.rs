//! One run of the git command line: arguments as a list, a cleared environment, bounded time, errors with their cause.
//!
//! Invariant: every run switches off hooks, the file monitor, prompts, lazy fetches and all transports, and reads the
//! user's configuration only where [`Git::reading_the_users`] says so (`crates.md` section 4, `faults.md` fact 3).

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

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
        if let (Some(mut stdin), Some(bytes)) = (child.stdin.take(), input) {
            // A git that ends early closes the pipe; its exit code tells why, so the failed write is not the news.
            std::thread::spawn(move || drop(stdin.write_all(&bytes)));
        }
        Ok(Running { argv, child })
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
}

impl Running {
    fn finish(mut self) -> Result<Ended, Error> {
        let Ok((stdout, stderr)) = collect(&mut self.child) else {
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

/// Reads both pipes to their ends on threads of their own, so that neither can fill up while the other is read.
fn collect(child: &mut Child) -> Result<(Vec<u8>, Vec<u8>), mpsc::RecvTimeoutError> {
    let (done, ready) = mpsc::channel();
    let stderr = reader(child.stderr.take(), done.clone(), Stream::Stderr);
    let stdout = reader(child.stdout.take(), done, Stream::Stdout);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for _ in 0..stderr + stdout {
        match ready.recv_timeout(DEADLINE)? {
            (Stream::Stdout, bytes) => out = bytes,
            (Stream::Stderr, bytes) => err = bytes,
        }
    }
    Ok((out, err))
}

#[derive(Clone, Copy)]
enum Stream {
    Stdout,
    Stderr,
}

/// Starts a reader where there is a pipe; returns how many answers to expect.
fn reader(pipe: Option<impl Read + Send + 'static>, done: mpsc::Sender<(Stream, Vec<u8>)>, which: Stream) -> usize {
    let Some(mut pipe) = pipe else { return 0 };
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe cannot fail to be read but by a bug of the kernel; the exit code decides in any case.
        drop(pipe.read_to_end(&mut bytes));
        drop(done.send((which, bytes)));
    });
    1
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
    fn a_failed_run_tells_its_arguments_and_code() {
        let environment = Environment::select([("PATH".into(), "/usr/bin:/bin:/usr/local/bin".into())]);
        let error = Git::new(&environment).args(["cat-file", "-t", "nonsense"]).run().unwrap_err();
        assert!(matches!(&error, Error::Git { argv, .. } if argv == "git cat-file -t nonsense"), "{error}");
    }
}
