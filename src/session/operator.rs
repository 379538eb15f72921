//! What people and daemons do to a session: start, pause, resume, stop, guide, answer.

use super::criteria::PersonsAnswer;
use super::effect::CancelForce;
use super::event::{Answer, Event, StopHow};
use super::session::{GUIDANCE, Guidance, Retries, Wish, WishAt};
use super::stage::{AfterSnapshot, HumanNeed, PauseReason, Stage};
use super::step::{NoticeKind, Turn};
use super::worker_report::WorkerOutcome;
use crate::words::{Actor, CheckId, CriterionId, IterationNumber};

impl Turn {
    /// Whatever an earlier daemon had under way is lost; its stage is entered again under a new attempt.
    pub(super) fn daemon_started(&mut self, epoch: u64) {
        self.s.epoch = epoch;
        // A stop was asked of the daemon that is gone. A pause was asked of the mission, and holds until someone resumes it.
        self.s.wish = self.s.wish.take().filter(|wish| wish.why == PauseReason::Operator);
        let lost = self.s.attempt;
        match self.s.stage.clone() {
            Stage::Working(work) => {
                self.s.ledger.lose_open();
                self.enter(Stage::Working(work.interrupted(Some(lost))));
            }
            Stage::Planning { .. } | Stage::Deriving { .. } | Stage::Verifying { .. } | Stage::Proving { .. } => {
                self.s.ledger.lose_open();
                self.enter(self.s.stage.clone());
            }
            Stage::Stopping { why, then, .. } => {
                self.s.ledger.lose_open();
                self.enter(Stage::Paused { why, then });
            }
            other @ (Stage::Preparing
            | Stage::Sealing
            | Stage::Snapshotting { .. }
            | Stage::Restoring { .. }
            | Stage::Recording(_)
            | Stage::Waiting { .. }
            | Stage::Paused { .. }
            | Stage::AwaitingHuman { .. }) => self.enter(other),
            Stage::Ended(_) => {}
        }
    }

    pub(super) fn pause_asked(&mut self) {
        match self.s.stage.clone() {
            Stage::Waiting { then, .. } | Stage::AwaitingHuman { then, .. } => {
                self.enter(Stage::Paused { why: PauseReason::Operator, then });
            }
            Stage::Paused { why: PauseReason::Operator, .. } | Stage::Stopping { .. } | Stage::Ended(_) => {
                self.nothing_to("pause");
            }
            // A person's pause below a stop comes up again; any other reason gives way to the person's.
            Stage::Paused { then, .. } => match *then {
                paused @ Stage::Paused { why: PauseReason::Operator, .. } => self.enter(paused),
                then => self.enter(Stage::Paused { why: PauseReason::Operator, then: Box::new(then) }),
            },
            _ => self.s.wish = Some(Wish { why: PauseReason::Operator, at: WishAt::Boundary }),
        }
    }

    pub(super) fn resume_asked(&mut self) {
        match self.s.stage.clone() {
            Stage::Paused { then, .. } | Stage::Waiting { then, .. } => {
                self.s.retries = Retries::default();
                let then = self.with_what_was_said(*then);
                self.enter(then);
            }
            Stage::AwaitingHuman { what: HumanNeed::Manual { .. }, .. } => {
                self.tell(NoticeKind::NeedsYou, "a person's answer is needed: `cco approve` or `cco reject`");
            }
            Stage::AwaitingHuman { then, .. } => {
                self.s.retries = Retries::default();
                self.enter(*then);
            }
            Stage::Ended(super::stage::End::Done { .. }) => self.nothing_to("resume"),
            Stage::Ended(_) => {
                self.s.progress.forgive();
                self.s.progress.replans = 0;
                self.s.impossible = None;
                let then = self.planning();
                self.enter(then);
            }
            _ if self.s.wish.is_some() => self.s.wish = None,
            _ => self.nothing_to("resume"),
        }
    }

    pub(super) fn stop_asked(&mut self, how: StopHow) {
        // An iteration under way is the one that is meant.
        let over = IterationNumber(self.s.iteration.0.saturating_sub(u64::from(self.s.current.is_some())));
        let wish = Wish::of_stop(how, over);
        match self.s.stage.clone() {
            Stage::Ended(_) => self.nothing_to("stop"),
            Stage::Paused { .. } | Stage::Waiting { .. } | Stage::AwaitingHuman { .. } if how == StopHow::AfterOne => {
                self.s.wish = Some(wish);
            }
            // The stop is the daemon's, the pause below it the mission's: the next daemon finds it again.
            paused @ Stage::Paused { why: PauseReason::Operator, .. } => {
                self.enter(Stage::Paused { why: wish.why, then: Box::new(paused) });
            }
            Stage::Paused { then, .. } | Stage::Waiting { then, .. } | Stage::AwaitingHuman { then, .. } => {
                self.enter(Stage::Paused { why: wish.why, then });
            }
            Stage::Stopping { attempt, why, then, .. } => {
                if how == StopHow::Kill {
                    self.enter(Stage::Stopping { attempt, force: CancelForce::Kill, why, then });
                }
            }
            stage => match how {
                StopHow::Drain | StopHow::AfterOne => self.s.wish = Some(wish),
                StopHow::Now | StopHow::TimeLimit => self.cancel(stage, CancelForce::Polite, wish.why),
                StopHow::Kill => self.cancel(stage, CancelForce::Kill, wish.why),
            },
        }
    }

