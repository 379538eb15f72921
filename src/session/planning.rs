//! Towards the next action: the ladder, the question to the manager, its answer, and the conversation to act in.

use super::charter::OnStall;
use super::contradiction::Turns;
use super::effect::{Opening, Preface, WorkOrder};
use super::event::TreeChange;
use super::plan::{ConversationWish, Plan, PlanSource, Strategy, TaskState, TaskUpdate};
use super::progress::Rung;
use super::session::{Conversation, IterationNote, TASKS, Task};
use super::stage::{End, HumanNeed, PauseReason, PlanAsk, Stage, Work};
use super::step::{NoticeKind, Turn};
use crate::words::{Money, Outcome};

/// The share of its window, in percent, beyond which a conversation is not continued.
const FULL_CONTEXT: u64 = 80;

impl Turn {
    pub(super) fn context_is_full(&self) -> bool {
        let window = self.s.charter.context_window;
        self.s
            .conversation
            .as_ref()
            .is_some_and(|conversation| conversation.context_tokens * 100 > window * FULL_CONTEXT)
    }

    pub(super) fn work_on(&mut self) {
        if let Some(work) = self.s.sliced.take() {
            return self.enter(Stage::Working(*work));
        }
        if let Some(end) = self.contradiction() {
            return self.end(end);
        }
        match self.s.progress.rung(&self.s.charter.limits) {
            Rung::Step(Strategy::Partial) => {
                let better = self.better();
                self.enter_from_the_best(better, |turn| turn.plan_step(Strategy::Partial));
            }
            Rung::Step(strategy) => self.plan_step(strategy),
            Rung::Replan => {
                let better = self.better();
                self.s.progress.replans += 1;
                self.s.progress.forgive();
                self.s.fresh_next = true;
                self.enter_from_the_best(better, |turn| turn.plan_step(Strategy::Alternative));
            }
            Rung::Stalled(on_stall) => self.stalled(on_stall),
        }
    }

    /// The end that criteria which take turns call for, once nothing else can be finished: of the two, the one that does
    /// not hold now cannot be met.
    fn contradiction(&self) -> Option<End> {
        let found = self.s.progress.contradictory()?;
        let moves = matches!(self.s.progress.rung(&self.s.charter.limits), Rung::Step(_));
        if moves && self.others_are_open(found) {
            return None;
        }
        let holds = self.s.record(&found.one).is_some_and(|record| record.holding);
        let criterion = if holds { &found.other } else { &found.one };
        Some(End::Impossible { criterion: criterion.clone(), why: found.why() })
    }

    /// Whether a required criterion in work that is none of the two does not hold.
    fn others_are_open(&self, turns: &Turns) -> bool {
        let all = self.s.charter.criteria.iter().zip(&self.s.records);
        let mut required = all.filter(|(criterion, _)| criterion.required && criterion.phase <= self.s.phase);
        required.any(|(criterion, record)| !record.holding && !turns.names(&criterion.id))
    }

    fn plan_step(&mut self, strategy: Strategy) {
        // The approach changes once when this rung is reached, not again on each iteration spent on it.
        if strategy == Strategy::Alternative && self.s.progress.half_steps == 4 {
            self.s.fresh_next = true;
        }
        let stage = self.planning();
        self.enter(stage);
    }

    /// The stage in which the manager is asked, with the question that fits.
    pub(super) fn planning(&self) -> Stage {
        Stage::Planning { ask: self.ask(), heard: self.s.guidance.len() }
    }

    fn ask(&self) -> PlanAsk {
        let last = self.s.history.back();
        if last.is_none() || self.s.progress.recent.len() <= 1 && self.s.conversation.is_none() {
            return PlanAsk::TaskInitiation;
        }
        if self.s.proof.iter().any(|verdict| verdict.outcome != Outcome::Pass) {
            return PlanAsk::DodValidation;
        }
        if self.s.fresh_next || self.s.conversation.is_none() {
            return PlanAsk::SessionTransition;
        }
        if last.is_some_and(|note| note.outcome != "finished") {
            return PlanAsk::ErrorRecovery;
        }
        match self.s.progress.streak() {
            0 => PlanAsk::ProgressCheck,
            1 => PlanAsk::MotivationalBoost,
            _ => PlanAsk::ErrorRecovery,
        }
    }

