//! One question, asked until it is answered: call, one repair, the next model. Every paid call is kept first.

use jiff::Timestamp;
use serde_json::Value;

use super::manager::{ModelManager, fault_of};
use super::memory::{Kept, Memory, Place, Unusable};
use super::tally::{Reckoning, Tally};
use crate::openrouter::{AnswerForm, Call, ChatRequest, Error, Turn};
use crate::session::{Fault, FaultKind};
use crate::words::clip;

/// The most bytes of a wrong answer that are shown to the one who is to repair it.
const WRONG_BYTES: usize = 12 << 10;
/// The longest account of why no model answered, in characters.
const WHY_CHARS: usize = 700;

/// A question to models.
pub(super) struct Question<'a> {
    /// The attempt's kind, part of the cache key: `plan/progress_check`, `derive`, `judge/2`.
    pub(super) kind: String,
    pub(super) place: Place,
    pub(super) stable: &'a str,
    pub(super) rest: &'a str,
    pub(super) user: &'a str,
    pub(super) schema_name: &'static str,
    pub(super) schema: &'a Value,
    pub(super) models: Vec<&'a str>,
    pub(super) max_tokens: u32,
}

/// Which try at one model an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// What is wrong with it will be told.
    First,
    /// There will be no other from this model.
    Repaired,
}

/// An answer that was accepted.
pub(super) struct Answered<T> {
    pub(super) value: T,
    /// The model that gave it.
    pub(super) model: String,
}

/// Why there is none.
pub(super) enum Unanswered {
    /// A key, money or this machine: no other model can help.
    Blocked(Fault),
    /// Every model was asked.
    Exhausted {
        /// What each of them did, for people.
        why: String,
        /// The same as a fault.
        fault: Fault,
    },
}

/// What the calls of a question share.
pub(super) struct Desk<'a> {
    pub(super) memory: Memory<'a>,
    pub(super) now: Timestamp,
    pub(super) tally: Tally,
}

/// What one call gave.
enum Got {
    /// Words.
    Text { text: String, model: String },
    /// None, and a price.
    Unusable(Unusable),
    /// None, and another model may do better.
    Useless(Fault),
    /// None, and no other model can do better.
    Blocked(Fault),
}

/// Why one model gave no answer.
enum Refusal {
    Useless(Fault),
    Blocked(Fault),
}

impl ModelManager {
    /// Asks until `accept` takes an answer. `accept` says in words what is wrong with one.
    pub(super) async fn ask<T>(
        &self,
        question: &Question<'_>,
        desk: &mut Desk<'_>,
        mut accept: impl FnMut(&str, Try) -> Result<T, String>,
    ) -> Result<Answered<T>, Unanswered> {
        let mut faults: Vec<Fault> = Vec::new();
        for model in &question.models {
            match self.ask_model(model, question, desk, &mut accept).await {
                Ok(answered) => return Ok(answered),
                Err(Refusal::Blocked(fault)) => return Err(Unanswered::Blocked(fault)),
                Err(Refusal::Useless(fault)) => {
                    tracing::warn!(model, why = fault.text, "a model gave no usable answer");
                    faults.push(Fault { text: format!("{model}: {}", fault.text), ..fault });
                }
            }
        }
        Err(exhausted(&faults))
    }

    async fn ask_model<T>(
        &self,
        model: &str,
        question: &Question<'_>,
        desk: &mut Desk<'_>,
        accept: &mut impl FnMut(&str, Try) -> Result<T, String>,
    ) -> Result<Answered<T>, Refusal> {
        let mut turns = vec![Turn::Ask(question.user.to_owned())];
        let mut problem = String::new();
        for try_now in [Try::First, Try::Repaired] {
            let request = self.request_to(model, question, turns);
            let wrong = match self.call(&request, question, desk).await {
                Got::Blocked(fault) => return Err(Refusal::Blocked(fault)),
                Got::Useless(fault) => return Err(Refusal::Useless(fault)),
                Got::Unusable(Unusable::Lasting(why)) => return Err(Refusal::Useless(useless(why))),
                Got::Unusable(Unusable::Repairable(what)) => {
                    problem = what;
                    None
                }
                Got::Text { text, model } => match accept(&text, try_now) {
                    Ok(value) => return Ok(Answered { value, model }),
                    Err(what) => {
                        problem = what;
                        Some(text)
                    }
                },
            };
            turns = self.repair_turns(question, wrong.as_deref(), &problem).map_err(Refusal::Blocked)?;
        }
        Err(Refusal::Useless(useless(problem)))
    }

    /// The conversation with the wrong answer and what is wrong with it; where there is no answer, the question again.
    fn repair_turns(&self, question: &Question<'_>, wrong: Option<&str>, problem: &str) -> Result<Vec<Turn>, Fault> {
        let repair = self.prompts.repair(problem);
        let repair = repair.map_err(|error| Fault { kind: FaultKind::Environment, text: error.to_string() })?;
        let user = question.user.to_owned();
        Ok(match wrong {
            Some(answer) => vec![Turn::Ask(user), Turn::Answer(clip(answer, WRONG_BYTES)), Turn::Ask(repair)],
            None => vec![Turn::Ask(format!("{user}\n\n{repair}"))],
        })
    }

