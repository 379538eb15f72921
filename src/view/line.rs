//! One line for each event: what `cco logs` prints, and what notes of an iteration are made of.

use serde::{Deserialize, Serialize};

use super::printable::printable_line;
use crate::session::{Answer, Event, PlanSource, StopHow, WorkerDollars, WorkerOutcome};

/// The longest text of a line, in characters; the journal has the whole.
const LONGEST: usize = 240;

/// An event in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What kind of thing it is about.
    pub kind: LineKind,
    /// Who did it; empty: cco by its rules.
    pub actor: String,
    /// One sentence without control characters.
    pub text: String,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A run or a daemon began.
    Run,
    /// The repository and the seal.
    Prepare,
    /// The manager.
    Plan,
    /// The worker.
    Work,
    /// A check.
    Check,
    /// A snapshot or a commit.
    Record,
    /// The proof.
    Proof,
    /// A person.
    Operator,
    /// Something went wrong.
    Fault,
    /// A time came.
    Time,
}

impl LineKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Run,
        Self::Prepare,
        Self::Plan,
        Self::Work,
        Self::Check,
        Self::Record,
        Self::Proof,
        Self::Operator,
        Self::Fault,
        Self::Time,
    ];

    /// What is told of it, for the help.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Run => "A run or a daemon began",
            Self::Prepare => "The repository and the seal",
            Self::Plan => "The manager",
            Self::Work => "The worker",
            Self::Check => "A check",
            Self::Record => "A snapshot or a commit",
            Self::Proof => "The proof",
            Self::Operator => "A person",
            Self::Fault => "Something went wrong",
            Self::Time => "A time came",
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Prepare => "prepare",
            Self::Plan => "plan",
            Self::Work => "work",
            Self::Check => "check",
            Self::Record => "record",
            Self::Proof => "proof",
            Self::Operator => "operator",
            Self::Fault => "fault",
            Self::Time => "time",
        }
    }
}

/// Tells an event in one line.
#[must_use]
pub fn line(event: &Event) -> Line {
    let (kind, text) = sentence(event);
    let text = printable_line(&text).chars().take(LONGEST).collect();
    Line { kind, actor: actor(event), text }
}

fn actor(event: &Event) -> String {
    match event {
        Event::RunStarted { actor, .. }
        | Event::Sealed { actor, .. }
        | Event::PauseAsked { actor }
        | Event::ResumeAsked { actor }
        | Event::StopAsked { actor, .. }
        | Event::Guided { actor, .. }
        | Event::Signalled { actor, .. }
        | Event::Answered { actor, .. }
        | Event::LimitsSet { actor, .. }
        | Event::Amended { actor, .. }
        | Event::TermsSet { actor, .. } => printable_line(&actor.to_string()),
        Event::DaemonStarted { .. }
        | Event::Prepared { .. }
        | Event::Derived { .. }
        | Event::VerdictRecorded { .. }
        | Event::Verified { .. }
        | Event::Planned { .. }
        | Event::WorkerSeen { .. }
        | Event::WorkerEnded { .. }
        | Event::Tampered { .. }
        | Event::Snapshotted { .. }
        | Event::Restored { .. }
        | Event::Recorded { .. }
        | Event::Proved { .. }
        | Event::Failed { .. }
        | Event::Cancelled { .. }
        | Event::TimeReached { .. } => String::new(),
    }
}

