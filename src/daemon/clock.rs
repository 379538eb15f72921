//! The one place that reads the wall clock: everything else gets the time as an argument.

#![expect(clippy::disallowed_methods, reason = "the daemon owns the wall clock")]

use std::time::Duration;

use jiff::Timestamp;

/// The longest sleep in one piece, in seconds: after a suspend or a clock step the rest is reckoned anew.
const LONGEST_NAP: u64 = 60;

/// Now, in milliseconds' precision: what the journal stores.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default()
}

/// Sleeps until a wall-clock time, whatever the clock does meanwhile.
pub(super) async fn sleep_until(until: Timestamp) {
    loop {
        let left = until.duration_since(now());
        let Ok(left) = Duration::try_from(left) else { return };
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(Duration::from_secs(LONGEST_NAP))).await;
    }
}
