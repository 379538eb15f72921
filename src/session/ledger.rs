//! The account of money: reserve before each call, settle after it, keep what was reported and what was estimated apart.
//!
//! Invariant I5: spending never exceeds the budget by more than the largest single reserve. What was reported never
//! falls; an estimate may be replaced by what a provider reports later (design section 9, Lost attempts).

use std::collections::BTreeMap;

use crate::words::{AttemptId, Money, SessionId, Usage};

/// Who a call was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Planning and deriving.
    Manager,
    /// Acting.
    Worker,
    /// Judging.
    Judge,
}

impl Role {
    /// The word used in journal, page and `status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Worker => "worker",
            Self::Judge => "judge",
        }
    }
}

/// What a call cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The provider said so.
    Reported(Money),
    /// Reckoned from a price table, or a reserve that was never settled.
    Estimated(Money),
    /// A list price that nobody is billed for (subscription).
    Equivalent(Money),
    /// The call has no price: an embedded manager, a scripted worker, a person.
    Free,
}

/// The account of one effect's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Who they were made for.
    pub role: Role,
    /// What they cost.
    pub cost: Cost,
    /// Their tokens.
    pub usage: Usage,
    /// How many there were.
    pub calls: u32,
    /// Whether the answer came from the reply cache: then this is the cost of the attempt that was lost.
    pub from_cache: bool,
}

impl Bill {
    /// The bill of an effect that made no call.
    #[must_use]
    pub fn free(role: Role) -> Self {
        Self { role, cost: Cost::Free, usage: Usage::default(), calls: 0, from_cache: false }
    }
}

/// What was spent for one role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// As providers said.
    pub reported: Money,
    /// As reckoned.
    pub estimated: Money,
    /// List price that nobody is billed for.
    pub equivalent: Money,
    /// Tokens.
    pub usage: Usage,
    /// Calls.
    pub calls: u64,
}

impl Account {
    /// What counts against the budget.
    #[must_use]
    pub fn billed(&self) -> Money {
        self.reported + self.estimated
    }

    fn book(&mut self, cost: Cost) {
        match cost {
            Cost::Reported(amount) => self.reported += amount,
            Cost::Estimated(amount) => self.estimated += amount,
            Cost::Equivalent(amount) => self.equivalent += amount,
            Cost::Free => {}
        }
    }
}

/// Money set aside for a call that has not been settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// The attempt it is for.
    pub attempt: AttemptId,
    /// Who the call is made for.
    pub role: Role,
    /// How much; never less than what the call can cost, as far as a fence can hold it.
    pub amount: Money,
    /// The worker's conversation, whose later results tell what a lost attempt really cost.
    pub session: Option<SessionId>,
}

/// The account of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    accounts: BTreeMap<Role, Account>,
    open: Option<Reserve>,
    lost: Vec<Reserve>,
}

impl Ledger {
    /// Rebuilds a ledger from a restore point.
    #[must_use]
    pub const fn restore(accounts: BTreeMap<Role, Account>, open: Option<Reserve>, lost: Vec<Reserve>) -> Self {
        Self { accounts, open, lost }
    }

