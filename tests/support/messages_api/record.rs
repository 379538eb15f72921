//! What came in: the requests of a scripted Messages API, for a test to look at.

use serde_json::Value;

use super::super::http::Incoming;
use super::script::When;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is being answered, held or hung.
    Open,
    /// The scripted answer or fault was given in full.
    Served,
    /// The client left before.
    ClientLeft,
}

/// One request that asked for a message.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The step that serves it, by its place in the script; `None` is the fallback.
    pub(crate) step: Option<usize>,
    pub(crate) outcome: Outcome,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Request {
    pub(super) fn new(incoming: &Incoming, body: Value) -> Self {
        Self { step: None, outcome: Outcome::Open, headers: incoming.headers.clone(), body }
    }

    /// The value of a header, whatever the case of its name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The messages of the conversation so far.
    pub(crate) fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Whether any message contains this text.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.messages().iter().any(|message| contains(&message["content"], text))
    }

    /// Whether the system prompt contains this text.
    pub(crate) fn system_says(&self, text: &str) -> bool {
        contains(&self.body["system"], text)
    }

    /// Whether the text stands anywhere in the request: messages, system prompt, tools.
    pub(crate) fn carries(&self, text: &str) -> bool {
        contains(&self.body, text)
    }

    /// The names of the tools that are offered.
    pub(crate) fn tools(&self) -> Vec<&str> {
        self.body["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str()).collect()
    }

    /// Whether a streamed answer is asked for.
    pub(crate) fn is_streamed(&self) -> bool {
        self.body["stream"] == true
    }

    pub(super) fn fits(&self, conditions: &[When]) -> bool {
        conditions.iter().all(|condition| match condition {
            When::Model(part) => self.body["model"].as_str().is_some_and(|model| model.contains(part)),
            When::System(part) => self.system_says(part),
            When::First(part) => self.messages().first().is_some_and(|message| contains(&message["content"], part)),
            When::Last(part) => self.messages().last().is_some_and(|message| contains(&message["content"], part)),
            When::Any(part) => self.says(part),
            When::Tool(name) => self.tools().contains(&name.as_str()),
            When::Streamed(streamed) => self.is_streamed() == *streamed,
        })
    }
}

/// Whether any text within a JSON value contains this one.
fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.contains(text),
        Value::Array(items) => items.iter().any(|item| contains(item, text)),
        Value::Object(fields) => fields.values().any(|field| contains(field, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
