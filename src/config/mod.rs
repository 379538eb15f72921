//! Floor 1: how cco behaves, as checked values with their origin.
//!
//! [`Config`] is what the rest of cco sees, each field at its default unless a layer says otherwise; [`load`] lays flags
//! over `CCO_*` variables over files over the defaults. Nothing is read here: texts and the environment are arguments.

#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod config;
mod layers;
mod moved;
mod obeyed;
mod schema;
mod secret;
mod section;
mod surroundings;

pub use config::Config;
pub use layers::{Flag, Layers, Loaded, Origin, Row, load};
pub use schema::schema;
pub use secret::{Error, Secret, SecretSource, resolve_env};
pub use section::{
    ClaudeCode, CommitFrequency, ExecutionMode, ManagerChoice, Mode, OnStall, OpenRouter, Orchestrator, PermissionMode,
    Push, Repository, Sandbox, Verify,
};
pub use surroundings::{
    Budget, LogFormat, LogLevel, Monitoring, Notifications, OnExceed, Otlp, Persistence, Provider, Sink, SinkKind,
    StorageType, WindowShare,
};

/// The commented default configuration, as `cco init` and `cco config show --default` give it.
pub const DEFAULT_TEXT: &str = include_str!("../../config.yaml");
