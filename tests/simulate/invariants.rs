//! What must hold after every event (design section 7), each named where it is checked.

use cco::session::*;
use cco::words::*;

use crate::run::Daemon;
use crate::world::World;

/// How often the fold is compared.
const FOLD_EVERY: usize = 16;

pub(crate) fn check(daemon: &Daemon, world: &World) {
    let session = &daemon.session;
    // The fold costs as much as the history so far: now and then, and whenever a daemon takes over.
    if daemon.journal.len().is_multiple_of(FOLD_EVERY)
        || matches!(daemon.journal.last(), Some((_, Event::DaemonStarted { .. })))
    {
        assert_eq!(*session, daemon.folded(), "I4: the session is the fold of its journal");
    }
    criteria_hold_by_verdicts_only(session);
    done_is_proven(session, world);
    money_is_accounted_for(daemon, world);
    everything_is_bounded(session);
}

fn criteria_hold_by_verdicts_only(session: &Session) {
    for (criterion, record) in session.charter.criteria.iter().zip(&session.records) {
        if let (true, Some(held)) = (record.holding, record.last_held.as_ref()) {
            let passed = |check: &CharterCheck| {
                let verdict = record.verdicts.get(&check.id);
                verdict.is_some_and(|verdict| verdict.outcome == Outcome::Pass && verdict.tree == held.tree)
            };
            let due = criterion.checks.iter().filter(|check| check.runs_in(Scope::Iteration));
            assert!(
                verifying(&session.stage) || due.clone().all(passed),
                "I2: {} holds without a verdict",
                criterion.id
            );
        }
    }
}

/// Whether a verification is under way or interrupted: then the newest verdicts are ahead of what was concluded.
fn verifying(stage: &Stage) -> bool {
    matches!(stage.innermost(), Stage::Verifying { .. } | Stage::Proving { .. })
}

fn done_is_proven(session: &Session, world: &World) {
    if let Stage::Ended(End::Done { commit }) = &session.stage {
        let (tree, _) = &world.commits[commit.as_str()];
        for (n, criterion) in session.charter.criteria.iter().enumerate() {
            let passed = session.proof.iter().any(|verdict| {
                verdict.criterion == criterion.id && verdict.outcome == Outcome::Pass && verdict.tree == *tree
            });
            assert!(!criterion.required || passed, "I3: {} is not proven on the published commit", criterion.id);
            assert!(!criterion.required || world.truth(tree, n), "I3: {} is not even true", criterion.id);
        }
    }
}

fn money_is_accounted_for(daemon: &Daemon, world: &World) {
    let ledger = &daemon.session.ledger;
    if let Some(usd) = daemon.session.charter.limits.usd {
        assert!(ledger.spent() <= usd + daemon.largest_reserve, "I5: {} of {usd}", ledger.spent());
    }
    // Between the provider's charge and the event that tells of it, the meter is ahead by what is reserved.
    let known = ledger.spent() + ledger.open().map_or(Money::ZERO, |open| open.amount);
    let slack = Money::from_micros(1_000_000);
    assert!(known + slack >= Money::from_micros(world.meter), "the ledger knows {known} of {}", world.meter);
}

fn everything_is_bounded(session: &Session) {
    assert!(session.history.len() <= HISTORY && session.tasks.len() <= 60 && session.guidance.len() <= 16);
    assert!(session.lessons.by_signature.len() <= 32);
}
