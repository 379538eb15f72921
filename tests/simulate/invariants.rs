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
    an_amendment_voids_verdicts(daemon);
    a_pause_holds(daemon);
    a_result_is_taken_over_before_money_is_asked_for(session, world);
}

/// I9: what was paid for and is on disk waits for no budget.
fn a_result_is_taken_over_before_money_is_asked_for(session: &Session, world: &World) {
    if let Stage::Paused { why: PauseReason::Budget { what }, then } = &session.stage
        && let Stage::Working(Work { order, .. }) = then.innermost()
    {
        let waits = order.adopt.is_some_and(|lost| world.left_behind.contains_key(&lost));
        assert!(!waits, "I9: a result is there, and yet: {what}");
    }
}

/// I4: whoever was told that the mission will pause finds it paused, whatever became of the daemon.
fn a_pause_holds(daemon: &Daemon) {
    let went_on = daemon.paused_in.is_some_and(|asked_in| daemon.session.attempt > asked_in);
    let stage = &daemon.session.stage;
    assert!(!went_on || !stage.is_boundary(), "a pause was forgotten: {} goes on", stage.name());
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

/// I2: what was found before the newest amendment does not count after it.
fn an_amendment_voids_verdicts(daemon: &Daemon) {
    let session = &daemon.session;
    if session.amended.as_ref().is_none_or(|amended| amended.pending.is_some()) {
        return;
    }
    // It looks through the journal: now and then, and right after an amendment.
    let newest = matches!(daemon.journal.last(), Some((_, Event::Amended { .. })));
    if !newest && !daemon.journal.len().is_multiple_of(FOLD_EVERY) {
        return;
    }
    let at = daemon.journal.iter().rposition(|(_, event)| matches!(event, Event::Amended { .. })).unwrap();
    let known = |wanted: &Verdict| {
        let told = daemon.journal.iter().skip(at).map(|(_, event)| event);
        told.into_iter().any(|event| matches!(event, Event::VerdictRecorded { verdict, .. } if **verdict == *wanted))
    };
    let verdicts = session.records.iter().flat_map(|record| record.verdicts.values()).chain(&session.proof);
    for verdict in verdicts {
        assert!(known(verdict), "I2: {} counts a verdict of before the amendment", verdict.check);
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
    // Between the provider's charge and the event that tells of it, the meter is ahead by what is reserved at most.
    let known = ledger.spent() + ledger.open().map_or(Money::ZERO, |open| open.amount);
    let has_ceiling = daemon.session.charter.reserves.worker > Money::ZERO;
    let meter = Money::from_micros(world.meter);
    assert!(!has_ceiling || known >= meter, "I5: the ledger knows {known} of {meter}");
    // What is said to be reported was charged; only estimates may be too high.
    let told: Money = ledger.accounts().values().map(|account| account.reported + account.equivalent).sum();
    let charged = meter + Money::from_micros(world.unbilled);
    assert!(told <= charged, "{told} are told of, {charged} were charged");
    an_answer_is_charged_once(daemon, world);
}

/// Once an answer came out of the cache, no attempt that had paid for it or read it is charged beside it.
fn an_answer_is_charged_once(daemon: &Daemon, world: &World) {
    let event = &daemon.journal.last().unwrap().1;
    if event.attempt().is_some_and(|late| world.answered.contains(&late)) {
        return;
    }
    let bill = match event {
        Event::Planned { bill, .. } | Event::Derived { bill, .. } => Some(bill),
        Event::Verified { bill, .. } | Event::Proved { bill, .. } | Event::Failed { bill, .. } => bill.as_ref(),
        _ => None,
    };
    if let Some(bill) = bill.filter(|bill| bill.from_cache) {
        let lost = daemon.session.ledger.lost().iter().filter(|lost| lost.role == bill.role);
        let twice: Vec<_> = lost.filter(|lost| world.answered.contains(&lost.attempt)).collect();
        assert!(twice.is_empty(), "I9: charged twice: {twice:?}");
    }
}

fn everything_is_bounded(session: &Session) {
    assert!(session.history.len() <= HISTORY && session.tasks.len() <= 60 && session.guidance.len() <= 16);
    assert!(session.lessons.by_signature.len() <= 32);
}
