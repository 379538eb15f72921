//! The other side: `cco __supervise`, one process per tree.
//!
//! It reads its order from standard input, which then stays open as the lifeline: a byte is a request to stop, its
//! end is the daemon's death. It tells the daemon on standard output that the program runs and, with one newline
//! each, that there is new output. It has one thread, sleeps in one `poll`, and is the reaper of its whole tree.

#![expect(clippy::disallowed_methods, reason = "starts the program and measures its time")]

use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, setsid};
use rustix::process::Signal as PidSignal;

use super::ladder::{Act, Event, Ladder, Limits};
use super::record::{Durability, ExitRecord, Identity, STDERR, STDOUT, Spec};
use super::spool::{Pumped, Spool};
use super::tree::{self, Member};
use super::{Exit, Status, Stop, program};

/// On standard output: the program runs.
pub(super) const STARTED: &[u8] = b"started\n";
/// On standard output, with the reason behind it: the program could not be started.
pub(super) const FAILED: &[u8] = b"failed ";
/// On the lifeline: [`Stop::Polite`].
pub(super) const POLITE: u8 = b'T';
/// On the lifeline: [`Stop::Kill`].
pub(super) const KILL: u8 = b'K';
/// An order above this is not one of ours.
const MAX_ORDER: u32 = 64 << 20;

/// Runs one order to its end. Exit code 0 means that the exit record was written.
#[must_use]
pub fn main(_arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody but the daemon listens, and it may be gone.
            tell(format!("failed {}\n", error.to_string().replace('\n', " ")).as_bytes()).ok();
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    program::close_inherited()?;
    // Fails only for a leader of a process group; then the daemon's session is kept, which is no harm.
    setsid().ok();
    set_child_subreaper(true)?;
    // A program inherits the mask of who starts it, so nothing is blocked until it runs.
    SigSet::empty().thread_set_mask()?;
    let tree = Watch::start(read_order()?)?;
    // From here on the program runs. A daemon that has died in between is told nothing and missed at the lifeline.
    tell(STARTED).ok();
    let marker = tree.marker.clone();
    tree.watch().inspect_err(|_| kill_all(&marker))
}

/// The last resort of a supervisor that cannot go on: it leaves nothing behind all the same.
fn kill_all(marker: &str) {
    let members = tree::members(std::process::id().cast_signed(), marker).unwrap_or_default();
    members.into_iter().for_each(|member| member.signal(PidSignal::KILL));
}

/// From here on signals arrive as readable data.
fn signals() -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        set.add(signal);
    }
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

fn read_order() -> io::Result<Spec> {
    let mut input = io::stdin().lock();
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_ORDER {
        return Err(io::Error::other("the order is too long"));
    }
    // Read exactly: what follows belongs to the lifeline.
    let mut order = vec![0; length as usize];
    input.read_exact(&mut order)?;
    Ok(serde_json::from_slice(&order)?)
}

fn tell(message: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(message)?;
    output.flush()
}

/// One running tree.
struct Watch {
    dir: PathBuf,
    marker: String,
    durability: Durability,
    program: Pid,
    status: Option<(Status, Instant)>,
    ladder: Ladder,
    signals: SignalFd,
    spools: [Spool; 2],
    lifeline: Lifeline,
    swept: std::collections::HashSet<(i32, u64)>,
    started: Instant,
    started_at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifeline {
    Open,
    Closed,
}

impl Watch {
    fn start(mut spec: Spec) -> io::Result<Self> {
        let dir = PathBuf::from(std::mem::take(&mut spec.dir).into_os());
        let me = std::process::id().cast_signed();
        let start = Member::of(me).map_or(0, |member| member.start);
        Identity::new(tree::boot_id()?, me, start, spec.marker.clone()).write(&dir)?;

        let (mut command, stdout, stderr) = program::prepare(&mut spec)?;
        let spool = |name: &str, pipe: PipeReader| Spool::create(&dir.join(name), spec.output_limit, pipe);
        let spools = [spool(STDOUT, stdout)?, spool(STDERR, stderr)?];

        let started_at = unix_ms();
        let started = Instant::now();
        let child = command.spawn()?;
        // Our copies of the pipes' writing ends, or their end would never come.
        drop(command);
        program::prefer_as_victim(child.id());
        let limits = Limits { timeout: spec.timeout, grace: spec.grace, orphan_grace: spec.orphan_grace };
        let signals = signals().inspect_err(|_| kill_all(&spec.marker))?;
        Ok(Self {
            marker: spec.marker,
            durability: spec.durability,
            program: Pid::from_raw(child.id().cast_signed()),
            status: None,
            ladder: Ladder::new(limits, started),
            signals,
            spools,
            lifeline: Lifeline::Open,
            swept: std::collections::HashSet::new(),
            started,
            started_at,
            dir,
        })
    }

