//! Who plans the next action: a model with the checklist behind it, or the checklist alone.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::answer::{Bounds, plan_schema, read_plan};
use super::ask::{Answered, Desk, Question, Unanswered};
use super::checklist::checklist;
use super::memory::{Memory, Place};
use super::tally::Tally;
use crate::mission::Mission;
use crate::openrouter::{Client, Error, PriceTable};
use crate::prompt::{Made, PlanPrompt, Prompts};
use crate::session::{Bill, Fault, FaultKind, Plan, PlanAsk, PlanSource, Role, Session};
use crate::words::Money;

/// Who plans.
#[derive(Clone, Debug)]
pub enum Manager {
    /// A model, and the checklist where no model answers.
    Model(Box<ModelManager>),
    /// The embedded checklist: no key, no network, the same plan for the same state.
    Checklist,
}

/// A model behind OpenRouter.
#[derive(Clone, Debug)]
pub struct ModelManager {
    pub(super) client: Client,
    pub(super) prompts: Arc<Prompts>,
    pub(super) settings: ModelSettings,
}

/// Which models are asked and how.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// The model that plans.
    pub model: String,
    /// Asked in this order where it gives no usable answer.
    pub fallbacks: Vec<String>,
    /// The ceiling of an answer, in tokens.
    pub max_tokens: u32,
    /// How freely it chooses; `None`: the model's default.
    pub temperature: Option<f64>,
    /// What models cost and can do; may be empty.
    pub prices: PriceTable,
    /// The agents that the worker knows; may be empty.
    pub agents: Vec<String>,
    /// What a call counts where neither the provider nor the table tells.
    pub unknown_call: Money,
}

/// A question for the next action, with everything that is needed to answer it: a pure function of the session at the
/// stage's entry, so that after a crash it is the same question.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanRequest {
    place: Place,
    ask: PlanAsk,
    prompt: Option<PlanPrompt>,
    schema: Value,
    bounds: Bounds,
    checklist: Plan,
}

/// A plan, who made it and what it cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// Who planned it.
    pub source: PlanSource,
    /// What it cost, calls without a usable answer included.
    pub bill: Bill,
}

/// A question that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Why, as the core takes it.
    pub fault: Fault,
    /// What it cost all the same.
    pub bill: Option<Bill>,
}

impl Manager {
    /// The question that a `Planning` stage asks.
    ///
    /// # Errors
    /// A prompt that cannot be rendered, as an environment fault.
    pub fn request(
        &self,
        mission: &Mission,
        session: &Session,
        ask: PlanAsk,
        heard: usize,
        made: &[Made],
    ) -> Result<PlanRequest, Fault> {
        let checklist = checklist(mission, session, ask, heard);
        let criteria = mission.criteria.iter().map(|criterion| criterion.id.clone()).collect();
        let (prompt, agents) = match self {
            Self::Model(model) => {
                let prompt = model.prompts.plan(mission, session, ask, heard, made).map_err(|error| unfit(&error))?;
                (Some(prompt), model.settings.agents.clone())
            }
            Self::Checklist => (None, Vec::new()),
        };
        let bounds = Bounds { criteria, agents };
        Ok(PlanRequest { place: Place::of(session), ask, prompt, schema: plan_schema(&bounds), bounds, checklist })
    }

    /// Plans the next action. Where no model gives a usable answer the checklist plans, so that the loop goes on; only
    /// what no model can help with (key, credit, a disk that keeps nothing) is a fault.
    ///
    /// # Errors
    /// [`Failed`] with what was spent all the same.
    pub async fn plan(&self, request: &PlanRequest, memory: Memory<'_>, now: Timestamp) -> Result<Planned, Failed> {
        let (Self::Model(model), Some(prompt)) = (self, &request.prompt) else {
            let source = PlanSource::Checklist { instead_of: None };
            return Ok(Planned { plan: request.checklist.clone(), source, bill: Bill::free(Role::Manager) });
        };
        let question = Question {
            kind: format!("plan/{}", request.ask.name()),
            place: request.place,
            stable: &prompt.system_stable,
            rest: &prompt.system_rest,
            user: &prompt.user,
            schema_name: "plan",
            schema: &request.schema,
            models: model.models(),
            max_tokens: model.settings.max_tokens,
        };
        let mut desk = Desk { memory, now, tally: Tally::new(Role::Manager, request.place.attempt) };
        let answer = model.ask(&question, &mut desk, |text, _| read_plan(text, &request.bounds)).await;
        let bill = desk.tally.bill();
        match answer {
            Ok(Answered { value: plan, model }) => Ok(Planned { plan, source: PlanSource::Model { model }, bill }),
            Err(Unanswered::Blocked(fault)) => Err(Failed { fault, bill: desk.tally.bill_if_any() }),
            Err(Unanswered::Exhausted { why, .. }) => {
                let source = PlanSource::Checklist { instead_of: Some(why) };
                Ok(Planned { plan: request.checklist.clone(), source, bill })
            }
        }
    }
}

impl ModelManager {
    /// Takes a client, the prompts in use and the settings together.
    #[must_use]
    pub const fn new(client: Client, prompts: Arc<Prompts>, settings: ModelSettings) -> Self {
        Self { client, prompts, settings }
    }

    /// The models in the order in which they are asked.
    pub(super) fn models(&self) -> Vec<&str> {
        let fallbacks = self.settings.fallbacks.iter().map(String::as_str);
        std::iter::once(self.settings.model.as_str()).chain(fallbacks).collect()
    }
}

/// A prompt that cannot be rendered, as the core takes it.
pub(super) fn unfit(error: &crate::prompt::Error) -> Fault {
    Fault { kind: FaultKind::Environment, text: error.to_string() }
}

/// A provider's error as the core takes it.
#[must_use]
pub fn fault_of(error: &Error) -> Fault {
    let kind = match error {
        Error::Credentials { .. } => FaultKind::Credentials,
        Error::Credit { .. } => FaultKind::Credit,
        Error::Settings { .. } | Error::BadRequest { .. } | Error::ModelGone { .. } => FaultKind::Environment,
        Error::RateLimited { .. }
        | Error::Unavailable { .. }
        | Error::TimedOut { .. }
        | Error::Malformed { .. }
        | Error::Truncated { .. }
        | Error::Filtered { .. } => FaultKind::Provider { retry_at: error.retry_at() },
    };
    Fault { kind, text: error.to_string() }
}
