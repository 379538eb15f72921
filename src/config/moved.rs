//! Keys that may also be written in another place: the flat keys of the phase specification and those that the
//! specification's `ClaudeCodeConfig` gives to the worker.

use schemars::JsonSchema;

use crate::reading::{Code, Content, Diagnostic, Entry, Map, Node, Period, Source, Unsupported};

/// The flat keys of the phase specification.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape only: the keys are moved before anything is deserialised")]
pub(super) struct FlatKeys {
    /// Another place of `orchestrator.iteration_timeout`.
    timeout: Option<Period>,
    /// Another place of `claude_code.model`.
    #[schemars(length(min = 1))]
    model: Option<String>,
    /// How often a phase is tried again. Not obeyed yet.
    max_retries: Option<u32>,
    /// Whether a phase must follow its plan to the letter. Not obeyed yet.
    strict_compliance: Option<bool>,
}

/// Keys of the specification's `ClaudeCodeConfig` that belong to the loop.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape only: the keys are moved before anything is deserialised")]
pub(super) struct WorkerKeys {
    /// Another place of `orchestrator.max_iterations`.
    #[schemars(range(min = 1), extend("x-aliases" = ["maxIterations"]))]
    max_iterations: Option<u64>,
    /// Another place of `orchestrator.iteration_timeout`, in milliseconds.
    #[schemars(range(min = 1, max = 3_155_760_000_000_u64), extend("x-aliases" = ["timeoutMs"]))]
    timeout_ms: Option<u64>,
}

/// From where, to where.
const MOVED: [(&str, &str); 4] = [
    ("timeout", "orchestrator.iteration_timeout"),
    ("claude_code.timeout_ms", "orchestrator.iteration_timeout"),
    ("claude_code.max_iterations", "orchestrator.max_iterations"),
    ("model", "claude_code.model"),
];

/// Keys that have no place to go to yet, and why.
const NOWHERE: [(&str, &str); 2] = [
    ("max_retries", "phases are not tried again by themselves yet; remove the key"),
    ("strict_compliance", "no plan is followed to the letter yet; write what must hold as criteria"),
];

/// Puts every key of a layer into its own place.
pub(super) fn settle(layer: &mut Node, source: Source<'_>) -> (Vec<Diagnostic>, Vec<Unsupported>) {
    let mut mistakes = Vec::new();
    let mut unsupported = Vec::new();
    for (from, to) in MOVED {
        let Some(mut entry) = take(layer, from) else { continue };
        if let (true, Content::Number(number)) = (from.ends_with("_ms"), &entry.value.content) {
            entry.value.content = Content::Text(format!("{number}ms"));
        }
        let place = entry.key_at;
        if !put(layer, to, entry) {
            let message = format!("`{from}` and `{to}` are the same setting");
            mistakes.push(source.error(Code::Conflict, place, message).help("remove one of the two"));
        }
    }
    for (key, why) in NOWHERE {
        if let Some(entry) = take(layer, key).filter(|entry| entry.value.content != Content::Bool(false)) {
            unsupported.push(source.unsupported(key, entry.key_at, why));
        }
    }
    (mistakes, unsupported)
}

fn take(node: &mut Node, path: &str) -> Option<Entry> {
    let Content::Map(map) = &mut node.content else { return None };
    match path.split_once('.') {
        Some((section, rest)) => {
            let entry = map.entries.iter_mut().find(|entry| entry.key == section)?;
            take(&mut entry.value, rest)
        }
        None => {
            let place = map.entries.iter().position(|entry| entry.key == path)?;
            Some(map.entries.remove(place))
        }
    }
}

/// `false` if the key is there already.
fn put(node: &mut Node, path: &str, entry: Entry) -> bool {
    let Content::Map(map) = &mut node.content else { return false };
    match path.split_once('.') {
        Some((section, rest)) => {
            let found = map.entries.iter().position(|entry| entry.key == section);
            let place = found.unwrap_or_else(|| {
                let empty = Node { at: entry.value.at, content: Content::Map(Map::default()) };
                map.entries.push(Entry { key: section.to_owned(), key_at: entry.key_at, value: empty });
                map.entries.len() - 1
            });
            map.entries.get_mut(place).is_some_and(|section| put(&mut section.value, rest, entry))
        }
        None if map.entries.iter().any(|entry| entry.key == path) => false,
        None => {
            map.entries.push(Entry { key: path.to_owned(), ..entry });
            true
        }
    }
}
