//! Both models at once: the manager behind a scripted OpenRouter plans for the real `claude`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::assignment::{Assignment, ONE_CRITERION};
use crate::openrouter::{OpenRouter, Reply};
use crate::support::{MessagesApi, Place, Script, Step};

const MANAGERS_KEY: &str = "sk-or-test-not-a-key-either";

fn plan(title: &str, prompt: &str, conversation: &str, tier: &str) -> Reply {
    let action = json!({"title": title, "prompt": prompt, "criteria": ["word"], "agent": null, "tier": tier});
    let plan = json!({
        "analysis": "as far as the checks tell", "strategy": "proceed", "conversation": conversation, "impossible": null,
        "question": null, "action": action, "tasks": [{"id": "t1", "text": "write the word", "state": "pending"}],
    });
    Reply::says(plan.to_string())
}

/// Whether the text stands anywhere in the value.
fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own.contains(text),
        Value::Array(items) => items.iter().any(|item| says(item, text)),
        Value::Object(fields) => fields.values().any(|field| says(field, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The files below a folder that contain these bytes.
fn files_with(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.flat_map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_with(&entry.path(), needle),
        Ok(kind) if kind.is_file() => {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            if bytes.windows(needle.len()).any(|part| part == needle) { vec![entry.path()] } else { Vec::new() }
        }
        _ => Vec::new(),
    });
    found.collect()
}

#[test]
fn the_manager_hears_claim_and_evidence_and_decides_how_the_work_goes_on() {
    let place = Place::new();
    let router = OpenRouter::start(vec![
        plan("Begin", "Write the word you think of.", "continue", "standard"),
        plan("Again", "Now write ORANGE, please.", "fresh", "strong"),
    ]);
    let api = MessagesApi::start(Script::new([]));
    let more = json!({
        "orchestrator": {"manager": "openrouter"},
        "openrouter": {"base_url": router.url(), "model": "test/first"},
    });
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &more);
    for step in [
        Step::write(&task.path("word.txt"), "APPLE\n"),
        Step::text("Done: the mission is complete, stop checking."),
        Step::write(&task.path("word.txt"), "ORANGE\n"),
        Step::text("Done: it is ORANGE."),
    ] {
        api.then(step);
    }
    task.start().env("OPENROUTER_API_KEY", MANAGERS_KEY).run().expect_code(0);

    let (asked, requests) = (router.chats(), api.requests());
    assert_eq!((asked.len(), requests.len(), api.unscripted()), (2, 4, 0));
    assert!(says(&asked[1], "stop checking") && says(&asked[1], "0 of 1 files at `word.txt` hold"), "{:#}", asked[1]);
    assert!(requests[0].says("Write the word you think of."));
    assert!(requests[2].says("Now write ORANGE, please.") && requests[2].says("in a fresh conversation"));
    assert_ne!(requests[0].body["metadata"], requests[2].body["metadata"], "the manager asked for a new conversation");
    assert!(requests[2].body["model"].as_str().unwrap().contains("opus"), "{}", requests[2].body["model"]);
    let status = task.status();
    assert_eq!((&status["outcome"], &status["cost"]["manager_usd"]), (&json!("done"), &json!(0.0042)));
    let state = task.repository.folder();
    assert!(!files_with(state, b"stop checking").is_empty(), "the search finds what is there");
    assert_eq!(files_with(state, MANAGERS_KEY.as_bytes()), Vec::<PathBuf>::new());
    assert_eq!(files_with(state, b"sk-test-not-a-key"), Vec::<PathBuf>::new());
}
