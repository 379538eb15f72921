//! The reply cache as this room sees it: what was paid for is kept before it is used, and found again after a crash.
//!
//! A call's key is the place in the run, the kind of question and the request's bytes. The place counts the calls booked
//! so far: a crash books nothing, so the same call is found again; once its bill is booked, the next one is a new call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::{Cost, Session};
use crate::words::{AttemptId, Hash, IterationNumber, Money, Usage};

/// The version of a kept reply.
const RECORD: u32 = 1;

/// Looks a paid answer up.
pub type Recall<'a> = dyn Fn(&Hash) -> Option<Vec<u8>> + Send + Sync + 'a;
/// Keeps a paid answer; when it returns, the answer must survive a crash.
pub type Keep<'a> = dyn Fn(&Hash, &[u8]) -> Result<(), String> + Send + Sync + 'a;

/// The daemon's reply cache, as two functions over `store`.
#[derive(Clone, Copy)]
pub struct Memory<'a> {
    /// Asked before each call.
    pub recall: &'a Recall<'a>,
    /// Told after each paid call, before its answer is used.
    pub keep: &'a Keep<'a>,
}

impl std::fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

/// Where in a run a call belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The iteration.
    pub iteration: IterationNumber,
    /// The calls booked in the ledger when the stage was entered.
    pub booked: u64,
    /// The attempt that asks; no part of a key, because a later one must find what this one paid for.
    pub attempt: AttemptId,
}

impl Place {
    /// The place a session stands at.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self { iteration: session.iteration, booked: session.ledger.calls(), attempt: session.attempt }
    }

    /// The key of a call.
    pub(super) fn key(&self, kind: &str, body: &Value) -> Hash {
        let numbers = [self.iteration.0.to_le_bytes(), self.booked.to_le_bytes()].concat();
        Hash::of_parts([numbers.as_slice(), kind.as_bytes(), body.to_string().as_bytes()])
    }
}

/// A paid call as it is kept: its answer or the reason why it is none, and its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    version: u32,
    /// The answer, or what was wrong with it.
    pub(super) answer: Result<String, Unusable>,
    /// The model that answered.
    pub(super) model: String,
    reported: Money,
    estimated: Money,
    pub(super) usage: Usage,
    pub(super) calls: u32,
    /// The attempt that paid.
    #[serde(default)]
    pub(super) paid_by: Option<AttemptId>,
}

/// Why a paid call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unusable {
    /// It can be asked again with a word on what was wrong.
    Repairable(String),
    /// This model will not answer.
    Lasting(String),
}

impl Kept {
    pub(super) fn new(answer: Result<String, Unusable>, model: String, price: Price, payer: AttemptId) -> Self {
        let Price { reported, estimated, usage, calls } = price;
        Self { version: RECORD, answer, model, reported, estimated, usage, calls, paid_by: Some(payer) }
    }

    pub(super) const fn price(&self) -> Price {
        Price { reported: self.reported, estimated: self.estimated, usage: self.usage, calls: self.calls }
    }

    /// The record's bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }

    /// Reads a record; one of another version is as good as none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(bytes).ok().filter(|kept| kept.version == RECORD)
    }
}

/// What one or more calls cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Price {
    /// As the provider said.
    pub(super) reported: Money,
    /// As reckoned here.
    pub(super) estimated: Money,
    /// Tokens.
    pub(super) usage: Usage,
    /// Requests sent.
    pub(super) calls: u32,
}

impl Price {
    pub(super) fn add(&mut self, other: Self) {
        self.reported += other.reported;
        self.estimated += other.estimated;
        self.usage += other.usage;
        self.calls = self.calls.saturating_add(other.calls);
    }

    /// As one cost: with any estimated part the whole is an estimate.
    pub(super) fn cost(&self) -> Cost {
        match (self.calls, self.estimated) {
            (0, _) => Cost::Free,
            (_, Money::ZERO) => Cost::Reported(self.reported),
            (_, estimated) => Cost::Estimated(self.reported + estimated),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_reply_reads_back_and_another_version_does_not() {
        let price = Price { reported: Money::from_micros(7), calls: 1, ..Price::default() };
        for answer in [Ok("{}".to_owned()), Err(Unusable::Repairable("cut".to_owned()))] {
            let kept = Kept::new(answer, "m".to_owned(), price, AttemptId(3));
            assert_eq!(Kept::read(&kept.bytes().unwrap()), Some(kept.clone()));
            let other = Kept { version: 2, ..kept };
            assert_eq!(Kept::read(&other.bytes().unwrap()), None);
        }
        assert_eq!(Kept::read(b"torn"), None);
    }

    #[test]
    fn a_key_tells_places_kinds_and_requests_apart() {
        let place = |iteration, booked| Place { iteration: IterationNumber(iteration), booked, attempt: AttemptId(9) };
        let (body, other) = (serde_json::json!({ "a": 1 }), serde_json::json!({ "a": 2 }));
        let key = place(1, 1).key("plan", &body);
        assert_eq!(key, Place { attempt: AttemptId(10), ..place(1, 1) }.key("plan", &body));
        for different in [
            place(2, 1).key("plan", &body),
            place(1, 2).key("plan", &body),
            place(1, 1).key("judge", &body),
            place(1, 1).key("plan", &other),
        ] {
            assert_ne!(key, different);
        }
    }
}
