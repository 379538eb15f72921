//! Ends the process as `kill -9` would, at a chosen record of the journal, or breaks an effect as a bug would: for the
//! crash matrix of the tests.
//!
//! Built with the feature `test-fakes` only. `CCO_FAILPOINT` is `before:N` or `after:N`: right before record N is
//! appended (what it tells has been done, and nobody knows) or right after (it is known, and what follows was not begun);
//! `panic:NAME` panics in the effect of that name, or with `panic:blocking` on a thread of one.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::words::Seq;

/// The side of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// Ends the process if this is the place.
pub(super) fn reach(environment: &BTreeMap<OsString, OsString>, side: Side, seq: Seq) {
    let name = match side {
        Side::Before => "before",
        Side::After => "after",
    };
    let here = environment.get(OsStr::new("CCO_FAILPOINT")).is_some_and(|at| *at == *format!("{name}:{seq}"));
    if here && let Err(error) = kill(Pid::this(), Signal::SIGKILL) {
        tracing::error!(%error, "the failpoint failed");
    }
}

/// Panics if this is the place.
#[expect(clippy::panic, reason = "that is what it is for")]
pub(super) fn break_in(environment: &BTreeMap<OsString, OsString>, name: &str) {
    if environment.get(OsStr::new("CCO_FAILPOINT")).is_some_and(|at| *at == *format!("panic:{name}")) {
        panic!("the failpoint {name}");
    }
}
