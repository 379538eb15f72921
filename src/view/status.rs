//! The status of a run: what `cco status --json` prints and every live view is drawn from.
//!
//! Version 1. A key is never renamed or given another meaning within a version; new keys may be added.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cost::Cost;
use super::criterion::{Criterion, State};
use super::iteration::Change;
use super::metrics::Metrics;
use super::needs::{Need, Waiting};
use crate::session::{Amendment, End, IterationNote, Session, Stage, Strategy, TaskState, morale};
use crate::words::{CommitId, CriterionId, IterationNumber, MissionId, RunId, SessionId, TaskId, TreeId};

/// The name of this shape.
const SCHEMA: &str = "cco.status";
/// Its version.
const VERSION: u32 = 1;

/// Everything about a run at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `cco.status`.
    pub schema: String,
    /// 1.
    pub version: u32,
    /// The run.
    pub run_id: RunId,
    /// What is asked.
    pub mission: Mission,
    /// Where it stands, in the words of the journal.
    pub stage: String,
    /// The stage after a wait, a pause or a person's answer; `null` in all others.
    pub then: Option<String>,
    /// How it ended; `null` while it has not.
    pub outcome: Option<OutcomeWord>,
    /// More about the end.
    pub ended: Option<Ended>,
    /// Iterations that were started.
    pub iterations: u64,
    /// The phase under way.
    pub phase: Phase,
    /// The definition of done.
    pub criteria: Vec<Criterion>,
    /// The definition of done, counted.
    pub tally: Tally,
    /// What the worker was asked to do last.
    pub action: Option<Action>,
    /// The checks of the stage, while they run.
    pub checking: Option<Checking>,
    /// The newest finished iterations, oldest first.
    pub recent: Vec<Action>,
    /// The manager's list; completing a task is a claim.
    pub tasks: Vec<Task>,
    /// `high`, `steady`, `strained` or `frustrated`.
    pub morale: String,
    /// The milestone of the last verification.
    pub milestone: Option<String>,
    /// Actions that changed what is sealed; it was put back each time.
    #[serde(default)]
    pub tampered: u32,
    /// Changes of the mission under way by `cco amend`; `null`: there was none.
    #[serde(default)]
    pub amended: Option<Amended>,
    /// What it has cost.
    pub cost: Cost,
    /// The branch work is published on; `null` before the repository is prepared.
    pub branch: Option<String>,
    /// The newest published commit, or the one the mission started from.
    pub head: Option<CommitId>,
    /// The commit the mission started from.
    pub base: Option<CommitId>,
    /// The newest snapshot.
    pub tree: Option<TreeId>,
    /// What time will bring.
    pub waiting: Option<Waiting>,
    /// What only a person can do; empty: nothing.
    pub needs: Vec<Need>,
    /// What an operator asked for and what takes hold at the next boundary.
    pub wish: Option<String>,
    /// Guidance that the next prompt will carry.
    pub guidance: Vec<String>,
    /// The worker's conversation.
    pub conversation: Option<Conversation>,
    /// The metrics of section 8.1 of the specification.
    pub metrics: Metrics,
    /// When the run began.
    pub started_at: Timestamp,
    /// When the newest event happened.
    pub updated_at: Timestamp,
    /// From the beginning to now, or to the end.
    pub elapsed_seconds: u64,
    /// The daemon; `null`: none runs, this is read from the journal.
    pub daemon: Option<Daemon>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mission {
    /// Its name.
    pub id: MissionId,
    /// One line for people.
    pub title: String,
}

/// Changes of the mission under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    /// How many there were.
    pub times: u32,
    /// Who made the newest one.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, in their words; may be empty.
    pub reason: String,
}

/// How a mission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeWord {
    /// Every required criterion was proven.
    Done,
    /// A criterion cannot be met.
    Impossible,
    /// No progress.
    Stalled,
}

/// More about an end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The proven commit.
    pub commit: Option<CommitId>,
    /// The criterion that cannot be met.
    pub criterion: Option<CriterionId>,
    /// Why it cannot.
    pub why: Option<String>,
}

/// The phase under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name.
    pub id: String,
    /// Counted from 1.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

/// The definition of done, counted; only what is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Held by the proof.
    pub proven: u64,
    /// Met at the moment, the proven ones included.
    pub met: u64,
    /// All required ones.
    pub required: u64,
}

/// One iteration in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its number.
    pub iteration: IterationNumber,
    /// What the worker was asked to do.
    pub title: String,
    /// The kind of step.
    pub strategy: String,
    /// The criteria it aimed at.
    pub criteria: Vec<CriterionId>,
    /// How the worker ended; empty while it works.
    pub outcome: String,
    /// What the worker said: a claim.
    pub claim: String,
    /// What changed.
    pub change: Change,
    /// Required criteria that held afterwards; `null` while that is not known.
    pub held: Option<u32>,
    /// When it was planned.
    pub started_at: Timestamp,
    /// From then to now, while it is under way.
    pub seconds: Option<u64>,
}

