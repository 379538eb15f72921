//! What follows the end of a worker's attempt. Only what the worker did with its work costs a rung of the ladder;
//! limits, providers, keys and operators do not.

use jiff::{SignedDuration, Timestamp};

use super::charter::WorkerDollars;
use super::effect::{Opening, Preface};
use super::ledger::{Bill, Cost, Role};
use super::session::Retries;
use super::stage::{AfterSnapshot, HumanNeed, PauseReason, Stage, WaitReason, Work};
use super::step::Turn;
use super::worker_report::{WorkerOutcome, WorkerReport};
use crate::words::{AttemptId, Hash, Money};

/// Waits, in seconds, for a limit whose reset time is not known: 1, 5, 15, 60 min (design section 9, Time).
const LIMIT_WAITS: [i64; 4] = [60, 300, 900, 3600];
/// The longest wait between two tries of a provider, in seconds.
const LONGEST_BACKOFF: i64 = 360;
/// Failures of a provider in a row after which the mission pauses.
pub(super) const PROVIDER_RETRIES: u32 = 10;
/// Crashes in a row after which a person is asked.
const CRASHES: u32 = 5;
/// Crashes in a row after which the conversation is suspected and a new one is opened.
const CRASHES_OF_A_CONVERSATION: u32 = 2;
/// Lost conversations in a row after which a person is asked.
const LOST_SESSIONS: u32 = 3;

/// A time some seconds later, or the last one there is.
pub(super) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

impl Turn {
    pub(super) fn worker_ended(&mut self, work: Work, attempt: AttemptId, report: &WorkerReport) {
        if work.order.nothing_is_left() && !report.adopted {
            // There was no result to take over: the limit that it was let through for holds now.
            self.s.ledger.release_open();
            return self.enter(Stage::Working(work.interrupted(None)));
        }
        self.book(&work, attempt, report);
        self.forgive_tampering();
        if let Some(note) = self.s.current.as_mut() {
            report.outcome.name().clone_into(&mut note.outcome);
            // Who said nothing at the end may have said it before (`cco done`).
            if !report.text.is_empty() {
                note.claim.clone_from(&report.text);
            }
        }
        match &report.outcome {
            WorkerOutcome::Finished => {
                self.s.retries = Retries::default();
                self.s.metrics.successful_actions += 1;
                self.snapshot(AfterSnapshot::Verify);
            }
            WorkerOutcome::Sliced => {
                self.s.sliced = Some(Box::new(continued(work)));
                self.snapshot(AfterSnapshot::Verify);
            }
            WorkerOutcome::PromptTooLong => {
                self.s.fresh_next = true;
                self.work_failed();
            }
            WorkerOutcome::MaxTurns
            | WorkerOutcome::ActionBudget
            | WorkerOutcome::Refused { .. }
            | WorkerOutcome::Hung { .. } => self.work_failed(),
            WorkerOutcome::SessionLost => self.session_lost(work),
            WorkerOutcome::Limited { until, what } => self.limited(work, *until, what),
            WorkerOutcome::Unreachable { what } => self.unreachable(work, what),
            WorkerOutcome::Crashed { what } => self.crashed(work, what),
            WorkerOutcome::Stopped => self.crashed(work, "the worker was stopped from outside"),
            WorkerOutcome::Unauthorized { what } | WorkerOutcome::NoCredit { what } => {
                self.pause_work(work, PauseReason::Credentials { what: what.clone() });
            }
            WorkerOutcome::Misconfigured { what } => {
                self.pause_work(work, PauseReason::Environment { what: what.clone() });
            }
        }
    }

    fn work_failed(&mut self) {
        self.s.metrics.failed_actions += 1;
        self.snapshot(AfterSnapshot::Verify);
    }

    pub(super) fn snapshot(&mut self, after: AfterSnapshot) {
        self.enter(Stage::Snapshotting { after });
    }

    fn pause_work(&mut self, work: Work, why: PauseReason) {
        let work = Box::new(work.interrupted(None));
        self.snapshot(AfterSnapshot::Pause { why, work });
    }

    fn session_lost(&mut self, mut work: Work) {
        self.s.retries.session += 1;
        if self.s.retries.session > LOST_SESSIONS {
            let why = "the worker's conversations are lost again and again: its configuration folder cannot be written";
            let what = HumanNeed::Escalation { why: why.to_owned() };
            return self.snapshot(AfterSnapshot::Ask { what, work: Box::new(work) });
        }
        self.reopen(&mut work);
        self.enter(Stage::Working(work));
    }

    /// Gives work a new conversation, which is told what came before.
    fn reopen(&mut self, work: &mut Work) {
        self.new_conversation();
        if let Some(conversation) = &self.s.conversation {
            work.order.session = conversation.id;
        }
        work.order.opening = Opening::Start;
        work.order.preface = Preface::Transition;
        work.order.adopt = None;
        work.seen = None;
    }

