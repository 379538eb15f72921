//! Support of the tests that run whole programs: a hermetic place, a git repository, programs with an end, and a
//! scripted Messages API for the real Claude Code.
//!
//! A test binary takes it with `#[path = "../support/mod.rs"] mod support;`. Everything a test starts ends with the
//! value that stands for it: a [`Running`] with its process group, a [`Place`] with whatever still lives in it,
//! a [`MessagesApi`] with its threads.

pub(crate) mod claude;
pub(crate) mod http;
pub(crate) mod messages_api;
pub(crate) mod place;
pub(crate) mod program;
pub(crate) mod repository;

pub(crate) use messages_api::{Gate, MessagesApi, Script, Step, When};
pub(crate) use place::Place;
pub(crate) use program::{Finished, Running};
pub(crate) use repository::Repository;

use std::time::{Duration, Instant};

/// How long a test waits for anything before it fails; far more than a busy two-core machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until `look` sees something, and fails the test with `what` if it never does.
///
/// For conditions that nothing announces, a file that appears for one. Whoever can wait for an exit or a request waits
/// for that instead ([`Running::wait`], [`MessagesApi::wait_for_requests`]).
pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
