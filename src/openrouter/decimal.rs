//! Prices as exact decimals: OpenRouter gives dollars per token as text such as `0.0000025`, far below a micro-dollar.

use crate::words::Money;

/// Attodollars (10⁻¹⁸ dollars) in a micro-dollar.
const ATTO_PER_MICRO: u128 = 1_000_000_000_000;
/// Decimal places kept; a price with more is refused rather than rounded.
const PLACES: usize = 18;

/// A price of one token, in attodollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Price(u128);

impl Price {
    /// Reads a decimal number, with or without an exponent; `None` if it is negative (OpenRouter's mark for a price
    /// that varies), not a number, or finer than an attodollar.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !plain(whole) || !plain(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        if digits == 0 {
            return Some(Self(0));
        }
        let shift = i32::try_from(PLACES).ok()? - i32::try_from(fraction.len()).ok()? + exponent;
        let power = 10_u128.checked_pow(shift.unsigned_abs())?;
        let atto = match shift {
            0.. => digits.checked_mul(power)?,
            _ if digits.is_multiple_of(power) => digits / power,
            _ => return None,
        };
        Some(Self(atto))
    }

    /// What so many tokens cost, in attodollars.
    pub(super) const fn times(self, tokens: u64) -> u128 {
        self.0.saturating_mul(tokens as u128)
    }

    /// The price as it is written in a record: attodollars.
    pub(super) fn record(self) -> String {
        self.0.to_string()
    }

    /// Reads a price back from a record.
    pub(super) fn from_record(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// Attodollars as money, rounded up: an estimate is never below what it stands for.
pub(super) fn money(atto: u128) -> Money {
    Money::from_micros(u64::try_from(atto.div_ceil(ATTO_PER_MICRO)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact() {
        let a_million = |text: &str| money(Price::parse(text).unwrap().times(1_000_000)).micros();
        assert_eq!(a_million("0.000003"), 3_000_000);
        assert_eq!(a_million("0.0000000375"), 37_500);
        assert_eq!(a_million("3e-06"), 3_000_000);
        assert_eq!(a_million("1.5E-7"), 150_000);
        assert_eq!(a_million("0"), 0);
        assert_eq!(money(Price::parse("0.0000001").unwrap().times(1)).micros(), 1, "rounded up");
    }

    #[test]
    fn what_is_not_a_price_is_refused() {
        for wrong in ["", "-1", ".", "free", "0x1", "1e", "0.0000000000000000001", "1e99", "+1"] {
            assert_eq!(Price::parse(wrong), None, "{wrong}");
        }
    }
}
