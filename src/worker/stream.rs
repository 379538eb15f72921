//! One line of Claude Code's `stream-json` output into one event. Pure.
//!
//! Tolerant where the worker may change (unknown types, unknown fields, any order of keys, lines that are no JSON)
//! and cheap where lines are huge: a line is scanned once for its type and once into a struct that names only what
//! is used, so the 3 MB copy of an edited file (`tool_use_result`) is skipped over and never built.
//! Fields: measured on claude 2.1.328.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::field::Text;
use super::wire::{
    AssistantWire, CompactWire, DeniedWire, FallbackWire, InitWire, RateLimitWire, ResultWire, RetryWire, UserWire,
};
use crate::words::{Usage, one_line};

/// One line, understood as far as cco needs it.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamEvent {
    /// A turn begins (one per turn, not per process).
    Init(Init),
    /// One content block of the model, or an error that Claude Code reports as if the model had said it.
    Assistant(Assistant),
    /// Results of tool calls.
    ToolResults(ToolResults),
    /// The end of a turn; a process may have several.
    Result(Box<ResultLine>),
    /// A call of the API failed and is tried again.
    ApiRetry(ApiRetry),
    /// The state of a subscription's usage windows.
    RateLimit(RateLimit),
    /// A tool call was refused by the permission rules.
    Denied {
        /// The tool.
        tool: String,
        /// Why, in the worker's words.
        reason: String,
    },
    /// The conversation was summarised to make room.
    Compacted {
        /// Tokens before.
        before: u64,
        /// Tokens after.
        after: u64,
    },
    /// Another model took over.
    Fallback {
        /// The model that was asked for.
        from: String,
        /// The model that answers.
        to: String,
    },
    /// The model refused to answer.
    Refusal,
    /// A line of a kind that cco does not use.
    Other,
    /// A line that is not an event: text of some library, half a line. Kept for the eye, bounded.
    Noise(String),
}

/// The start of a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// The session's id.
    pub session: String,
    /// The model in use.
    pub model: String,
    /// The working directory.
    pub cwd: String,
    /// Claude Code's version.
    pub version: String,
    /// Where the credential came from; `none` for a login or for nothing at all.
    pub api_key_source: String,
}

/// A piece of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assistant {
    /// The message it belongs to; several events carry the same one.
    pub message: String,
    /// Whether a subagent speaks, not the main loop.
    pub subagent: bool,
    /// What it says or asks for.
    pub blocks: Vec<Block>,
    /// The tokens in front of the model; the output figure of these lines is not final and left out.
    pub context: u64,
    /// Set where the text is an error of the API.
    pub api_error: Option<ApiError>,
}

/// One content block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Text for the user.
    Text(String),
    /// Thinking; the words are not kept.
    Thinking,
    /// A tool call.
    ToolUse {
        /// Its id, by which the result is matched.
        id: String,
        /// The tool.
        tool: String,
        /// The one argument that tells a reader what it does: a path, a command, a pattern.
        subject: Option<String>,
        /// The length of its list argument (todo items).
        items: Option<usize>,
    },
}

/// What Claude Code knows about a failed call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// `authentication_failed`, `billing_error`, `rate_limit`, `server_error`, `model_not_found` …
    pub error: String,
    /// The reset time and window of a usage limit, if it is one.
    pub rate_limit: Option<RateLimit>,
}

/// Results of one or more tool calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolResults {
    /// Whether they answer a subagent.
    pub subagent: bool,
    /// The results.
    pub results: Vec<ToolResult>,
}

/// The result of a tool call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolResult {
    /// The call.
    pub id: String,
    /// The beginning of an error's text; `None` for a success.
    pub error: Option<String>,
}

/// A retry that Claude Code makes by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiRetry {
    /// Which try failed, from 1.
    pub attempt: u64,
    /// How many there will be.
    pub max: u64,
    /// The HTTP status; `None` if there was no answer.
    pub status: Option<u16>,
    /// The kind of fault.
    pub error: String,
}

