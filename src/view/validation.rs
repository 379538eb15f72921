//! What running every check once, here and now, found: the result of `cco validate`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::criterion::{Criterion, State};
use super::status::{Mission, Tally};
use crate::mission::{Remark, RemarkKind};
use crate::session::{Charter, Session};
use crate::words::{Actor, Outcome, RunId, TreeId, Verdict};

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
    /// What is worth a look before the mission starts.
    #[serde(default)]
    pub remarks: Vec<Remark>,
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
    Validation { schema: "cco.validation".to_owned(), version: 1, mission, tree, criteria, tally, remarks: Vec::new() }
}

impl Validation {
    /// What running the checks shows about them: what holds already, and what passed without a test.
    #[must_use]
    pub fn seen(&self) -> Vec<Remark> {
        let remark = |criterion: &Criterion, kind, text: &str, help: &str| Remark {
            criterion: criterion.id.clone(),
            kind,
            text: text.to_owned(),
            help: help.to_owned(),
        };
        let mut remarks = Vec::new();
        for criterion in &self.criteria {
            let passed = criterion.checks.iter().filter(|check| check.verdict == Some(Outcome::Pass));
            let outputs = passed.filter_map(|check| check.evidence.as_ref());
            if outputs.into_iter().any(|evidence| ran_nothing(&evidence.tail)) {
                let help = "count them: `tests: { run: …, report: junit.xml, min_total: N }`";
                remarks.push(remark(
                    criterion,
                    RemarkKind::RanNothing,
                    "passed, and its output says that no test ran",
                    help,
                ));
            } else if criterion.state == State::Holds {
                let help = "right for what must stay true; else ask for more";
                remarks.push(remark(
                    criterion,
                    RemarkKind::HoldsAlready,
                    "holds already: no work is asked for it",
                    help,
                ));
            }
        }
        remarks
    }

    /// Whether every required criterion is met on this tree.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.tally.met == self.tally.required
    }
}

/// Whether a test runner says that it ran none.
fn ran_nothing(output: &str) -> bool {
    let counts = output.lines().filter_map(|line| line.trim().strip_prefix("running ")?.split_once(" test"));
    let counts: Vec<&str> = counts.map(|(count, _)| count).collect();
    let said = ["no tests ran", "No tests found", "# tests 0"].iter().any(|words| output.contains(words));
    said || !counts.is_empty() && counts.iter().all(|count| *count == "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn verdicts_are_told_by_criterion_and_prove_nothing() {
        let session = sample::done();
        let tree = session.tree.clone().unwrap();
        let told = validation(session.charter.clone(), tree.clone(), &session.proof, sample::now());
        assert!(told.is_met());
        assert!(told.criteria.iter().take(4).all(|criterion| criterion.state == State::Holds));
        assert!(told.seen().iter().all(|remark| remark.kind == RemarkKind::HoldsAlready) && told.seen().len() >= 4);
        assert!(ran_nothing("running 0 tests\n\nrunning 0 tests\n") && ran_nothing("No tests found, exiting"));
        assert!(!ran_nothing("running 3 tests\n\nrunning 0 tests\n") && !ran_nothing("10 passing") && !ran_nothing(""));
        let mut worse = session.proof.clone();
        worse[2].outcome = Outcome::Inconclusive;
        let told = validation(session.charter, tree, &worse, sample::now());
        assert!(!told.is_met());
        assert_eq!(told.criteria[2].state, State::Unknown);
    }
}
