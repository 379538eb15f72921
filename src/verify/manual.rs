//! `manual`: a person's word, for exactly one tree. Pure.

use super::finding::Finding;
use super::ground::Place;
use crate::mission::ManualCheck;
use crate::words::{CheckId, TreeId};

/// What a person said about one check on one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The check, with its parts.
    pub check: CheckId,
    /// The tree they looked at; it says nothing about any other.
    pub tree: TreeId,
    /// What they said.
    pub answer: Word,
    /// Who, for the record.
    pub by: String,
    /// What they added; may be empty.
    pub note: String,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is as it should be.
    Approved,
    /// It is not.
    Rejected,
}

pub(super) fn check(place: &Place<'_>, what: &ManualCheck) -> Finding {
    let of_this = |approval: &&Approval| is_of(place.id, &approval.check) && approval.tree == place.ground.tree;
    // The newest word counts: people change their minds.
    let finding = match place.ground.approvals.iter().rev().find(of_this) {
        Some(Approval { answer: Word::Approved, by, note, .. }) => Finding::pass(said("approved", by, note)),
        Some(Approval { answer: Word::Rejected, by, note, .. }) => Finding::fail(said("rejected", by, note)),
        None => Finding::inconclusive(format!("waits for a person to approve tree {}", place.ground.tree.short())),
    };
    finding.subject(what.instruction.clone())
}

/// Whether a check is the other one, or a part of it: who answers for a combination answers for all that it asks.
fn is_of(check: &CheckId, whole: &CheckId) -> bool {
    check.as_str().strip_prefix(whole.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn said(word: &str, by: &str, note: &str) -> String {
    if note.is_empty() { format!("{word} by {by}") } else { format!("{word} by {by}: {note}") }
}
