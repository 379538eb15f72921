//! When what is done to a process tree: a pure state machine of the supervisor.
//!
//! Time is an argument. The order of force never goes back: run, ask the program, let the rest settle, ask the rest,
//! kill, read what is still in the pipes, finish. Each rung has a deadline, so a tree cannot hold its supervisor.

use std::time::{Duration, Instant};

use super::Stop;

/// Short-lived helpers that end right after the program (a pipeline's last reader) are left in peace this long.
const SETTLE: Duration = Duration::from_millis(50);
/// From SIGTERM to SIGKILL for what the program left behind.
const SWEEP: Duration = Duration::from_millis(500);
/// From SIGTERM to SIGKILL once the daemon is gone; with the sweep inside the two seconds of invariant I8.
const ORPHAN_TERM: Duration = Duration::from_secs(1);
/// A kill is repeated this often, because a forking tree can slip past one scan …
const KILL_AGAIN: Duration = Duration::from_millis(50);
/// … and given up after this long: what survives SIGKILL is stuck in the kernel.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// An escaped process may hold a pipe open; its output is awaited no longer than this (`faults.md` B3).
const DRAIN: Duration = Duration::from_secs(2);

/// What the supervisor was told or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The program itself ended and was reaped.
    ProgramEnded,
    /// No child, own or adopted, is left.
    TreeEmpty,
    /// The daemon, or a signal to the supervisor, asks for the end.
    Asked(Stop),
    /// The lifeline was closed.
    DaemonGone,
    /// Both output pipes are at their end.
    OutputClosed,
    /// The time named by [`Ladder::wake_at`] has come.
    Expired,
}

/// What the supervisor has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Act {
    Nothing,
    TermProgram,
    TermTree,
    KillTree,
    Finish,
}

/// The times a tree is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) orphan_grace: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Running { timeout: Option<Instant>, orphan: Option<Instant> },
    Terminating { until: Instant },
    Settling { until: Instant },
    Sweeping { until: Instant },
    Killing { again: Instant, until: Instant },
    Draining { until: Instant },
    Finished,
}

/// The state of one tree.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    limits: Limits,
    phase: Phase,
    timed_out: bool,
}

impl Ladder {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        let timeout = limits.timeout.and_then(|limit| now.checked_add(limit));
        Self { limits, phase: Phase::Running { timeout, orphan: None }, timed_out: false }
    }

    /// Whether the wall-clock limit was what ended the program.
    pub(super) const fn timed_out(&self) -> bool {
        self.timed_out
    }

    /// When [`Event::Expired`] is due; `None` waits for the world.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running { timeout, orphan } => timeout.into_iter().chain(orphan).min(),
            Phase::Killing { again, .. } => Some(again),
            Phase::Terminating { until }
            | Phase::Settling { until }
            | Phase::Sweeping { until }
            | Phase::Draining { until } => Some(until),
            Phase::Finished => None,
        }
    }

    /// Takes an event; one that means nothing in the phase changes nothing.
    pub(super) fn on(&mut self, event: Event, now: Instant) -> Act {
        match (event, self.phase) {
            (Event::Expired, _) => self.expired(now),
            (Event::ProgramEnded, Phase::Running { .. } | Phase::Terminating { .. }) => {
                self.enter(Phase::Settling { until: now + SETTLE }, Act::Nothing)
            }
            (Event::TreeEmpty, Phase::Settling { .. } | Phase::Sweeping { .. } | Phase::Killing { .. }) => {
                self.enter(Phase::Draining { until: now + DRAIN }, Act::Nothing)
            }
            (Event::OutputClosed, Phase::Draining { .. }) => self.enter(Phase::Finished, Act::Finish),
            (Event::Asked(Stop::Polite), Phase::Running { .. }) => self.terminate(now, self.limits.grace),
            (Event::Asked(Stop::Kill), phase) if phase.can_be_killed() => self.kill(now),
            (Event::DaemonGone, Phase::Running { timeout, .. }) => self.orphaned(now, timeout),
            (Event::DaemonGone, Phase::Terminating { until }) if self.limits.orphan_grace.is_zero() => {
                self.enter(Phase::Terminating { until: until.min(now + ORPHAN_TERM) }, Act::Nothing)
            }
            (_, _) => Act::Nothing,
        }
    }

    fn expired(&mut self, now: Instant) -> Act {
        match self.phase {
            Phase::Running { timeout, orphan } => {
                if orphan.is_some_and(|until| until <= now) {
                    return self.terminate(now, ORPHAN_TERM.min(self.limits.grace));
                }
                if timeout.is_some_and(|until| until <= now) {
                    self.timed_out = true;
                    return self.terminate(now, self.limits.grace);
                }
                Act::Nothing
            }
            Phase::Terminating { until } if until <= now => self.kill(now),
            Phase::Settling { until } if until <= now => {
                self.enter(Phase::Sweeping { until: now + SWEEP }, Act::TermTree)
            }
            Phase::Sweeping { until } if until <= now => self.kill(now),
            Phase::Killing { until, .. } if until <= now => {
                self.enter(Phase::Draining { until: now + DRAIN }, Act::Nothing)
            }
            Phase::Killing { again, until } if again <= now => {
                self.enter(Phase::Killing { again: now + KILL_AGAIN, until }, Act::KillTree)
            }
            Phase::Draining { until } if until <= now => self.enter(Phase::Finished, Act::Finish),
            Phase::Terminating { .. }
            | Phase::Settling { .. }
            | Phase::Sweeping { .. }
            | Phase::Killing { .. }
            | Phase::Draining { .. }
            | Phase::Finished => Act::Nothing,
        }
    }

    fn orphaned(&mut self, now: Instant, timeout: Option<Instant>) -> Act {
        if self.limits.orphan_grace.is_zero() {
            return self.terminate(now, ORPHAN_TERM.min(self.limits.grace));
        }
        let orphan = now.checked_add(self.limits.orphan_grace);
        self.enter(Phase::Running { timeout, orphan }, Act::Nothing)
    }

    fn terminate(&mut self, now: Instant, grace: Duration) -> Act {
        self.enter(Phase::Terminating { until: now + grace }, Act::TermProgram)
    }

    fn kill(&mut self, now: Instant) -> Act {
        self.enter(Phase::Killing { again: now + KILL_AGAIN, until: now + KILL_LIMIT }, Act::KillTree)
    }

    const fn enter(&mut self, phase: Phase, act: Act) -> Act {
        self.phase = phase;
        act
    }
}

