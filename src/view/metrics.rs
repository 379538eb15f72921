//! The metrics of section 8.1 of the specification, under exactly its names.

use serde::{Deserialize, Serialize};

use crate::session::Session;
use crate::words::Usage;

/// Every name of section 8.1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Iterations that were started.
    pub total_iterations: u64,
    /// Required criteria that hold.
    pub dod_criteria_completed: u32,
    /// Required criteria.
    pub dod_criteria_total: u32,
    /// The share of the two, 0 to 100.
    pub completion_percentage: f64,
    /// Tokens of all roles.
    pub token_usage: Tokens,
    /// Model calls of all roles.
    pub api_calls_total: u64,
    /// Conversations of the worker.
    pub session_count: u64,
    /// Criteria gained after a failed action.
    pub error_recoveries: u64,
    /// Actions that the worker finished.
    pub successful_actions: u64,
    /// Actions that it did not.
    pub failed_actions: u64,
    /// Files changed, over all iterations.
    pub files_modified: u64,
    /// Lines added, over all iterations.
    pub lines_of_code_added: u64,
    /// Files added whose path looks like a test.
    pub tests_created: u64,
    /// Dollars spent, reported and estimated.
    pub estimated_cost: f64,
    /// Dollars for each criterion that holds; `null` while none does.
    pub cost_per_criteria: Option<f64>,
}

/// Tokens by kind; the input kinds are disjoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Read fresh.
    pub input: u64,
    /// Written, reasoning included.
    pub output: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache.
    pub cache_write: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// All of them.
    pub total: u64,
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            reasoning: usage.reasoning,
            total: usage.total(),
        }
    }
}

impl Metrics {
    /// Reads a session's counters.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let (held, total) = session.held();
        let mut usage = Usage::default();
        for account in session.ledger.accounts().values() {
            usage += account.usage;
        }
        let spent = session.ledger.spent().dollars();
        Self {
            total_iterations: session.iteration.0,
            dod_criteria_completed: held,
            dod_criteria_total: total,
            completion_percentage: if total == 0 { 0.0 } else { f64::from(held) * 100.0 / f64::from(total) },
            token_usage: usage.into(),
            api_calls_total: session.ledger.calls(),
            session_count: session.conversations,
            error_recoveries: session.metrics.error_recoveries,
            successful_actions: session.metrics.successful_actions,
            failed_actions: session.metrics.failed_actions,
            files_modified: session.metrics.change.files,
            lines_of_code_added: session.metrics.change.added,
            tests_created: session.metrics.change.tests_created,
            estimated_cost: spent,
            cost_per_criteria: (held > 0).then(|| spent / f64::from(held)),
        }
    }
}
