//! Numbers with units: durations, sizes, shares, money, and those that may be `unlimited`.

use std::time::Duration;

use serde_json::Value;

use super::format::{Scalar, scalar_text};
use crate::words::Money;

/// A duration: `300s`, `10m`, `1h30m`, `500ms`, `90d`; a bare number is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

/// A size in bytes: `100KB`, `2MiB`; a bare number is bytes. KB is 1000 bytes, KiB is 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// A share: `50%` or `50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percent(pub(crate) u8);

/// An amount of dollars: `40`, `2.5`, `$2.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dollars(pub(crate) Money);

/// An amount of dollars, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DollarLimit(pub(crate) Option<Money>);

/// A number of things, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Option<u64>);

const UNLIMITED: &str = "unlimited";

scalar_text!(Period, Size, Percent, Dollars, DollarLimit, Count);

/// Units of time in milliseconds, largest first.
const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
/// Units of size in bytes, largest first.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1000),
    ("B", 1),
];

impl Scalar for Period {
    const FORMAT: &'static str = "period";
    const TYPES: &'static [&'static str] = &["string", "integer"];
    const NOUN: &'static str = "a duration such as `300s`, `10m` or `1h30m`";

    fn read(value: &Value) -> Result<Self, String> {
        let wrong = || format!("must be {}", Self::NOUN);
        let millis = match value {
            Value::Number(seconds) => seconds.as_u64().and_then(|seconds| seconds.checked_mul(1000)),
            Value::String(text) => milliseconds(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match millis.ok_or_else(wrong)? {
            0 => Err("must be longer than nothing".into()),
            // A hundred years, so that adding it to any time cannot overflow.
            millis if millis > 36_525 * 86_400_000 => Err("is longer than a hundred years".into()),
            millis => Ok(Self(Duration::from_millis(millis))),
        }
    }

    fn show(&self) -> Value {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let unit = TIMES.iter().find(|(_, size)| millis >= *size && millis % size == 0);
        let (unit, size) = unit.unwrap_or(&("ms", 1));
        Value::String(format!("{}{unit}", millis / size))
    }
}

/// Adds up parts such as `1h30m`; each part may have a fraction.
fn milliseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(end);
        let size = TIMES.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size)?;
        total = total.checked_add(scaled(number, size)?)?;
        rest = after.trim_start();
    }
    (!text.trim().is_empty()).then_some(total)
}

fn scaled(number: &str, size: u64) -> Option<u64> {
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(size);
    }
    let exact = number.parse::<f64>().ok()? * size as f64;
    (0.0..9e15).contains(&exact).then_some(exact.round() as u64)
}

impl Scalar for Size {
    const FORMAT: &'static str = "size";
    const TYPES: &'static [&'static str] = &["string", "integer"];
    const NOUN: &'static str = "a size such as `100KB` or `2MiB`";

    fn read(value: &Value) -> Result<Self, String> {
        let wrong = || format!("must be {}", Self::NOUN);
        let Value::String(text) = value else { return value.as_u64().map(Self).ok_or_else(wrong) };
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let unit = text[digits..].trim();
        let size = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, size)| *size);
        size.and_then(|size| scaled(&text[..digits], size)).map(Self).ok_or_else(wrong)
    }

    fn show(&self) -> Value {
        let unit = SIZES.iter().find(|(_, size)| self.0 >= *size && self.0.is_multiple_of(*size));
        let (unit, size) = unit.unwrap_or(&("B", 1));
        Value::String(format!("{}{unit}", self.0 / size))
    }
}

impl Scalar for Percent {
    const FORMAT: &'static str = "percent";
    const TYPES: &'static [&'static str] = &["string", "integer"];
    const NOUN: &'static str = "a share such as `50%`";

    fn read(value: &Value) -> Result<Self, String> {
        let number = match value {
            Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok(),
            other => other.as_u64(),
        };
        match number {
            Some(share @ 0..=100) => Ok(Self(share as u8)),
            Some(_) => Err("must lie between 0% and 100%".into()),
            None => Err(format!("must be {}", Self::NOUN)),
        }
    }

    fn show(&self) -> Value {
        Value::String(format!("{}%", self.0))
    }
}

impl Scalar for Dollars {
    const FORMAT: &'static str = "dollars";
    const TYPES: &'static [&'static str] = &["number", "string"];
    const NOUN: &'static str = "an amount of dollars such as `40` or `2.50`";

    fn read(value: &Value) -> Result<Self, String> {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        text.parse().map(Self).map_err(|_| format!("must be {}", Self::NOUN))
    }

    fn show(&self) -> Value {
        let (whole, rest) = (self.0.micros() / 1_000_000, self.0.micros() % 1_000_000);
        match rest {
            0 => Value::from(whole),
            _ => Value::String(format!("{whole}.{rest:06}").trim_end_matches('0').to_owned()),
        }
    }
}

impl Scalar for DollarLimit {
    const FORMAT: &'static str = "dollars-or-unlimited";
    const TYPES: &'static [&'static str] = &["number", "string"];
    const NOUN: &'static str = "an amount of dollars such as `40`, or `unlimited`";

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some(UNLIMITED) => Ok(Self(None)),
            _ => {
                Dollars::read(value).map(|dollars| Self(Some(dollars.0))).map_err(|_| format!("must be {}", Self::NOUN))
            }
        }
    }

    fn show(&self) -> Value {
        self.0.map_or_else(|| UNLIMITED.into(), |money| Dollars(money).show())
    }
}

