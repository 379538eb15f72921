//! The one law: `step(state, now, event) → state'`, and the effect of each stage.
//!
//! Total: an event that is illegal in a stage becomes a notice and changes nothing; an answer of an older attempt is
//! dropped the same way.

use jiff::Timestamp;

use super::amend::Amended;
use super::charter::{CharterCriterion, Reserves, WorkerDollars};
use super::effect::Effect;
use super::event::{Event, Prepared};
use super::ledger::{Bill, Reserve, Role};
use super::session::{SealMark, Session, Wish};
use super::stage::{PauseReason, Purpose, Scope, Stage, Work};
use crate::words::{AttemptId, CheckId, Money, Verdict};

/// Something a reader may want to know; notices steer nothing and are not journaled: the journal yields them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What kind of thing it is.
    pub kind: NoticeKind,
    /// For people.
    pub text: String,
}

/// Kinds of notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A criterion was proven, a phase ended.
    Milestone,
    /// A criterion that held does not any more.
    Regression,
    /// A person is needed.
    NeedsYou,
    /// Something is waited for.
    Waiting,
    /// A share of the budget is used.
    Budget,
    /// Something odd that was handled.
    Odd,
    /// An event that came too late or out of place; it changed nothing and is told to nobody but the log.
    Dropped,
    /// The mission ended.
    End,
}

/// The session a run begins with; `None` if the event is not the one a run begins with.
#[must_use]
pub fn begin(now: Timestamp, event: &Event) -> Option<Session> {
    match event {
        Event::RunStarted { run, charter, actor } => {
            Some(Session::new(*run, charter.as_ref().clone(), actor.clone(), now))
        }
        _ => None,
    }
}

/// Takes one event in.
#[must_use]
pub fn step(session: Session, now: Timestamp, event: &Event) -> (Session, Vec<Notice>) {
    let mut turn = Turn { s: session, now, notices: Vec::new() };
    let spent = turn.s.ledger.spent();
    turn.s.updated_at = now;
    turn.take(event);
    turn.warn_of_budget(spent);
    (turn.s, turn.notices)
}

/// One application of the law: the session in change, and what is to be told.
pub(super) struct Turn {
    pub(super) s: Session,
    pub(super) now: Timestamp,
    pub(super) notices: Vec<Notice>,
}

