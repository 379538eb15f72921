//! Arbitrary values of every type that has a record, so that the round trip is tested on all variants and fields.
//!
//! The samplers of structs and enums are written by `mirror!`: a new field or variant is sampled without further work.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::mirror::Mirror;
use crate::session::{Ledger, Role};
use crate::words::{
    Actor, AttemptId, CheckId, CommitId, CriterionId, Evidence, Hash, IterationNumber, Measure, MissionId, Money,
    Outcome, PhaseId, Priority, RunId, SessionId, TaskId, TreeId, Usage, Verdict, Via,
};

/// A source of numbers that a seed repeats.
pub(in crate::store) struct Dice(u64);

impl Dice {
    pub(in crate::store) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// splitmix64.
    pub(in crate::store) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(in crate::store) fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }
}

pub(in crate::store) trait Sample: Sized {
    fn sample(dice: &mut Dice) -> Self;
}

macro_rules! sample {
    ($( $type:ty = |$dice:ident| $value:expr );+ $(;)?) => { $(
        impl Sample for $type {
            fn sample($dice: &mut Dice) -> Self {
                $value
            }
        }
    )+ };
}

/// Numbers near the borders as often as others.
fn number(dice: &mut Dice) -> u64 {
    match dice.below(6) {
        0 => 0,
        1 => u64::MAX,
        2 => u64::from(u32::MAX),
        _ => dice.roll() >> dice.below(64),
    }
}

fn text(dice: &mut Dice) -> String {
    let words = ["", "a", "two words", "line\nbreak\r\n", "\u{0}\u{7f}\"\\", "ä€😀", "\u{2028}", "0", "{\"x\":1}"];
    (0..dice.below(3)).map(|_| words[dice.below(words.len())]).collect()
}

/// Any finite number: JSON has no other.
fn float(dice: &mut Dice) -> f64 {
    let any = f64::from_bits(dice.roll());
    if any.is_finite() { any } else { dice.roll() as f64 / 1e6 }
}

sample! {
    bool = |dice| dice.below(2) == 0;
    u8 = |dice| number(dice) as Self;
    u32 = |dice| number(dice) as Self;
    u64 = |dice| number(dice);
    usize = |dice| number(dice) as Self;
    String = |dice| text(dice);
    Duration = |dice| Self::new(number(dice), dice.below(1_000_000_000) as u32);
    Timestamp = |dice| {
        let second = (dice.roll() % 8_000_000_000) as i64 - 4_000_000_000;
        Self::new(second, dice.below(1_000_000_000) as i32).unwrap()
    };
    Uuid = |dice| Self::from_u64_pair(dice.roll(), dice.roll());
    RunId = |dice| Self(Uuid::sample(dice));
    SessionId = |dice| Self(Uuid::sample(dice));
    AttemptId = |dice| Self(number(dice));
    IterationNumber = |dice| Self(number(dice));
    Money = |dice| Self::from_micros(number(dice) >> 1);
    Hash = |dice| Self::of(&dice.roll().to_le_bytes());
    Priority = |dice| [Self::Critical, Self::High, Self::Medium, Self::Low][dice.below(4)];
    Via = |dice| [Self::Cli, Self::Signal, Self::Page, Self::Link][dice.below(4)];
    Outcome = |dice| [Self::Pass, Self::Fail, Self::Inconclusive][dice.below(3)];
    Actor = |dice| match dice.below(4) {
        0 => Self::Cco,
        1 => Self::Manager,
        2 => Self::Worker,
        _ => Self::Operator { name: text(dice), via: Via::sample(dice) },
    };
    Usage = |dice| Self {
        input: number(dice),
        output: number(dice),
        cache_read: number(dice),
        cache_write: number(dice),
        reasoning: number(dice),
    };
    Measure = |dice| Self { name: text(dice), value: float(dice), bound: text(dice) };
    Evidence = |dice| Self {
        summary: text(dice),
        subject: text(dice),
        exit_code: Option::<u32>::sample(dice).map(u32::cast_signed),
        measures: Sample::sample(dice),
        tail: text(dice),
        citations: Sample::sample(dice),
        passed: Sample::sample(dice),
    };
    Verdict = |dice| Self {
        criterion: Sample::sample(dice),
        check: Sample::sample(dice),
        kind: text(dice),
        outcome: Sample::sample(dice),
        tree: Sample::sample(dice),
        check_hash: Sample::sample(dice),
        environment_hash: Sample::sample(dice),
        evidence: Sample::sample(dice),
        duration_ms: number(dice),
        cached: Sample::sample(dice),
    };
    Ledger = |dice| {
        let accounts = [Role::Manager, Role::Worker, Role::Judge].map(|role| (role, Sample::sample(dice)));
        let kept = dice.below(4);
        Self::restore(accounts.into_iter().take(kept).collect(), Sample::sample(dice), Sample::sample(dice))
    };
}

macro_rules! sample_text { ($( $type:ty ),+) => { $( sample! { $type = |dice| Self::new(text(dice)) } )+ }; }
sample_text!(MissionId, CriterionId, PhaseId, TaskId, CheckId, TreeId, CommitId);

impl<T: Sample> Sample for Option<T> {
    fn sample(dice: &mut Dice) -> Self {
        bool::sample(dice).then(|| T::sample(dice))
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(dice: &mut Dice) -> Self {
        Self::new(T::sample(dice))
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| T::sample(dice)).collect()
    }
}

impl<T: Sample> Sample for VecDeque<T> {
    fn sample(dice: &mut Dice) -> Self {
        Vec::sample(dice).into()
    }
}

impl<K: Sample + Ord, V: Sample> Sample for BTreeMap<K, V> {
    fn sample(dice: &mut Dice) -> Self {
        Vec::<(K, V)>::sample(dice).into_iter().collect()
    }
}

impl<A: Sample, B: Sample> Sample for (A, B) {
    fn sample(dice: &mut Dice) -> Self {
        (A::sample(dice), B::sample(dice))
    }
}

/// Through JSON and back.
pub(in crate::store) fn there_and_back<T: Mirror>(value: &T) -> T {
    let json = serde_json::to_vec(&value.to_record()).unwrap();
    assert!(!json.contains(&b'\n'), "a record must stay on one line");
    T::from_record(serde_json::from_slice(&json).unwrap())
}