impl Scalar for Count {
    const FORMAT: &'static str = "count-or-unlimited";
    const TYPES: &'static [&'static str] = &["integer", "string"];
    const NOUN: &'static str = "a whole number above 0, or `unlimited`";

    fn read(value: &Value) -> Result<Self, String> {
        let number = match value {
            Value::String(text) if text == UNLIMITED => return Ok(Self(None)),
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        match number {
            Some(0) | None => Err(format!("must be {}", Self::NOUN)),
            Some(number) => Ok(Self(Some(number))),
        }
    }

    fn show(&self) -> Value {
        self.0.map_or_else(|| UNLIMITED.into(), Value::from)
    }
}

/// Writes and reads a `Duration` field as a [`Period`]: `#[serde(with = "period")]`.
pub(crate) mod period {
    use super::{Duration, Period};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        Period(*value).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Period::deserialize(deserializer).map(|period| period.0)
    }
}

/// Writes and reads a field in bytes as a [`Size`]: `#[serde(with = "size")]`.
pub(crate) mod size {
    use super::Size;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        Size(*value).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        Size::deserialize(deserializer).map(|size| size.0)
    }
}

/// Writes and reads `None` as `unlimited`: `#[serde(with = "limit::count")]`, `#[serde(with = "limit::dollars")]`.
pub(crate) mod limit {
    use super::{Count, DollarLimit, Money};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) mod count {
        use super::{Count, Deserialize, Deserializer, Serialize, Serializer};

        pub(crate) fn serialize<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
            Count(*value).serialize(serializer)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
            Count::deserialize(deserializer).map(|count| count.0)
        }
    }

    pub(crate) mod dollars {
        use super::{Deserialize, Deserializer, DollarLimit, Money, Serialize, Serializer};

        pub(crate) fn serialize<S: Serializer>(value: &Option<Money>, serializer: S) -> Result<S::Ok, S::Error> {
            DollarLimit(*value).serialize(serializer)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
            DollarLimit::deserialize(deserializer).map(|limit| limit.0)
        }
    }
}

/// Lists and maps of scalars as plain values.
pub(crate) mod list {
    use std::collections::BTreeMap;

    use super::super::format::PlainText;
    use super::Percent;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) mod percent {
        use super::{Deserialize, Deserializer, Percent, Serialize, Serializer};

        pub(crate) fn serialize<S: Serializer>(value: &u8, serializer: S) -> Result<S::Ok, S::Error> {
            Percent(*value).serialize(serializer)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
            Percent::deserialize(deserializer).map(|share| share.0)
        }
    }

    pub(crate) mod percents {
        use super::{Deserialize, Deserializer, Percent, Serializer};

        pub(crate) fn serialize<S: Serializer>(shares: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(shares.iter().map(|share| Percent(*share)))
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
            let shares = Vec::<Percent>::deserialize(deserializer)?;
            Ok(shares.into_iter().map(|share| share.0).collect())
        }
    }

    pub(crate) mod texts_by_name {
        use super::{BTreeMap, Deserialize, Deserializer, PlainText, Serializer};

        pub(crate) fn serialize<S: Serializer>(
            texts: &BTreeMap<String, String>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            serializer.collect_map(texts)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<BTreeMap<String, String>, D::Error> {
            let texts = BTreeMap::<String, PlainText>::deserialize(deserializer)?;
            Ok(texts.into_iter().map(|(name, text)| (name, text.0)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn seconds(value: &Value) -> Result<f64, String> {
        Period::read(value).map(|period| period.0.as_secs_f64())
    }

    #[test]
    fn durations_are_read_with_their_units() {
        assert_eq!(seconds(&json!("300s")), Ok(300.0));
        assert_eq!(seconds(&json!(1800)), Ok(1800.0));
        assert_eq!(seconds(&json!("1h30m")), Ok(5400.0));
        assert_eq!(seconds(&json!("1.5h")), Ok(5400.0));
        assert_eq!(seconds(&json!("250ms")), Ok(0.25));
        assert_eq!(seconds(&json!("90d")), Ok(7_776_000.0));
        for wrong in [
            json!("5 minutes"),
            json!("m"),
            json!(""),
            json!("10"),
            json!("-5s"),
            json!(0),
            json!(1.5),
            json!("99999999999d"),
        ] {
            assert!(seconds(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_shares_and_limits_are_read() {
        assert_eq!(Size::read(&json!("100KB")), Ok(Size(100_000)));
        assert_eq!(Size::read(&json!("2 mib")), Ok(Size(2 << 20)));
        assert!(Size::read(&json!("100")).is_err() && Size::read(&json!("lots")).is_err());
        assert_eq!(Percent::read(&json!("80%")), Ok(Percent(80)));
        assert!(Percent::read(&json!("120%")).unwrap_err().contains("between"));
        assert_eq!(Count::read(&json!("unlimited")), Ok(Count(None)));
        assert!(Count::read(&json!(0)).is_err());
        assert_eq!(DollarLimit::read(&json!(2.5)), Ok(DollarLimit(Some(Money::from_micros(2_500_000)))));
        assert!(Dollars::read(&json!(-1)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(millis in 1_u64..10_000_000_000, bytes in 0_u64..1 << 50, micros in 0_u64..1 << 50) {
            let period = Period(Duration::from_millis(millis));
            prop_assert_eq!(Period::read(&period.show()), Ok(period));
            prop_assert_eq!(Size::read(&Size(bytes).show()), Ok(Size(bytes)));
            let dollars = Dollars(Money::from_micros(micros));
            prop_assert_eq!(Dollars::read(&dollars.show()), Ok(dollars));
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in "\\PC{0,24}") {
            let value = Value::String(text);
            drop((Period::read(&value), Size::read(&value), Percent::read(&value)));
            drop((Dollars::read(&value), DollarLimit::read(&value), Count::read(&value)));
        }
    }
}
