//! The tool trace: one short line for each thing the worker does. Pure.

use super::stream::{Assistant, Block, RateLimit, ResultLine, StreamEvent};
use crate::words::one_line;

/// The longest chip, in characters.
const CHIP: usize = 120;
/// The longest line of the worker's own words.
const SAID: usize = 200;

/// The lines to show for an event; most events have one or none.
#[must_use]
pub fn chips(event: &StreamEvent, cwd: &str) -> Vec<String> {
    match event {
        StreamEvent::Assistant(assistant) => answer(assistant, cwd),
        StreamEvent::ToolResults(results) => {
            let errors = results.results.iter().filter_map(|result| result.error.as_ref());
            errors.map(|error| bracket("ERROR", error)).collect()
        }
        StreamEvent::Result(result) => end(result),
        StreamEvent::ApiRetry(retry) => {
            let status = retry.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            vec![bracket("RETRY", &format!("{}/{}, {status} {}", retry.attempt, retry.max, retry.error))]
        }
        StreamEvent::RateLimit(limit) => window(limit),
        StreamEvent::Denied { tool, .. } => vec![bracket("DENIED", tool)],
        StreamEvent::Compacted { before, after } => vec![bracket("COMPACT", &format!("{before} → {after} tokens"))],
        StreamEvent::Fallback { from, to } => vec![bracket("MODEL", &format!("{from} → {to}"))],
        StreamEvent::Refusal => vec![bracket("ERROR", "the model declined to answer")],
        StreamEvent::Noise(text) => vec![one_line(text, SAID)],
        StreamEvent::Init(_) | StreamEvent::Other => Vec::new(),
    }
}

fn answer(assistant: &Assistant, cwd: &str) -> Vec<String> {
    if assistant.api_error.is_some() {
        // The result that follows says the same.
        return Vec::new();
    }
    let chips = assistant.blocks.iter().filter_map(|block| block_chip(block, cwd));
    let mark = |chip| if assistant.subagent { format!("> {chip}") } else { chip };
    chips.map(mark).collect()
}

fn block_chip(block: &Block, cwd: &str) -> Option<String> {
    match block {
        Block::Text(text) => Some(one_line(text, SAID)).filter(|text| !text.is_empty()),
        Block::Thinking => None,
        Block::ToolUse { tool, items: Some(items), .. } => Some(bracket(tool, &format!("{items} items"))),
        Block::ToolUse { tool, subject: Some(subject), .. } => Some(bracket(tool, within(subject, cwd))),
        Block::ToolUse { tool, subject: None, .. } => Some(format!("[{}]", one_line(tool, CHIP))),
    }
}

fn end(result: &ResultLine) -> Vec<String> {
    if !result.is_error {
        return Vec::new();
    }
    let text = if result.text.is_empty() { result.errors.join("; ") } else { result.text.clone() };
    vec![bracket("ERROR", if text.is_empty() { &result.subtype } else { &text })]
}

/// A window that is open and far from full is not worth a line.
fn window(limit: &RateLimit) -> Vec<String> {
    if limit.status == "allowed" {
        return Vec::new();
    }
    let name = limit.window.as_deref().unwrap_or("usage");
    let full = limit.windows.get(name).map_or_else(String::new, |share| format!(" {:.0} %", share * 100.0));
    vec![bracket("LIMIT", &format!("{name}{full} {}", limit.status))]
}

/// A path below the repository is shown relative to it.
fn within<'a>(subject: &'a str, cwd: &str) -> &'a str {
    let inside = subject.strip_prefix(cwd).filter(|_| !cwd.is_empty()).and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or(subject)
}

fn bracket(name: &str, text: &str) -> String {
    format!("[{}: {}]", one_line(name, 40), one_line(text, CHIP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::stream::parse;

    fn tool(name: &str, input: &str) -> Vec<String> {
        let line = format!(
            r#"{{"type":"assistant","message":{{"content":[{{"type":"tool_use","id":"t","name":"{name}","input":{input}}}]}}}}"#
        );
        chips(&parse(line.as_bytes()), "/repo")
    }

    #[test]
    fn a_chip_names_the_tool_and_what_it_is_about() {
        assert_eq!(tool("Read", r#"{"file_path":"/repo/src/lib.rs"}"#), ["[Read: src/lib.rs]"]);
        assert_eq!(tool("Read", r#"{"file_path":"/repository/x"}"#), ["[Read: /repository/x]"]);
        assert_eq!(tool("Bash", r#"{"description":"test","command":"npm test"}"#), ["[Bash: npm test]"]);
        assert_eq!(tool("TodoWrite", r#"{"todos":[1,2,3,4,5]}"#), ["[TodoWrite: 5 items]"]);
        assert_eq!(tool("ListAgents", "{}"), ["[ListAgents]"]);
    }

    #[test]
    fn an_error_is_one_clean_bounded_line() {
        let text = format!("\\u001b[31mnot\\u001b[0m found\\n{}", "x".repeat(500));
        let line = format!(
            r#"{{"type":"user","message":{{"content":[{{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"{text}"}}]}}}}"#
        );
        let chips = chips(&parse(line.as_bytes()), "");
        assert!(chips[0].starts_with("[ERROR: not found xxx") && chips[0].ends_with("…]"), "{chips:?}");
        assert!(chips[0].chars().count() < 140);
    }

    #[test]
    fn what_the_api_does_is_shown_too() {
        let show = |line: &str| chips(&parse(line.as_bytes()), "");
        let retry = r#"{"type":"system","subtype":"api_retry","attempt":3,"max_retries":10,"error_status":529,"error":"overloaded"}"#;
        assert_eq!(show(retry), ["[RETRY: 3/10, 529 overloaded]"]);
        let limit = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"allowed_warning","rateLimitType":"five_hour",
            "unifiedWindows":{"five_hour":{"utilization":0.92}}}}"#;
        assert_eq!(show(limit), ["[LIMIT: five_hour 92 % allowed_warning]"]);
        assert!(show(r#"{"type":"rate_limit_event","rate_limit_info":{"status":"allowed"}}"#).is_empty());
    }
}
