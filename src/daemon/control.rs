//! The daemon's end of `control.sock`: takes one question a connection and carries it to the loop.
//!
//! The loop answers after the save, so that "stopped" means stopped. A peer that descends from the worker's supervisor is
//! refused all but `done`: the worker steers nothing (design section 9).

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::protocol::{Ask, LONGEST_LINE, Reply, Request, VERSION};
use crate::process;
use crate::words::{Actor, Via};

/// How long a face may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a daemon that leaves stays for the answers it owes.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Questions that wait for the loop at once; more faces wait in the socket's own queue.
const QUEUE: usize = 16;

/// A question on its way to the loop.
pub(super) struct Asked {
    pub(super) ask: Ask,
    /// Who asks.
    pub(super) actor: Actor,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// The open socket; its file goes away with it.
pub(super) struct Control {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
    /// Ends when no conversation is open any more: each holds a sender, and nothing is ever sent.
    open: mpsc::Receiver<Infallible>,
}

impl Control {
    /// Listens on a socket. `worker` tells the process id of the worker's supervisor while one lives.
    pub(super) fn listen(
        path: &Path,
        worker: watch::Receiver<Option<u32>>,
    ) -> std::io::Result<(Self, mpsc::Receiver<Asked>)> {
        remove_stale(path)?;
        let listener = UnixListener::bind(path)?;
        let (asks, inbox) = mpsc::channel(QUEUE);
        let (holds, open) = mpsc::channel(1);
        let task = tokio::spawn(accept(listener, asks, worker, holds));
        Ok((Self { path: path.to_owned(), task, open }, inbox))
    }

    /// Takes no more questions and stays until those that were taken are answered, a moment at most.
    pub(super) async fn close(mut self) {
        self.task.abort();
        if timeout(LAST_WORDS, self.open.recv()).await.is_err() {
            tracing::warn!("a face was left without its answer");
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // The lock keeps two daemons apart; a socket that stays behind only makes the next start remove it.
        if let Err(error) = remove_stale(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the control socket stays behind");
        }
    }
}

/// Removes a socket nobody listens on: its owner held the lock that we hold now.
#[expect(clippy::disallowed_methods, reason = "the socket's file belongs to this module")]
fn remove_stale(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn accept(
    listener: UnixListener,
    asks: mpsc::Sender<Asked>,
    worker: watch::Receiver<Option<u32>>,
    open: mpsc::Sender<Infallible>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let supervisor = *worker.borrow();
                let (talk, open) = (converse(stream, asks.clone(), supervisor), open.clone());
                tokio::spawn(async move {
                    talk.await;
                    drop(open);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the control socket failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, asks: mpsc::Sender<Asked>, supervisor: Option<u32>) {
    let peer = stream.peer_cred().ok();
    let reply = match timeout(PATIENCE, read_request(&mut stream)).await {
        Err(_) => refused("CCO-E0701", "nothing was asked in time"),
        Ok(Err(text)) => refused("CCO-E0702", &text),
        Ok(Ok(request)) => match actor(&request, peer, supervisor) {
            Some(actor) => carry(request.ask, actor, &asks).await,
            None => refused("CCO-E0703", "the worker may not steer the mission that it works on"),
        },
    };
    let mut line = serde_json::to_vec(&reply).unwrap_or_default();
    line.push(b'\n');
    // A face that has gone does not need its answer.
    if let Err(error) = timeout(PATIENCE, stream.write_all(&line)).await.unwrap_or(Ok(())) {
        tracing::debug!(%error, "a face left before its answer");
    }
}

fn refused(code: &str, text: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), text: text.to_owned() }
}

async fn read_request(stream: &mut UnixStream) -> Result<Request, String> {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.take(LONGEST_LINE as u64));
    reader.read_line(&mut line).await.map_err(|error| error.to_string())?;
    let request: Request = serde_json::from_str(&line).map_err(|error| format!("not a question: {error}"))?;
    if request.version == VERSION {
        Ok(request)
    } else {
        Err(format!("this cco speaks version {VERSION} of the control protocol, not {}", request.version))
    }
}

/// Who the peer is, if it may ask this: `done` is the worker's own word; everything else is for the user who runs the
/// daemon.
fn actor(request: &Request, peer: Option<tokio::net::unix::UCred>, supervisor: Option<u32>) -> Option<Actor> {
    let peer = peer?;
    let own = nix::unistd::getuid().as_raw();
    let same_user = peer.uid() == own || peer.uid() == 0;
    let pid = peer.pid().and_then(|pid| u32::try_from(pid).ok());
    // What the daemon started, worker and checks alike, runs below it, and so below the worker's supervisor too.
    let ancestors = [Some(std::process::id()), supervisor];
    let below = |pid: u32| ancestors.into_iter().flatten().any(|above| pid != above && process::is_below(pid, above));
    let from_worker = pid.is_some_and(below);
    match (same_user, from_worker) {
        (true, false) => Some(Actor::Operator { name: request.from.clone(), via: Via::Cli }),
        (true, true) => matches!(request.ask, Ask::Done { .. } | Ask::Status).then_some(Actor::Worker),
        (false, _) => None,
    }
}

async fn carry(ask: Ask, actor: Actor, asks: &mpsc::Sender<Asked>) -> Reply {
    let (reply, answer) = oneshot::channel();
    let asked = Asked { ask, actor, reply };
    if asks.send(asked).await.is_err() {
        return refused("CCO-E0704", "cco is leaving");
    }
    answer.await.unwrap_or_else(|_| refused("CCO-E0704", "cco is leaving"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_daemon_that_leaves_gives_the_answers_it_owes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let (control, mut asks) = Control::listen(&path, watch::channel(None).1).unwrap();
        let face = tokio::task::spawn_blocking({
            let path = path.clone();
            move || crate::daemon::client::ask(&path, "ada", Ask::Pause)
        });
        let Asked { reply, .. } = asks.recv().await.unwrap();
        reply.send(Reply::Taken { stage: "paused".into(), notes: vec![] }).unwrap();
        control.close().await;
        assert!(!path.exists());
        assert_eq!(face.await.unwrap().unwrap(), Reply::Taken { stage: "paused".into(), notes: vec![] });
    }
}
