//! What a new daemon does with the trees an old one left behind.
//!
//! A tree is known by the identity its supervisor wrote (boot, pid, start time) and by the marker in its processes'
//! environment, never by a bare pid. A supervisor that still works within its grace is waited for; its record is
//! then as good as if the daemon had never been away.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::Signal;
use tokio::sync::oneshot;

use super::record::{ExitRecord, Identity};
use super::tree::{self, Member};
use super::{Error, Exit};

/// From the polite signal to the kill; a supervisor among the carriers needs it to end its tree in order.
const GRACE: Duration = Duration::from_millis(1500);
/// A tree that forks faster than it is killed is given up after this many rounds.
const ROUNDS: u32 = 20;

/// The recorded end of the tree of this attempt folder; `None` if there is none (yet).
pub fn finished(dir: &Path) -> Result<Option<Exit>, Error> {
    ExitRecord::read(dir)
}

/// Waits for the supervisor of this attempt folder if it still lives, ends whatever else of the tree is left, and
/// returns the recorded end; `None` if the tree never came to one.
pub async fn settle(dir: &Path) -> Result<Option<Exit>, Error> {
    let Some(identity) = Identity::read(dir)? else { return finished(dir) };
    if let Some(supervisor) = alive(&identity)? {
        ended(supervisor).await.map_err(Error::Supervisor)?;
    }
    let marker = identity.marker;
    let swept = tokio::task::spawn_blocking(move || sweep(&marker)).await;
    swept.map_err(|error| Error::Supervisor(error.into()))??;
    finished(dir)
}

fn alive(identity: &Identity) -> Result<Option<OwnedFd>, Error> {
    if identity.boot_id != tree::boot_id().map_err(Error::Supervisor)? {
        return Ok(None);
    }
    let member = Member::of(identity.pid).filter(|member| member.start == identity.start);
    Ok(member.and_then(Member::open))
}

/// Waits for a process in a thread of its own, not in the runtime's pool: the wait may last an hour, and a daemon
/// that is told to stop meanwhile does not wait for it.
async fn ended(process: OwnedFd) -> io::Result<()> {
    let (sender, receiver) = oneshot::channel();
    let wait = move || {
        let ended = poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE);
        // Nobody listens any more if the daemon has turned to something else.
        sender.send(ended.map(drop).map_err(io::Error::from)).ok();
    };
    std::thread::Builder::new().name("settle".to_owned()).spawn(wait)?;
    receiver.await.map_err(io::Error::other)?
}

/// Ends every process that carries this marker and returns how many there were. Blocks, up to a few seconds if they
/// do not end when asked.
pub fn sweep(marker: &str) -> Result<u32, Error> {
    let found = tree::carriers(marker).map_err(Error::Supervisor)?;
    let mut count = found.len();
    signal_and_wait(&found, Signal::TERM, GRACE).map_err(Error::Supervisor)?;
    for _ in 0..ROUNDS {
        let left = tree::carriers(marker).map_err(Error::Supervisor)?;
        if left.is_empty() {
            break;
        }
        count += left.iter().filter(|member| !found.contains(member)).count();
        signal_and_wait(&left, Signal::KILL, GRACE).map_err(Error::Supervisor)?;
    }
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Signals all and returns when the last of them has ended, or the time is over.
fn signal_and_wait(members: &[Member], signal: Signal, limit: Duration) -> io::Result<()> {
    let mut handles: Vec<OwnedFd> = members.iter().filter_map(|member| member.open()).collect();
    for handle in &handles {
        rustix::process::pidfd_send_signal(handle, signal).ok();
    }
    // A pidfd becomes readable when its process has ended. The limit is for each wait, which bounds the whole.
    let step = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    while !handles.is_empty() {
        let mut fds: Vec<PollFd<'_>> =
            handles.iter().map(|handle| PollFd::new(handle.as_fd(), PollFlags::POLLIN)).collect();
        if poll(&mut fds, step)? == 0 {
            break;
        }
        let ended: Vec<bool> = fds.iter().map(|fd| fd.revents().is_some_and(|events| !events.is_empty())).collect();
        let mut ended = ended.into_iter();
        handles.retain(|_| !ended.next().unwrap_or(true));
    }
    Ok(())
}
