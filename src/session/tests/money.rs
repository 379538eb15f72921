//! What the law says of money.

use super::*;

#[test]
fn a_judge_inside_a_combination_is_reserved_for_with_each_of_its_votes() {
    let mut judged = charter(None);
    judged.criteria[0].checks[0].votes = 3;
    judged.criteria[0].checks[0].kind = "all".into();
    let run = RunId(uuid::Uuid::from_u128(1));
    let first = Event::RunStarted { run, charter: Box::new(judged), actor: operator() };
    let told = Told { session: begin(at(0), &first).unwrap(), said: vec![] };
    let told = told.planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    let open = told.session.ledger.open().unwrap();
    assert_eq!((open.role, open.amount), (Role::Judge, Money::from_micros(15)));
    assert!(told.session.owes_sync(&told.session.effect().unwrap()), "a judge is paid");
    let free = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    assert!(!free.session.owes_sync(&free.session.effect().unwrap()), "checks repeat for free");
    let told = told.verdict("t1", Outcome::Fail).take(&Event::DaemonStarted { epoch: 2, version: "0".into(), pid: 1 });
    assert_eq!(told.session.ledger.open(), None, "its verdict is recorded: it is not asked again");
    assert_eq!(told.session.ledger.spent(), Money::from_micros(16), "what it asked before is not known");
}

#[test]
fn what_judging_cost_is_booked_also_where_checks_could_not_run() {
    let bill = Bill { cost: Cost::Reported(Money::from_micros(4)), calls: 1, ..Bill::free(Role::Judge) };
    let fault = Fault { kind: FaultKind::Environment, text: "disk full".into() };
    let told = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    let told = told.answer(|attempt| Event::Failed { attempt, fault, bill: Some(bill) });
    assert_eq!((told.stage(), told.session.ledger.spent()), ("paused", Money::from_micros(5)));
}

#[test]
fn words_are_derived_under_a_reserve_of_their_own() {
    let mut words = charter(None);
    words.criteria[0].checks.clear();
    let run = RunId(uuid::Uuid::from_u128(1));
    let first = Event::RunStarted { run, charter: Box::new(words), actor: operator() };
    let prepared = Prepared {
        base: CommitId::new("c0"),
        base_tree: TreeId::new("t0"),
        tree: TreeId::new("t0"),
        branch: "cco/m".into(),
        staged: None,
    };
    let told = Told { session: begin(at(0), &first).unwrap(), said: vec![] };
    let told = told.answer(|attempt| Event::Prepared { attempt, prepared });
    assert_eq!((told.stage(), told.session.ledger.open().unwrap().amount), ("deriving", Money::from_micros(20)));
}

#[test]
fn another_credential_means_other_dollars_from_the_next_attempt_on() {
    let terms = |worker_dollars| Event::TermsSet {
        actor: operator(),
        reserves: Reserves { worker: Money::from_micros(70), ..charter(None).reserves },
        worker_dollars,
    };
    let daemon = Event::DaemonStarted { epoch: 2, version: "0".into(), pid: 1 };
    let told = begun(Some(1_000)).planning().working();
    let told = told.take(&terms(WorkerDollars::Equivalent)).take(&daemon);
    assert_eq!(told.session.ledger.spent(), Money::from_micros(100), "the lost attempt was billed");
    assert_eq!(told.session.ledger.open().unwrap().amount, Money::ZERO);
    // The conversation tells of 30 for the lost attempt and 60 for this one.
    let session = told.session.conversation.as_ref().unwrap().id;
    let told = told.told_both(session, 60, 90);
    let account = told.session.ledger.account(Role::Worker);
    assert_eq!((account.reported, account.equivalent), (Money::from_micros(30), Money::from_micros(60)));

    let told = begun(Some(1_000)).take(&terms(WorkerDollars::Equivalent)).planning().working();
    let told = told.take(&terms(WorkerDollars::Billed)).take(&daemon);
    let Some(Effect::Work(order)) = told.session.effect() else { panic!("{}", told.stage()) };
    assert_eq!((order.max_cost, told.session.ledger.spent()), (Some(Money::from_micros(70)), Money::ZERO));
}

