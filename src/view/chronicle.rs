//! The journal's events, told as iterations: what `history`, `show` and the reports are made of.
//!
//! The chronicle drives the same pure `step` as the daemon and reads each state after each event, so it can never tell
//! another story than the one that happened. It keeps one session and the iteration under way, however long the journal.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::iteration::{Attempt, CheckRun, Iteration, Note};
use super::line::{self, LineKind};
use super::status::seconds;
use crate::session::{Event, Session, Stage, WorkerReport, begin, step};
use crate::words::{IterationNumber, Money, RunId, Seq};

/// One record of the journal.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// Its place.
    pub seq: Seq,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: &'a Event,
}

/// The newest iterations of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// `cco.history`.
    pub schema: String,
    /// 1.
    pub version: u32,
    /// The run; `null`: the journal holds none.
    pub run_id: Option<RunId>,
    /// How many iterations there are in all, the baseline not counted.
    pub total: u64,
    /// The newest of them, oldest first.
    pub iterations: Vec<Iteration>,
}

/// Folds events into iterations.
#[derive(Debug, Default)]
pub struct Chronicle {
    session: Option<Session>,
    current: Option<Iteration>,
    spent: Money,
    tokens: u64,
}

/// Reads the newest `limit` iterations of a run out of its events.
#[must_use]
pub fn history<'a>(moments: impl IntoIterator<Item = Moment<'a>>, limit: usize) -> History {
    let mut chronicle = Chronicle::default();
    let mut iterations = VecDeque::new();
    let mut keep = |iteration: Option<Iteration>| {
        iterations.extend(iteration);
        while iterations.len() > limit {
            iterations.pop_front();
        }
    };
    for moment in moments {
        keep(chronicle.take(moment));
    }
    let session = chronicle.session().map(|session| (session.run, session.iteration.0));
    keep(chronicle.finish());
    History {
        schema: "cco.history".to_owned(),
        version: 1,
        run_id: session.map(|(run, _)| run),
        total: session.map_or(0, |(_, total)| total),
        iterations: iterations.into(),
    }
}

/// Reads one iteration out of a run's events; `None`: there was none with this number.
#[must_use]
pub fn iteration<'a>(moments: impl IntoIterator<Item = Moment<'a>>, number: IterationNumber) -> Option<Iteration> {
    let mut chronicle = Chronicle::default();
    for moment in moments {
        if let Some(done) = chronicle.take(moment).filter(|done| done.number == number) {
            return Some(done);
        }
    }
    chronicle.finish().filter(|last| last.number == number)
}

impl Chronicle {
    /// The session after the newest event.
    #[must_use]
    pub const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Takes one event in; returns the iteration that it ended.
    pub fn take(&mut self, moment: Moment<'_>) -> Option<Iteration> {
        let Some(before) = self.session.take() else {
            self.session = begin(moment.at, moment.event);
            self.current = self.session.as_ref().map(|session| Iteration::begin(session, moment.at));
            return None;
        };
        let (number, proving) = (before.iteration, matches!(before.stage, Stage::Proving { .. }));
        let taken_in = is_taken_in(&before, moment.event);
        let so_far = (before.ledger.spent(), before.ledger.tokens());
        let (after, _) = step(before, moment.at, moment.event);
        let mut ended = None;
        if after.iteration != number {
            // The bill of the plan that opens an iteration belongs to that iteration.
            (self.spent, self.tokens) = so_far;
            ended = self.open_next(&after, moment.at);
        }
        if let Some(current) = self.current.as_mut() {
            if taken_in {
                tell(current, moment, proving);
            }
            settle(current, &after, moment.at, self.spent, self.tokens);
        }
        self.session = Some(after);
        ended
    }

    /// The iteration under way.
    #[must_use]
    pub fn finish(self) -> Option<Iteration> {
        self.current
    }

    fn open_next(&mut self, after: &Session, at: Timestamp) -> Option<Iteration> {
        self.current.replace(Iteration::begin(after, at))
    }
}

/// Whether the core takes an event in: late answers are dropped there, and must not be told here as if they counted.
fn is_taken_in(session: &Session, event: &Event) -> bool {
    let stopping = match &session.stage {
        Stage::Stopping { attempt, .. } => Some(*attempt),
        _ => None,
    };
    event.attempt().is_none_or(|attempt| attempt == session.attempt || Some(attempt) == stopping)
}

