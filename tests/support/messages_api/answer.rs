//! An answer as the Messages API gives it: the message itself and the events that stream it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::script::Step;

/// Bytes of a tool's input in one event, so that a large one comes in several.
const PART: usize = 4096;

/// The message that answers a request with these blocks.
pub(super) fn message(step: &Step, blocks: &[Value], request: &Value) -> Value {
    let blocks: Vec<Value> = blocks.iter().map(completed).collect();
    let calls_tool = blocks.iter().any(|block| block["type"] == "tool_use");
    let stop = step.stop_reason.as_deref().unwrap_or(if calls_tool { "tool_use" } else { "end_turn" });
    let mut usage = json!({
        "input_tokens": 1000,
        "output_tokens": 50,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    });
    merge(&mut usage, &step.usage);
    json!({
        "id": id("msg"),
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": null,
        "usage": usage,
    })
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}

fn id(kind: &str) -> String {
    format!("{kind}_{}", Uuid::new_v4().simple())
}

/// A block with what the script may leave out.
fn completed(block: &Value) -> Value {
    let mut block = block.clone();
    if block["type"] == "tool_use" && block["id"].is_null() {
        block["id"] = json!(id("toolu"));
    }
    if block["type"] == "thinking" && block["signature"].is_null() {
        block["signature"] = json!("c2ln");
    }
    block
}

/// The events that stream a message, in the order in which the API sends them.
pub(super) fn events(message: &Value) -> Vec<Value> {
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events = vec![json!({"type": "message_start", "message": start}), json!({"type": "ping"})];
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": opened(block)}));
        let deltas = deltas(block).into_iter();
        events.extend(deltas.map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"], "stop_sequence": null},
        "usage": message["usage"],
    }));
    events.push(json!({"type": "message_stop"}));
    events
}

/// A block as it is announced, before its content.
fn opened(block: &Value) -> Value {
    let mut block = block.clone();
    match block["type"].as_str() {
        Some("text") => block["text"] = json!(""),
        Some("tool_use") => block["input"] = json!({}),
        Some("thinking") => {
            block["thinking"] = json!("");
            block["signature"] = json!("");
        }
        other => panic!("the scripted API does not stream blocks of type {other:?}"),
    }
    block
}

fn deltas(block: &Value) -> Vec<Value> {
    match block["type"].as_str() {
        Some("tool_use") => {
            let input = block["input"].to_string();
            parts(&input, PART)
                .into_iter()
                .map(|part| json!({"type": "input_json_delta", "partial_json": part}))
                .collect()
        }
        Some("thinking") => vec![
            json!({"type": "thinking_delta", "thinking": block["thinking"]}),
            json!({"type": "signature_delta", "signature": block["signature"]}),
        ],
        _ => {
            let text = block["text"].as_str().unwrap_or_default();
            let half = text.len().div_ceil(2);
            parts(text, half).into_iter().map(|part| json!({"type": "text_delta", "text": part})).collect()
        }
    }
}

/// Cuts a text into parts of about this many bytes, never inside a character.
fn parts(text: &str, bytes: usize) -> Vec<&str> {
    let mut rest = text;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let end = (bytes.max(1)..rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}
