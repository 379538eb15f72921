//! The account of money: reserve before each call, settle after it, keep what was reported and what was estimated apart.
//!
//! Invariant I5: spending never exceeds the budget by more than the largest single reserve. What was reported never
//! falls; an estimate may be replaced by what a provider reports later (design section 9, Lost attempts).

use std::collections::BTreeMap;

use super::charter::WorkerDollars;
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
    /// Whether an answer came from the reply cache: then this is the cost of an attempt that was lost.
    pub from_cache: bool,
    /// The attempt that paid the last of the calls; `None`: not told.
    pub paid_by: Option<AttemptId>,
}

impl Bill {
    /// The bill of an effect that made no call.
    #[must_use]
    pub fn free(role: Role) -> Self {
        Self { role, cost: Cost::Free, usage: Usage::default(), calls: 0, from_cache: false, paid_by: None }
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
    /// What the attempt's dollars mean; a later daemon may pay in another way.
    pub dollars: WorkerDollars,
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

    /// What is charged for the newest lost attempt of a conversation until that tells what it cost.
    #[must_use]
    pub fn lost_of(&self, session: SessionId) -> Money {
        let newest = self.lost.iter().rev().find(|lost| lost.session == Some(session));
        newest.map_or(Money::ZERO, |lost| lost.amount)
    }

    /// Whether any part of [`Ledger::spent`] is an estimate.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        let billed = |lost: &Reserve| lost.dollars == WorkerDollars::Billed;
        self.lost.iter().any(billed) || self.accounts.values().any(|account| account.estimated > Money::ZERO)
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
            self.forgive_paid(bill.role, bill.paid_by);
        }
        let account = self.accounts.entry(bill.role).or_default();
        account.book(bill.cost);
        account.usage += bill.usage;
        account.calls += u64::from(bill.calls);
    }

    /// Turns the open reserve into an estimate: the call was made, its answer will never come. An attempt of the worker
    /// is kept also where nothing could be set aside for it: its conversation may tell what it cost.
    pub(super) fn lose_open(&mut self) {
        let open = self.open.take();
        self.lost.extend(open.filter(|open| open.amount > Money::ZERO || open.session.is_some()));
    }

    /// Releases the reserve of a call that was never made.
    pub(super) fn release_open(&mut self) {
        self.open = None;
    }

    /// Takes a lost attempt back: its result was found after all and is booked as itself.
    pub(super) fn forgive(&mut self, attempt: AttemptId) -> Option<Reserve> {
        let place = self.lost.iter().position(|lost| lost.attempt == attempt)?;
        Some(self.lost.remove(place))
    }

    /// Takes the lost attempts back whose answer was found in the reply cache. The one that paid the last call, and those
    /// after it that only read, spent nothing that is not on the bill; one before it may have died in a call of its own.
    fn forgive_paid(&mut self, role: Role, paid_by: Option<AttemptId>) {
        match paid_by {
            Some(payer) => self.lost.retain(|lost| lost.role != role || lost.attempt < payer),
            None => {
                let newest = self.lost.iter().rposition(|lost| lost.role == role);
                newest.map(|place| self.lost.remove(place));
            }
        }
    }

    /// Replaces the estimate of a conversation's lost attempt by what the provider counted beyond what is booked. Of
    /// several lost in a row only the newest is settled: which of them the sum tells of is not known (a killed process
    /// may not have written its cost down), and the account never guesses low.
    pub(super) fn settle_lost(&mut self, session: SessionId, rest: Money) {
        let told = |lost: &Reserve| lost.session == Some(session);
        let billed = self.lost.iter().filter(|lost| told(lost)).any(|lost| lost.dollars == WorkerDollars::Billed);
        let Some(newest) = self.lost.iter().rposition(told) else { return };
        self.lost.remove(newest);
        let cost = if billed { Cost::Reported(rest) } else { Cost::Equivalent(rest) };
        self.accounts.entry(Role::Worker).or_default().book(cost);
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
        Reserve {
            attempt: AttemptId(attempt),
            role: Role::Worker,
            amount: Money::from_micros(amount),
            session: Some(SessionId(uuid::Uuid::from_u128(7))),
            dollars: WorkerDollars::Billed,
        }
    }

    fn bill(cost: Cost) -> Bill {
        Bill {
            role: Role::Worker,
            cost,
            usage: Usage { input: 3, output: 2, ..Usage::default() },
            calls: 1,
            from_cache: false,
            paid_by: None,
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
        ledger.settle_lost(SessionId(uuid::Uuid::from_u128(7)), Money::from_micros(30));
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
    fn an_attempt_without_a_ceiling_is_settled_by_its_conversation_too() {
        let session = SessionId(uuid::Uuid::from_u128(7));
        let mut ledger = Ledger::default();
        ledger.reserve(reserve(1, 0));
        ledger.lose_open();
        assert!(ledger.is_estimated(), "what it cost is not known");
        ledger.settle_lost(session, Money::from_micros(30));
        assert_eq!((ledger.spent(), ledger.is_estimated()), (Money::from_micros(30), false));
        ledger.reserve(Reserve { dollars: WorkerDollars::Equivalent, ..reserve(2, 0) });
        ledger.lose_open();
        ledger.settle_lost(session, Money::from_micros(5));
        assert_eq!(ledger.account(Role::Worker).equivalent, Money::from_micros(5));
        assert_eq!(ledger.spent(), Money::from_micros(30), "a subscription's dollars are shown, not counted");
    }

    #[test]
    fn a_cached_answer_is_not_charged_twice_however_often_it_was_lost() {
        let cost = Cost::Reported(Money::from_micros(9));
        let after_losing = |lost: [u64; 3], paid_by| {
            let mut ledger = Ledger::default();
            for attempt in lost {
                ledger.reserve(Reserve { role: Role::Manager, session: None, ..reserve(attempt, 100) });
                ledger.lose_open();
            }
            let bill = Bill { role: Role::Manager, from_cache: true, paid_by: Some(AttemptId(paid_by)), ..bill(cost) };
            ledger.settle(AttemptId(4), &bill);
            ledger.spent().micros()
        };
        assert_eq!(after_losing([1, 2, 3], 1), 9, "the later ones only read what the first had paid");
        assert_eq!(after_losing([1, 2, 3], 2), 109, "the first may have died in a call that nobody kept");
        assert_eq!(after_losing([1, 2, 3], 4), 309, "a call of now tells nothing of theirs");
    }
}
