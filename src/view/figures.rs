//! Figures as every face prints them: dollars, tokens, spans of time.

use crate::words::Money;

/// Dollars, `≈` before what is not wholly reported.
#[must_use]
pub fn dollars(amount: f64, estimated: bool) -> String {
    let amount = Money::from_dollars(amount).unwrap_or_default();
    if estimated { format!("≈{amount}") } else { amount.to_string() }
}

/// A number of tokens in at most four digits: `950`, `12.4 k`, `2.52 M`.
#[must_use]
pub fn tokens(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1} k", count as f64 / 1e3),
        _ => format!("{:.2} M", count as f64 / 1e6),
    }
}

/// A span of time in its two largest units: `9 s`, `12 min 30 s`, `6 h 12 min`, `3 d 4 h`.
#[must_use]
pub fn span(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, 0) => format!("{minutes} min"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, 0, _) => format!("{hours} h"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, 0, _, _) => format!("{days} d"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_say_what_is_estimated() {
        assert_eq!(
            [0, 59, 60, 3_600, 22_320, 90_000].map(span),
            ["0 s", "59 s", "1 min", "1 h", "6 h 12 min", "1 d 1 h"]
        );
        assert_eq!([999, 12_400, 2_520_000].map(tokens), ["999", "12.4 k", "2.52 M"]);
        assert_eq!((dollars(12.4, false), dollars(2.5, true)), ("$12.40".to_owned(), "≈$2.50".to_owned()));
    }
}