/// The state of the usage windows of a subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateLimit {
    /// `allowed`, `allowed_warning` or `rejected`.
    pub status: String,
    /// The window that binds: `five_hour`, `seven_day` …
    pub window: Option<String>,
    /// When it opens again, in seconds since 1970.
    pub resets_at: Option<i64>,
    /// How full each window is, from 0 to 1.
    pub windows: BTreeMap<String, f64>,
}

impl Eq for RateLimit {}

/// The end of a turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultLine {
    /// `success`, also for API failures; `error_max_turns` …
    pub subtype: String,
    /// Whether the turn failed.
    pub is_error: bool,
    /// The HTTP status of the failed call.
    pub status: Option<u16>,
    /// `usage_limit_reached`, `connection_failed` …
    pub api_error: Option<String>,
    /// `completed`, `api_error`, `max_turns` …
    pub terminal_reason: Option<String>,
    /// The last answer's stop reason.
    pub stop_reason: Option<String>,
    /// Why it did not start at all.
    pub startup_failure: Option<String>,
    /// Turns as Claude Code counts them.
    pub turns: u64,
    /// The final text, or the error text of an API failure.
    pub text: String,
    /// The errors of a subtype that is not `success`.
    pub errors: Vec<String>,
    /// Tools whose calls were refused.
    pub denials: Vec<String>,
    /// Dollars of the whole session, over all its processes.
    pub total_cost: f64,
    /// Spent since the result before, by model; `None` where the worker does not tell.
    pub since_last: Option<BTreeMap<String, ModelSpend>>,
    /// The largest context window among the models of the session.
    pub context_window: Option<u64>,
}

/// What one model cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelSpend {
    /// Tokens.
    pub usage: Usage,
    /// Dollars.
    pub cost: f64,
}

/// How much of a line that is no event is kept.
const NOISE: usize = 500;

/// Reads one line. Never fails: what cannot be read is noise.
#[must_use]
pub fn parse(line: &[u8]) -> StreamEvent {
    if line.iter().all(u8::is_ascii_whitespace) {
        return StreamEvent::Other;
    }
    parse_json(line).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(line);
        // Broken UTF-8 inside a good event: the replacement characters are harmless, losing the event is not.
        let repaired = if let Cow::Owned(text) = &text { parse_json(text.as_bytes()) } else { None };
        repaired.unwrap_or_else(|| StreamEvent::Noise(one_line(&text, NOISE)))
    })
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    subtype: Text,
}

fn parse_json(line: &[u8]) -> Option<StreamEvent> {
    let kind: Kind<'_> = serde_json::from_slice(line).ok()?;
    match (&*kind.kind, kind.subtype.0.as_str()) {
        ("assistant", _) => read::<AssistantWire<'_>>(line).map(|wire| StreamEvent::Assistant(wire.into())),
        ("user", _) => read::<UserWire<'_>>(line).map(|wire| StreamEvent::ToolResults(wire.into())),
        ("result", _) => read::<ResultWire>(line).map(|wire| StreamEvent::Result(Box::new(wire.into()))),
        ("rate_limit_event", _) => {
            read::<RateLimitWire>(line).map(|wire| StreamEvent::RateLimit(wire.rate_limit_info.into()))
        }
        ("system", subtype) => system(subtype, line),
        _ => Some(StreamEvent::Other),
    }
}

fn system(subtype: &str, line: &[u8]) -> Option<StreamEvent> {
    match subtype {
        "init" => read::<InitWire>(line).map(|wire| StreamEvent::Init(wire.into())),
        "api_retry" => read::<RetryWire>(line).map(|wire| StreamEvent::ApiRetry(wire.into())),
        "permission_denied" => {
            read::<DeniedWire>(line).map(|wire| StreamEvent::Denied { tool: wire.tool_name.0, reason: wire.message.0 })
        }
        "compact_boundary" => read::<CompactWire>(line).map(|wire| StreamEvent::Compacted {
            before: wire.compact_metadata.pre_tokens.0,
            after: wire.compact_metadata.post_tokens.0,
        }),
        "model_fallback" => read::<FallbackWire>(line)
            .map(|wire| StreamEvent::Fallback { from: wire.original_model.0, to: wire.fallback_model.0 }),
        "model_refusal_no_fallback" => Some(StreamEvent::Refusal),
        _ => Some(StreamEvent::Other),
    }
}

