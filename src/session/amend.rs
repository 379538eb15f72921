//! A mission that is changed while it is under way (`cco amend`): the charter is replaced, and everything is sealed and
//! looked at anew.
//!
//! What was spent, the iterations and the lessons stay. A criterion that is the same in word and check keeps its past; its
//! verdicts do not count any more, for they were found under another seal (invariant I2).

use jiff::Timestamp;

use super::charter::{Charter, CharterCriterion};
use super::criteria::CriterionRecord;
use super::event::InputHashes;
use super::progress::Progress;
use super::session::{Retries, SealMark, Session};
use super::stage::{End, Stage};
use super::step::{NoticeKind, Turn};
use crate::words::{Actor, Hash, IterationNumber};

/// The amendments of a run so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Amendment {
    /// How many there were.
    pub times: u32,
    /// Who made the newest one.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// The newest iteration that was started before it: until another one is, what is found is the start of it.
    pub iteration: IterationNumber,
    /// The charter that waits for a commit under way: that must be a pure function of what the journal told before.
    pub pending: Option<Box<Charter>>,
}

/// What the newest amendment says of itself.
pub(super) struct Amended<'a> {
    pub(super) actor: &'a Actor,
    pub(super) charter: &'a Charter,
    pub(super) after: &'a InputHashes,
    pub(super) reason: &'a str,
}

impl Turn {
    pub(super) fn amended(&mut self, told: &Amended<'_>) {
        if matches!(self.s.stage, Stage::Ended(End::Done { .. })) {
            return self.tell(NoticeKind::Odd, "nothing to amend: the mission is done");
        }
        self.s.amended = Some(Amendment {
            times: self.s.amended.as_ref().map_or(0, |before| before.times).saturating_add(1),
            actor: told.actor.clone(),
            at: self.now,
            reason: told.reason.to_owned(),
            iteration: self.s.iteration,
            pending: None,
        });
        // From here on only these inputs are gone on with. The paths are sealed by the next daemon.
        let InputHashes { mission, config, lock } = *told.after;
        self.s.sealed =
            Some(SealMark { mission, config, lock, prompts: None, whole: Hash::ZERO, pinned: None, tree: None });
        if matches!(self.s.stage.innermost(), Stage::Recording(_)) {
            if let Some(amended) = &mut self.s.amended {
                amended.pending = Some(Box::new(told.charter.clone()));
            }
            return;
        }
        self.s.ledger.lose_open();
        self.go_by(told.charter);
        let stage = self.held_as_before(self.s.to_seal());
        self.enter(stage);
    }

    /// Goes by the charter that waited for a commit; `false`: none did.
    pub(super) fn amend_after_commit(&mut self) -> bool {
        let Some(charter) = self.s.amended.as_mut().and_then(|amended| amended.pending.take()) else { return false };
        self.go_by(&charter);
        let stage = self.s.to_seal();
        self.enter(stage);
        true
    }

    /// Limits, reserves and what dollars mean are each an event of their own, and stay.
    fn go_by(&mut self, amended: &Charter) {
        self.finish_note();
        let records = amended.criteria.iter().map(|criterion| self.past_of(criterion)).collect();
        let phase = self.s.charter.phases.get(self.s.phase);
        let place = phase.and_then(|id| amended.phases.iter().position(|known| known == id));
        self.s.phase = place.unwrap_or_else(|| self.s.phase.min(amended.phases.len().saturating_sub(1)));
        let Charter { limits, reserves, worker_dollars, .. } = self.s.charter.clone();
        self.s.charter = Charter { limits, reserves, worker_dollars, ..amended.clone() };
        self.s.records = records;
        self.s.proof.clear();
        self.s.progress = Progress::default();
        self.s.impossible = None;
        self.s.sliced = None;
        self.s.retries = Retries::default();
        // The worker was told the mission as it was.
        self.close_conversation();
    }

    /// What stays known of a criterion that is the same in word and check.
    fn past_of(&self, amended: &CharterCriterion) -> CriterionRecord {
        let same = |old: &CharterCriterion| {
            let checks =
                |criterion: &CharterCriterion| criterion.checks.iter().map(|check| check.hash).collect::<Vec<_>>();
            old.id == amended.id && old.text == amended.text && checks(old) == checks(amended)
        };
        let place = self.s.charter.criteria.iter().position(same);
        let past = place.and_then(|place| self.s.records.get(place)).cloned().unwrap_or_default();
        CriterionRecord { verdicts: std::collections::BTreeMap::new(), holding: false, ..past }
    }

    /// A pause and a wait outlive an amendment; a question to a person, and an end, do not.
    fn held_as_before(&self, next: Stage) -> Stage {
        let then = Box::new(next);
        match self.s.stage.clone() {
            Stage::Paused { why, .. } | Stage::Stopping { why, .. } => Stage::Paused { why, then },
            Stage::Waiting { until, why, .. } => Stage::Waiting { until, why, then },
            Stage::Preparing
            | Stage::Deriving { .. }
            | Stage::Sealing
            | Stage::Verifying { .. }
            | Stage::Planning { .. }
            | Stage::Working(_)
            | Stage::Snapshotting { .. }
            | Stage::Restoring { .. }
            | Stage::Recording(_)
            | Stage::Proving { .. }
            | Stage::AwaitingHuman { .. }
            | Stage::Ended(_) => *then,
        }
    }
}

impl Session {
    /// The stage from which a run comes to its seal.
    pub(super) fn to_seal(&self) -> Stage {
        let criteria = self.charter.underived();
        match (self.prepared.is_some(), criteria.is_empty()) {
            (false, _) => Stage::Preparing,
            (true, false) => Stage::Deriving { criteria },
            (true, true) => Stage::Sealing,
        }
    }
}
