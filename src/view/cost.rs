//! What a run has cost so far. What providers reported and what was reckoned are kept apart and never mixed in silence.

use serde::{Deserialize, Serialize};

use crate::session::{Role, Session};
use crate::words::Money;

/// Dollars as numbers, for people and programs; the ledger itself counts whole micro-dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Planning and deriving.
    pub manager_usd: f64,
    /// Acting; what nobody is billed for is in `equivalent_usd`.
    pub worker_usd: f64,
    /// Judging.
    pub judge_usd: f64,
    /// Everything that counts against the budget.
    pub total_usd: f64,
    /// Whether any part of `total_usd` is an estimate.
    pub estimated: bool,
    /// The part of `total_usd` that providers reported.
    pub reported_usd: f64,
    /// The part of `total_usd` that was reckoned, lost attempts included.
    pub estimated_usd: f64,
    /// The part of `manager_usd` that was reckoned.
    pub manager_estimated_usd: f64,
    /// The part of `worker_usd` that was reckoned.
    pub worker_estimated_usd: f64,
    /// The part of `judge_usd` that was reckoned.
    pub judge_estimated_usd: f64,
    /// List price of what a subscription paid for; not in `total_usd`.
    pub equivalent_usd: f64,
    /// Set aside for the call under way; not in `total_usd`.
    pub reserved_usd: f64,
    /// The ceiling; `null`: none.
    pub budget_usd: Option<f64>,
    /// All tokens.
    pub tokens: u64,
    /// The ceiling; `null`: none.
    pub budget_tokens: Option<u64>,
    /// All model calls.
    pub calls: u64,
    /// Attempts whose real cost is not known yet.
    pub lost_attempts: u64,
}

impl Cost {
    /// Reads a session's ledger.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let ledger = &session.ledger;
        let roles = [Role::Manager, Role::Worker, Role::Judge];
        let [manager, worker, judge] = roles.map(|role| ledger.account(role));
        let all = [manager, worker, judge];
        let limits = &session.charter.limits;
        Self {
            manager_usd: manager.billed().dollars(),
            worker_usd: worker.billed().dollars(),
            judge_usd: judge.billed().dollars(),
            total_usd: ledger.spent().dollars(),
            estimated: ledger.is_estimated(),
            reported_usd: all.iter().map(|account| account.reported).sum::<Money>().dollars(),
            estimated_usd: all.iter().map(|account| account.estimated).sum::<Money>().dollars(),
            manager_estimated_usd: manager.estimated.dollars(),
            worker_estimated_usd: worker.estimated.dollars(),
            judge_estimated_usd: judge.estimated.dollars(),
            equivalent_usd: all.iter().map(|account| account.equivalent).sum::<Money>().dollars(),
            reserved_usd: ledger.open().map_or(0.0, |open| open.amount.dollars()),
            budget_usd: limits.usd.map(Money::dollars),
            tokens: ledger.tokens(),
            budget_tokens: limits.tokens,
            calls: ledger.calls(),
            lost_attempts: ledger.lost().len() as u64,
        }
    }
}
