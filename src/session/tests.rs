//! The law in sentences: input, input, and exactly this comes out. The simulator does the rest.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::mission::Every;
use crate::words::{
    Actor, AttemptId, CheckId, CommitId, CriterionId, Evidence, Hash, MissionId, Money, Outcome, PhaseId, Priority,
    RunId, SessionId, TreeId, Usage, Verdict, Via,
};

mod amended;
mod ladder;
mod money;

/// A session told by events, with what it said.
struct Told {
    session: Session,
    said: Vec<Notice>,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn operator() -> Actor {
    Actor::Operator { name: "ada".into(), via: Via::Cli }
}

fn charter(usd: Option<u64>) -> Charter {
    let check = CharterCheck {
        id: CheckId::new("a/0"),
        kind: "command".into(),
        every: Every::Iteration,
        hash: Hash::ZERO,
        votes: 0,
        person: false,
    };
    let criterion = CharterCriterion {
        id: CriterionId::new("a"),
        text: "it works".into(),
        priority: Priority::Medium,
        required: true,
        phase: 0,
        checks: vec![check],
        derived: false,
    };
    Charter {
        mission: MissionId::new("m"),
        title: "m".into(),
        criteria: vec![criterion],
        phases: vec![PhaseId::new("main")],
        limits: Limits {
            max_iterations: None,
            stall_after: 5,
            on_stall: OnStall::Escalate,
            checkpoint_interval: 5,
            usd: usd.map(Money::from_micros),
            tokens: None,
            warn_at: vec![50, 80],
            human_wait: Duration::from_secs(60),
            written: None,
        },
        commits: Commits { auto: true, frequency: CommitFrequency::PerIteration },
        reserves: Reserves {
            manager: Money::from_micros(10),
            worker: Money::from_micros(100),
            derive: Money::from_micros(20),
            judge: Money::from_micros(5),
        },
        worker_dollars: WorkerDollars::Billed,
        context_window: 200_000,
    }
}

fn begun(usd: Option<u64>) -> Told {
    let run = RunId(uuid::Uuid::from_u128(1));
    let first = Event::RunStarted { run, charter: Box::new(charter(usd)), actor: operator() };
    Told { session: begin(at(0), &first).unwrap(), said: vec![] }
}

impl Told {
    fn take(mut self, event: &Event) -> Self {
        let (session, notices) = step(self.session, at(1), event);
        self.session = session;
        self.said.extend(notices);
        self
    }

    fn answer(self, event: impl FnOnce(AttemptId) -> Event) -> Self {
        let event = event(self.session.attempt);
        self.take(&event)
    }

    fn verdict(self, tree: &str, outcome: Outcome) -> Self {
        self.verdict_of("a", tree, outcome)
    }

    fn verified(self, tree: &str, outcome: Outcome) -> Self {
        self.verdict(tree, outcome).answer(|attempt| Event::Verified { attempt, bill: None })
    }

    /// Up to the first plan, with a baseline that fails.
    fn planning(self) -> Self {
        let prepared = Prepared {
            base: CommitId::new("c0"),
            base_tree: TreeId::new("t0"),
            tree: TreeId::new("t0"),
            branch: "cco/m".into(),
            staged: None,
        };
        let seal = Seal {
            mission: Hash::ZERO,
            config: Hash::ZERO,
            lock: None,
            prompts: Hash::ZERO,
            paths: vec![],
            pinned: None,
            vacuous: vec![],
            tree: None,
        };
        self.answer(|attempt| Event::Prepared { attempt, prepared })
            .answer(|attempt| Event::Sealed { attempt, seal, actor: Actor::Cco })
            .verified("t0", Outcome::Fail)
    }

