//! A [`Hash`] as it stands in a file.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::format::{Scalar, scalar_text};
use crate::words::Hash;

/// A BLAKE3 digest of 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) Hash);

impl Scalar for Digest {
    const FORMAT: &'static str = "blake3";
    const TYPES: &'static [&'static str] = &["string"];
    const NOUN: &'static str = "a hash of 64 hexadecimal digits";

    fn read(value: &Value) -> Result<Self, String> {
        let hash = value.as_str().and_then(|text| text.parse().ok());
        hash.map(Self).ok_or_else(|| format!("must be {}", Self::NOUN))
    }

    fn show(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

scalar_text!(Digest);

/// For `#[serde(with = "digest")]`.
pub(crate) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    Digest(*hash).serialize(serializer)
}

/// For `#[serde(with = "digest")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
    Digest::deserialize(deserializer).map(|digest| digest.0)
}
