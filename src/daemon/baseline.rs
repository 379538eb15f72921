//! The tests that passed before any work, which `no_regression` compares with: pinned while they are found, by hashes
//! in the journaled verdicts, so that neither a crash in the middle nor the loss of the database forgets one.

use std::collections::{BTreeMap, BTreeSet};

use super::perform::{Task, unfit};
use crate::session::{Charter, Event, Fault, Session};
use crate::store::{self, Mark, StateDir};
use crate::verify::Baseline;
use crate::words::{CheckId, Hash};

/// The place among the memos of what was read out of the journal once.
pub(super) const BASELINE: &str = "baseline";

/// Names of passed tests by check, as they are written.
type Passed = BTreeMap<CheckId, BTreeSet<String>>;

/// Whether the baseline is being found: nothing is compared with it then.
pub(super) fn is_being_found(task: &Task) -> bool {
    task.session.iteration.0 == 0
}

/// Whether no action came after the newest amendment: what is found of a check that is new with it is its baseline.
pub(super) fn is_amended_now(session: &Session) -> bool {
    session.amended.as_ref().is_some_and(|amended| amended.iteration == session.iteration)
}

/// Keeps what passed in one check; `None` if it tells no tests.
pub(super) fn pin(state: &StateDir, passed: &Baseline) -> Result<Option<Hash>, Fault> {
    let passed: BTreeMap<_, _> = passed.iter().collect();
    if passed.is_empty() {
        return Ok(None);
    }
    let bytes = serde_json::to_vec(&passed).map_err(|error| unfit(&error))?;
    state.pin(&bytes).map(Some).map_err(|error| unfit(&error))
}

/// The baseline of the run.
pub(super) fn found(task: &Task) -> Result<Baseline, Fault> {
    let caches = &task.tools.caches;
    if let Some(bytes) = caches.memo(BASELINE).map_err(|error| unfit(&error))? {
        return Ok(serde_json::from_slice::<Passed>(&bytes).map_err(|error| unfit(&error))?.into_iter().collect());
    }
    let passed = journaled(&task.tools.state)?;
    // While it is being found, more may come: what is known so far is not remembered.
    if !is_being_found(task) && !is_amended_now(&task.session) {
        let bytes = serde_json::to_vec(&passed).map_err(|error| unfit(&error))?;
        caches.remember(BASELINE, &bytes).map_err(|error| unfit(&error))?;
    }
    Ok(passed.into_iter().collect())
}

/// What the journal's verdicts tell of it.
fn journaled(state: &StateDir) -> Result<Passed, Fault> {
    let mut found: BTreeMap<CheckId, (Hash, Passed)> = BTreeMap::new();
    for record in store::read_events(state, None, &Mark::ORIGIN).map_err(|error| unfit(&error))? {
        let (_, _, event) = record.map_err(|error| unfit(&error))?;
        match event {
            Event::VerdictRecorded { verdict, .. } => {
                if let Some(hash) = verdict.evidence.passed {
                    let bytes = state.pinned(&hash).map_err(|error| unfit(&error))?;
                    let passed: Passed = serde_json::from_slice(&bytes).map_err(|error| unfit(&error))?;
                    found.insert(verdict.check, (verdict.check_hash, passed));
                }
            }
            // A check that was changed or moved begins anew.
            Event::Amended { charter, .. } => found.retain(|check, (hash, _)| holds(&charter, check, hash)),
            _ => {}
        }
    }
    Ok(found.into_values().flat_map(|(_, passed)| passed).collect())
}

/// Whether a mission has exactly this check.
fn holds(charter: &Charter, id: &CheckId, hash: &Hash) -> bool {
    let mut checks = charter.criteria.iter().flat_map(|criterion| &criterion.checks);
    checks.any(|check| check.id == *id && check.hash == *hash)
}
