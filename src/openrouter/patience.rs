//! Short waits inside one call. `backoff` only says how long; the sleeping is ours, so that every wait is capped and
//! ends when the call is dropped. Longer waits are a stage of the core (design section 3).

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use jiff::{SignedDuration, Timestamp};

use super::error::Error;
use super::settings::Patience;

/// The waits of one call.
pub(super) struct Waits {
    backoff: ExponentialBackoff,
    patience: Patience,
    started: Timestamp,
}

impl Waits {
    /// Starts counting.
    pub(super) fn start(patience: Patience, now: Timestamp) -> Self {
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_interval(patience.first)
            .with_multiplier(2.0)
            .with_randomization_factor(0.5)
            .with_max_interval(patience.longest)
            .with_max_elapsed_time(Some(patience.total))
            .build();
        Self { backoff, patience, started: now }
    }

    /// The wall-clock time, as the start's time and what has passed since on the monotonic clock.
    pub(super) fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.backoff.get_elapsed_time()).unwrap_or(SignedDuration::MAX);
        self.started.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How long to wait before the next try; `None`: give up, for it will not pass, or not soon enough.
    pub(super) fn next(&mut self, error: &Error) -> Option<Duration> {
        if !error.is_passing() {
            return None;
        }
        let drawn = self.backoff.next_backoff()?;
        let told = error.retry_at().map(|at| Duration::try_from(at.duration_since(self.now())).unwrap_or_default());
        let delay = drawn.max(told.unwrap_or_default());
        let fits =
            delay <= self.patience.longest.max(drawn) && self.backoff.get_elapsed_time() + delay <= self.patience.total;
        fits.then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits() -> Waits {
        let patience = Patience {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(20),
            total: Duration::from_secs(60),
        };
        Waits::start(patience, "2026-01-02T03:04:05Z".parse().unwrap())
    }

    fn limited(seconds: i64) -> Error {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let retry_at = now.checked_add(SignedDuration::from_secs(seconds)).ok();
        Error::RateLimited { retry_at, what: String::new() }
    }

    #[test]
    fn a_short_wait_is_obeyed_and_a_long_one_is_left_to_the_core() {
        let delay = waits().next(&limited(10)).unwrap();
        assert!(delay > Duration::from_secs(8) && delay <= Duration::from_secs(10), "{delay:?}");
        assert_eq!(waits().next(&limited(86_400)), None);
    }

    #[test]
    fn a_time_that_has_passed_is_no_reason_to_hammer() {
        assert!(waits().next(&limited(-5)).unwrap() >= Duration::from_millis(50));
    }

    #[test]
    fn what_does_not_pass_is_not_waited_for() {
        assert_eq!(waits().next(&Error::Credit { what: String::new() }), None);
        assert_eq!(waits().next(&Error::TimedOut { what: String::new() }), None);
    }
}