impl Turn {
    pub(super) fn tell(&mut self, kind: NoticeKind, text: impl Into<String>) {
        self.notices.push(Notice { kind, text: text.into() });
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::RunStarted { .. } => self.illegal(event),
            Event::DaemonStarted { epoch, .. } => self.daemon_started(*epoch),
            Event::PauseAsked { .. } => self.pause_asked(),
            Event::ResumeAsked { .. } => self.resume_asked(),
            Event::StopAsked { how, .. } => self.stop_asked(*how),
            Event::Guided { actor, text } => self.guided(actor, text),
            Event::Signalled { note, .. } => self.signalled(note),
            Event::Answered { actor, criterion, answer, note } => self.answered(actor, criterion, *answer, note),
            Event::LimitsSet { limits, .. } => self.s.charter.limits = limits.clone(),
            Event::TermsSet { reserves, worker_dollars, .. } => {
                self.s.charter.reserves = *reserves;
                self.s.charter.worker_dollars = *worker_dollars;
            }
            Event::Amended { actor, charter, after, reason, .. } => {
                self.amended(&Amended { actor, charter, after, reason });
            }
            answer => self.take_answer(answer),
        }
    }

    /// Takes the answer to an effect in, if it is the one that is waited for.
    fn take_answer(&mut self, event: &Event) {
        if let Stage::Stopping { attempt, .. } = &self.s.stage
            && event.attempt() == Some(*attempt)
        {
            return self.answered_while_stopping(event);
        }
        if event.attempt() != Some(self.s.attempt) {
            let text = format!("{} of an older attempt was dropped", event.name());
            return self.tell(NoticeKind::Dropped, text);
        }
        self.dispatch(event);
    }

    /// The table of what is legal where. The last arm is the only `_` in the core.
    pub(super) fn dispatch(&mut self, event: &Event) {
        match (self.s.stage.clone(), event) {
            (Stage::Preparing, Event::Prepared { prepared, .. }) => self.prepared(prepared),
            (Stage::Deriving { .. }, Event::Derived { attempt, criteria, bill }) => {
                self.s.ledger.settle(*attempt, bill);
                self.derived(criteria);
            }
            (Stage::Sealing, Event::Sealed { seal, .. }) => {
                self.s.sealed = Some(SealMark::of(seal));
                self.s.tree = seal.tree.clone().or_else(|| self.s.tree.take());
                self.look(Scope::Baseline);
            }
            (Stage::Verifying { .. } | Stage::Proving { .. }, Event::VerdictRecorded { verdict, .. }) => {
                self.verdict_recorded(verdict);
            }
            (Stage::Verifying { tree, scope, purpose, done }, Event::Verified { attempt, bill }) => {
                self.settle_optional(*attempt, bill.as_ref());
                self.verified(tree, scope, purpose, done);
            }
            (Stage::Planning { heard, .. }, Event::Planned { attempt, plan, source, bill }) => {
                self.s.ledger.settle(*attempt, bill);
                self.planned(plan, source, heard);
            }
            (Stage::Working(mut work), Event::WorkerSeen { session, .. }) => {
                work.seen = Some(*session);
                self.s.stage = Stage::Working(work);
            }
            (Stage::Working(work), Event::WorkerEnded { attempt, report }) => self.worker_ended(work, *attempt, report),
            (Stage::Snapshotting { .. }, Event::Tampered { paths, .. }) => self.tampered(paths),
            (Stage::Snapshotting { after }, Event::Snapshotted { tree, change, .. }) => {
                self.snapshotted(after, tree, *change);
            }
            (Stage::Restoring { tree }, Event::Restored { .. }) => self.restored(tree),
            (Stage::Recording(order), Event::Recorded { commit, .. }) => self.recorded(order, commit.as_ref()),
            (Stage::Proving { commit, tree }, Event::Proved { attempt, bill }) => {
                self.settle_optional(*attempt, bill.as_ref());
                self.proved(commit, &tree);
            }
            (Stage::Waiting { then, .. }, Event::TimeReached { .. }) => self.enter(*then),
            (Stage::AwaitingHuman { what, then, .. }, Event::TimeReached { .. }) => self.await_human(what, *then),
            (Stage::Working(work), Event::Failed { fault, .. }) => {
                // What it spent before its supervisor was lost is not known.
                self.s.ledger.lose_open();
                self.failed(Stage::Working(work.interrupted(None)), fault);
            }
            (stage, Event::Failed { attempt, fault, bill }) if stage.can_fail() => {
                self.settle_optional(*attempt, bill.as_ref());
                self.failed(stage, fault);
            }
            _ => self.illegal(event),
        }
    }

    fn illegal(&mut self, event: &Event) {
        let text = format!("{} means nothing while {}", event.name(), self.s.stage.name());
        self.tell(NoticeKind::Dropped, text);
    }

    fn prepared(&mut self, prepared: &Prepared) {
        self.s.tree = Some(prepared.tree.clone());
        self.s.head = Some(prepared.base.clone());
        self.s.head_tree = Some(prepared.base_tree.clone());
        self.s.prepared = Some(prepared.clone());
        let stage = self.s.to_seal();
        self.enter(stage);
    }

    fn verdict_recorded(&mut self, verdict: &Verdict) {
        match &mut self.s.stage {
            Stage::Proving { .. } => self.s.proof.push(verdict.clone()),
            Stage::Verifying { done, .. } => {
                done.push(verdict.check.clone());
                let place = self.s.charter.criteria.iter().position(|criterion| criterion.id == verdict.criterion);
                if let Some(record) = place.and_then(|place| self.s.records.get_mut(place)) {
                    record.verdicts.insert(verdict.check.clone(), verdict.clone());
                }
            }
            _ => {}
        }
    }

    /// Verifies the newest tree where no action came before.
    pub(super) fn look(&mut self, scope: Scope) {
        if let Some(tree) = self.s.tree.clone() {
            self.enter(Stage::Verifying { tree, scope, purpose: Purpose::Baseline, done: Vec::new() });
        }
    }

    pub(super) fn settle_optional(&mut self, attempt: AttemptId, bill: Option<&Bill>) {
        match bill {
            Some(bill) => self.s.ledger.settle(attempt, bill),
            None => self.s.ledger.release_open(),
        }
    }

    /// Enters a stage under a new attempt, unless a wish or a limit holds it back.
    pub(super) fn enter(&mut self, stage: Stage) {
        let stage = self.gate(stage);
        self.s.attempt = self.s.attempt.next();
        let stage = self.reserve_for(stage);
        if matches!(stage, Stage::Proving { .. }) {
            self.s.proof.clear();
        }
        if let Stage::Paused { why, .. } = &stage {
            let text = why.text();
            self.tell(NoticeKind::NeedsYou, text);
        }
        self.s.stage = stage;
    }

    fn gate(&mut self, stage: Stage) -> Stage {
        if self.s.wish_holds_before(&stage)
            && let Some(Wish { why, .. }) = self.s.wish.take()
        {
            return Stage::Paused { why, then: Box::new(stage) };
        }
        match self.limit_reached(&stage) {
            Some(why) => Stage::Paused { why, then: Box::new(stage) },
            None => stage,
        }
    }

    fn limit_reached(&self, stage: &Stage) -> Option<PauseReason> {
        let costs = matches!(stage, Stage::Planning { .. } | Stage::Working(_) | Stage::Deriving { .. });
        if !costs {
            return None;
        }
        if matches!(stage, Stage::Working(Work { order, .. }) if order.adopt.is_some()) {
            // A result that is there already costs nothing more: it is looked for first; see [`Turn::fenced`].
            return None;
        }
        self.used_up(stage)
    }

    /// The limit that a stage which costs money would break.
    fn used_up(&self, stage: &Stage) -> Option<PauseReason> {
        let limits = &self.s.charter.limits;
        if matches!(stage, Stage::Planning { .. }) && limits.max_iterations.is_some_and(|max| self.s.iteration.0 >= max)
        {
            return Some(PauseReason::MaxIterations);
        }
        let spent = self.s.ledger.spent();
        if limits.usd.is_some_and(|usd| self.committed(stage) >= usd) {
            let usd = limits.usd.unwrap_or_default();
            return Some(PauseReason::Budget { what: format!("{spent} of {usd} spent") });
        }
        let tokens = self.s.ledger.tokens();
        let max = limits.tokens.filter(|max| tokens >= *max)?;
        Some(PauseReason::Budget { what: format!("{tokens} of {max} tokens used") })
    }

    /// What stands in the way of a stage's money. The newest lost attempt of the conversation that goes on counts as what
    /// was set aside for it and not as spent: what it cost is told by that conversation alone, and a stop would else use
    /// up whatever is left.
    fn committed(&self, stage: &Stage) -> Money {
        let spent = self.s.ledger.spent();
        match stage {
            Stage::Working(work) => spent.saturating_sub(self.s.ledger.lost_of(work.order.session)),
            _ => spent,
        }
    }

    /// Sets money aside for what a stage can cost, and fences the worker in with what is left.
    fn reserve_for(&mut self, stage: Stage) -> Stage {
        let Reserves { manager, derive, judge, .. } = self.s.charter.reserves;
        match stage {
            Stage::Planning { .. } => self.set_aside(Role::Manager, manager),
            Stage::Deriving { .. } => self.set_aside(Role::Manager, derive),
            Stage::Verifying { scope, ref done, .. } => {
                let votes = self.s.votes(scope, self.s.phase, done);
                self.set_aside(Role::Judge, judge.saturating_mul(votes));
            }
            Stage::Proving { .. } => {
                let votes = self.s.votes(Scope::Baseline, self.s.phase, &[]);
                self.set_aside(Role::Judge, judge.saturating_mul(votes));
            }
            Stage::Working(work) => return Stage::Working(self.fenced(work)),
            Stage::Preparing
            | Stage::Sealing
            | Stage::Snapshotting { .. }
            | Stage::Restoring { .. }
            | Stage::Recording(_)
            | Stage::Waiting { .. }
            | Stage::Paused { .. }
            | Stage::AwaitingHuman { .. }
            | Stage::Stopping { .. }
            | Stage::Ended(_) => {}
        }
        stage
    }

    fn set_aside(&mut self, role: Role, amount: Money) {
        if amount > Money::ZERO {
            let dollars = WorkerDollars::Billed;
            self.s.ledger.reserve(Reserve { attempt: self.s.attempt, role, amount, session: None, dollars });
        }
    }

    /// The worker may spend what is set aside for it. A reserve is made even of nothing: an attempt that is lost must be
    /// known, so that its conversation can tell what it cost.
    ///
    /// Work whose result may be there already passes the gate; where nothing is left it may spend nothing beside.
    fn fenced(&mut self, mut work: Work) -> Work {
        let stage = Stage::Working(work.clone());
        let ceiling = Some(self.s.charter.reserves.worker).filter(|ceiling| *ceiling > Money::ZERO);
        let fence = match self.used_up(&stage) {
            Some(_) => Some(Money::ZERO),
            None => ceiling.map(|ceiling| self.left(&stage).map_or(ceiling, |left| left.min(ceiling))),
        };
        work.order.max_cost = fence;
        let dollars = self.s.charter.worker_dollars;
        let amount = match dollars {
            WorkerDollars::Billed => work.order.max_cost.unwrap_or_default(),
            WorkerDollars::Equivalent => Money::ZERO,
        };
        let (attempt, session) = (self.s.attempt, Some(work.order.session));
        self.s.ledger.reserve(Reserve { attempt, role: Role::Worker, amount, session, dollars });
        work
    }

    /// Tells of each share of the dollar budget that this event used up.
    fn warn_of_budget(&mut self, before: Money) {
        let Some(usd) = self.s.charter.limits.usd else { return };
        let spent = self.s.ledger.spent();
        let beyond = |amount: Money, percent: u8| {
            amount.micros().saturating_mul(100) >= usd.micros().saturating_mul(u64::from(percent))
        };
        for percent in self.s.charter.limits.warn_at.clone() {
            if beyond(spent, percent) && !beyond(before, percent) {
                self.tell(NoticeKind::Budget, format!("{percent} % of the budget is used: {spent} of {usd}"));
            }
        }
    }

    /// What is left of the dollar budget for the worker; `None`: no budget, or dollars that nobody is billed for.
    fn left(&self, stage: &Stage) -> Option<Money> {
        let billed = self.s.charter.worker_dollars == WorkerDollars::Billed;
        let usd = self.s.charter.limits.usd.filter(|_| billed)?;
        Some(usd.saturating_sub(self.committed(stage)))
    }
}

