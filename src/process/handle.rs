//! The daemon's side of a supervised process tree.
//!
//! A [`Process`] owns the lifeline. Dropping it, like the daemon's death, hands the tree to the supervisor's
//! `orphan_grace`; nothing has to be cleaned up by hand.

#![expect(clippy::disallowed_methods, reason = "starts the supervisor")]

use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::watch;

use super::record::{Durability, ExitRecord, STDERR, STDOUT, Spec};
use super::supervisor::{FAILED, KILL, POLITE, STARTED};
use super::{Command, Error, Exit, Follower, Stop};

/// Starts process trees: the path of the cco binary that supervises them, and one that waits for its order.
///
/// A supervisor is ready some milliseconds after it is started, most of them the dynamic linker's. So the next one is
/// started while the last one works. Clones share it.
#[derive(Clone, Debug)]
pub struct Supervisor {
    program: PathBuf,
    durability: Durability,
    spare: Arc<Mutex<Spare>>,
}

/// The supervisor that waits for its order.
#[derive(Debug, Default)]
enum Spare {
    #[default]
    None,
    Waits(Child),
    /// There is to be none any more.
    Dismissed,
}

impl Supervisor {
    /// Trees are supervised by this binary, called with the hidden subcommand `__supervise`. A caller passes
    /// `/proc/self/exe`, which stays right when the installed file is replaced under a running daemon.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), durability: Durability::Process, spare: Arc::default() }
    }

    /// Spool and exit record survive a power cut; for results that cost money. Costs two or three fsyncs per run.
    #[must_use]
    pub const fn durable(mut self) -> Self {
        self.durability = Durability::Power;
        self
    }

    /// Starts the supervisor that the next [`Self::spawn`] will take, on a thread of its own. It ends with this process
    /// or with the last clone, like any that waits for an order.
    pub fn get_ready(&self) {
        let next = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut spare = next.spare();
            if matches!(*spare, Spare::None) {
                // What is wrong is told when the supervisor is needed.
                *spare = next.start().map_or(Spare::None, Spare::Waits);
            }
        });
    }

    /// Ends the one that waits, and has no other made ready: for who leaves and leaves nothing running.
    pub async fn dismiss(&self) {
        let spare = std::mem::replace(&mut *self.spare(), Spare::Dismissed);
        if let Spare::Waits(mut child) = spare {
            // Nothing more will be ordered: it ends by itself. If it cannot be waited for, it is gone already.
            drop(child.stdin.take());
            child.wait().await.ok();
        }
    }

    fn spare(&self) -> MutexGuard<'_, Spare> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> io::Result<Child> {
        tokio::process::Command::new(&self.program)
            .arg("__supervise")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }

    /// The one that is ready, if it still lives; else a new one.
    fn ready(&self) -> io::Result<Child> {
        let mut spare = self.spare();
        if let Spare::Waits(child) = &mut *spare
            && child.try_wait()?.is_none()
            && let Spare::Waits(child) = std::mem::take(&mut *spare)
        {
            return Ok(child);
        }
        drop(spare);
        self.start()
    }

    /// Starts a program; returns when it runs.
    pub async fn spawn(&self, command: &Command) -> Result<Process, Error> {
        create_private(&command.dir)?;
        let mut child = self.ready().map_err(Error::Supervisor)?;
        let missing = || Error::Supervisor(io::Error::other("its pipes are missing"));
        let mut stdin = child.stdin.take().ok_or_else(missing)?;
        let mut status = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let order = serde_json::to_vec(&Spec::of(command, self.durability)).map_err(|e| Error::Supervisor(e.into()))?;
        let length = u32::try_from(order.len()).map_err(|e| Error::Supervisor(io::Error::other(e)))?;
        // A supervisor that fails early says why on its standard output, so a broken pipe here is not the last word.
        let sent = async {
            stdin.write_all(&length.to_le_bytes()).await?;
            stdin.write_all(&order).await
        };
        let sent = sent.await;
        started(command, &mut status, sent).await?;
        self.get_ready();
        let lifeline = Arc::new(stdin.into_owned_fd().map_err(Error::Supervisor)?);
        let (sender, news) = watch::channel(());
        tokio::spawn(listen(status, sender));
        let dir = command.dir.clone();
        let (stdout, stderr) = (dir.join(STDOUT), dir.join(STDERR));
        Ok(Process { child, lifeline, news, dir, stdout, stderr, marker: command.marker.clone() })
    }
}

/// Creates the folder of an attempt, readable by its owner only.
fn create_private(dir: &Path) -> Result<(), Error> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    created.map_err(|source| Error::Dir { path: dir.to_owned(), source })
}

