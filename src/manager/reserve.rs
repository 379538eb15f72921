//! The most a question can cost: what the core sets aside before it is asked.

use crate::openrouter::PriceTable;
use crate::words::Money;

/// Bytes that are reckoned as one token. English and code have three to four; two keeps the reserve above the truth.
const BYTES_PER_TOKEN: usize = 2;
/// Calls of one question to one model: the first and its repair.
const CALLS: u64 = 2;

/// The ceiling for one question: every model is asked in turn, each with its repair round, and each answer is paid for.
/// `unknown` is what a call counts where its price is not known.
#[must_use]
pub fn reserve(prices: &PriceTable, models: &[&str], prompt_bytes: usize, max_tokens: u32, unknown: Money) -> Money {
    // The repair carries the first answer along.
    let input = tokens(prompt_bytes).saturating_add(u64::from(max_tokens));
    let call = |model: &&str| prices.model(model).map_or(unknown, |info| info.ceiling(input, u64::from(max_tokens)));
    models.iter().map(call).map(|call| call.saturating_mul(CALLS)).sum()
}

/// No fewer tokens than so many bytes can be.
pub(super) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reserve_is_above_what_a_question_with_its_repair_costs() {
        let table = PriceTable::read(&json!({ "data": [
            { "id": "m", "pricing": { "prompt": "0.000003", "completion": "0.000015" } } ]}));
        let unknown = Money::from_micros(7);
        let reserved = reserve(&table, &["m"], 40_000, 4096, unknown);
        let one = table.model("m").unwrap().ceiling(10_000 + 4096, 4096);
        assert!(reserved >= one + one, "{reserved}");
        assert_eq!(reserve(&table, &["unknown"], 1, 1, unknown), Money::from_micros(14));
        let both = reserve(&table, &["unknown", "m"], 40_000, 4096, unknown);
        assert_eq!(both, reserved + Money::from_micros(14), "a fallback is paid for beside the first");
    }
}
