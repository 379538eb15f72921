//! Fields of a stream line that take whatever they are given.
//!
//! A worker of another version may send a number where a text was, or nothing. One odd field must not cost the whole
//! event, so each of these accepts every JSON value and keeps a default where it does not fit.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use crate::words::clip;

/// How much of a short text is kept, in bytes: a chip or an error line shows less.
const SHORT: usize = 2 << 10;
/// How much of a final answer is kept, in bytes; the whole of it is in the spool.
const LONG: usize = 32 << 10;

/// A short text; of a list, the text of its first block.
#[derive(Clone, Debug, Default)]
pub(super) struct Text(pub(super) String);

/// A long text.
#[derive(Clone, Debug, Default)]
pub(super) struct Long(pub(super) String);

/// A count; negative and broken numbers are nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number(pub(super) u64);

/// An amount or a share; anything but a number is nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Real(pub(super) f64);

/// A yes or no; anything but `true` is no.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flag(pub(super) bool);

/// The length of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count(pub(super) usize);

/// What any JSON value comes down to.
#[derive(Default)]
struct Any {
    text: String,
    number: u64,
    real: f64,
    flag: bool,
    items: usize,
}

struct AnyVisitor {
    keep: usize,
}

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Any, E> {
        Ok(Any { text: clip(text, self.keep), ..Any::default() })
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Any, E> {
        Ok(Any { flag, ..Any::default() })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Any, E> {
        Ok(Any { number, real: number as f64, text: number.to_string(), ..Any::default() })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Any, E> {
        Ok(Any {
            number: u64::try_from(number).unwrap_or(0),
            real: number as f64,
            text: number.to_string(),
            ..Any::default()
        })
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Any, E> {
        let whole = if number.is_finite() && number > 0.0 { number as u64 } else { 0 };
        Ok(Any { number: whole, real: number, text: number.to_string(), ..Any::default() })
    }

    fn visit_unit<E: de::Error>(self) -> Result<Any, E> {
        Ok(Any::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Any, A::Error> {
        let mut any = Any::default();
        while any.text.is_empty() {
            let Some(first) = list.next_element::<BlockText>()? else { return Ok(any) };
            any.items += 1;
            any.text = first.0;
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            any.items += 1;
        }
        Ok(any)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Any::default())
    }
}

/// The `text` of a content block, or a bare string.
struct BlockText(String);

impl<'de> Deserialize<'de> for BlockText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BlockVisitor;
        impl<'de> Visitor<'de> for BlockVisitor {
            type Value = BlockText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<BlockText, E> {
                Ok(BlockText(clip(text, SHORT)))
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<BlockText, E> {
                Ok(BlockText(String::new()))
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<BlockText, E> {
                Ok(BlockText(String::new()))
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<BlockText, E> {
                Ok(BlockText(String::new()))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<BlockText, E> {
                Ok(BlockText(String::new()))
            }

            fn visit_unit<E: de::Error>(self) -> Result<BlockText, E> {
                Ok(BlockText(String::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<BlockText, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(BlockText(String::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BlockText, A::Error> {
                let mut text = String::new();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "text" {
                        text = map.next_value::<Text>()?.0;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(BlockText(text))
            }
        }
        deserializer.deserialize_any(BlockVisitor)
    }
}

macro_rules! lenient {
    ($name:ident, $keep:expr, $any:ident => $value:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let $any = deserializer.deserialize_any(AnyVisitor { keep: $keep })?;
                Ok(Self($value))
            }
        }
    };
}

lenient!(Text, SHORT, any => any.text);
lenient!(Long, LONG, any => any.text);
lenient!(Number, 0, any => any.number);
lenient!(Real, 0, any => any.real);
lenient!(Flag, 0, any => any.flag);
lenient!(Count, 0, any => any.items);

/// A list of typed values, or nothing where something else stands.
pub(super) fn list_or_nothing<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct ListVisitor<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list or anything else")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut values = Vec::new();
            while let Some(value) = list.next_element()? {
                values.push(value);
            }
            Ok(values)
        }

        fn visit_str<E: de::Error>(self, _: &str) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }

        fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
}
