//! The manager from prompt to plan, against a scripted OpenRouter on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod checklist;
mod faults;
mod plan;
mod prompts;

#[path = "../support/openrouter.rs"]
mod openrouter;
#[path = "../support/story.rs"]
mod story;
