//! Floor 5: the one who acts: Claude Code, a script, or a person.
//!
//! One process per action, under `process/`; the conversation is carried by its session id. What the worker says is
//! data: it is shown, counted and quoted, and never believed. Invariant: the outcome of an action is a pure function
//! of the last result line, the exit status and what cco did to the process ([`judge`]).
//!
//! In reading order: [`Request`] and [`Report`] (what goes in and comes out), `run` (one action), `claude` (its
//! command line and environment), `stream` (a line becomes an event), `facts` (events add up), `outcome` (what it
//! came to), `timers` (when silence is too long), `chips` (the live trace), `stub` (the scripted kind).

mod chips;
mod claude;
mod control;
mod credential;
mod error;
mod facts;
mod field;
mod outcome;
mod private_dir;
mod project;
mod request;
mod run;
mod script;
mod stream;
pub mod stub;
mod timers;
mod watch;
mod wire;

pub use chips::chips;
pub use claude::{ALLOWED_TOOLS, Claude};
pub use control::Control;
pub use credential::{Available, Billing, Cloud, Credential, find_login, user_settings};
pub use error::Error;
pub use facts::Facts;
pub use outcome::{ApiFault, ApiKind, Cut, Outcome, judge};
pub use project::Project;
pub use request::{Live, Opening, Report, Request};
pub use run::{Kind, Worker, adopt};
pub use script::{Script, ScriptError};
pub use stream::{ModelSpend, RateLimit, StreamEvent, parse};
pub use stub::Stub;
pub use timers::Limits;
pub use watch::not_started;