#[test]
fn a_result_that_is_taken_over_is_paid_for_as_its_own_attempt_was() {
    let terms = Event::TermsSet {
        actor: operator(),
        reserves: charter(None).reserves,
        worker_dollars: WorkerDollars::Equivalent,
    };
    let told = begun(None).planning().working();
    let told = told.take(&terms).take(&Event::DaemonStarted { epoch: 2, version: "0".into(), pid: 1 });
    let session = told.session.conversation.as_ref().unwrap().id;
    let report = WorkerReport { adopted: true, ..worked(session, WorkerOutcome::Finished, Some(40), Some(40)) };
    let told = told.answer(|attempt| Event::WorkerEnded { attempt, report: Box::new(report) });
    assert_eq!(told.session.ledger.account(Role::Worker).reported, Money::from_micros(40));
    assert!(told.session.ledger.lost().is_empty());
}

const SECOND_DAEMON: Event = Event::DaemonStarted { epoch: 2, version: String::new(), pid: 1 };

fn order(told: &Told) -> &WorkOrder {
    match &told.session.stage {
        Stage::Working(work) => &work.order,
        other => panic!("{}", other.name()),
    }
}

#[test]
fn a_result_on_disk_is_taken_over_before_the_budget_is_asked() {
    let told = begun(Some(80)).planning().working().take(&SECOND_DAEMON);
    assert_eq!(told.session.ledger.spent(), Money::from_micros(80), "what was lost may have cost all there was");
    let session = order(&told).session;
    let report = WorkerReport { adopted: true, ..worked(session, WorkerOutcome::Finished, Some(15), Some(15)) };
    let told = told.answer(|attempt| Event::WorkerEnded { attempt, report: Box::new(report) });
    assert_eq!((told.stage(), told.session.ledger.spent()), ("snapshotting", Money::from_micros(15)));
}

#[test]
fn where_no_result_is_found_the_limit_holds_and_nothing_is_spent() {
    let tighter = Limits { usd: Some(Money::ZERO), ..charter(None).limits };
    let told = begun(Some(80)).planning().working();
    let told = told.take(&Event::LimitsSet { actor: operator(), limits: tighter }).take(&SECOND_DAEMON);
    assert!(order(&told).adopt.is_some() && order(&told).nothing_is_left());
    let told = told.ended(WorkerOutcome::ActionBudget, Some(0));
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::Budget { .. }, .. }), "{}", told.stage());
    assert_eq!(told.session.ledger.open(), None);
    let more = Limits { usd: Some(Money::from_micros(500)), ..charter(None).limits };
    let told = told.take(&Event::LimitsSet { actor: operator(), limits: more });
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    assert_eq!((order(&told).adopt, order(&told).max_cost), (None, Some(Money::from_micros(100))));
}

#[test]
fn a_stop_does_not_use_the_budget_up_but_the_second_one_that_tells_nothing_may() {
    let stopped = |told: Told| {
        let attempt = told.session.attempt;
        let told = told.take(&Event::StopAsked { actor: operator(), how: StopHow::Now });
        let session = told.session.conversation.as_ref().unwrap().id;
        let report = Box::new(worked(session, WorkerOutcome::Stopped, None, None));
        let told = told.take(&Event::WorkerEnded { attempt, report }).snapshotted("t1");
        told.take(&SECOND_DAEMON).take(&Event::ResumeAsked { actor: operator() })
    };
    let told = stopped(begun(Some(80)).planning().working());
    assert_eq!((order(&told).adopt, order(&told).max_cost), (None, Some(Money::from_micros(80))));
    let twice = stopped(told);
    assert!(matches!(twice.session.stage, Stage::Paused { why: PauseReason::Budget { .. }, .. }), "{}", twice.stage());
    assert_eq!(twice.session.ledger.spent(), Money::from_micros(160), "never more than one reserve too much");
}