    fn working(self) -> Self {
        let action = Action {
            title: "do".into(),
            prompt: "do".into(),
            criteria: vec![],
            agent: None,
            tier: ModelTier::Standard,
        };
        let plan = Plan {
            analysis: String::new(),
            strategy: Strategy::Proceed,
            action,
            conversation: ConversationWish::Continue,
            tasks: vec![],
            impossible: None,
            question: None,
        };
        let source = PlanSource::Checklist { instead_of: None };
        let bill = Bill::free(Role::Manager);
        self.answer(|attempt| Event::Planned { attempt, plan: Box::new(plan), source, bill })
    }

    fn ended(self, outcome: WorkerOutcome, own_cost: Option<u64>) -> Self {
        let session = self.session.conversation.as_ref().unwrap().id;
        let report = worked(session, outcome, own_cost, own_cost);
        self.answer(|attempt| Event::WorkerEnded { attempt, report: Box::new(report) })
    }

    /// A good end that tells what the attempt and what the whole conversation cost.
    fn told_both(self, session: SessionId, own: u64, whole: u64) -> Self {
        let report = worked(session, WorkerOutcome::Finished, Some(own), Some(whole));
        self.answer(|attempt| Event::WorkerEnded { attempt, report: Box::new(report) })
    }

    fn snapshotted(self, tree: &str) -> Self {
        let (tree, change) = (TreeId::new(tree), TreeChange::default());
        self.answer(|attempt| Event::Snapshotted { attempt, tree, change })
    }

    fn stage(&self) -> &'static str {
        self.session.stage.name()
    }
}

fn worked(session: SessionId, outcome: WorkerOutcome, own_cost: Option<u64>, whole: Option<u64>) -> WorkerReport {
    WorkerReport {
        outcome,
        session,
        model: "m".into(),
        text: "done".into(),
        usage: Usage::default(),
        own_cost: own_cost.map(Money::from_micros),
        session_cost: whole.map(Money::from_micros),
        calls: 1,
        tool_calls: 0,
        context_tokens: 10,
        denials: vec![],
        duration_ms: 1,
        adopted: false,
    }
}

#[test]
fn a_mission_that_holds_already_goes_to_the_proof_without_a_paid_call() {
    let mut told = begun(None);
    told = told.planning();
    assert_eq!(told.stage(), "planning");
    let held = begun(None)
        .answer(|attempt| Event::Prepared {
            attempt,
            prepared: Prepared {
                base: CommitId::new("c0"),
                base_tree: TreeId::new("t0"),
                tree: TreeId::new("t0"),
                branch: "cco/m".into(),
                staged: None,
            },
        })
        .answer(|attempt| Event::Sealed {
            attempt,
            seal: Seal {
                mission: Hash::ZERO,
                config: Hash::ZERO,
                lock: None,
                prompts: Hash::ZERO,
                paths: vec![],
                pinned: None,
                vacuous: vec![],
                tree: None,
            },
            actor: Actor::Cco,
        })
        .verified("t0", Outcome::Pass);
    assert_eq!(held.stage(), "proving");
    assert_eq!(held.session.ledger.calls(), 0);
    let proven = held.verdict("t0", Outcome::Pass).answer(|attempt| Event::Proved { attempt, bill: None });
    assert_eq!(proven.session.stage, Stage::Ended(End::Done { commit: CommitId::new("c0") }));
}

#[test]
fn a_pass_on_another_tree_proves_nothing() {
    let told = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    assert_eq!(told.stage(), "verifying");
    let told = told.verified("t0", Outcome::Pass);
    assert_eq!(told.session.held(), (0, 1));
}

#[test]
fn an_answer_of_an_older_attempt_changes_nothing() {
    let told = begun(None).planning();
    let late = AttemptId(told.session.attempt.0 - 1);
    let before = told.session.clone();
    let told = told.take(&Event::Verified { attempt: late, bill: None });
    assert_eq!(Session { updated_at: before.updated_at, ..told.session }, before);
    assert_eq!(told.said.last().unwrap().kind, NoticeKind::Dropped);
}

