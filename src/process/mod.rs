//! Floor 4: one process tree at a time, held by a supervisor process of cco's own.
//!
//! Whatever cco runs for a mission (the worker, a check, a service) is started by `cco __supervise`: a small
//! single-threaded process in a session of its own that adopts every orphan of the tree (`PR_SET_CHILD_SUBREAPER`),
//! writes the output to bounded spool files, ends the tree when it is asked to, when time is up or when the daemon
//! is gone (end of file on its standard input, the lifeline), and leaves an exit record that a later daemon can
//! read. Invariant I8: nothing of a tree outlives its supervisor.
//!
//! In reading order: [`Command`] (what to run), [`Process`] (the daemon's handle), [`Follower`] (its output as
//! lines), `supervisor` (the other side), `ladder` (when what is done to a tree), `tree` (who belongs to it),
//! [`listeners`] (who holds a port), [`settle`] and [`sweep`] (what a new daemon does with what an old one left).

mod command;
mod error;
mod follow;
mod handle;
mod ladder;
mod lines;
mod port;
mod program;
mod record;
mod settle;
mod spool;
pub mod supervisor;
mod surroundings;
mod tree;

pub use command::{Command, Exit, Status, Stdin, Stop};
pub use error::Error;
pub use follow::Follower;
pub use handle::{Process, Stopper, Supervisor};
pub use lines::{Line, LineBuffer, MAX_LINE};
pub use port::{Listener, is_taken, listeners};
pub use settle::{finished, settle, sweep};
pub use surroundings::{is_passed, surroundings};
pub use tree::is_below;

/// The variable that marks every process of a tree; its value is [`Command::marker`].
pub const MARKER: &str = "CCO_RUN";
