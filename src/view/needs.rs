//! What a mission waits for, and what it needs of a person: one sentence each and the commands that answer it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::session::{End, HumanNeed, PauseReason, Session, Stage, WaitReason};
use crate::words::CriterionId;

/// Something only a person can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What kind of thing it is.
    pub kind: NeedKind,
    /// One sentence.
    pub text: String,
    /// The criteria it is about.
    pub criteria: Vec<CriterionId>,
    /// What can be typed, the likeliest first.
    pub commands: Vec<String>,
}

/// Kinds of needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// Manual criteria are to be approved or rejected.
    Approval,
    /// The manager asks something.
    Question,
    /// The ladder of strategies is used up.
    Escalation,
    /// It was paused or stopped as asked.
    Resume,
    /// The budget is used up.
    Budget,
    /// The limit of iterations is reached.
    Iterations,
    /// A key or credit is missing.
    Credentials,
    /// The machine, the repository or the configuration is not fit.
    Environment,
    /// The mission cannot be worked on as it is written.
    Mission,
    /// A provider stayed away.
    Provider,
    /// It ended without being done.
    Ended,
}

/// Something that time brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Until when.
    pub until: Timestamp,
    /// How long that is from now; 0 once it has come.
    pub seconds_left: u64,
    /// What for.
    pub kind: WaitingKind,
    /// One sentence.
    pub why: String,
    /// The number of this try, where it is one.
    pub attempt: Option<u32>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingKind {
    /// A usage window opens.
    UsageWindow,
    /// A provider answers again.
    Provider,
    /// The worker is started again after it died.
    WorkerCrash,
}

impl Waiting {
    /// What a session waits for.
    #[must_use]
    pub fn of(session: &Session, now: Timestamp) -> Option<Self> {
        let Stage::Waiting { until, why, .. } = &session.stage else {
            return None;
        };
        let (kind, attempt) = match why {
            WaitReason::UsageWindow { .. } => (WaitingKind::UsageWindow, None),
            WaitReason::Provider { attempt, .. } => (WaitingKind::Provider, Some(*attempt)),
            WaitReason::WorkerCrash { attempt, .. } => (WaitingKind::WorkerCrash, Some(*attempt)),
        };
        let seconds_left = u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0);
        Some(Self { until: *until, seconds_left, kind, why: why.text(), attempt })
    }
}

impl Need {
    /// What a session needs of a person.
    #[must_use]
    pub fn all(session: &Session) -> Vec<Self> {
        match &session.stage {
            Stage::AwaitingHuman { what, .. } => Self::of_human(session, what),
            Stage::Paused { why, .. } => vec![Self::of_pause(why)],
            Stage::Ended(end) => Self::of_end(end).into_iter().collect(),
            Stage::Preparing
            | Stage::Deriving { .. }
            | Stage::Sealing
            | Stage::Verifying { .. }
            | Stage::Planning { .. }
            | Stage::Working(_)
            | Stage::Snapshotting { .. }
            | Stage::Restoring { .. }
            | Stage::Recording(_)
            | Stage::Proving { .. }
            | Stage::Waiting { .. }
            | Stage::Stopping { .. } => Vec::new(),
        }
    }

    fn new(kind: NeedKind, text: impl Into<String>, commands: &[&str]) -> Self {
        let commands = commands.iter().map(|command| (*command).to_owned()).collect();
        Self { kind, text: text.into(), criteria: Vec::new(), commands }
    }

    fn of_human(session: &Session, what: &HumanNeed) -> Vec<Self> {
        match what {
            HumanNeed::Manual { criteria } => criteria.iter().map(|id| Self::approval(session, id)).collect(),
            HumanNeed::Question { text } => {
                vec![Self::new(NeedKind::Question, text.clone(), &["cco guide \"your answer\""])]
            }
            HumanNeed::Escalation { why } => {
                let commands = ["cco guide \"a hint\"", "cco resume", "cco stop"];
                vec![Self::new(NeedKind::Escalation, why.clone(), &commands)]
            }
        }
    }