    fn request_to(&self, model: &str, question: &Question<'_>, turns: Vec<Turn>) -> ChatRequest {
        let info = self.settings.prices.model(model);
        let supports = |parameter: &str| info.is_none_or(|info| info.supports(parameter));
        let answer = if supports("structured_outputs") || supports("response_format") {
            AnswerForm::Strict { name: question.schema_name, schema: question.schema.clone() }
        } else {
            AnswerForm::Asked
        };
        ChatRequest {
            model: model.to_owned(),
            stable: question.stable.to_owned(),
            rest: question.rest.to_owned(),
            turns,
            answer,
            max_tokens: question.max_tokens,
            temperature: self.settings.temperature.filter(|_| supports("temperature")),
        }
    }

    /// One call: recalled, or made, priced and kept.
    async fn call(&self, request: &ChatRequest, question: &Question<'_>, desk: &mut Desk<'_>) -> Got {
        let body = request.body();
        let key = question.place.key(&question.kind, &body);
        if let Some(kept) = (desk.memory.recall)(&key).as_deref().and_then(Kept::read) {
            desk.tally.recalled(kept.price(), kept.paid_by);
            return got(kept);
        }
        let Call { outcome, sent, doubts } = self.client.chat(request, desk.now).await;
        let reckoning = self.reckoning(request, body.to_string().len());
        let mut price = reckoning.doubted(&self.client, &doubts, desk.now).await;
        price.calls = sent;
        let (answer, model) = match outcome {
            Ok(completion) => {
                price.add(reckoning.answered(&completion.paid));
                (Ok(completion.text), completion.paid.model)
            }
            Err(error) => {
                let Some(paid) = error.paid() else {
                    desk.tally.paid(price);
                    return unpaid(&error);
                };
                price.add(reckoning.answered(paid));
                (Err(unusable(&error)), paid.model.clone())
            }
        };
        desk.tally.paid(price);
        let model = if model.is_empty() { request.model.clone() } else { model };
        let kept = Kept::new(answer, model, price, question.place.attempt);
        match kept.bytes().and_then(|bytes| (desk.memory.keep)(&key, &bytes)) {
            Ok(()) => got(kept),
            Err(what) => {
                let text = format!("an answer that was paid for cannot be kept: {what}");
                Got::Blocked(Fault { kind: FaultKind::Environment, text })
            }
        }
    }

    fn reckoning(&self, request: &ChatRequest, bytes: usize) -> Reckoning<'_> {
        let info = self.settings.prices.model(&request.model);
        Reckoning { info, bytes, max_tokens: request.max_tokens, unknown: self.settings.unknown_call }
    }
}

fn got(kept: Kept) -> Got {
    match kept.answer {
        Ok(text) => Got::Text { text, model: kept.model },
        Err(why) => Got::Unusable(why),
    }
}

/// What follows from an error that cost nothing.
fn unpaid(error: &Error) -> Got {
    match error {
        Error::Settings { .. } | Error::Credentials { .. } | Error::Credit { .. } => Got::Blocked(fault_of(error)),
        Error::Malformed { .. } => Got::Unusable(unusable(error)),
        Error::BadRequest { .. }
        | Error::ModelGone { .. }
        | Error::RateLimited { .. }
        | Error::Unavailable { .. }
        | Error::TimedOut { .. }
        | Error::Truncated { .. }
        | Error::Filtered { .. } => Got::Useless(fault_of(error)),
    }
}

/// Whether a word on what was wrong can help.
fn unusable(error: &Error) -> Unusable {
    match error {
        Error::Truncated { .. } => {
            Unusable::Repairable("it was cut off at the limit of its length; answer in fewer words".to_owned())
        }
        Error::Malformed { what, .. } => Unusable::Repairable(what.clone()),
        other => Unusable::Lasting(other.to_string()),
    }
}

fn useless(why: String) -> Fault {
    Fault { kind: FaultKind::Provider { retry_at: None }, text: why }
}

/// One fault for all models: a passing one if any of them may answer later, at the earliest time told.
fn exhausted(faults: &[Fault]) -> Unanswered {
    let times = |fault: &Fault| match fault.kind {
        FaultKind::Provider { retry_at } => Some(retry_at),
        FaultKind::Credentials | FaultKind::Credit | FaultKind::Environment | FaultKind::Mission => None,
    };
    let passing: Vec<Option<Timestamp>> = faults.iter().filter_map(times).collect();
    let kind = if passing.is_empty() {
        FaultKind::Environment
    } else {
        FaultKind::Provider { retry_at: passing.into_iter().flatten().min() }
    };
    let why = faults.iter().map(|fault| fault.text.as_str()).collect::<Vec<_>>().join("; ");
    let why = if why.is_empty() { "no model is configured".to_owned() } else { why };
    let why: String = why.chars().take(WHY_CHARS).collect();
    Unanswered::Exhausted { fault: Fault { kind, text: why.clone() }, why }
}