/// Checks that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checking {
    /// Verdicts recorded so far.
    pub done: u64,
    /// Checks asked for.
    pub of: u64,
}

/// A task by the manager's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// What is to be done.
    pub text: String,
    /// `pending`, `completed` or `dropped`.
    pub state: String,
}

/// The worker's conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its name.
    pub id: SessionId,
    /// Counted from 1 over the run.
    pub number: u64,
    /// Attempts made in it.
    pub attempts: u32,
    /// Tokens it held at its last answer.
    pub context_tokens: u64,
    /// Tokens it may hold.
    pub context_window: u64,
}

/// The daemon that owns the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// Its process id.
    pub pid: u32,
    /// Since when.
    pub started_at: Timestamp,
    /// The version of cco.
    pub version: String,
    /// Where its page is, if it has one.
    pub page: Option<String>,
}

/// Reads a session. The caller that knows of a live daemon adds it with [`Status::owned_by`].
#[must_use]
pub fn status(session: &Session, now: Timestamp) -> Status {
    let (outcome, ended) = end(&session.stage);
    let until = if outcome.is_some() { session.updated_at } else { now };
    let criteria = Criterion::all(session);
    Status {
        schema: SCHEMA.to_owned(),
        version: VERSION,
        run_id: session.run,
        mission: Mission { id: session.charter.mission.clone(), title: session.charter.title.clone() },
        stage: session.stage.name().to_owned(),
        then: session.stage.held_back().map(|stage| stage.name().to_owned()),
        outcome,
        ended,
        iterations: session.iteration.0,
        phase: Phase::of(session),
        tally: Tally::of(&criteria),
        criteria,
        action: session.current.as_ref().map(|note| Action::of(note, Some(until))),
        checking: Checking::of(session),
        recent: session.history.iter().map(|note| Action::of(note, None)).collect(),
        tasks: session.tasks.iter().map(Task::of).collect(),
        morale: morale::assess(&session.progress, session.iteration.0).name().to_owned(),
        milestone: session.milestone.clone(),
        cost: Cost::of(session),
        branch: session.prepared.as_ref().map(|prepared| prepared.branch.clone()),
        tampered: session.tamper.as_ref().map_or(0, |tamper| tamper.count),
        amended: session.amended.as_ref().map(Amended::of),
        head: session.head.clone(),
        base: session.prepared.as_ref().map(|prepared| prepared.base.clone()),
        tree: session.tree.clone(),
        waiting: Waiting::of(session, now),
        needs: Need::all(session),
        wish: session.wish.as_ref().map(|wish| wish.why.text()),
        guidance: session.guidance.iter().map(|guidance| guidance.text.clone()).collect(),
        conversation: Conversation::of(session),
        metrics: Metrics::of(session),
        started_at: session.started_at,
        updated_at: session.updated_at,
        elapsed_seconds: seconds(session.started_at, until),
        daemon: None,
    }
}

impl Status {
    /// The same, with the daemon that owns the run.
    #[must_use]
    pub fn owned_by(mut self, daemon: Daemon) -> Self {
        self.daemon = Some(daemon);
        self
    }
}

/// Whole seconds between two times; 0 where the clock went back.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

fn end(stage: &Stage) -> (Option<OutcomeWord>, Option<Ended>) {
    let Stage::Ended(end) = stage else {
        return (None, None);
    };
    let (word, more) = match end {
        End::Done { commit } => (OutcomeWord::Done, Ended { commit: Some(commit.clone()), ..Ended::default() }),
        End::Impossible { criterion, why } => {
            let more = Ended { commit: None, criterion: Some(criterion.clone()), why: Some(why.clone()) };
            (OutcomeWord::Impossible, more)
        }
        End::Stalled => (OutcomeWord::Stalled, Ended::default()),
    };
    (Some(word), Some(more))
}

impl Amended {
    fn of(amendment: &Amendment) -> Self {
        let Amendment { times, actor, at, reason, .. } = amendment;
        Self { times: *times, by: actor.to_string(), at: *at, reason: reason.clone() }
    }
}

impl Phase {
    fn of(session: &Session) -> Self {
        let id = session.charter.phases.get(session.phase).map(ToString::to_string).unwrap_or_default();
        Self { id, number: session.phase as u64 + 1, of: session.charter.phases.len() as u64 }
    }
}

