//! The configuration as a whole: a superset of section 5.1 of the specification.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{ClaudeCode, OpenRouter, Orchestrator, Repository, Verify};
use super::surroundings::{Budget, Monitoring, Notifications, Persistence};

/// How cco behaves. Written and read back it is the same, but for literal secrets, which are never written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The loop.
    pub orchestrator: Orchestrator,
    /// The repository and what is published in it.
    pub repository: Repository,
    /// The manager's model.
    pub openrouter: OpenRouter,
    /// The worker.
    pub claude_code: ClaudeCode,
    /// The checks.
    pub verify: Verify,
    /// What is kept.
    pub persistence: Persistence,
    /// What can be seen from outside.
    pub monitoring: Monitoring,
    /// The ceiling of cost, unless the mission has its own.
    pub budget: Budget,
    /// Who is told.
    pub notifications: Notifications,
}

impl Config {
    /// What the seal of a mission is taken of: everything that decides how it goes, in one fixed form. What only
    /// watches (monitoring, notifications) may change while a mission runs; secrets may be replaced.
    #[must_use]
    pub fn seal_text(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        if let Some(sections) = value.as_object_mut() {
            sections.shift_remove("monitoring");
            sections.shift_remove("notifications");
        }
        value.to_string()
    }
}
