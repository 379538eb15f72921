//! Exit codes (design section 8): a contract with scripts, services and the Action. A code never changes its meaning.

use std::process::ExitCode;

use crate::session::Leave;
use crate::view::{NeedKind, OutcomeWord, Status};

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done and proven; of other commands: it worked.
    Done = 0,
    /// A mistake of cco.
    Internal = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Not done (`status --exit-code`, `validate`, a run that was stopped as asked).
    NotDone = 3,
    /// A person is needed.
    Human = 4,
    /// The budget is used up.
    Budget = 5,
    /// Impossible or stalled.
    Stopped = 6,
    /// Another cco holds this repository.
    Held = 7,
    /// The mission or the configuration is not valid.
    Invalid = 8,
    /// The environment is not fit.
    Unfit = 9,
    /// A provider stayed away after all retries.
    Provider = 69,
    /// Checkpointed: run it again.
    RunAgain = 75,
    /// Ended by Ctrl-C, state safe.
    Interrupted = 130,
    /// Ended by TERM, state safe.
    Terminated = 143,
}

impl Exit {
    /// Every code, in order.
    pub const ALL: [Self; 14] = [
        Self::Done,
        Self::Internal,
        Self::Usage,
        Self::NotDone,
        Self::Human,
        Self::Budget,
        Self::Stopped,
        Self::Held,
        Self::Invalid,
        Self::Unfit,
        Self::Provider,
        Self::RunAgain,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, for `--help` and the manual.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done and proven; of other commands: it worked",
            Self::Internal => "a mistake of cco",
            Self::Usage => "the command line is wrong",
            Self::NotDone => "not done",
            Self::Human => "a person is needed",
            Self::Budget => "the budget is used up",
            Self::Stopped => "stopped: impossible or stalled",
            Self::Held => "another cco holds this repository",
            Self::Invalid => "the mission or the configuration is not valid",
            Self::Unfit => "the environment is not fit (see `cco doctor`)",
            Self::Provider => "a provider stayed away after all retries",
            Self::RunAgain => "checkpointed: run it again",
            Self::Interrupted => "ended by Ctrl-C, state safe",
            Self::Terminated => "ended by TERM, state safe",
        }
    }

    /// What a daemon that leaves says. A signal is told by who caught it: [`Exit::Interrupted`], [`Exit::Terminated`].
    #[must_use]
    pub const fn of_leave(leave: Leave) -> Self {
        match leave {
            Leave::Done => Self::Done,
            Leave::Human => Self::Human,
            Leave::Budget => Self::Budget,
            Leave::Stopped => Self::Stopped,
            Leave::Mission => Self::Invalid,
            Leave::Environment => Self::Unfit,
            Leave::ProviderOut => Self::Provider,
            Leave::RunAgain => Self::RunAgain,
            // 0 is kept for what is proven, so that a script may loop until it is.
            Leave::Asked | Leave::OneIteration => Self::NotDone,
        }
    }

    /// What `status --exit-code` says.
    #[must_use]
    pub fn of_status(status: &Status) -> Self {
        match status.outcome {
            Some(OutcomeWord::Done) => return Self::Done,
            Some(OutcomeWord::Impossible | OutcomeWord::Stalled) => return Self::Stopped,
            None => {}
        }
        match status.needs.first().map(|need| need.kind) {
            Some(NeedKind::Approval | NeedKind::Question | NeedKind::Escalation) => Self::Human,
            Some(NeedKind::Budget) => Self::Budget,
            Some(NeedKind::Iterations | NeedKind::Ended) => Self::Stopped,
            Some(NeedKind::Credentials | NeedKind::Environment) => Self::Unfit,
            Some(NeedKind::Mission) => Self::Invalid,
            Some(NeedKind::Provider) => Self::Provider,
            Some(NeedKind::Resume) | None => Self::NotDone,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{sample, status};

    #[test]
    fn the_codes_are_those_of_the_design() {
        let codes = Exit::ALL.map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 69, 75, 130, 143]);
        assert!(Exit::ALL.iter().all(|exit| !exit.meaning().is_empty()));
    }

    #[test]
    fn only_a_proven_mission_exits_with_zero() {
        let leaves = [
            (Leave::Done, 0),
            (Leave::Human, 4),
            (Leave::Budget, 5),
            (Leave::Stopped, 6),
            (Leave::Mission, 8),
            (Leave::Environment, 9),
            (Leave::ProviderOut, 69),
            (Leave::RunAgain, 75),
            (Leave::Asked, 3),
            (Leave::OneIteration, 3),
        ];
        for (leave, code) in leaves {
            assert_eq!(Exit::of_leave(leave).code(), code, "{leave:?}");
        }
        let of = |session| Exit::of_status(&status(&session, sample::now()));
        assert_eq!(of(sample::done()), Exit::Done);
        assert_eq!(of(sample::working()), Exit::NotDone);
        assert_eq!(of(sample::awaiting_person()), Exit::Human);
        assert_eq!(of(sample::impossible()), Exit::Stopped);
    }
}