#[test]
fn a_stop_while_the_worker_works_ends_it_keeps_the_tree_and_pauses() {
    let told = begun(None).planning().working();
    let told = told.take(&Event::StopAsked { actor: operator(), how: StopHow::Now });
    let Stage::Stopping { attempt, .. } = told.session.stage.clone() else { panic!("{}", told.stage()) };
    assert!(matches!(told.session.effect(), Some(Effect::Cancel { attempt: cancelled, .. }) if cancelled == attempt));
    let session = told.session.conversation.as_ref().unwrap().id;
    let stopped = worked(session, WorkerOutcome::Stopped, None, None);
    let told = told.take(&Event::WorkerEnded { attempt, report: Box::new(stopped) }).snapshotted("t1");
    assert_eq!(told.stage(), "paused");
    assert_eq!(leave(&told.session, Patience::Stay, at(2)), Some(Leave::Asked));
    // The worker was killed without telling its cost: its reserve stays charged until the conversation tells.
    assert_eq!(told.session.ledger.spent(), Money::from_micros(100));
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    let Stage::Working(work) = &told.session.stage else { panic!("{}", told.stage()) };
    assert_eq!((work.order.opening, work.order.preface), (Opening::Resume, Preface::Interrupted));
}

#[test]
fn what_is_told_on_the_way_does_not_end_a_stop() {
    let stop = Event::StopAsked { actor: operator(), how: StopHow::Now };
    let told = begun(None).planning().working().take(&stop);
    let Stage::Stopping { attempt, .. } = told.session.stage.clone() else { panic!("{}", told.stage()) };
    let session = told.session.conversation.as_ref().unwrap().id;
    let told = told.take(&Event::WorkerSeen { attempt, session, model: "m".into() });
    assert_eq!(told.stage(), "stopping");
    let told = told.take(&Event::Cancelled { attempt });
    let Stage::Paused { then, .. } = &told.session.stage else { panic!("{}", told.stage()) };
    assert!(matches!(&**then, Stage::Working(work) if work.seen == Some(session)), "what was told is known");

    let told = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    let checking = told.session.attempt;
    let mut told = told.take(&stop);
    told.session.attempt = checking;
    let mut told = told.verdict("t1", Outcome::Pass);
    assert_eq!(told.stage(), "stopping");
    told.session.attempt = checking.next();
    let told = told.take(&Event::Cancelled { attempt: checking });
    assert_eq!(told.stage(), "paused");
    assert_eq!(told.session.records[0].verdicts.len(), 1);
}

#[test]
fn a_daemon_that_takes_over_resumes_the_conversation_and_charges_the_lost_attempt() {
    let told = begun(None).planning().working();
    let lost = told.session.attempt;
    let told = told.take(&Event::DaemonStarted { epoch: 2, version: "0".into(), pid: 1 });
    let Some(Effect::Work(order)) = told.session.effect() else { panic!("{}", told.stage()) };
    assert_eq!((order.adopt, order.opening), (Some(lost), Opening::Resume));
    assert!(told.session.attempt > lost);
    assert_eq!(told.session.ledger.spent(), Money::from_micros(100));
    // The conversation's total tells what the lost attempt really cost.
    let told = told.ended(WorkerOutcome::Finished, Some(30));
    assert_eq!(told.session.ledger.spent(), Money::from_micros(130));
}

#[test]
fn a_used_up_budget_pauses_before_the_next_call_and_warns_on_the_way() {
    let told = begun(Some(100)).planning().working().ended(WorkerOutcome::Finished, Some(60)).snapshotted("t1");
    assert!(told.said.iter().any(|notice| notice.kind == NoticeKind::Budget && notice.text.starts_with("50 %")));
    let told = told.verified("t1", Outcome::Fail).answer(|attempt| Event::Recorded { attempt, commit: None });
    let told = told.working();
    let Some(Effect::Work(order)) = told.session.effect() else { panic!("{}", told.stage()) };
    assert_eq!(order.max_cost, Some(Money::from_micros(40)), "the worker is fenced in with what is left");
    let told = told.ended(WorkerOutcome::ActionBudget, Some(45)).snapshotted("t2").verified("t2", Outcome::Fail);
    let told = told.answer(|attempt| Event::Recorded { attempt, commit: None });
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::Budget { .. }, .. }));
    assert_eq!(leave(&told.session, Patience::Stay, at(2)), None);
    let impatient = Patience::Leave { max_wait: Duration::ZERO };
    assert_eq!(leave(&told.session, impatient, at(2)), Some(Leave::Budget));
}