    fn limited(&mut self, work: Work, until: Option<Timestamp>, what: &str) {
        self.s.retries.limit += 1;
        let tries = usize::try_from(self.s.retries.limit).unwrap_or(usize::MAX);
        let backoff = LIMIT_WAITS.get(tries - 1).or(LIMIT_WAITS.last()).copied().unwrap_or(LONGEST_BACKOFF);
        // A reset time that has passed although the window is still closed is worth no more than none.
        let until = match until.filter(|until| *until > self.now) {
            Some(until) => after(until, self.jitter(30)),
            None => after(self.now, backoff),
        };
        let work = Box::new(work.interrupted(None));
        let why = WaitReason::UsageWindow { what: what.to_owned() };
        self.snapshot(AfterSnapshot::Wait { until, why, work });
    }

    fn unreachable(&mut self, work: Work, what: &str) {
        self.s.retries.provider += 1;
        let attempt = self.s.retries.provider;
        let what = what.to_owned();
        if attempt > PROVIDER_RETRIES {
            return self.pause_work(work, PauseReason::ProviderOut { what });
        }
        let until = self.retry_time(None, attempt);
        let work = Box::new(work.interrupted(None));
        self.snapshot(AfterSnapshot::Wait { until, why: WaitReason::Provider { what, attempt }, work });
    }

    fn crashed(&mut self, work: Work, what: &str) {
        self.s.retries.crash += 1;
        let attempt = self.s.retries.crash;
        let mut work = work.interrupted(None);
        if attempt >= CRASHES_OF_A_CONVERSATION {
            self.reopen(&mut work);
        }
        let work = Box::new(work);
        if attempt > CRASHES {
            let what = HumanNeed::Escalation { why: format!("the worker died {attempt} times in a row: {what}") };
            return self.snapshot(AfterSnapshot::Ask { what, work });
        }
        let until = self.retry_time(None, attempt);
        let why = WaitReason::WorkerCrash { what: what.to_owned(), attempt };
        self.snapshot(AfterSnapshot::Wait { until, why, work });
    }

    /// When to try again: at the time named, else doubling from a second up to six minutes, with full jitter above half.
    pub(super) fn retry_time(&self, named: Option<Timestamp>, attempt: u32) -> Timestamp {
        if let Some(named) = named.filter(|named| *named > self.now) {
            return after(named, self.jitter(5));
        }
        let full = 1_i64.checked_shl(attempt.min(20)).unwrap_or(LONGEST_BACKOFF).min(LONGEST_BACKOFF);
        after(self.now, full / 2 + self.jitter(full / 2 + 1))
    }

    /// A number below `bound` that two missions do not share and a replay repeats: the core has no randomness.
    fn jitter(&self, bound: i64) -> i64 {
        let hash = Hash::of_parts([self.s.run.0.as_bytes().as_slice(), &self.s.attempt.0.to_le_bytes()]);
        let number = i64::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]));
        number % bound.max(1)
    }

    /// Books what an attempt cost, and what it tells about lost ones (design section 9, Lost attempts).
    pub(super) fn book(&mut self, work: &Work, attempt: AttemptId, report: &WorkerReport) {
        let lost_own_cost = report.own_cost.is_none() && self.s.ledger.open().is_some();
        // What was taken over was paid for in the way of its own attempt.
        let taken_over = work.order.adopt.filter(|_| report.adopted).and_then(|lost| self.s.ledger.forgive(lost));
        let dollars = taken_over.map_or(self.s.charter.worker_dollars, |lost| lost.dollars);
        let priced = |amount| match dollars {
            WorkerDollars::Billed => Cost::Reported(amount),
            WorkerDollars::Equivalent => Cost::Equivalent(amount),
        };
        if lost_own_cost {
            self.s.ledger.lose_open();
        }
        let cost = report.own_cost.map_or(Cost::Free, priced);
        let bill = Bill {
            role: Role::Worker,
            cost,
            usage: report.usage,
            calls: report.calls,
            from_cache: false,
            paid_by: None,
        };
        let booked = self.s.conversation.as_ref().map_or(Money::ZERO, |conversation| conversation.booked);
        let own = report.own_cost.unwrap_or_default();
        let rest = report.session_cost.map(|total| total.saturating_sub(booked).saturating_sub(own));
        // Nothing left over tells nothing: a killed process may not have written its cost down.
        let rest = rest.filter(|rest| *rest > Money::ZERO);
        self.s.ledger.settle(attempt, &bill);
        if let (Some(rest), false) = (rest, lost_own_cost) {
            self.s.ledger.settle_lost(work.order.session, rest);
        }
        if let Some(conversation) = self.s.conversation.as_mut() {
            conversation.attempts += 1;
            conversation.context_tokens = report.context_tokens;
            conversation.booked = conversation.booked.max(report.session_cost.unwrap_or_default());
        }
    }
}

/// The same work after its slice: the conversation goes on where it was.
fn continued(mut work: Work) -> Work {
    work.order.opening = Opening::Resume;
    work.order.preface = Preface::Continue;
    work.order.adopt = None;
    work.seen = None;
    work
}