    fn cancel(&mut self, stage: Stage, force: CancelForce, why: PauseReason) {
        let attempt = self.s.attempt;
        let then = match stage {
            Stage::Working(work) => Stage::Working(work.interrupted(None)),
            other => other,
        };
        self.s.wish = None;
        self.s.attempt = attempt.next();
        self.s.stage = Stage::Stopping { attempt, force, why, then: Box::new(then) };
    }

    /// The effect that is being ended answered: it is over, one way or another.
    pub(super) fn answered_while_stopping(&mut self, event: &Event) {
        let Stage::Stopping { attempt, force, why, then } = self.s.stage.clone() else {
            return;
        };
        match (event, *then) {
            (progress, then) if progress.is_progress() => {
                // Told on the way, and no answer: what is held back takes note of it, and the end is still waited for.
                self.s.stage = then;
                self.dispatch(progress);
                let then = Box::new(self.s.stage.clone());
                self.s.stage = Stage::Stopping { attempt, force, why, then };
            }
            // It failed while it was ended: that it was to end is what counts.
            (Event::Cancelled { .. } | Event::Failed { .. }, then) => {
                self.s.ledger.lose_open();
                self.enter(Stage::Paused { why, then: Box::new(then) });
            }
            (Event::WorkerEnded { report, .. }, Stage::Working(work)) if was_cut_off(&report.outcome) => {
                self.book(&work, attempt, report);
                self.snapshot(AfterSnapshot::Pause { why, work: Box::new(work) });
            }
            (_, then) => {
                // It ended by itself before it could be ended: take the result, then pause.
                self.s.stage = then;
                self.s.wish = Some(Wish { why, at: WishAt::NextStep });
                self.dispatch(event);
            }
        }
    }

    pub(super) fn guided(&mut self, actor: &Actor, text: &str) {
        if self.s.guidance.len() == GUIDANCE {
            let oldest = self.s.guidance.remove(0);
            match self.s.stage.innermost_mut() {
                // It is in the question under way, which then has one piece less to take off the list.
                Stage::Planning { heard, .. } if *heard > 0 => *heard -= 1,
                _ => self.tell(NoticeKind::Odd, format!("more was said than fits: “{}” is left out", oldest.text)),
            }
        }
        self.s.guidance.push(Guidance { actor: actor.clone(), at: self.now, text: text.to_owned() });
        if let Stage::AwaitingHuman { what: HumanNeed::Question { .. } | HumanNeed::Escalation { .. }, then, .. } =
            self.s.stage.clone()
        {
            let then = match *then {
                Stage::Planning { .. } => self.planning(),
                other => other,
            };
            self.enter(then);
        }
    }

    /// The word of who acts, about its own action: a claim, which the checks decide on.
    pub(super) fn signalled(&mut self, note: &str) {
        if let Some(current) = self.s.current.as_mut() {
            note.clone_into(&mut current.claim);
        }
    }

    /// A question that was held back is asked with what was said meanwhile.
    fn with_what_was_said(&self, stage: Stage) -> Stage {
        match stage {
            Stage::Planning { ask, .. } => Stage::Planning { ask, heard: self.s.guidance.len() },
            other => other,
        }
    }

    pub(super) fn answered(&mut self, actor: &Actor, criterion: &CriterionId, answer: Answer, note: &str) {
        let place = self.s.charter.criteria.iter().position(|known| known.id == *criterion);
        let (Some(tree), Some(record)) = (self.s.tree.clone(), place.and_then(|place| self.s.records.get_mut(place)))
        else {
            return self.tell(NoticeKind::Odd, format!("there is no criterion “{criterion}” to answer"));
        };
        record.answer = Some(PersonsAnswer {
            tree,
            approved: answer == Answer::Approve,
            actor: actor.clone(),
            note: note.to_owned(),
        });
        // What an earlier answer led to decides no more: the check is asked anew, also on the tree it was about.
        if let Some(criterion) = self.s.charter.criteria.iter().find(|known| known.id == *criterion) {
            let asked = |id: &CheckId| criterion.checks.iter().any(|check| check.id == *id && check.asks_person());
            record.verdicts.retain(|id, _| !asked(id));
        }
        if answer == Answer::Reject && !note.is_empty() {
            self.guided(actor, &format!("{criterion} was rejected: {note}"));
        }
        if let Stage::AwaitingHuman { what: HumanNeed::Manual { .. }, then, .. } = self.s.stage.clone() {
            self.enter(*then);
        }
    }

    fn nothing_to(&mut self, what: &str) {
        let text = format!("nothing to {what}: the mission is {}", self.s.stage.name());
        self.tell(NoticeKind::Odd, text);
    }
}

/// Whether an attempt ended because it was ended.
const fn was_cut_off(outcome: &WorkerOutcome) -> bool {
    matches!(outcome, WorkerOutcome::Stopped | WorkerOutcome::Crashed { .. } | WorkerOutcome::Sliced)
}