fn read<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let line = br#"{"total_cost_usd":0.5,"result":"done","is_error":false,"subtype":"success","type":"result"}"#;
        let StreamEvent::Result(result) = parse(line) else { panic!("not a result") };
        assert_eq!((result.text.as_str(), result.total_cost), ("done", 0.5));
    }

    #[test]
    fn an_odd_field_does_not_cost_the_event() {
        let line = br#"{"type":"result","subtype":7,"result":{"a":[1]},"num_turns":-3,"total_cost_usd":"x","errors":"no list"}"#;
        let StreamEvent::Result(result) = parse(line) else { panic!("not a result") };
        assert_eq!((result.text.as_str(), result.turns, result.total_cost), ("", 0, 0.0));
    }

    #[test]
    fn what_is_no_event_is_noise_and_what_is_unknown_is_ignored() {
        assert_eq!(parse(b"\x1b[31mwarning\x1b[0m: x"), StreamEvent::Noise("warning: x".into()));
        assert_eq!(parse(br#"{"type":"assistant","mess"#), StreamEvent::Noise(r#"{"type":"assistant","mess"#.into()));
        assert_eq!(parse(br#"{"type":"from_the_future","x":1}"#), StreamEvent::Other);
        assert_eq!(parse(br#"{"type":"system","subtype":"from_the_future"}"#), StreamEvent::Other);
        assert_eq!(parse(b"  "), StreamEvent::Other);
    }

    #[test]
    fn broken_utf_8_inside_an_event_is_replaced() {
        let line = b"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"a\xffb\"}]}}";
        let StreamEvent::Assistant(assistant) = parse(line) else { panic!("not an assistant line") };
        assert_eq!(assistant.blocks, [Block::Text("a\u{fffd}b".into())]);
    }

    #[test]
    fn a_tool_call_tells_its_subject_and_an_error_its_text() {
        let call = br#"{"type":"assistant","parent_tool_use_id":"t0","message":{"id":"m","usage":{"input_tokens":5,
            "cache_read_input_tokens":7,"output_tokens":1},"content":[{"type":"tool_use","id":"t1","name":"TodoWrite",
            "input":{"todos":[{"a":1},{"b":2}]}},{"type":"tool_use","id":"t2","name":"Bash","input":{"command":"ls"}}]}}"#;
        let StreamEvent::Assistant(call) = parse(call) else { panic!("not an assistant line") };
        let todo = Block::ToolUse { id: "t1".into(), tool: "TodoWrite".into(), subject: None, items: Some(2) };
        let bash = Block::ToolUse { id: "t2".into(), tool: "Bash".into(), subject: Some("ls".into()), items: None };
        assert_eq!((call.context, call.subagent, call.blocks), (12, true, vec![todo, bash]));

        let answer = br#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t2","is_error":true,
            "content":[{"type":"text","text":"no such file"}]}]},"tool_use_result":{"originalFile":"x"}}"#;
        let StreamEvent::ToolResults(answer) = parse(answer) else { panic!("not a user line") };
        assert_eq!(answer.results, [ToolResult { id: "t2".into(), error: Some("no such file".into()) }]);
        let typed = parse(br#"{"type":"user","message":{"role":"user","content":"[Request interrupted by user]"}}"#);
        assert_eq!(typed, StreamEvent::ToolResults(ToolResults::default()));
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_fail(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_ne!(parse(&line), StreamEvent::Refusal);
        }

        #[test]
        fn a_field_of_another_kind_does_not_make_an_event_noise(
            kind in prop_oneof![Just("assistant"), Just("user"), Just("result"), Just("system"), Just("rate_limit_event")],
            field in prop_oneof![Just("error"), Just("result"), Just("usage"), Just("subtype"), Just("num_turns")],
            value in prop_oneof![Just("null"), Just("[]"), Just("{}"), Just("1.5"), Just("\"x\""), Just("[[{}]]")],
        ) {
            let line = format!(r#"{{"type":"{kind}","{field}":{value}}}"#);
            prop_assert!(!matches!(parse(line.as_bytes()), StreamEvent::Noise(_)), "{}", line);
        }
    }
}