async fn started(command: &Command, status: &mut BufReader<ChildStdout>, sent: io::Result<()>) -> Result<(), Error> {
    let mut line = Vec::new();
    status.read_until(b'\n', &mut line).await.map_err(Error::Supervisor)?;
    if line == STARTED {
        return Ok(());
    }
    if let Some(reason) = line.strip_prefix(FAILED) {
        let program = command.argv.first().cloned().unwrap_or_default();
        return Err(Error::Start { program, message: String::from_utf8_lossy(reason).trim().to_owned() });
    }
    sent.map_err(Error::Supervisor)?;
    Err(Error::Supervisor(io::Error::other("it ended at once")))
}

/// Turns the supervisor's wake-up bytes into news for the followers. The sender's end is the supervisor's end.
async fn listen(mut status: BufReader<ChildStdout>, news: watch::Sender<()>) {
    let mut bytes = [0; 1024];
    while let Ok(read @ 1..) = status.read(&mut bytes).await {
        tracing::trace!(read, "output");
        news.send_replace(());
    }
}

/// One process tree under its supervisor.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lifeline: Arc<OwnedFd>,
    news: watch::Receiver<()>,
    dir: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
    marker: String,
}

impl Process {
    /// Waits until the whole tree has ended. May be called again, and dropped in between.
    pub async fn wait(&mut self) -> Result<Exit, Error> {
        self.child.wait().await.map_err(Error::Supervisor)?;
        if let Some(exit) = ExitRecord::read(&self.dir)? {
            return Ok(exit);
        }
        // The supervisor itself was killed: nobody else knows what it was holding.
        let marker = self.marker.clone();
        let swept = tokio::task::spawn_blocking(move || super::sweep(&marker)).await;
        let swept = swept.map_err(|error| Error::Supervisor(error.into()))??;
        Err(Error::Lost { dir: self.dir.clone(), swept })
    }

    /// Asks the tree to end; [`Self::wait`] tells when it has. An ended tree is no fault.
    pub async fn stop(&self, how: Stop) {
        self.stopper().stop(how);
    }

    /// A handle that can only stop the tree.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { lifeline: Arc::downgrade(&self.lifeline) }
    }

    /// The pid of the supervisor, an ancestor of every process in the tree.
    #[must_use]
    pub fn supervisor_pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The standard output, line by line, from its beginning.
    pub fn follow_stdout(&self) -> Result<Follower, Error> {
        Follower::open(&self.stdout, self.news.clone())
    }

    /// The file that holds the standard output.
    #[must_use]
    pub fn stdout_path(&self) -> &Path {
        &self.stdout
    }

    /// The file that holds the standard error.
    #[must_use]
    pub fn stderr_path(&self) -> &Path {
        &self.stderr
    }
}

/// Stops a tree from beside the one who waits for it. Does not keep the tree alive.
#[derive(Clone, Debug)]
pub struct Stopper {
    lifeline: Weak<OwnedFd>,
}

impl Stopper {
    /// Asks the tree to end; one that has ended, or whose handle is gone, is no fault.
    pub fn stop(&self, how: Stop) {
        let Some(lifeline) = self.lifeline.upgrade() else { return };
        let byte = match how {
            Stop::Polite => POLITE,
            Stop::Kill => KILL,
        };
        // One byte into a pipe that holds 64 KiB; it fails only when nobody is left to be asked.
        nix::unistd::write(lifeline, &[byte]).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_supervisor_that_ended_while_it_waited_is_not_taken() {
        let supervisor = Supervisor::new("/bin/sleep");
        let mut ended = supervisor.start().unwrap();
        let pid = ended.id();
        ended.kill().await.unwrap();
        *supervisor.spare() = Spare::Waits(ended);
        assert_ne!(supervisor.ready().unwrap().id(), pid);
    }

    #[tokio::test]
    async fn the_one_that_waits_is_taken_once() {
        let supervisor = Supervisor::new("/bin/cat");
        let waiting = tokio::process::Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let id = waiting.id();
        *supervisor.spare() = Spare::Waits(waiting);
        assert_eq!(supervisor.ready().unwrap().id(), id);
        assert_ne!(supervisor.ready().unwrap().id(), id);
    }

    #[tokio::test]
    async fn who_leaves_has_no_supervisor_waiting() {
        let supervisor = Supervisor::new("/bin/cat");
        let waiting = tokio::process::Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = waiting.id().unwrap();
        *supervisor.spare() = Spare::Waits(waiting);
        supervisor.dismiss().await;
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
        supervisor.get_ready();
        assert!(matches!(*supervisor.spare(), Spare::Dismissed));
    }
}
