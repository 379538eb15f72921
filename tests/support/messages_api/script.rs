//! The script of the Messages API: what to answer, to which request, and how to fail.

use serde_json::{Value, json};

use super::gate::Gate;

/// The steps of a scripted Messages API, in the order in which they are used up.
///
/// For each request the first step that is not used up and whose conditions all hold is taken; when none is left, the
/// fallback answers and the request counts as unscripted ([`super::MessagesApi::unscripted`]).
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(super) steps: Vec<Step>,
    pub(super) fallback: Step,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), fallback: Step::text("Done.") }
    }

    /// What answers once no step is left; a text "Done." if not said.
    pub(crate) fn otherwise(mut self, step: Step) -> Self {
        self.fallback = step;
        self
    }
}

/// A condition on the request a step waits for.
#[derive(Debug, Clone)]
pub(crate) enum When {
    /// The model's name contains this.
    Model(String),
    /// The system prompt contains this.
    System(String),
    /// The first message contains this.
    First(String),
    /// The last message contains this.
    Last(String),
    /// Any message contains this.
    Any(String),
    /// A tool of this name is offered.
    Tool(String),
    /// A streamed answer is asked for, or a whole one.
    Streamed(bool),
}

/// How an answer ends.
#[derive(Debug, Clone)]
pub(super) enum Ending {
    Whole,
    /// The connection is reset after so many events.
    Cut(usize),
    /// Nothing more comes after so many events.
    Stall(usize),
    /// An `error` event of this type and message after so many events.
    Error(usize, String, String),
}

/// What a step does with its request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Answer { blocks: Vec<Value>, ending: Ending },
    Http { status: u16, body: Value },
    Hang,
    Close,
    Garbage(String),
}

/// One step of a [`Script`]: an answer or a fault, its conditions and how often it serves.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(super) act: Act,
    pub(super) when: Vec<When>,
    /// How often it serves; `None` is for ever.
    pub(super) times: Option<usize>,
    pub(super) gate: Option<Gate>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) usage: Value,
    pub(super) stop_reason: Option<String>,
}

impl Step {
    fn of(act: Act) -> Self {
        Self {
            act,
            when: Vec::new(),
            times: Some(1),
            gate: None,
            headers: Vec::new(),
            usage: json!({}),
            stop_reason: None,
        }
    }

    /// An answer of one text.
    pub(crate) fn text(text: &str) -> Self {
        Self::blocks([json!({"type": "text", "text": text})])
    }

    /// An answer of one tool call; the id is given by the server.
    pub(crate) fn tool(name: &str, input: &Value) -> Self {
        Self::blocks([tool_use(name, input)])
    }

    /// An answer that runs one command.
    pub(crate) fn bash(command: &str) -> Self {
        Self::tool("Bash", &json!({"command": command, "description": "run"}))
    }

    /// An answer that writes one file, given by its absolute path.
    pub(crate) fn write(path: &std::path::Path, content: &str) -> Self {
        Self::tool("Write", &json!({"file_path": path, "content": content}))
    }

    /// An answer of these content blocks, as the Messages API has them (`text`, `thinking`, `tool_use`).
    pub(crate) fn blocks(blocks: impl IntoIterator<Item = Value>) -> Self {
        Self::of(Act::Answer { blocks: blocks.into_iter().collect(), ending: Ending::Whole })
    }

    /// One more tool call in the same answer.
    pub(crate) fn and_tool(mut self, name: &str, input: &Value) -> Self {
        let Act::Answer { blocks, .. } = &mut self.act else { panic!("only an answer has tool calls") };
        blocks.push(tool_use(name, input));
        self
    }

    /// An HTTP error with the error type that the API gives to this status.
    pub(crate) fn http(status: u16, message: &str) -> Self {
        let body = json!({
            "type": "error",
            "error": {"type": error_type(status), "message": message},
            "request_id": "req_scripted",
        });
        Self::http_body(status, body)
    }

    /// An HTTP error with a body of its own.
    pub(crate) fn http_body(status: u16, body: Value) -> Self {
        Self::of(Act::Http { status, body })
    }

    /// The usage window of a subscription is closed until this second of the Unix epoch; only a login or an OAuth token
    /// makes Claude Code see more in it than an ordinary 429.
    pub(crate) fn usage_limit(resets_at: i64) -> Self {
        let reset = resets_at.to_string();
        let unified = |name: &str| format!("anthropic-ratelimit-unified-{name}");
        Self::http(429, "This request would exceed your account's rate limit.")
            .header(&unified("status"), "rejected")
            .header(&unified("reset"), &reset)
            .header(&unified("representative-claim"), "five_hour")
            .header(&unified("5h-status"), "rejected")
            .header(&unified("5h-reset"), &reset)
            .header(&unified("5h-utilization"), "1.0")
            .header("retry-after", "3600")
    }

    /// Takes the request and never answers.
    pub(crate) fn hang() -> Self {
        Self::of(Act::Hang)
    }

    /// Resets the connection without a word.
    pub(crate) fn close() -> Self {
        Self::of(Act::Close)
    }

    /// HTTP 200 with a page of a proxy instead of an answer.
    pub(crate) fn garbage(page: &str) -> Self {
        Self::of(Act::Garbage(page.to_owned()))
    }

    /// Resets the connection after so many events. For a request that is not streamed: at once.
    pub(crate) fn cut_after(self, events: usize) -> Self {
        self.ending(Ending::Cut(events))
    }

    /// Falls silent after so many events. For a request that is not streamed: at once.
    pub(crate) fn stall_after(self, events: usize) -> Self {
        self.ending(Ending::Stall(events))
    }

    /// Sends an `error` event after so many events. For a request that is not streamed: HTTP 529.
    pub(crate) fn error_after(self, events: usize, kind: &str, message: &str) -> Self {
        self.ending(Ending::Error(events, kind.to_owned(), message.to_owned()))
    }

    fn ending(mut self, new: Ending) -> Self {
        let Act::Answer { ending, .. } = &mut self.act else { panic!("only an answer can end early") };
        *ending = new;
        self
    }

    /// Serves only a request for which this holds too.
    pub(crate) fn when(mut self, condition: When) -> Self {
        self.when.push(condition);
        self
    }

    /// Serves so many requests instead of one.
    pub(crate) fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Serves for ever.
    pub(crate) fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Waits with the answer until the test opens the gate.
    pub(crate) fn held_by(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// One more header of the answer, `retry-after` for one.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Figures of `usage` in place of the default ones.
    pub(crate) fn usage(mut self, usage: Value) -> Self {
        self.usage = usage;
        self
    }

    /// The stop reason, where it is not `tool_use` or `end_turn` by what the answer contains.
    pub(crate) fn stop_reason(mut self, reason: &str) -> Self {
        self.stop_reason = Some(reason.to_owned());
        self
    }
}

fn tool_use(name: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "name": name, "input": input})
}

/// The error type that belongs to a status, as the API documents them.
fn error_type(status: u16) -> &'static str {
    match status {
        400 => "invalid_request_error",
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}
