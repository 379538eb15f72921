//! How a core type becomes a record and back: one trait, and one macro that writes both directions.
//!
//! A record's shape is the list of fields given to [`mirror!`], nothing else. Both directions take every field and
//! every variant by name, so a core type that changes does not compile until its record was thought about.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::words::{
    Actor, AttemptId, CheckId, CommitId, CriterionId, Hash, IterationNumber, MissionId, Money, PhaseId, Priority,
    RunId, SessionId, TaskId, TreeId, Usage, Verdict,
};

/// A type of the core that has a record in this format.
pub(in crate::store) trait Mirror: Sized {
    /// Its shape on disk.
    type Record: Serialize + DeserializeOwned;

    /// What is written.
    fn to_record(&self) -> Self::Record;

    /// What was read.
    fn from_record(record: Self::Record) -> Self;
}

/// Defines the record of a core type, and both conversions.
macro_rules! mirror {
    (struct $core:ident => $record:ident { $( $( #[$attribute:meta] )* $field:ident : $type:ty ),+ $(,)? }) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(in crate::store) struct $record {
            $( $( #[$attribute] )* $field: <$type as $crate::store::record::mirror::Mirror>::Record ),+
        }

        impl $crate::store::record::mirror::Mirror for $core {
            type Record = $record;

            fn to_record(&self) -> $record {
                let Self { $( $field ),+ } = self;
                $record { $( $field: $crate::store::record::mirror::Mirror::to_record($field) ),+ }
            }

            fn from_record(record: $record) -> Self {
                let $record { $( $field ),+ } = record;
                Self { $( $field: $crate::store::record::mirror::Mirror::from_record($field) ),+ }
            }
        }

        #[cfg(test)]
        impl $crate::store::record::sample::Sample for $core {
            fn sample(dice: &mut $crate::store::record::sample::Dice) -> Self {
                Self { $( $field: <$type as $crate::store::record::sample::Sample>::sample(dice) ),+ }
            }
        }
    };
    (enum $core:ident => $record:ident {
        $( $variant:ident $( { $( $field:ident : $type:ty ),+ $(,)? } )? $( ( $inner:ident : $inner_type:ty ) )? ),+ $(,)?
    }) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        pub(in crate::store) enum $record {
            $( $variant
                $( { $( $field: <$type as $crate::store::record::mirror::Mirror>::Record ),+ } )?
                $( ( <$inner_type as $crate::store::record::mirror::Mirror>::Record ) )?
            ),+
        }

        impl $crate::store::record::mirror::Mirror for $core {
            type Record = $record;

            fn to_record(&self) -> $record {
                match self {
                    $( Self::$variant $( { $( $field ),+ } )? $( ( $inner ) )? => $record::$variant
                        $( { $( $field: $crate::store::record::mirror::Mirror::to_record($field) ),+ } )?
                        $( ( $crate::store::record::mirror::Mirror::to_record($inner) ) )?
                    ),+
                }
            }

            fn from_record(record: $record) -> Self {
                match record {
                    $( $record::$variant $( { $( $field ),+ } )? $( ( $inner ) )? => Self::$variant
                        $( { $( $field: $crate::store::record::mirror::Mirror::from_record($field) ),+ } )?
                        $( ( $crate::store::record::mirror::Mirror::from_record($inner) ) )?
                    ),+
                }
            }
        }

        #[cfg(test)]
        impl $crate::store::record::sample::Sample for $core {
            fn sample(dice: &mut $crate::store::record::sample::Dice) -> Self {
                let make: &[fn(&mut $crate::store::record::sample::Dice) -> Self] = &[
                    $( |_dice| Self::$variant
                        $( { $( $field: <$type as $crate::store::record::sample::Sample>::sample(_dice) ),+ } )?
                        $( ( <$inner_type as $crate::store::record::sample::Sample>::sample(_dice) ) )?
                    ),+
                ];
                make[dice.below(make.len())](dice)
            }
        }
    };
}
pub(super) use mirror;

/// Words of floor 0 and plain values are their own record.
macro_rules! as_is {
    ($( $type:ty ),+ $(,)?) => { $(
        impl Mirror for $type {
            type Record = Self;

            fn to_record(&self) -> Self {
                Clone::clone(self)
            }

            fn from_record(record: Self) -> Self {
                record
            }
        }
    )+ };
}

as_is!(bool, u8, u32, u64, usize, String, Duration, Timestamp);
as_is!(MissionId, CriterionId, PhaseId, TaskId, CheckId, TreeId, CommitId);
as_is!(AttemptId, IterationNumber, RunId, SessionId);
as_is!(Actor, Hash, Money, Priority, Usage, Verdict);

impl<T: Mirror> Mirror for Option<T> {
    type Record = Option<T::Record>;

    fn to_record(&self) -> Self::Record {
        self.as_ref().map(T::to_record)
    }

    fn from_record(record: Self::Record) -> Self {
        record.map(T::from_record)
    }
}

impl<T: Mirror> Mirror for Box<T> {
    type Record = Box<T::Record>;

    fn to_record(&self) -> Self::Record {
        Box::new(T::to_record(self))
    }

    fn from_record(record: Self::Record) -> Self {
        Self::new(T::from_record(*record))
    }
}

impl<T: Mirror> Mirror for Vec<T> {
    type Record = Vec<T::Record>;

    fn to_record(&self) -> Self::Record {
        self.iter().map(T::to_record).collect()
    }

    fn from_record(record: Self::Record) -> Self {
        record.into_iter().map(T::from_record).collect()
    }
}

impl<T: Mirror> Mirror for VecDeque<T> {
    type Record = Vec<T::Record>;

    fn to_record(&self) -> Self::Record {
        self.iter().map(T::to_record).collect()
    }

    fn from_record(record: Self::Record) -> Self {
        record.into_iter().map(T::from_record).collect()
    }
}

impl<A: Mirror, B: Mirror> Mirror for (A, B) {
    type Record = (A::Record, B::Record);

    fn to_record(&self) -> Self::Record {
        (A::to_record(&self.0), B::to_record(&self.1))
    }

    fn from_record(record: Self::Record) -> Self {
        (A::from_record(record.0), B::from_record(record.1))
    }
}

/// Maps keep their shape where the key is a word or a text; JSON has no other keys.
impl<K: Mirror<Record = K> + Serialize + DeserializeOwned + Ord, V: Mirror> Mirror for BTreeMap<K, V> {
    type Record = BTreeMap<K, V::Record>;

    fn to_record(&self) -> Self::Record {
        self.iter().map(|(key, value)| (key.to_record(), value.to_record())).collect()
    }

    fn from_record(record: Self::Record) -> Self {
        record.into_iter().map(|(key, value)| (key, V::from_record(value))).collect()
    }
}
