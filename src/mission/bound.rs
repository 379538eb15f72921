//! Bounds as people write them: `>80%`, `80`, `>= 3`, `<5`.

use serde_json::Value;

use super::check::{Bound, Relation};
use crate::reading::{Scalar, scalar_text};

/// A bound on any number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BoundText(pub(crate) Bound);

/// A bound on a share of a hundred.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShareText(pub(crate) Bound);

scalar_text!(BoundText, ShareText);

impl Scalar for BoundText {
    const FORMAT: &'static str = "bound";
    const TYPES: &'static [&'static str] = &["string", "number"];
    const NOUN: &'static str = "a bound such as `>80%`, `>= 3` or `80`";

    fn read(value: &Value) -> Result<Self, String> {
        bound(value).map(Self).ok_or_else(|| format!("must be {}", Self::NOUN))
    }

    fn show(&self) -> Value {
        Value::String(self.0.text.clone())
    }
}

impl Scalar for ShareText {
    const FORMAT: &'static str = "share-bound";
    const TYPES: &'static [&'static str] = &["string", "number"];
    const NOUN: &'static str = "a share such as `>80%` or `80`";

    fn read(value: &Value) -> Result<Self, String> {
        let bound = bound(value).ok_or_else(|| format!("must be {}", Self::NOUN))?;
        let never = match bound.relation {
            Relation::Above => bound.value >= 100.0,
            Relation::Below => bound.value <= 0.0,
            Relation::AtLeast | Relation::AtMost | Relation::Equal => false,
        };
        match () {
            () if !(0.0..=100.0).contains(&bound.value) => Err("must lie between 0% and 100%".into()),
            () if never => Err(format!("`{}` can never hold", bound.text)),
            () => Ok(Self(bound)),
        }
    }

    fn show(&self) -> Value {
        Value::String(self.0.text.clone())
    }
}

fn bound(value: &Value) -> Option<Bound> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let signs = [
        (">=", Relation::AtLeast),
        ("≥", Relation::AtLeast),
        ("<=", Relation::AtMost),
        ("≤", Relation::AtMost),
        ("==", Relation::Equal),
        (">", Relation::Above),
        ("<", Relation::Below),
        ("=", Relation::Equal),
    ];
    let sign = signs.iter().find_map(|(sign, relation)| Some((text.strip_prefix(sign)?, *relation)));
    let (rest, relation) = sign.unwrap_or((&text, Relation::AtLeast));
    let number = rest.trim().trim_end_matches('%').trim_end();
    let value = number.parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some(Bound { relation, value, text })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Option<(Relation, f64)> {
        BoundText::read(value).ok().map(|bound| (bound.0.relation, bound.0.value))
    }

    #[test]
    fn a_bare_number_means_at_least_and_a_sign_means_itself() {
        assert_eq!(read(&json!("80")), Some((Relation::AtLeast, 80.0)));
        assert_eq!(read(&json!(80)), Some((Relation::AtLeast, 80.0)));
        assert_eq!(read(&json!(">80%")), Some((Relation::Above, 80.0)));
        assert_eq!(read(&json!(">= 80 %")), Some((Relation::AtLeast, 80.0)));
        assert_eq!(read(&json!("<-1.5")), Some((Relation::Below, -1.5)));
        assert_eq!(read(&json!("==3")), Some((Relation::Equal, 3.0)));
        for wrong in [json!("most"), json!(">"), json!("NaN"), json!("inf"), json!(true), json!(">>3")] {
            assert_eq!(read(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_share_that_nothing_can_reach_is_refused() {
        assert!(ShareText::read(&json!(">80%")).is_ok() && ShareText::read(&json!("100%")).is_ok());
        assert!(ShareText::read(&json!("180%")).is_err());
        assert!(ShareText::read(&json!(">100%")).unwrap_err().contains("never"));
    }
}