#[test]
fn a_closed_usage_window_is_waited_for_and_costs_no_rung() {
    let until = at(9_000);
    let outcome = WorkerOutcome::Limited { until: Some(until), what: "5-hour limit".into() };
    let told = begun(None).planning().working().ended(outcome, Some(0)).snapshotted("t0");
    let Stage::Waiting { until: opens, .. } = told.session.stage.clone() else { panic!("{}", told.stage()) };
    assert!(opens >= until);
    assert_eq!(told.session.progress.streak(), 0);
    let told = told.answer(|attempt| Event::TimeReached { attempt });
    assert_eq!(told.stage(), "working");
    assert_eq!(told.session.iteration.0, 1, "no iteration is spent on waiting");
}

#[test]
fn guidance_is_heard_once_and_what_comes_later_waits_for_the_next_question() {
    let told = begun(None).planning();
    let told = told.take(&Event::Guided { actor: operator(), text: "late".into() });
    assert_eq!(told.session.effect(), Some(Effect::Plan { ask: PlanAsk::TaskInitiation, heard: 0 }));
    let told = told.working();
    assert_eq!(told.session.guidance.len(), 1);
}

#[test]
fn an_action_that_bends_the_seal_counts_once_however_often_it_is_looked_at_and_the_third_pauses() {
    let bent = |told: Told| {
        let (paths, tree) = (vec!["contract".to_owned()], TreeId::new("bent"));
        told.answer(|attempt| Event::Tampered { attempt, paths, tree })
    };
    let mut told = begun(None).planning();
    for number in 1..=3 {
        told = bent(told.working().ended(WorkerOutcome::Finished, None));
        // A daemon that takes over takes the snapshot again, and finds the same.
        told = bent(told.take(&Event::DaemonStarted { epoch: number + 1, version: String::new(), pid: 1 }));
        assert_eq!(told.session.tamper.as_ref().map(|tamper| u64::from(tamper.count)), Some(number));
        told = told.snapshotted(&format!("t{number}"));
        if number < 3 {
            told = told
                .verified(&format!("t{number}"), Outcome::Fail)
                .answer(|attempt| Event::Recorded { attempt, commit: Some(CommitId::new(format!("c{number}"))) });
        }
    }
    assert_eq!(told.stage(), "paused");
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    assert_eq!(told.stage(), "verifying", "who has looked may go on");
}

#[test]
fn a_slice_after_which_everything_holds_ends_its_iteration_like_any_other() {
    let told = begun(None).planning().working().ended(WorkerOutcome::Sliced, Some(1)).snapshotted("t1");
    let told = told.verified("t1", Outcome::Pass);
    assert_eq!(told.stage(), "recording");
    let notes: Vec<_> = told.session.history.iter().map(|note| (note.number.0, note.outcome.as_str())).collect();
    assert_eq!((notes.as_slice(), &told.session.current), ([(1, "sliced")].as_slice(), &None));
    let told = begun(None).planning().working().ended(WorkerOutcome::Sliced, Some(1)).snapshotted("t1");
    let told = told.verified("t1", Outcome::Fail);
    assert_eq!((told.stage(), told.session.history.len()), ("working", 0), "what is not done yet goes on");
}