    /// The settled accounts, by role.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeMap<Role, Account> {
        &self.accounts
    }

    /// What is set aside for the call under way.
    #[must_use]
    pub const fn open(&self) -> Option<&Reserve> {
        self.open.as_ref()
    }

    /// Attempts whose real cost is not known; their reserves count as estimates.
    #[must_use]
    pub fn lost(&self) -> &[Reserve] {
        &self.lost
    }

    /// One role's account, lost attempts included.
    #[must_use]
    pub fn account(&self, role: Role) -> Account {
        let mut account = self.accounts.get(&role).copied().unwrap_or_default();
        account.estimated += self.lost.iter().filter(|lost| lost.role == role).map(|lost| lost.amount).sum();
        account
    }

    /// What counts against the dollar budget: reported and estimated, lost attempts included, reserves not.
    #[must_use]
    pub fn spent(&self) -> Money {
        let settled: Money = self.accounts.values().map(Account::billed).sum();
        settled + self.lost.iter().map(|lost| lost.amount).sum()
    }

    /// Whether any part of [`Ledger::spent`] is an estimate.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        !self.lost.is_empty() || self.accounts.values().any(|account| account.estimated > Money::ZERO)
    }

    /// What counts against the token budget.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.accounts.values().map(|account| account.usage.total()).sum()
    }

    /// All calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.accounts.values().map(|account| account.calls).sum()
    }

    pub(super) fn reserve(&mut self, reserve: Reserve) {
        self.open = Some(reserve);
    }

    /// Books a bill and releases the reserve of its attempt.
    pub(super) fn settle(&mut self, attempt: AttemptId, bill: &Bill) {
        if self.open.as_ref().is_some_and(|open| open.attempt == attempt) {
            self.open = None;
        }
        if bill.from_cache {
            self.forgive_last(bill.role);
        }
        let account = self.accounts.entry(bill.role).or_default();
        account.book(bill.cost);
        account.usage += bill.usage;
        account.calls += u64::from(bill.calls);
    }

    /// Turns the open reserve into an estimate: the call was made, its answer will never come.
    pub(super) fn lose_open(&mut self) {
        if let Some(open) = self.open.take()
            && open.amount > Money::ZERO
        {
            self.lost.push(open);
        }
    }

    /// Releases the reserve of a call that was never made.
    pub(super) fn release_open(&mut self) {
        self.open = None;
    }

    /// Takes the newest lost attempt of a role back: its answer was found after all and is booked as itself.
    pub(super) fn forgive_last(&mut self, role: Role) {
        if let Some(place) = self.lost.iter().rposition(|lost| lost.role == role) {
            self.lost.remove(place);
        }
    }

    /// Replaces the estimates of a conversation's lost attempts by what the provider counted for them.
    pub(super) fn settle_lost(&mut self, session: SessionId, rest: Cost) {
        let before = self.lost.len();
        self.lost.retain(|lost| lost.session != Some(session));
        if self.lost.len() < before {
            self.accounts.entry(Role::Worker).or_default().book(rest);
        }
    }

    /// Books the estimates of a conversation that will report no more.
    pub(super) fn close_session(&mut self, session: SessionId) {
        let (gone, kept): (Vec<_>, Vec<_>) = self.lost.drain(..).partition(|lost| lost.session == Some(session));
        self.lost = kept;
        for lost in gone {
            self.accounts.entry(lost.role).or_default().book(Cost::Estimated(lost.amount));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reserve(attempt: u64, amount: u64) -> Reserve {
        let session = Some(SessionId(uuid::Uuid::from_u128(7)));
        Reserve { attempt: AttemptId(attempt), role: Role::Worker, amount: Money::from_micros(amount), session }
    }

    fn bill(cost: Cost) -> Bill {
        Bill {
            role: Role::Worker,
            cost,
            usage: Usage { input: 3, output: 2, ..Usage::default() },
            calls: 1,
            from_cache: false,
        }
    }

    #[test]
    fn a_settled_call_costs_what_was_reported_not_what_was_reserved() {
        let mut ledger = Ledger::default();
        ledger.reserve(reserve(1, 100));
        ledger.settle(AttemptId(1), &bill(Cost::Reported(Money::from_micros(40))));
        assert_eq!(ledger.spent(), Money::from_micros(40));
        assert_eq!(ledger.open(), None);
        assert!(!ledger.is_estimated());
        assert_eq!(ledger.tokens(), 5);
    }

    #[test]
    fn a_lost_attempt_is_charged_until_the_conversation_tells_what_it_cost() {
        let mut ledger = Ledger::default();
        ledger.reserve(reserve(1, 100));
        ledger.lose_open();
        assert_eq!(ledger.spent(), Money::from_micros(100));
        assert!(ledger.is_estimated());
        ledger.settle_lost(SessionId(uuid::Uuid::from_u128(7)), Cost::Reported(Money::from_micros(30)));
        assert_eq!(ledger.spent(), Money::from_micros(30));
        assert!(!ledger.is_estimated());
    }

    #[test]
    fn a_conversation_that_ends_untold_keeps_its_estimates() {
        let mut ledger = Ledger::default();
        ledger.reserve(reserve(1, 100));
        ledger.lose_open();
        ledger.close_session(SessionId(uuid::Uuid::from_u128(7)));
        assert_eq!((ledger.spent(), ledger.lost().len()), (Money::from_micros(100), 0));
    }

    #[test]
    fn a_cached_answer_is_not_charged_twice() {
        let mut ledger = Ledger::default();
        ledger.reserve(Reserve { role: Role::Manager, ..reserve(1, 100) });
        ledger.lose_open();
        let cached = Bill { role: Role::Manager, from_cache: true, ..bill(Cost::Reported(Money::from_micros(9))) };
        ledger.settle(AttemptId(2), &cached);
        assert_eq!(ledger.spent(), Money::from_micros(9));
    }
}
