//! The whole program: the real `cco` on real git repositories, with a scripted worker and a scripted OpenRouter.

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

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, reason = "each test binary uses its own part of the support")]
#[path = "../support/openrouter.rs"]
mod openrouter;

mod amend;
mod checks;
mod crash;
mod demo;
mod elsewhere;
mod exits;
mod ground;
mod manager;
mod reading;
mod seal;
mod shapes;
mod steering;
mod surroundings;
mod words;
mod world;