impl Stage {
    /// Whether the stage's effect can fail by itself.
    const fn can_fail(&self) -> bool {
        !matches!(
            self,
            Self::Waiting { .. }
                | Self::Paused { .. }
                | Self::AwaitingHuman { .. }
                | Self::Stopping { .. }
                | Self::Ended(_)
        )
    }
}

impl Session {
    /// The one outstanding effect of the stage; `None` where nothing is to be done.
    #[must_use]
    pub fn effect(&self) -> Option<Effect> {
        Some(match &self.stage {
            Stage::Preparing => Effect::Prepare,
            Stage::Deriving { criteria } => Effect::Derive { criteria: criteria.clone() },
            Stage::Sealing => Effect::Seal,
            Stage::Verifying { tree, scope, done, .. } => {
                Effect::Verify { tree: tree.clone(), scope: *scope, phase: self.phase, done: done.clone() }
            }
            Stage::Planning { ask, heard } => Effect::Plan { ask: *ask, heard: *heard },
            Stage::Working(work) => Effect::Work(work.order.clone()),
            Stage::Snapshotting { .. } => Effect::Snapshot,
            Stage::Restoring { tree } => Effect::Restore { tree: tree.clone() },
            Stage::Recording(order) => Effect::Record(order.clone()),
            Stage::Proving { commit, tree } => Effect::Prove { commit: commit.clone(), tree: tree.clone() },
            Stage::Waiting { until, .. } | Stage::AwaitingHuman { until, .. } => Effect::Sleep { until: *until },
            Stage::Stopping { attempt, force, .. } => Effect::Cancel { attempt: *attempt, force: *force },
            Stage::Paused { .. } | Stage::Ended(_) => return None,
        })
    }