impl Tally {
    pub(super) fn of(criteria: &[Criterion]) -> Self {
        let count = |wanted: fn(State) -> bool| {
            criteria.iter().filter(|criterion| criterion.required && wanted(criterion.state)).count() as u64
        };
        Self { proven: count(|state| state == State::Proven), met: count(State::is_met), required: count(|_| true) }
    }
}

impl Action {
    fn of(note: &IterationNote, now: Option<Timestamp>) -> Self {
        Self {
            iteration: note.number,
            title: note.title.clone(),
            strategy: Strategy::name(note.strategy).to_owned(),
            criteria: note.criteria.clone(),
            outcome: note.outcome.clone(),
            claim: note.claim.clone(),
            change: note.change.into(),
            held: now.is_none().then_some(note.held),
            started_at: note.started_at,
            seconds: now.map(|now| seconds(note.started_at, now)),
        }
    }
}

impl Checking {
    fn of(session: &Session) -> Option<Self> {
        let criteria = &session.charter.criteria;
        match &session.stage {
            Stage::Verifying { scope, done, .. } => {
                let up_to = criteria.iter().filter(|criterion| criterion.phase <= session.phase);
                let asked = up_to.flat_map(|criterion| &criterion.checks).filter(|check| check.runs_in(*scope)).count();
                let done = done.len() as u64;
                Some(Self { done, of: done.max(asked as u64) })
            }
            Stage::Proving { .. } => {
                let asked = criteria.iter().flat_map(|criterion| &criterion.checks).count();
                let done = session.proof.len() as u64;
                Some(Self { done, of: done.max(asked as u64) })
            }
            Stage::Preparing
            | Stage::Deriving { .. }
            | Stage::Sealing
            | Stage::Planning { .. }
            | Stage::Working(_)
            | Stage::Snapshotting { .. }
            | Stage::Restoring { .. }
            | Stage::Recording(_)
            | Stage::Waiting { .. }
            | Stage::Paused { .. }
            | Stage::AwaitingHuman { .. }
            | Stage::Stopping { .. }
            | Stage::Ended(_) => None,
        }
    }
}

impl Task {
    fn of(task: &crate::session::Task) -> Self {
        Self { id: task.id.clone(), text: task.text.clone(), state: TaskState::name(task.state).to_owned() }
    }
}

impl Conversation {
    fn of(session: &Session) -> Option<Self> {
        let conversation = session.conversation.as_ref()?;
        Some(Self {
            id: conversation.id,
            number: session.conversations,
            attempts: conversation.attempts,
            context_tokens: conversation.context_tokens,
            context_window: session.charter.context_window,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    fn json(status: &Status) -> String {
        serde_json::to_string_pretty(status).unwrap()
    }

    #[test]
    fn the_json_of_a_mission_under_way() {
        insta::assert_snapshot!(json(&status(&sample::working(), sample::now())));
    }

    #[test]
    fn the_json_of_a_mission_that_is_done() {
        insta::assert_snapshot!(json(&status(&sample::done(), sample::now())));
    }

    #[test]
    fn the_json_of_a_mission_that_has_just_begun() {
        insta::assert_snapshot!(json(&status(&sample::new(), sample::now())));
    }

    #[test]
    fn every_key_that_programs_rely_on_is_there() {
        let value = serde_json::to_value(status(&sample::working(), sample::now())).unwrap();
        let keys = "schema version run_id mission stage outcome iterations criteria tasks morale cost branch head \
                    waiting needs";
        for key in keys.split_whitespace() {
            assert!(value.get(key).is_some(), "{key}");
        }
        for pointer in [
            "/mission/id",
            "/mission/title",
            "/criteria/0/id",
            "/criteria/0/criteria",
            "/criteria/0/priority",
            "/criteria/0/state",
            "/criteria/0/checks/0/kind",
            "/criteria/0/checks/0/verdict",
            "/criteria/0/checks/0/evidence",
            "/cost/manager_usd",
            "/cost/worker_usd",
            "/cost/total_usd",
            "/cost/estimated",
            "/metrics/dodCriteriaTotal",
        ] {
            assert!(value.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn a_status_that_was_sent_as_json_is_read_back_the_same() {
        let daemon = Daemon { pid: 7, started_at: sample::now(), version: "0.1.0".into(), page: None };
        let sent = status(&sample::working(), sample::now()).owned_by(daemon);
        assert_eq!(serde_json::from_str::<Status>(&json(&sent)).unwrap(), sent);
    }

    #[test]
    fn the_clock_of_a_mission_stands_still_once_it_has_ended() {
        let ended = status(&sample::done(), Timestamp::MAX);
        assert_eq!(ended.elapsed_seconds, seconds(ended.started_at, ended.updated_at));
    }
}
