//! Whether the daemon stays or leaves, and with what to say (design section 8).

use std::time::Duration;

use jiff::Timestamp;

use super::session::Session;
use super::stage::{End, PauseReason, Stage};

/// How long a daemon waits for what it cannot bring about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It stays (`start` in a terminal, a service).
    Stay,
    /// It leaves where a person or money is needed, or a wait is longer than this (`--no-wait`, `--ci`, `--max-wait`).
    Leave {
        /// The longest wait it stays for.
        max_wait: Duration,
    },
}

/// Why the daemon leaves. The faces map each to an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Done and proven.
    Done,
    /// A person is needed.
    Human,
    /// The budget is used up.
    Budget,
    /// Impossible, stalled, or out of iterations.
    Stopped,
    /// The mission cannot be worked on as it is written.
    Mission,
    /// A key, credit, a program or disk space is missing.
    Environment,
    /// A provider stayed away after all retries.
    ProviderOut,
    /// Checkpointed: to be run again.
    RunAgain,
    /// An operator or a signal asked for it.
    Asked,
    /// The one iteration asked for is done.
    OneIteration,
}

/// Whether to leave now.
#[must_use]
pub fn leave(session: &Session, patience: Patience, now: Timestamp) -> Option<Leave> {
    match &session.stage {
        Stage::Ended(End::Done { .. }) => Some(Leave::Done),
        Stage::Ended(End::Impossible { .. } | End::Stalled) => Some(Leave::Stopped),
        Stage::Paused { why, .. } => leave_paused(why, patience),
        Stage::AwaitingHuman { .. } => impatient(patience).map(|_| Leave::Human),
        Stage::Waiting { until, .. } => {
            let max_wait = impatient(patience)?;
            let left = until.duration_since(now);
            (left.as_secs() > i64::try_from(max_wait.as_secs()).unwrap_or(i64::MAX)).then_some(Leave::RunAgain)
        }
        _ => None,
    }
}

fn leave_paused(why: &PauseReason, patience: Patience) -> Option<Leave> {
    let always = match why {
        PauseReason::Stopped => Leave::Asked,
        PauseReason::TimeLimit => Leave::RunAgain,
        PauseReason::OneIteration => Leave::OneIteration,
        // The mission file must change, which is another run: there is nothing to stay for.
        PauseReason::Mission { .. } => Leave::Mission,
        PauseReason::Operator | PauseReason::Tampered { .. } => return impatient(patience).map(|_| Leave::Human),
        PauseReason::Budget { .. } => return impatient(patience).map(|_| Leave::Budget),
        PauseReason::Credentials { .. } | PauseReason::Environment { .. } => {
            return impatient(patience).map(|_| Leave::Environment);
        }
        PauseReason::ProviderOut { .. } => return impatient(patience).map(|_| Leave::ProviderOut),
        PauseReason::Stalled | PauseReason::MaxIterations => return impatient(patience).map(|_| Leave::Stopped),
    };
    Some(always)
}

const fn impatient(patience: Patience) -> Option<Duration> {
    match patience {
        Patience::Stay => None,
        Patience::Leave { max_wait } => Some(max_wait),
    }
}