    /// Whether the journal must be on disk before an effect of this session is done: also where a judge may be asked on
    /// the way, for which money is set aside.
    #[must_use]
    pub const fn owes_sync(&self, effect: &Effect) -> bool {
        effect.owes_sync() || self.ledger.open().is_some()
    }

    /// How many times a judge is asked when the checks of a scope up to a phase run, but for those that are done: all
    /// judged criteria go into one question a vote.
    fn votes(&self, scope: Scope, phase: usize, done: &[CheckId]) -> u64 {
        let due = |criterion: &&CharterCriterion| criterion.phase <= phase || scope == Scope::Baseline;
        let checks = self.charter.criteria.iter().filter(due).flat_map(|criterion| &criterion.checks);
        let run = checks.filter(|check| check.runs_in(scope) && !done.contains(&check.id));
        u64::from(run.map(|check| check.votes).max().unwrap_or(0))
    }
}

impl PauseReason {
    /// The reason in a sentence for people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Operator => "paused as asked".to_owned(),
            Self::Stopped => "stopped as asked".to_owned(),
            Self::TimeLimit => "the time slice is over".to_owned(),
            Self::OneIteration => "one iteration is done".to_owned(),
            Self::Budget { what } => format!("the budget is used up: {what}"),
            Self::MaxIterations => "the limit of iterations is reached".to_owned(),
            Self::Credentials { what }
            | Self::Environment { what }
            | Self::Mission { what }
            | Self::Tampered { what } => what.clone(),
            Self::ProviderOut { what } => format!("given up after all retries: {what}"),
            Self::Stalled => "no progress".to_owned(),
        }
    }
}
