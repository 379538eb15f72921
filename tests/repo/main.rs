//! The room `repo` against real git: one fixture for each kind of repository, and the traps of a hostile worker.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests drive real git on real files")]

mod branches;
mod checks;
mod hostile;
mod kinds;
mod leaving_out;
mod publishing;
mod reading;
mod restoring;
mod world;
