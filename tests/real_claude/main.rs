//! The real Claude Code against the scripted Messages API: what the worker's drive rules rest on, and the proof that
//! the support works. Fetched by `scripts/fetch-claude.sh`; absent, these tests fail.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may unwrap, and it owns the programs, files and clock it needs"
)]

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, unused_imports, reason = "each test binary uses its own part of the support")]
#[path = "../support/mod.rs"]
mod support;

#[expect(clippy::allow_attributes, reason = "other test binaries use the rest of it")]
#[allow(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../support/openrouter.rs"]
mod openrouter;

mod assignment;
mod drive;
mod faults;
mod limits;
mod managed;
mod mission;
mod sessions;
mod surroundings;