    /// What the person is asked to look at is the subject of the manual check's own verdict.
    fn approval(session: &Session, id: &CriterionId) -> Self {
        let words = session.charter.criterion(id).map_or(id.as_str(), |criterion| criterion.text.as_str());
        let verdicts = session.record(id).into_iter().flat_map(|record| record.verdicts.values());
        let subject = verdicts.filter(|verdict| verdict.kind == "manual").map(|verdict| &verdict.evidence.subject);
        let asked = subject.filter(|subject| !subject.is_empty()).cloned().collect::<Vec<_>>().join("; ");
        let text = if asked.is_empty() { words.to_owned() } else { format!("{words}: {asked}") };
        Self {
            kind: NeedKind::Approval,
            text,
            criteria: vec![id.clone()],
            commands: vec![format!("cco approve {id}"), format!("cco reject {id} -m \"why\"")],
        }
    }

    fn of_pause(why: &PauseReason) -> Self {
        let (kind, commands): (_, &[&str]) = match why {
            PauseReason::Operator | PauseReason::Stopped | PauseReason::TimeLimit => {
                (NeedKind::Resume, &["cco resume"])
            }
            PauseReason::OneIteration => (NeedKind::Resume, &["cco next", "cco resume"]),
            PauseReason::Budget { .. } => (NeedKind::Budget, &["cco resume --budget DOLLARS"]),
            PauseReason::MaxIterations => (NeedKind::Iterations, &["cco resume --max-iterations N"]),
            PauseReason::Credentials { .. } => (NeedKind::Credentials, &["cco doctor", "cco resume"]),
            PauseReason::Environment { .. } => (NeedKind::Environment, &["cco doctor", "cco resume"]),
            PauseReason::Mission { .. } => (NeedKind::Mission, &["cco validate", "cco start --fresh"]),
            PauseReason::ProviderOut { .. } => (NeedKind::Provider, &["cco resume", "cco doctor"]),
            PauseReason::Tampered { .. } => (NeedKind::Escalation, &["cco diff", "cco guide \"a hint\"", "cco resume"]),
            PauseReason::Stalled => (NeedKind::Escalation, &["cco guide \"a hint\"", "cco resume"]),
        };
        Self::new(kind, why.text(), commands)
    }

    fn of_end(end: &End) -> Option<Self> {
        let commands = ["cco history", "cco guide \"a hint\"", "cco resume"];
        match end {
            End::Done { .. } => None,
            End::Impossible { criterion, why } => {
                let text = format!("{criterion} cannot be met: {why}");
                let need = Self::new(NeedKind::Ended, text, &commands);
                Some(Self { criteria: vec![criterion.clone()], ..need })
            }
            End::Stalled => Some(Self::new(NeedKind::Ended, "no progress, whatever was tried", &commands)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn a_person_is_told_what_to_look_at_and_what_to_type() {
        let needs = Need::all(&sample::awaiting_person());
        assert_eq!(needs.len(), 1);
        assert_eq!(needs[0].text, "Product owner likes the error messages: Open /errors and look");
        assert_eq!(needs[0].commands[0], "cco approve error-words");
    }

    #[test]
    fn every_pause_names_a_command() {
        let what = || "the key was refused".to_owned();
        let reasons = [
            PauseReason::Operator,
            PauseReason::Stopped,
            PauseReason::TimeLimit,
            PauseReason::OneIteration,
            PauseReason::Budget { what: what() },
            PauseReason::MaxIterations,
            PauseReason::Credentials { what: what() },
            PauseReason::Environment { what: what() },
            PauseReason::Mission { what: what() },
            PauseReason::ProviderOut { what: what() },
            PauseReason::Stalled,
            PauseReason::Tampered { what: what() },
        ];
        for why in reasons {
            let need = Need::of_pause(&why);
            assert!(!need.text.is_empty() && need.commands.iter().all(|command| command.starts_with("cco ")));
            assert!(!need.commands.is_empty(), "{why:?}");
        }
    }

    #[test]
    fn a_wait_that_is_over_has_no_time_left() {
        let session = sample::waiting();
        let waiting = Waiting::of(&session, Timestamp::MAX).unwrap();
        assert_eq!((waiting.seconds_left, waiting.kind), (0, WaitingKind::UsageWindow));
        assert_eq!(Waiting::of(&sample::working(), sample::now()), None);
    }
}
