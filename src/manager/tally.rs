//! What the calls of one question cost together, lost answers included.

use jiff::Timestamp;

use super::memory::Price;
use crate::openrouter::{Client, Doubt, ModelInfo, Paid};
use crate::session::{Bill, Cost, Role};
use crate::words::{AttemptId, Money, Usage};

/// The running total of a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    role: Role,
    price: Price,
    from_cache: bool,
    /// The attempt that asks.
    attempt: AttemptId,
    /// The attempt that paid the last call.
    paid_by: Option<AttemptId>,
}

impl Tally {
    pub(super) fn new(role: Role, attempt: AttemptId) -> Self {
        Self { role, price: Price::default(), from_cache: false, attempt, paid_by: None }
    }

    /// Adds a call made now.
    pub(super) fn paid(&mut self, price: Price) {
        self.price.add(price);
        self.paid_by = Some(self.attempt);
    }

    /// Adds a call that an attempt before a crash made.
    pub(super) fn recalled(&mut self, price: Price, paid_by: Option<AttemptId>) {
        self.price.add(price);
        self.from_cache = true;
        self.paid_by = self.paid_by.max(paid_by);
    }

    /// The bill of everything.
    pub(super) fn bill(&self) -> Bill {
        let Price { usage, calls, .. } = self.price;
        let Self { role, from_cache, paid_by, .. } = *self;
        Bill { role, cost: self.price.cost(), usage, calls, from_cache, paid_by }
    }

    /// The bill, where there is anything on it.
    pub(super) fn bill_if_any(&self) -> Option<Bill> {
        (self.price.calls > 0).then(|| self.bill())
    }
}

/// Several questions of one effect on one bill: the votes of a judge, the rounds of deriving.
#[must_use]
pub fn total(role: Role, bills: &[Bill]) -> Bill {
    let mut sum = Price::default();
    for bill in bills {
        let (reported, estimated) = match bill.cost {
            Cost::Reported(amount) => (amount, Money::ZERO),
            Cost::Estimated(amount) => (Money::ZERO, amount),
            Cost::Equivalent(_) | Cost::Free => (Money::ZERO, Money::ZERO),
        };
        sum.add(Price { reported, estimated, usage: bill.usage, calls: bill.calls });
    }
    Bill {
        role,
        cost: sum.cost(),
        usage: sum.usage,
        calls: sum.calls,
        from_cache: bills.iter().any(|bill| bill.from_cache),
        paid_by: bills.iter().filter_map(|bill| bill.paid_by).max(),
    }
}

/// How calls are reckoned where the provider does not say what they cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reckoning<'a> {
    /// The model's prices, where they are known.
    pub(super) info: Option<&'a ModelInfo>,
    /// The request's size in bytes.
    pub(super) bytes: usize,
    /// The ceiling of its answer.
    pub(super) max_tokens: u32,
    /// What a call counts where nothing is known.
    pub(super) unknown: Money,
}

impl Reckoning<'_> {
    /// The price of an answer: as reported, by its tokens, or by the ceiling.
    pub(super) fn answered(&self, paid: &Paid) -> Price {
        let usage = paid.usage;
        match (paid.cost, self.info) {
            (Some(reported), _) => Price { reported, usage, calls: 0, estimated: Money::ZERO },
            (None, Some(info)) if usage != Usage::default() => {
                Price { estimated: info.cost(&usage), usage, ..Price::default() }
            }
            (None, _) => Price { estimated: self.ceiling(), usage, ..Price::default() },
        }
    }

    /// The price of requests whose answer was lost: looked up where they have a name, else their ceiling.
    pub(super) async fn doubted(&self, client: &Client, doubts: &[Doubt], now: Timestamp) -> Price {
        let mut price = Price::default();
        for doubt in doubts {
            let found = match &doubt.generation {
                Some(name) => client.generation(name, now).await.ok(),
                None => None,
            };
            price.add(match found {
                Some(found) => Price { reported: found.cost, usage: found.usage, ..Price::default() },
                None => Price { estimated: self.ceiling(), ..Price::default() },
            });
        }
        price
    }

    fn ceiling(&self) -> Money {
        let tokens = super::reserve::tokens(self.bytes);
        self.info.map_or(self.unknown, |info| info.ceiling(tokens, u64::from(self.max_tokens)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_add_up_and_one_estimate_makes_the_sum_one() {
        let bill = |cost| Bill { cost, calls: 1, ..Bill::free(Role::Judge) };
        let (two, three) = (Money::from_micros(2), Money::from_micros(3));
        let sum = total(Role::Judge, &[bill(Cost::Reported(two)), bill(Cost::Reported(three))]);
        assert_eq!((sum.cost, sum.calls), (Cost::Reported(Money::from_micros(5)), 2));
        let sum = total(Role::Judge, &[bill(Cost::Reported(two)), bill(Cost::Estimated(three))]);
        assert_eq!(sum.cost, Cost::Estimated(Money::from_micros(5)));
        assert_eq!(total(Role::Judge, &[]), Bill::free(Role::Judge));
        let paid =
            |attempt, from_cache| Bill { paid_by: Some(AttemptId(attempt)), from_cache, ..bill(Cost::Reported(two)) };
        let sum = total(Role::Judge, &[paid(3, true), paid(5, false)]);
        assert_eq!((sum.from_cache, sum.paid_by), (true, Some(AttemptId(5))), "the last payer is of now");
    }
}