fn sentence(event: &Event) -> (LineKind, String) {
    match event {
        Event::RunStarted { charter, .. } => (LineKind::Run, format!("run of “{}” started", charter.title)),
        Event::DaemonStarted { epoch, version, pid } => {
            (LineKind::Run, format!("daemon {epoch} of this run: cco {version}, process {pid}"))
        }
        Event::Prepared { prepared, .. } => {
            (LineKind::Prepare, format!("branch {} from commit {}", prepared.branch, prepared.base.short()))
        }
        Event::Derived { criteria, .. } => {
            (LineKind::Prepare, format!("checks derived for {} criteria", criteria.len()))
        }
        Event::Sealed { seal, .. } => (LineKind::Prepare, format!("{} paths sealed", seal.paths.len())),
        Event::VerdictRecorded { verdict, .. } => {
            let found = &verdict.evidence.summary;
            (LineKind::Check, format!("{} · {} {}: {found}", verdict.outcome, verdict.criterion, verdict.kind))
        }
        Event::Verified { .. } => (LineKind::Check, "checks done".to_owned()),
        Event::Planned { plan, source, .. } => {
            let by = planner(source);
            let text = match &plan.question {
                Some(question) => format!("question · {question} ({by})"),
                None => format!("{} · {} ({by})", plan.strategy.name(), plan.action.title),
            };
            (LineKind::Plan, text)
        }
        Event::WorkerSeen { model, session, .. } => {
            (LineKind::Work, format!("worker is at work: {model}, session {session}"))
        }
        Event::WorkerEnded { report, .. } => {
            let claim = if report.text.is_empty() { "nothing said" } else { &report.text };
            (LineKind::Work, format!("worker {}: {claim}", report.outcome.name()))
        }
        Event::Tampered { paths, .. } => (LineKind::Fault, format!("sealed and put back: {}", paths.join(", "))),
        Event::Snapshotted { change, .. } => {
            (LineKind::Record, format!("snapshot: {} files, +{} −{} lines", change.files, change.added, change.removed))
        }
        Event::Restored { .. } => (LineKind::Record, "put back to the best state so far".to_owned()),
        Event::Recorded { commit: Some(commit), .. } => (LineKind::Record, format!("published as {}", commit.short())),
        Event::Recorded { commit: None, .. } => (LineKind::Record, "recorded, nothing published".to_owned()),
        Event::Proved { .. } => (LineKind::Proof, "every check was run on a fresh checkout".to_owned()),
        Event::Failed { fault, .. } => (LineKind::Fault, fault.text.clone()),
        Event::Cancelled { .. } => (LineKind::Operator, "the step under way was ended".to_owned()),
        Event::TimeReached { .. } => (LineKind::Time, "the wait is over".to_owned()),
        Event::PauseAsked { .. } => (LineKind::Operator, "pause asked".to_owned()),
        Event::ResumeAsked { .. } => (LineKind::Operator, "resume asked".to_owned()),
        Event::StopAsked { how, .. } => (LineKind::Operator, format!("stop asked: {}", stop(*how))),
        Event::Guided { text, .. } => (LineKind::Operator, format!("guidance: {text}")),
        Event::Signalled { phase, note, .. } => {
            let about = phase.as_ref().map(|phase| format!(" with {phase}")).unwrap_or_default();
            (LineKind::Operator, format!("says to be done{about}: {note}"))
        }
        Event::Answered { criterion, answer, note, .. } => {
            let word = match answer {
                Answer::Approve => "approved",
                Answer::Reject => "rejected",
            };
            let why = if note.is_empty() { String::new() } else { format!(": {note}") };
            (LineKind::Operator, format!("{criterion} {word}{why}"))
        }
        Event::LimitsSet { .. } => (LineKind::Operator, "limits changed".to_owned()),
        Event::Amended { after, reason, .. } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let mission = after.mission.to_string();
            (LineKind::Operator, format!("mission amended, now {}{why}", mission.get(..12).unwrap_or(&mission)))
        }
        Event::TermsSet { worker_dollars, .. } => {
            let dollars = match worker_dollars {
                WorkerDollars::Billed => "billed",
                WorkerDollars::Equivalent => "paid by a subscription",
            };
            (LineKind::Operator, format!("what calls cost changed; the worker's dollars are {dollars}"))
        }
    }
}

pub(super) fn planner(source: &PlanSource) -> String {
    match source {
        PlanSource::Model { model } => model.clone(),
        PlanSource::Checklist { instead_of: None } => "checklist".to_owned(),
        PlanSource::Checklist { instead_of: Some(why) } => format!("checklist, because {why}"),
    }
}

const fn stop(how: StopHow) -> &'static str {
    match how {
        StopHow::Drain => "after this iteration",
        StopHow::Now => "now",
        StopHow::Kill => "at once",
        StopHow::TimeLimit => "the time slice is over",
        StopHow::AfterOne => "after one iteration",
    }
}

/// What an outcome says beyond its name; empty where that is all.
pub(super) fn more(outcome: &WorkerOutcome) -> String {
    match outcome {
        WorkerOutcome::Refused { text } => text.clone(),
        WorkerOutcome::Hung { phase } => format!("silent: {phase}"),
        WorkerOutcome::Limited { what, .. }
        | WorkerOutcome::Unreachable { what }
        | WorkerOutcome::Unauthorized { what }
        | WorkerOutcome::NoCredit { what }
        | WorkerOutcome::Misconfigured { what }
        | WorkerOutcome::Crashed { what } => what.clone(),
        WorkerOutcome::Finished
        | WorkerOutcome::MaxTurns
        | WorkerOutcome::ActionBudget
        | WorkerOutcome::PromptTooLong
        | WorkerOutcome::Sliced
        | WorkerOutcome::Stopped
        | WorkerOutcome::SessionLost => String::new(),
    }
}