    pub(super) fn stalled(&mut self, on_stall: OnStall) {
        if let Some(impossible) = self.s.impossible.clone() {
            let end = End::Impossible { criterion: impossible.criterion, why: impossible.why };
            return self.end(end);
        }
        let streak = self.s.progress.streak();
        self.s.progress.forgive();
        self.s.fresh_next = true;
        let then = self.planning();
        match on_stall {
            OnStall::Stop => self.end(End::Stalled),
            OnStall::Pause => self.enter(Stage::Paused { why: PauseReason::Stalled, then: Box::new(then) }),
            OnStall::Replan | OnStall::Escalate => {
                let why = format!("no progress for {streak} iterations, whatever was tried");
                self.await_human(HumanNeed::Escalation { why }, then);
            }
        }
    }

    pub(super) fn planned(&mut self, plan: &Plan, source: &PlanSource, heard: usize) {
        self.s.retries.provider = 0;
        if let PlanSource::Checklist { instead_of: Some(why) } = source {
            self.tell(NoticeKind::Odd, format!("the checklist manager planned: {why}"));
        }
        self.update_tasks(&plan.tasks);
        self.s.progress.plan(&plan.action);
        self.s.impossible.clone_from(&plan.impossible);
        self.s.guidance.drain(..heard.min(self.s.guidance.len()));
        if let Some(text) = plan.question.clone() {
            let then = self.planning();
            return self.await_human(HumanNeed::Question { text }, then);
        }
        self.s.iteration = self.s.iteration.next();
        self.s.current = Some(IterationNote {
            number: self.s.iteration,
            strategy: plan.strategy,
            title: plan.action.title.clone(),
            criteria: plan.action.criteria.clone(),
            outcome: String::new(),
            claim: String::new(),
            change: TreeChange::default(),
            held: 0,
            started_at: self.now,
        });
        let (opening, preface) = self.open_conversation(plan.conversation);
        let session = self.s.conversation.as_ref().map_or_else(|| self.s.conversation_name(0), |c| c.id);
        let order = WorkOrder {
            action: plan.action.clone(),
            iteration: self.s.iteration,
            session,
            opening,
            preface,
            adopt: None,
            max_cost: None,
        };
        self.enter(Stage::Working(Work { order, seen: None }));
    }

    /// Decides in which conversation the next action happens, and opens a new one if need be.
    fn open_conversation(&mut self, wish: ConversationWish) -> (Opening, Preface) {
        let fresh = self.s.conversation.is_none()
            || self.s.fresh_next
            || wish == ConversationWish::Fresh
            || self.context_is_full();
        if !fresh {
            return (Opening::Resume, Preface::None);
        }
        self.new_conversation();
        (Opening::Start, if self.s.iteration.0 > 1 { Preface::Transition } else { Preface::None })
    }

    pub(super) fn new_conversation(&mut self) {
        self.close_conversation();
        self.s.conversations += 1;
        let id = self.s.conversation_name(self.s.conversations);
        self.s.conversation = Some(Conversation { id, attempts: 0, context_tokens: 0, booked: Money::ZERO });
        self.s.fresh_next = false;
    }

    pub(super) fn close_conversation(&mut self) {
        if let Some(conversation) = self.s.conversation.take() {
            self.s.ledger.close_session(conversation.id);
            self.s.unpublished_session = true;
        }
    }

    fn update_tasks(&mut self, updates: &[TaskUpdate]) {
        for update in updates {
            match self.s.tasks.iter_mut().find(|task| task.id == update.id) {
                Some(task) => {
                    task.state = update.state;
                    if !update.text.is_empty() {
                        task.text.clone_from(&update.text);
                    }
                }
                None => {
                    let task = Task { id: update.id.clone(), text: update.text.clone(), state: update.state };
                    self.s.tasks.push(task);
                }
            }
        }
        while self.s.tasks.len() > TASKS {
            let place = self.s.tasks.iter().position(|task| task.state != TaskState::Pending).unwrap_or(0);
            self.s.tasks.remove(place);
        }
    }
}
