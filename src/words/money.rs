//! Money as an integer of micro-dollars: no floating point, so that a ledger adds up to the last digit.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount in micro-dollars (1 USD = 1 000 000). Never negative: a ledger never falls (invariant I5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(u64);

/// Why a text is not an amount of dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount of dollars, such as 40 or 2.50")]
pub struct ParseMoneyError(String);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount of whole micro-dollars.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The amount in micro-dollars.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Rounds a provider's figure in dollars (JSON number) up to the next micro-dollar; `None` if it is negative,
    /// not finite, or above nine billion dollars.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let micros = (dollars * 1e6).ceil();
        // A float that is a hair above a whole micro-dollar only by its binary representation is that whole number.
        let nearest = (dollars * 1e6).round();
        let micros = if (dollars * 1e6 - nearest).abs() < 1e-6 { nearest } else { micros };
        (micros.is_finite() && (0.0..9e15).contains(&micros)).then_some(Self(micros as u64))
    }

    /// The amount in dollars, for figures that are shown or handed to programs, never for adding up.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The difference, or nothing where `other` is the larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// This many times the amount, stopping at the largest one.
    #[must_use]
    pub const fn saturating_mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Two digits from a dollar on, four below, so that a manager call of a tenth of a cent is not shown as nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = if self.0 == 0 || self.0 >= 1_000_000 { 2 } else { 4 };
        write!(f, "${:.digits$}", self.dollars())
    }
}

impl FromStr for Money {
    type Err = ParseMoneyError;

    /// Reads a decimal amount of dollars, with or without a leading `$`, exact to the micro-dollar.
    fn from_str(text: &str) -> Result<Self, ParseMoneyError> {
        let wrong = || ParseMoneyError(text.to_owned());
        let digits = text.trim().trim_start_matches('$');
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !plain(whole) || !plain(fraction) || fraction.len() > 6 {
            return Err(wrong());
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| wrong())?;
        whole.checked_mul(1_000_000).and_then(|micros| micros.checked_add(fraction)).map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly() {
        assert_eq!("40".parse(), Ok(Money::from_micros(40_000_000)));
        assert_eq!("$2.5".parse(), Ok(Money::from_micros(2_500_000)));
        assert_eq!(".000001".parse(), Ok(Money::from_micros(1)));
        for wrong in ["", ".", "-1", "1e3", "1.0000001", "99999999999999999999"] {
            assert!(wrong.parse::<Money>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_reported_figure_rounds_up_but_not_by_binary_noise() {
        assert_eq!(Money::from_dollars(0.1 + 0.2), Some(Money::from_micros(300_000)));
        assert_eq!(Money::from_dollars(0.000_000_1), Some(Money::from_micros(1)));
        assert_eq!(Money::from_dollars(f64::NAN), None);
        assert_eq!(Money::from_dollars(-0.5), None);
    }

    #[test]
    fn small_amounts_are_not_shown_as_nothing() {
        assert_eq!(Money::from_micros(1_200).to_string(), "$0.0012");
        assert_eq!(Money::from_micros(12_400_000).to_string(), "$12.40");
        assert_eq!(Money::ZERO.to_string(), "$0.00");
    }
}
