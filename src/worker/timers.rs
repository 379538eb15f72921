//! When silence or slowness of a worker means that it has to be ended. Pure: time is an argument.
//!
//! Four clocks, one for each way in which a worker fails to come to its end (`faults.md` B4), because a single
//! time-out either kills a long build or waits an hour for a hung start.

use std::time::{Duration, Instant};

use super::outcome::Cut;

/// How long a worker may take for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the start to the first event.
    pub first_event: Duration,
    /// Without an event while no tool call is open.
    pub idle: Duration,
    /// The soft slice of an action: at its end the worker is stopped as soon as no tool call is open, at the latest
    /// after twice the value (design section 9, Time).
    pub slice: Duration,
    /// From a result to the process's exit.
    pub after_result: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_event: Duration::from_secs(120),
            idle: Duration::from_secs(600),
            slice: Duration::from_secs(3600),
            after_result: Duration::from_secs(30),
        }
    }
}

/// What the worker is doing, as far as the clocks care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Thinking, waiting for the API, talking.
    Thinking,
    /// At least one tool call is open.
    UsingTools,
    /// It has given a result and nothing has come since.
    Leaving,
}

#[derive(Clone, Debug)]
pub(super) struct Timers {
    limits: Limits,
    started: Instant,
    last: Option<Instant>,
    doing: Doing,
}

impl Timers {
    pub(super) const fn new(limits: Limits, now: Instant) -> Self {
        Self { limits, started: now, last: None, doing: Doing::Thinking }
    }

    /// An event came, and this is what the worker does since.
    pub(super) const fn heard(&mut self, doing: Doing, now: Instant) {
        self.last = Some(now);
        self.doing = doing;
    }

    /// The next moment at which [`Self::due`] may have something to say.
    pub(super) fn wake_at(&self) -> Instant {
        let (until, _) = self.silence();
        until.min(self.slice_end())
    }

    /// What is to be done now, if anything.
    pub(super) fn due(&self, now: Instant) -> Option<Cut> {
        let (until, cut) = self.silence();
        if until <= now {
            return Some(cut);
        }
        (self.doing != Doing::Leaving && self.slice_end() <= now).then_some(Cut::Sliced)
    }

    /// Until when the present silence is fine, and what it means after that.
    fn silence(&self) -> (Instant, Cut) {
        match (self.last, self.doing) {
            (None, _) => (self.started + self.limits.first_event, Cut::HungAtStart),
            (Some(last), Doing::Thinking) => (last + self.limits.idle, Cut::HungIdle),
            (Some(last), Doing::Leaving) => (last + self.limits.after_result, Cut::HungAfterResult),
            (Some(_), Doing::UsingTools) => (self.started + self.limits.slice * 2, Cut::Sliced),
        }
    }

    fn slice_end(&self) -> Instant {
        let factor = if self.doing == Doing::UsingTools { 2 } else { 1 };
        self.started + self.limits.slice * factor
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an Instant cannot be made without reading the clock")]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn timers() -> (Timers, Instant) {
        let now = Instant::now();
        (Timers::new(Limits::default(), now), now)
    }

    #[test]
    fn a_worker_that_never_says_a_word_hangs_at_its_start() {
        let (timers, start) = timers();
        assert_eq!(timers.due(start + MINUTE), None);
        assert_eq!(timers.due(timers.wake_at()), Some(Cut::HungAtStart));
    }

    #[test]
    fn silence_is_measured_only_while_no_tool_call_is_open() {
        let (mut timers, start) = timers();
        timers.heard(Doing::UsingTools, start + MINUTE);
        assert_eq!(timers.due(start + 50 * MINUTE), None);
        timers.heard(Doing::Thinking, start + 50 * MINUTE);
        assert_eq!(timers.due(start + 59 * MINUTE), None);
        timers.heard(Doing::Thinking, start + 20 * MINUTE);
        assert_eq!(timers.due(start + 31 * MINUTE), Some(Cut::HungIdle));
    }

    #[test]
    fn the_slice_waits_for_an_open_tool_call_at_most_twice_its_value() {
        let (mut timers, start) = timers();
        timers.heard(Doing::UsingTools, start + 59 * MINUTE);
        assert_eq!(timers.due(start + 90 * MINUTE), None);
        assert_eq!(timers.wake_at(), start + 120 * MINUTE);
        assert_eq!(timers.due(start + 120 * MINUTE), Some(Cut::Sliced));
        timers.heard(Doing::Thinking, start + 90 * MINUTE);
        assert_eq!(timers.due(start + 90 * MINUTE), Some(Cut::Sliced));
    }

    #[test]
    fn a_result_is_given_half_a_minute_to_become_an_exit() {
        let (mut timers, start) = timers();
        timers.heard(Doing::Leaving, start + 70 * MINUTE);
        assert_eq!(timers.due(start + 70 * MINUTE), None);
        assert_eq!(timers.due(start + 71 * MINUTE), Some(Cut::HungAfterResult));
    }
}
