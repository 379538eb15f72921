//! What running every check once, here and now, found: the result of `cco validate`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::criterion::Criterion;
use super::status::{Mission, Tally};
use crate::session::{Charter, Session};
use crate::words::{Actor, RunId, TreeId, Verdict};

/// The definition of done, looked at once. Nothing of it is proven: that takes a fresh checkout of a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// `cco.validation`.
    pub schema: String,
    /// 1.
    pub version: u32,
    /// What is asked.
    pub mission: Mission,
    /// The tree that was looked at.
    pub tree: TreeId,
    /// The criteria that were asked for, in the order of the mission.
    pub criteria: Vec<Criterion>,
    /// Counted; only what is required.
    pub tally: Tally,
}

/// Puts verdicts and criteria together. Criteria without a verdict in a selection are left out by the caller's `charter`.
#[must_use]
pub fn validation(charter: Charter, tree: TreeId, verdicts: &[Verdict], now: Timestamp) -> Validation {
    let mission = Mission { id: charter.mission.clone(), title: charter.title.clone() };
    let mut session = Session::new(RunId(uuid::Uuid::nil()), charter, Actor::Cco, now);
    session.tree = Some(tree.clone());
    for verdict in verdicts {
        let place = session.charter.criteria.iter().position(|criterion| criterion.id == verdict.criterion);
        if let Some(record) = place.and_then(|place| session.records.get_mut(place)) {
            record.verdicts.insert(verdict.check.clone(), verdict.clone());
        }
    }
    let criteria = Criterion::all(&session);
    let tally = Tally::of(&criteria);
    Validation { schema: "cco.validation".to_owned(), version: 1, mission, tree, criteria, tally }
}

impl Validation {
    /// Whether every required criterion is met on this tree.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.tally.met == self.tally.required
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{State, sample};
    use crate::words::Outcome;

    #[test]
    fn verdicts_are_told_by_criterion_and_prove_nothing() {
        let session = sample::done();
        let tree = session.tree.clone().unwrap();
        let told = validation(session.charter.clone(), tree.clone(), &session.proof, sample::now());
        assert!(told.is_met());
        assert!(told.criteria.iter().take(4).all(|criterion| criterion.state == State::Holds));
        let mut worse = session.proof.clone();
        worse[2].outcome = Outcome::Inconclusive;
        let told = validation(session.charter, tree, &worse, sample::now());
        assert!(!told.is_met());
        assert_eq!(told.criteria[2].state, State::Unknown);
    }
}