#[test]
fn a_seventeenth_piece_of_guidance_pushes_nothing_out_that_was_not_heard() {
    let guide = |text: String| Event::Guided { actor: operator(), text };
    let mut told = begun(None);
    for n in 0..3 {
        told = told.take(&guide(format!("early {n}")));
    }
    told = told.planning();
    assert_eq!(told.session.effect(), Some(Effect::Plan { ask: PlanAsk::TaskInitiation, heard: 3 }));
    for n in 0..15 {
        told = told.take(&guide(format!("late {n}")));
    }
    let told = told.working();
    let left: Vec<_> = told.session.guidance.iter().map(|guidance| guidance.text.clone()).collect();
    assert_eq!(left, (0..15).map(|n| format!("late {n}")).collect::<Vec<_>>());
}

#[test]
fn what_was_signalled_is_the_claim_of_who_says_nothing_else() {
    let signal = Event::Signalled { actor: Actor::Worker, phase: None, note: "blocked: no database".into() };
    let told = begun(None).planning().working().take(&signal);
    let session = told.session.conversation.as_ref().unwrap().id;
    let silent = WorkerReport { text: String::new(), ..worked(session, WorkerOutcome::Finished, Some(0), Some(0)) };
    let told = told.answer(|attempt| Event::WorkerEnded { attempt, report: Box::new(silent) });
    assert_eq!(told.session.current.as_ref().unwrap().claim, "blocked: no database");
}

#[test]
fn a_stop_laid_over_a_persons_pause_leaves_it_as_it_is() {
    let told = begun(None).planning().working().ended(WorkerOutcome::Finished, Some(1)).snapshotted("t1");
    let told = told.take(&Event::PauseAsked { actor: operator() }).verified("t1", Outcome::Fail);
    assert_eq!(told.stage(), "recording", "what is free is finished first");
    let told = told.answer(|attempt| Event::Recorded { attempt, commit: None });
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::Operator, .. }));
    let told = told.take(&Event::StopAsked { actor: operator(), how: StopHow::Now });
    assert_eq!(leave(&told.session, Patience::Stay, at(2)), Some(Leave::Asked));
    let told = told.take(&Event::DaemonStarted { epoch: 2, version: "0".into(), pid: 1 });
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::Operator, .. }));
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    assert_eq!(told.stage(), "planning");
}

#[test]
fn at_the_limit_of_iterations_it_stays_unless_it_is_not_to_wait() {
    let mut limited = charter(None);
    limited.limits.max_iterations = Some(0);
    let run = RunId(uuid::Uuid::from_u128(1));
    let first = Event::RunStarted { run, charter: Box::new(limited), actor: operator() };
    let told = Told { session: begin(at(0), &first).unwrap(), said: vec![] }.planning();
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::MaxIterations, .. }));
    assert_eq!(leave(&told.session, Patience::Stay, at(2)), None);
    let impatient = Patience::Leave { max_wait: Duration::ZERO };
    assert_eq!(leave(&told.session, impatient, at(2)), Some(Leave::Stopped));
}

#[test]
fn a_persons_pause_takes_the_place_of_any_other() {
    let stop = Event::StopAsked { actor: operator(), how: StopHow::Now };
    let pause = Event::PauseAsked { actor: operator() };
    let by_person = |told: &Told| match &told.session.stage {
        Stage::Paused { why: PauseReason::Operator, then } => then.name(),
        other => panic!("{}", other.name()),
    };
    let mut limited = charter(Some(0));
    limited.limits.max_iterations = Some(0);
    let run = RunId(uuid::Uuid::from_u128(1));
    let first = Event::RunStarted { run, charter: Box::new(limited), actor: operator() };
    let told = Told { session: begin(at(0), &first).unwrap(), said: vec![] }.planning();
    let told = told.take(&pause);
    assert_eq!(by_person(&told), "planning");
    let told = told.take(&stop);
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::Stopped, .. }));
    let told = told.take(&pause);
    assert_eq!(by_person(&told), "planning");
    let told = told.take(&Event::ResumeAsked { actor: operator() });
    assert!(matches!(told.session.stage, Stage::Paused { why: PauseReason::MaxIterations, .. }), "it is asked again");
}
