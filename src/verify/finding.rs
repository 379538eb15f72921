//! What one kind of check found, before it is bound to a tree and becomes a verdict. Pure.
//!
//! A [`Tally`] gathers the conditions of a check: one that failed fails it, else one that could not be decided makes
//! it inconclusive, and without a single one that held there is no pass.

use std::collections::BTreeSet;

use crate::words::{CheckId, Evidence, Measure, Outcome};

/// An outcome with its evidence, and the tests that passed, which the baseline keeps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    pub(super) outcome: Outcome,
    /// Boxed, because a finding is also what a run that decides nothing ends with, as an error.
    pub(super) evidence: Box<Evidence>,
    pub(super) passed: Vec<(CheckId, BTreeSet<String>)>,
}

impl Finding {
    pub(super) fn new(outcome: Outcome, summary: impl Into<String>) -> Self {
        let evidence = Box::new(Evidence { summary: summary.into(), ..Evidence::default() });
        Self { outcome, evidence, passed: Vec::new() }
    }

    pub(super) fn pass(summary: impl Into<String>) -> Self {
        Self::new(Outcome::Pass, summary)
    }

    pub(super) fn fail(summary: impl Into<String>) -> Self {
        Self::new(Outcome::Fail, summary)
    }

    pub(super) fn inconclusive(summary: impl Into<String>) -> Self {
        Self::new(Outcome::Inconclusive, summary)
    }

    pub(super) fn tail(mut self, tail: impl Into<String>) -> Self {
        self.evidence.tail = tail.into();
        self
    }

    pub(super) fn exit_code(mut self, code: i32) -> Self {
        self.evidence.exit_code = Some(code);
        self
    }

    pub(super) fn subject(mut self, subject: impl Into<String>) -> Self {
        self.evidence.subject = subject.into();
        self
    }
}

/// One condition's end: it held or not, with a phrase for people, or it could not be decided.
pub(super) type Held = Result<(bool, String), String>;

/// The conditions of one check, gathered.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    held: Vec<String>,
    failed: Vec<String>,
    undecided: Vec<String>,
    pub(super) measures: Vec<Measure>,
}

impl Tally {
    /// Notes a condition, each phrase saying what was found against what was asked.
    pub(super) fn note(&mut self, holds: bool, phrase: impl Into<String>) {
        if holds { self.held.push(phrase.into()) } else { self.failed.push(phrase.into()) }
    }

    pub(super) fn note_undecided(&mut self, phrase: impl Into<String>) {
        self.undecided.push(phrase.into());
    }

    pub(super) fn note_held(&mut self, held: Held) {
        match held {
            Ok((holds, phrase)) => self.note(holds, phrase),
            Err(phrase) => self.note_undecided(phrase),
        }
    }

    pub(super) fn measure(&mut self, name: &str, value: f64, bound: impl Into<String>) {
        self.measures.push(Measure { name: name.to_owned(), value, bound: bound.into() });
    }

    pub(super) fn finding(self) -> Finding {
        let (outcome, phrases) = match (self.failed.is_empty(), self.undecided.is_empty(), self.held.is_empty()) {
            (false, _, _) => (Outcome::Fail, self.failed),
            (true, false, _) => (Outcome::Inconclusive, self.undecided),
            (true, true, false) => (Outcome::Pass, self.held),
            (true, true, true) => (Outcome::Inconclusive, vec!["nothing was checked".to_owned()]),
        };
        let mut finding = Finding::new(outcome, phrases.join("; "));
        finding.evidence.measures = self.measures;
        finding
    }
}

/// A whole number as a measure; counts stay far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts and byte sizes stay far below 2^53")]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_beats_undecided_beats_held_and_nothing_is_no_pass() {
        let mut tally = Tally::default();
        assert_eq!(tally.clone().finding().outcome, Outcome::Inconclusive);
        tally.note(true, "a");
        tally.note(true, "b");
        assert_eq!(tally.clone().finding(), Finding::pass("a; b"));
        tally.note_undecided("c");
        assert_eq!(tally.clone().finding(), Finding::inconclusive("c"));
        tally.note(false, "d");
        assert_eq!(tally.finding(), Finding::fail("d"));
    }
}
