//! How a run ended, or why it stands still, and what to do next: a post-mortem for every end, the good one included.

use serde::{Deserialize, Serialize};

use crate::session::{End, Lessons, PauseReason, Session, Stage};
use crate::view::{Need, NeedKind, State, Status};

/// The most errors whose story is told.
const LESSONS: usize = 5;

/// How it ended and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// One word: `done`, `impossible`, `stalled`, `paused`, `awaiting_human`, `waiting` or `unfinished`.
    pub word: String,
    /// One sentence.
    pub summary: String,
    /// What stood in the way, with what was tried against it.
    pub obstacles: Vec<String>,
    /// What to do, the likeliest first.
    pub next: Vec<String>,
}

impl Ending {
    /// Reads the end of a session.
    #[must_use]
    pub fn of(session: &Session, status: &Status) -> Self {
        let (word, summary) = summary(session, status);
        let done = matches!(session.stage, Stage::Ended(End::Done { .. }));
        let mut obstacles = if done { Vec::new() } else { open_criteria(status) };
        if !done {
            obstacles.extend(stories(&session.lessons));
        }
        Self { word: word.to_owned(), summary, obstacles, next: next(session, status) }
    }
}

fn summary(session: &Session, status: &Status) -> (&'static str, String) {
    let met = format!("{} of {} required criteria held", status.tally.met, status.tally.required);
    match &session.stage {
        Stage::Ended(End::Done { commit }) => {
            ("done", format!("Every required criterion was proven on one fresh checkout of commit {commit}."))
        }
        Stage::Ended(End::Impossible { criterion, why }) => {
            ("impossible", format!("Stopped: {criterion} cannot be met: {why} ({met})."))
        }
        Stage::Ended(End::Stalled) => ("stalled", format!("Stopped: no progress, whatever was tried ({met}).")),
        Stage::Paused { why, .. } => ("paused", format!("Paused: {} ({met}).", why.text())),
        Stage::AwaitingHuman { .. } => ("awaiting_human", format!("A person is needed ({met}).")),
        Stage::Waiting { until, why, .. } => ("waiting", format!("Waiting until {until}: {} ({met}).", why.text())),
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
        | Stage::Stopping { .. } => ("unfinished", format!("Not finished: it was {} ({met}).", session.stage.name())),
    }
}

/// The required criteria that are not met, each with the first thing that is wrong with it.
fn open_criteria(status: &Status) -> Vec<String> {
    let open = status.criteria.iter().filter(|criterion| criterion.required && !criterion.state.is_met());
    open.map(|criterion| {
        let bad = criterion.checks.iter().find(|check| check.verdict != Some(crate::words::Outcome::Pass));
        let found = bad.and_then(|check| check.evidence.as_ref()).map_or("no check has run", |found| &found.summary);
        let word = if criterion.state == State::AwaitsPerson { "awaits a person" } else { criterion.state.word() };
        format!("{} ({}): {word}: {found}", criterion.criteria, criterion.id)
    })
    .collect()
}

/// What was tried against each error that lasts, the longest-lived first.
fn stories(lessons: &Lessons) -> Vec<String> {
    let mut lasting: Vec<_> = lessons.by_signature.iter().filter(|(_, lesson)| lesson.ended_by.is_none()).collect();
    lasting.sort_by_key(|(_, lesson)| std::cmp::Reverse(lesson.seen));
    let told = lasting.into_iter().take(LESSONS).map(|(signature, lesson)| {
        let tried: Vec<String> =
            lesson.tried.iter().map(|(strategy, title)| format!("{title} ({})", strategy.name())).collect();
        let tried = if tried.is_empty() { "nothing yet".to_owned() } else { tried.join("; ") };
        format!("`{signature}` in {} iterations; tried: {tried}", lesson.seen)
    });
    told.collect()
}

fn next(session: &Session, status: &Status) -> Vec<String> {
    let branch = status.branch.as_deref().unwrap_or("the mission's branch");
    if matches!(session.stage, Stage::Ended(End::Done { .. })) {
        let base = status.base.as_ref().map_or("its base", |base| base.short());
        return vec![
            format!("look at the work: `git log --stat {base}..{branch}`"),
            format!("take it over: `git merge {branch}` from your own branch, or open a pull request"),
        ];
    }
    let mut steps: Vec<String> = status.needs.iter().flat_map(steps_for).collect();
    if matches!(session.stage, Stage::Paused { why: PauseReason::Mission { .. }, .. }) {
        steps.insert(0, "correct the mission file".to_owned());
    }
    if steps.is_empty() {
        steps.push("go on with `cco resume`; nothing that was done is lost".to_owned());
    }
    steps.push(format!("what there is so far is on {branch}; `cco history` tells how it came about"));
    steps
}

fn steps_for(need: &Need) -> Vec<String> {
    let commands = need.commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", ");
    let why = match need.kind {
        NeedKind::Approval => "decide",
        NeedKind::Question => "answer",
        NeedKind::Escalation | NeedKind::Ended => "look at what was tried, give a hint, go on",
        NeedKind::Resume => "go on",
        NeedKind::Budget => "raise the ceiling",
        NeedKind::Iterations => "raise the limit",
        NeedKind::Credentials => "mend the key or login",
        NeedKind::Environment => "mend the machine or repository",
        NeedKind::Mission => "check it and start anew",
        NeedKind::Provider => "try again once the provider answers",
    };
    vec![format!("{why}: {commands}")]
}