    fn watch(mut self) -> io::Result<()> {
        fcntl(io::stdin(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        fcntl(io::stdout(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // A program that ended before its end could be signalled.
        self.reap()?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            if self.spools.iter().all(|spool| spool.source().is_none()) && self.tell_ladder(Event::OutputClosed)? {
                break;
            }
            let ready = self.wait()?;
            if ready.expired && self.tell_ladder(Event::Expired)? {
                break;
            }
            if ready.output {
                self.pump(&mut buffer)?;
            }
            if ready.lifeline && self.read_lifeline()? {
                break;
            }
            if ready.signal && self.read_signals()? {
                break;
            }
        }
        self.finish()
    }

    fn wait(&self) -> io::Result<Ready> {
        let now = Instant::now();
        let due = self.ladder.wake_at();
        let timeout = due.map_or(PollTimeout::NONE, |due| rounded_up(due.saturating_duration_since(now)));
        let stdin = io::stdin();
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        if self.lifeline == Lifeline::Open {
            fds.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
        }
        let fixed = fds.len();
        fds.extend(self.spools.iter().filter_map(Spool::source).map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let is_ready = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        Ok(Ready {
            signal: is_ready(&fds[0]),
            lifeline: fixed == 2 && is_ready(&fds[1]),
            output: fds[fixed..].iter().any(is_ready),
            expired: due.is_some_and(|due| due <= Instant::now()),
        })
    }

    /// Moves output and wakes the daemon. A full pipe towards it means that it was woken and has not looked yet.
    fn pump(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let mut news = false;
        for spool in &mut self.spools {
            news |= spool.pump(buffer) == Pumped::Bytes;
        }
        if news {
            nix::unistd::write(io::stdout(), b"\n").ok();
        }
        if self.spools.iter().any(Spool::failed) {
            let act = self.ladder.on(Event::Asked(Stop::Kill), Instant::now());
            self.perform(act)?;
        }
        Ok(())
    }

    /// Tells the ladder and does what it says; `true` means that the tree is at its end.
    fn tell_ladder(&mut self, event: Event) -> io::Result<bool> {
        let act = self.ladder.on(event, Instant::now());
        self.perform(act)
    }

    fn perform(&mut self, act: Act) -> io::Result<bool> {
        match act {
            Act::Nothing => {}
            // The pid is ours until it is reaped, so it cannot have been given to another.
            Act::TermProgram if self.status.is_none() => {
                nix::sys::signal::kill(self.program, Signal::SIGTERM).ok();
            }
            Act::TermProgram => {}
            Act::TermTree => self.signal_tree(PidSignal::TERM)?,
            Act::KillTree => self.signal_tree(PidSignal::KILL)?,
            Act::Finish => return Ok(true),
        }
        Ok(false)
    }

    fn signal_tree(&mut self, signal: PidSignal) -> io::Result<()> {
        for member in tree::members(std::process::id().cast_signed(), &self.marker)? {
            member.signal(signal);
            if member.pid != self.program.as_raw() {
                self.swept.insert((member.pid, member.start));
            }
        }
        Ok(())
    }

    fn read_lifeline(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 16];
        match nix::unistd::read(io::stdin(), &mut bytes) {
            Ok(0) => {
                self.lifeline = Lifeline::Closed;
                self.tell_ladder(Event::DaemonGone)
            }
            Ok(read) => {
                let how = if bytes[..read].contains(&KILL) { Stop::Kill } else { Stop::Polite };
                self.tell_ladder(Event::Asked(how))
            }
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn read_signals(&mut self) -> io::Result<bool> {
        let mut asked = false;
        while let Some(info) = self.signals.read_signal()? {
            asked |= info.ssi_signo != Signal::SIGCHLD as u32;
        }
        if asked && self.tell_ladder(Event::Asked(Stop::Polite))? {
            return Ok(true);
        }
        self.reap()
    }

    /// Reaps own and adopted children. `ECHILD` is the proof that nobody is left, without a look at /proc.
    fn reap(&mut self) -> io::Result<bool> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => return Ok(false),
                Ok(status) => {
                    if self.note(status) && self.tell_ladder(Event::ProgramEnded)? {
                        return Ok(true);
                    }
                }
                Err(Errno::ECHILD) => return self.tell_ladder(Event::TreeEmpty),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether it was the program that ended.
    fn note(&mut self, status: WaitStatus) -> bool {
        let (pid, status) = match status {
            WaitStatus::Exited(pid, code) => (pid, Status::Code(code)),
            WaitStatus::Signaled(pid, signal, _) => (pid, Status::Signal(signal as i32)),
            _ => return false,
        };
        if pid != self.program {
            return false;
        }
        self.status = Some((status, Instant::now()));
        true
    }

    fn finish(self) -> io::Result<()> {
        let now = Instant::now();
        // A program that survived even SIGKILL is stuck in the kernel; the kill is what will have ended it.
        let (status, ended) = self.status.unwrap_or((Status::Signal(Signal::SIGKILL as i32), now));
        let (output_cut, fault) = keep(self.spools, self.durability);
        let exit = Exit {
            status,
            timed_out: self.ladder.timed_out(),
            swept: u32::try_from(self.swept.len()).unwrap_or(u32::MAX),
            output_cut,
            duration: ended.saturating_duration_since(self.started),
        };
        let fault = fault.map(|fault| fault.to_string());
        ExitRecord::new(exit, self.started_at, unix_ms(), fault).write(&self.dir, self.durability)
    }
}

/// What `poll` found.
struct Ready {
    signal: bool,
    lifeline: bool,
    output: bool,
    expired: bool,
}

fn keep(spools: [Spool; 2], durability: Durability) -> (bool, Option<io::Error>) {
    let mut any_cut = false;
    let mut fault = None;
    for spool in spools {
        let kept = spool.finish().and_then(|(file, cut)| {
            if durability == Durability::Power {
                file.sync_all()?;
            }
            Ok(cut)
        });
        match kept {
            Ok(cut) => any_cut |= cut,
            Err(error) => fault = Some(error),
        }
    }
    (any_cut, fault)
}

/// A poll that ends a little before the deadline would be repeated at once and for nothing.
fn rounded_up(duration: Duration) -> PollTimeout {
    let ms = duration.as_micros().div_ceil(1000);
    i32::try_from(ms).ok().and_then(|ms| PollTimeout::try_from(ms).ok()).unwrap_or(PollTimeout::MAX)
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
