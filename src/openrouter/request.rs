//! A question to a model as the JSON that goes over the wire. Pure: the same question gives the same bytes, so that the
//! reply cache can be keyed by them.

use serde_json::{Value, json};

/// A question to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// The model's name at OpenRouter.
    pub model: String,
    /// The part of the system prompt that stays the same over a mission; it comes first so that provider caches hit.
    pub stable: String,
    /// The part of the system prompt that changes; may be empty.
    pub rest: String,
    /// The conversation, the question last.
    pub turns: Vec<Turn>,
    /// The shape the answer must have.
    pub answer: AnswerForm,
    /// The ceiling of the answer, in tokens.
    pub max_tokens: u32,
    /// How freely the model chooses; `None`: the model's default.
    pub temperature: Option<f64>,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Ours.
    Ask(String),
    /// The model's earlier one.
    Answer(String),
}

/// How the shape of the answer is asked for. It is validated by the asker in every case.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerForm {
    /// The provider enforces a JSON schema, and providers that cannot are left out of the route.
    Strict {
        /// The schema's name.
        name: &'static str,
        /// The schema, closed: every object lists all its properties as required and allows no other.
        schema: Value,
    },
    /// The model is known not to support schemas: the words of the prompt must do.
    Asked,
}

impl ChatRequest {
    /// The body of the request.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut messages = vec![json!({ "role": "system", "content": self.system() })];
        messages.extend(self.turns.iter().map(|turn| match turn {
            Turn::Ask(text) => json!({ "role": "user", "content": text }),
            Turn::Answer(text) => json!({ "role": "assistant", "content": text }),
        }));
        let mut body = json!({
            "model": self.model,
            "messages": messages,
            "max_tokens": self.max_tokens,
            "stream": false,
        });
        if let Some(temperature) = self.temperature {
            body["temperature"] = json!(temperature);
        }
        if let AnswerForm::Strict { name, schema } = &self.answer {
            let shape = json!({ "name": name, "strict": true, "schema": schema });
            body["response_format"] = json!({ "type": "json_schema", "json_schema": shape });
            body["provider"] = json!({ "require_parameters": true });
        }
        body
    }

    /// Anthropic caches only what is marked; the others cache a common beginning by themselves.
    fn system(&self) -> Value {
        if !self.model.starts_with("anthropic/") {
            let both = [self.stable.as_str(), self.rest.as_str()];
            return json!(both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"));
        }
        let mut parts = vec![json!({
            "type": "text", "text": self.stable, "cache_control": { "type": "ephemeral" }
        })];
        if !self.rest.is_empty() {
            parts.push(json!({ "type": "text", "text": self.rest }));
        }
        json!(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str) -> ChatRequest {
        ChatRequest {
            model: model.to_owned(),
            stable: "S".to_owned(),
            rest: "R".to_owned(),
            turns: vec![Turn::Ask("q".to_owned())],
            answer: AnswerForm::Strict { name: "plan", schema: json!({ "type": "object" }) },
            max_tokens: 9,
            temperature: None,
        }
    }

    #[test]
    fn the_stable_part_comes_first_and_is_marked_where_the_provider_wants_marks() {
        let marked = request("anthropic/claude-sonnet-4.5").body();
        assert_eq!(marked["messages"][0]["content"][0]["cache_control"]["type"], "ephemeral");
        assert_eq!(marked["messages"][0]["content"][0]["text"], "S");
        assert_eq!(request("openai/gpt-5").body()["messages"][0]["content"], "S\n\nR");
    }

    #[test]
    fn a_strict_form_keeps_providers_that_ignore_it_out_of_the_route() {
        let body = request("x/y").body();
        assert_eq!(body["provider"]["require_parameters"], true);
        assert_eq!(body["response_format"]["json_schema"]["strict"], true);
        let asked = ChatRequest { answer: AnswerForm::Asked, ..request("x/y") }.body();
        assert_eq!((asked.get("response_format"), asked.get("provider"), asked.get("temperature")), (None, None, None));
    }
}
