//! Programs under test: started in a process group of their own, waited for with a deadline, ended by their id.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use super::PATIENCE;

/// A program that has not been started yet.
#[must_use]
pub(crate) struct Program {
    command: Command,
    input: Vec<u8>,
}

impl Program {
    pub(super) fn new(path: &Path, folder: &Path, environment: Vec<(String, String)>) -> Self {
        let mut command = Command::new(path);
        command.env_clear().envs(environment).current_dir(folder).process_group(0);
        Self { command, input: Vec::new() }
    }

    pub(crate) fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable away again.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The folder in which it starts.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What it reads from stdin.
    pub(crate) fn input(mut self, bytes: &[u8]) -> Self {
        self.input = bytes.to_vec();
        self
    }

    /// Starts it. Its output goes to files, so that nothing it leaves behind can keep a test waiting.
    pub(crate) fn start(mut self) -> Running {
        let files = tempfile::tempdir().unwrap();
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(&self.input).unwrap();
        input.rewind().unwrap();
        let output = |name: &str| Stdio::from(File::create(files.path().join(name)).unwrap());
        let mut child =
            self.command.stdin(input).stdout(output("stdout")).stderr(output("stderr")).spawn().unwrap_or_else(
                |error| {
                    panic!("{} does not start: {error}", self.command.get_program().display());
                },
            );
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let (sender, exit) = channel();
        thread::spawn(move || {
            // Nobody listens once the test has lost interest; the child is reaped all the same.
            let _ = sender.send(child.wait().unwrap());
        });
        Running { pid, exit, ended: None, files }
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Finished {
        self.start().wait()
    }
}

/// A running program; dropping it kills its process group.
#[must_use]
#[derive(Debug)]
pub(crate) struct Running {
    pid: Pid,
    exit: Receiver<ExitStatus>,
    ended: Option<ExitStatus>,
    files: TempDir,
}

impl Running {
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Where its stdout goes while it runs.
    pub(crate) fn stdout_path(&self) -> PathBuf {
        self.files.path().join("stdout")
    }

    /// What it has written to stdout so far.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.stdout_path()).unwrap()).into_owned()
    }

    /// What it has written to stderr so far.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.files.path().join("stderr")).unwrap()).into_owned()
    }

    /// Sends a signal to the program alone, not to its group.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid, signal).unwrap();
    }

    /// Waits for its end, and fails the test, showing its output, if it does not come.
    pub(crate) fn wait(mut self) -> Finished {
        let Ok(status) = self.exit.recv_timeout(PATIENCE) else {
            panic!("still running after {PATIENCE:?}\nstdout: {}\nstderr: {}", self.stdout(), self.stderr());
        };
        self.ended = Some(status);
        Finished { status, stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() && self.exit.try_recv().is_err() {
            // Not reaped yet, so the id is still its own; a group that has just ended needs no signal.
            let _ = killpg(self.pid, Signal::SIGKILL);
        }
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Its exit code, or 128 and the number of the signal that ended it.
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 128 + self.status.signal().unwrap_or_default())
    }

    /// Fails the test, showing the output, unless the exit code is this.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "exit code\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The lines of stdout that are JSON.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The last event of this type, as the headless `claude` writes them.
    pub(crate) fn last_event(&self, kind: &str) -> Option<Value> {
        self.events().into_iter().rfind(|event| event["type"] == kind)
    }
}
