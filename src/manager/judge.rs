//! A judge's call: an opinion in the caller's schema. What it is worth is decided in `verify`, by its citations.

use jiff::Timestamp;
use serde_json::Value;

use super::answer::read_json;
use super::ask::{Answered, Desk, Question, Unanswered};
use super::manager::{Failed, ModelManager};
use super::memory::{Memory, Place};
use super::tally::Tally;
use crate::prompt::Asking;
use crate::session::{Bill, Role};

/// A question to a judge.
#[derive(Clone, Debug, PartialEq)]
pub struct Judging {
    /// Where in the run it belongs.
    pub place: Place,
    /// Which of several independent votes it is: each is a call of its own, also in the reply cache.
    pub vote: u32,
    /// The rules and the question.
    pub asking: Asking,
    /// The closed schema of the answer.
    pub schema: Value,
    /// The models, in the order in which they are asked.
    pub models: Vec<String>,
}

/// A judge's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The answer, as `accept` took it.
    pub answer: Value,
    /// Who gave it.
    pub model: String,
    /// What it cost.
    pub bill: Bill,
}

impl ModelManager {
    /// Asks a judge. `accept` validates an answer and says in words what is wrong with one; it is then repaired once.
    ///
    /// # Errors
    /// [`Failed`]: no model gave an answer that `accept` took.
    pub async fn judge(
        &self,
        judging: &Judging,
        memory: Memory<'_>,
        now: Timestamp,
        accept: impl Fn(&Value) -> Result<(), String>,
    ) -> Result<Judged, Failed> {
        let question = Question {
            kind: format!("judge/{}", judging.vote),
            place: judging.place,
            stable: &judging.asking.system,
            rest: "",
            user: &judging.asking.user,
            schema_name: "judgement",
            schema: &judging.schema,
            models: judging.models.iter().map(String::as_str).collect(),
            max_tokens: self.settings.max_tokens,
        };
        let mut desk = Desk { memory, now, tally: Tally::new(Role::Judge, judging.place.attempt) };
        let read = |text: &str| read_json::<Value>(text).and_then(|answer| accept(&answer).map(|()| answer));
        match self.ask(&question, &mut desk, |text, _| read(text)).await {
            Ok(Answered { value: answer, model }) => Ok(Judged { answer, model, bill: desk.tally.bill() }),
            Err(Unanswered::Blocked(fault) | Unanswered::Exhausted { fault, .. }) => {
                Err(Failed { fault, bill: desk.tally.bill_if_any() })
            }
        }
    }
}
