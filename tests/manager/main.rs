//! The manager from prompt to plan, against a scripted OpenRouter on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod checklist;
mod faults;
mod plan;
mod prompts;

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, reason = "each test binary uses its own part of the support")]
#[path = "../support/openrouter.rs"]
mod openrouter;
#[path = "../support/story.rs"]
mod story;
