//! The Claude Code Orchestrator: a state machine that binds one git repository to one Claude Code worker and one
//! manager model, and loops until every criterion of a mission is proven.
//!
//! The rooms stand on floors; a room uses only rooms below its own (`tests/architecture.rs` holds the table).
//! `ARCHITECTURE.md` is the guided tour. In reading order:

// Floor 0: the words all floors share.
pub mod words;

// Floor 1: inputs. `reading` is how any written input is read; the other two are what is read.
pub mod config;
pub mod mission;
pub mod reading;

// Floor 2: the core, pure.
pub mod session;

// Floor 3: readings of the core.
pub mod prompt;
pub mod view;

// Floor 4: adapters, one power each.
pub mod openrouter;
pub mod process;
pub mod repo;
pub mod store;

// Floor 5: doers and readers.
pub mod manager;
pub mod report;
pub mod verify;
pub mod worker;

// Floor 6: the shell.
pub mod daemon;

// Floor 7: faces.
pub mod cli;