fn settle(current: &mut Iteration, after: &Session, at: Timestamp, spent: Money, tokens: u64) {
    current.ended_at = at;
    current.seconds = seconds(current.started_at, at);
    (current.held, current.required) = after.held();
    current.cost_usd = after.ledger.spent().saturating_sub(spent).dollars();
    current.estimated = after.ledger.is_estimated();
    current.tokens = after.ledger.tokens().saturating_sub(tokens);
}

fn tell(current: &mut Iteration, moment: Moment<'_>, proving: bool) {
    match moment.event {
        Event::Planned { plan, source, .. } if plan.question.is_none() => {
            current.analysis.clone_from(&plan.analysis);
            current.planned_by = line::planner(source);
            plan.strategy.name().clone_into(&mut current.strategy);
            current.title.clone_from(&plan.action.title);
            current.prompt.clone_from(&plan.action.prompt);
            current.criteria.clone_from(&plan.action.criteria);
        }
        Event::WorkerEnded { report, .. } => current.attempts.push(Attempt::of(report)),
        Event::Snapshotted { tree, change, .. } => {
            current.tree = Some(tree.clone());
            current.change = current.change.plus((*change).into());
        }
        Event::VerdictRecorded { verdict, .. } => current.checks.push(CheckRun::of(verdict, proving)),
        Event::Recorded { commit: Some(commit), .. } => current.commit = Some(commit.clone()),
        Event::Prepared { prepared, .. } => current.tree = Some(prepared.tree.clone()),
        other => note(current, moment.at, other),
    }
}

/// What people did and what went wrong is told in the order it happened; the ordinary course of things is not.
fn note(current: &mut Iteration, at: Timestamp, event: &Event) {
    let told = line::line(event);
    let noteworthy = match told.kind {
        LineKind::Operator | LineKind::Fault | LineKind::Run | LineKind::Plan => true,
        LineKind::Prepare | LineKind::Work | LineKind::Check | LineKind::Record | LineKind::Proof | LineKind::Time => {
            false
        }
    };
    if noteworthy {
        let actor = if told.actor.is_empty() { "cco".to_owned() } else { told.actor };
        current.notes.push(Note { at, actor, text: told.text });
    }
}

impl Attempt {
    fn of(report: &WorkerReport) -> Self {
        Self {
            outcome: report.outcome.name().to_owned(),
            what: line::more(&report.outcome),
            claim: report.text.clone(),
            model: report.model.clone(),
            duration_ms: report.duration_ms,
            tool_calls: report.tool_calls,
            denials: report.denials.clone(),
            cost_usd: report.own_cost.map(Money::dollars),
            tokens: report.usage.total(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn a_run_is_told_iteration_by_iteration() {
        let events = sample::events();
        let told = history(sample::moments(&events), 10);
        assert_eq!(told.total, 2);
        assert_eq!(told.iterations.iter().map(|one| one.number.0).collect::<Vec<_>>(), [0, 1, 2]);
        insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
    }

    #[test]
    fn only_the_newest_iterations_are_kept() {
        let events = sample::events();
        let told = history(sample::moments(&events), 1);
        assert_eq!((told.total, told.iterations.len()), (2, 1));
        assert_eq!(told.iterations[0].number, IterationNumber(2));
    }

    #[test]
    fn costs_of_iterations_add_up_to_the_ledger() {
        let events = sample::events();
        let mut chronicle = Chronicle::default();
        let mut sum = 0.0;
        for moment in sample::moments(&events) {
            sum += chronicle.take(moment).map_or(0.0, |done| done.cost_usd);
        }
        let spent = chronicle.session().unwrap().ledger.spent().dollars();
        sum += chronicle.finish().unwrap().cost_usd;
        assert!((sum - spent).abs() < 1e-9, "{sum} {spent}");
        assert!(spent > 0.0);
    }

    #[test]
    fn an_answer_of_an_older_attempt_is_not_told() {
        let mut events = sample::events();
        let late = events.iter().find(|event| event.name() == "worker_ended").cloned().unwrap();
        events.push(late);
        let last = iteration(sample::moments(&events), IterationNumber(2)).unwrap();
        assert_eq!(last.attempts.len(), 1);
        assert_eq!(iteration(sample::moments(&events), IterationNumber(9)), None);
    }
}