impl Phase {
    const fn can_be_killed(self) -> bool {
        match self {
            Self::Running { .. } | Self::Terminating { .. } | Self::Settling { .. } | Self::Sweeping { .. } => true,
            Self::Killing { .. } | Self::Draining { .. } | Self::Finished => false,
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an Instant cannot be made without reading the clock")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ladder(orphan_grace: Duration) -> (Ladder, Instant) {
        let now = Instant::now();
        let limits = Limits { timeout: Some(60 * SECOND), grace: 10 * SECOND, orphan_grace };
        (Ladder::new(limits, now), now)
    }

    /// Lets time pass until something is to be done.
    fn next(ladder: &mut Ladder, now: &mut Instant) -> Act {
        loop {
            *now = ladder.wake_at().expect("a deadline");
            match ladder.on(Event::Expired, *now) {
                Act::Nothing => {}
                act => return act,
            }
        }
    }

    #[test]
    fn a_clean_end_signals_nobody() {
        let (mut ladder, now) = ladder(Duration::ZERO);
        assert_eq!(ladder.on(Event::ProgramEnded, now), Act::Nothing);
        assert_eq!(ladder.on(Event::TreeEmpty, now), Act::Nothing);
        assert_eq!(ladder.on(Event::OutputClosed, now), Act::Finish);
        assert!(!ladder.timed_out());
    }

    #[test]
    fn a_program_that_ignores_everything_is_killed_after_the_grace() {
        let (mut ladder, start) = ladder(Duration::ZERO);
        let mut now = start;
        assert_eq!(next(&mut ladder, &mut now), Act::TermProgram);
        assert!(ladder.timed_out());
        assert_eq!(next(&mut ladder, &mut now), Act::KillTree);
        assert_eq!(now - start, 70 * SECOND);
    }

    #[test]
    fn what_is_left_behind_is_asked_then_killed_and_cannot_hold_the_supervisor_for_ever() {
        let (mut ladder, mut now) = ladder(Duration::ZERO);
        let start = now;
        assert_eq!(ladder.on(Event::ProgramEnded, now), Act::Nothing);
        assert_eq!(next(&mut ladder, &mut now), Act::TermTree);
        assert_eq!(next(&mut ladder, &mut now), Act::KillTree);
        while next(&mut ladder, &mut now) != Act::Finish {}
        assert!(now - start < 10 * SECOND);
    }

    #[test]
    fn with_the_daemon_gone_the_tree_is_killed_within_two_seconds() {
        let (mut ladder, mut now) = ladder(Duration::ZERO);
        let start = now;
        assert_eq!(ladder.on(Event::Asked(Stop::Polite), now), Act::TermProgram);
        assert_eq!(ladder.on(Event::DaemonGone, now), Act::Nothing);
        assert_eq!(next(&mut ladder, &mut now), Act::KillTree);
        assert!(now - start < 2 * SECOND);
    }

    #[test]
    fn an_orphan_grace_lets_the_program_finish() {
        let (mut ladder, mut now) = ladder(30 * SECOND);
        let start = now;
        assert_eq!(ladder.on(Event::DaemonGone, now), Act::Nothing);
        assert_eq!(next(&mut ladder, &mut now), Act::TermProgram);
        assert_eq!(now - start, 30 * SECOND);
        assert!(!ladder.timed_out());
    }

    #[test]
    fn a_kill_skips_every_grace() {
        let (mut ladder, now) = ladder(Duration::ZERO);
        assert_eq!(ladder.on(Event::Asked(Stop::Polite), now), Act::TermProgram);
        assert_eq!(ladder.on(Event::Asked(Stop::Kill), now), Act::KillTree);
        assert_eq!(ladder.on(Event::Asked(Stop::Polite), now), Act::Nothing);
    }
}
