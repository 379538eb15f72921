//! Plays a whole run against the pure core: the world answers each effect at once, always the same way.

use std::time::Duration;

use cco::mission::Every;
use cco::session::{
    Action, Bill, Charter, CharterCheck, CharterCriterion, CommitFrequency, Commits, ConversationWish, Cost, Effect,
    Event, Limits, ModelTier, OnStall, Plan, PlanSource, Prepared, Publish, Reserves, Role, Seal, SealedPath, Session,
    Stage, Strategy, TaskState, TaskUpdate, TreeChange, WorkerDollars, WorkerOutcome, WorkerReport,
};
use cco::words::{
    Actor, CheckId, CommitId, CriterionId, Evidence, Hash, Measure, MissionId, Money, Outcome, PhaseId, Priority,
    RunId, TaskId, TreeId, Usage, Verdict, Via,
};
use jiff::Timestamp;
use uuid::Uuid;

/// The n-th second of the runs played here.
pub(crate) fn time(n: u64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + n as i64).unwrap()
}

pub(crate) fn run_id(n: u128) -> RunId {
    RunId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n))
}

pub(crate) fn operator() -> Actor {
    Actor::Operator { name: "ada".into(), via: Via::Cli }
}

/// The first event of a run with two criteria in two phases.
pub(crate) fn first_event(run: RunId) -> Event {
    let criterion = |name: &str, phase| CharterCriterion {
        id: CriterionId::new(name),
        text: format!("{name} works as the users were told"),
        priority: Priority::High,
        required: true,
        phase,
        checks: vec![CharterCheck {
            id: CheckId::new(format!("{name}/0")),
            kind: "command".into(),
            every: Every::Iteration,
            hash: Hash::of(name.as_bytes()),
            votes: 0,
            person: false,
        }],
        derived: false,
    };
    let limits = Limits {
        max_iterations: None,
        stall_after: u32::MAX,
        on_stall: OnStall::Escalate,
        checkpoint_interval: 5,
        usd: None,
        tokens: None,
        warn_at: vec![50, 80],
        human_wait: Duration::from_secs(3600),
        written: None,
    };
    let charter = Charter {
        mission: MissionId::new("shop"),
        title: "A shop that sells".into(),
        criteria: vec![criterion("list", 0), criterion("basket", 1)],
        phases: vec![PhaseId::new("first"), PhaseId::new("second")],
        limits,
        commits: Commits { auto: true, frequency: CommitFrequency::PerIteration },
        reserves: Reserves {
            manager: Money::from_micros(20_000),
            worker: Money::from_micros(5_000_000),
            ..Reserves::default()
        },
        worker_dollars: WorkerDollars::Billed,
        context_window: 200_000,
    };
    Event::RunStarted { run, charter: Box::new(charter), actor: operator() }
}

/// What the world answers to the session's effect; `None` where nothing is outstanding. The first phase holds from
/// iteration `holds.0` on, the second from `holds.1` on.
pub(crate) fn answer(session: &Session, holds: (u64, u64)) -> Option<Event> {
    let attempt = session.attempt;
    let n = session.iteration.0;
    Some(match session.effect()? {
        Effect::Prepare => Event::Prepared {
            attempt,
            prepared: Prepared {
                base: CommitId::new(hex("base", 0)),
                base_tree: TreeId::new(hex("tree", 0)),
                tree: TreeId::new(hex("tree", 0)),
                branch: "cco/shop".into(),
                staged: None,
            },
        },
        Effect::Derive { .. } => unreachable!("every criterion has a check"),
        Effect::Seal => Event::Sealed { attempt, seal: seal(), actor: Actor::Cco },
        Effect::Verify { tree, done, .. } => match unchecked(session, |check| done.contains(check)) {
            Some(place) => Event::VerdictRecorded { attempt, verdict: Box::new(verdict(session, place, tree, holds)) },
            None => Event::Verified { attempt, bill: None },
        },
        Effect::Prove { tree, .. } => match unchecked(session, |check| proven(session, check)) {
            Some(place) => Event::VerdictRecorded { attempt, verdict: Box::new(verdict(session, place, tree, holds)) },
            None => Event::Proved { attempt, bill: None },
        },
        Effect::Plan { .. } => Event::Planned {
            attempt,
            plan: Box::new(plan(n + 1)),
            source: PlanSource::Model { model: "vendor/model-1".into() },
            bill: bill(Role::Manager, 1_200),
        },
        Effect::Work(order) => match &session.stage {
            Stage::Working(work) if work.seen.is_none() => {
                Event::WorkerSeen { attempt, session: order.session, model: "worker-model-1".into() }
            }
            _ => Event::WorkerEnded { attempt, report: Box::new(report(&order, n)) },
        },
        Effect::Snapshot => Event::Snapshotted {
            attempt,
            tree: TreeId::new(hex("tree", n)),
            change: TreeChange { files: 3, added: 40 + n % 7, removed: 2, tests_created: n % 2 },
        },
        Effect::Restore { tree } => Event::Restored { attempt, tree },
        Effect::Record(order) => {
            let commit = matches!(order.publish, Publish::Commit).then(|| CommitId::new(hex("commit", n)));
            Event::Recorded { attempt, commit }
        }
        Effect::Sleep { .. } => Event::TimeReached { attempt },
        Effect::Cancel { attempt, .. } => Event::Cancelled { attempt },
    })
}

/// One of each kind that a smooth run has not, all of them in a stage where they are only notices.
pub(crate) fn remaining_kinds(session: &Session) -> Vec<Event> {
    use cco::session::{Answer, Fault, FaultKind, StopHow};
    let attempt = session.attempt;
    let fault = Fault { kind: FaultKind::Provider { retry_at: Some(time(9)) }, text: "529 overloaded".into() };
    vec![
        Event::Derived {
            attempt,
            criteria: vec![(CriterionId::new("list"), Vec::new())],
            bill: Bill::free(Role::Manager),
        },
        Event::Failed { attempt, fault, bill: Some(bill(Role::Judge, 7)) },
        Event::Cancelled { attempt },
        Event::Restored { attempt, tree: TreeId::new(hex("tree", 1)) },
        Event::TimeReached { attempt },
        Event::PauseAsked { actor: operator() },
        Event::ResumeAsked { actor: operator() },
        Event::StopAsked { actor: operator(), how: StopHow::Drain },
        Event::Guided { actor: operator(), text: "mind the rounding".into() },
        Event::Signalled { actor: Actor::Worker, phase: Some(PhaseId::new("first")), note: "completed".into() },
        Event::Answered {
            actor: operator(),
            criterion: CriterionId::new("list"),
            answer: Answer::Approve,
            note: "seen".into(),
        },
        Event::LimitsSet { actor: operator(), limits: session.charter.limits.clone() },
        Event::TermsSet {
            actor: operator(),
            reserves: session.charter.reserves,
            worker_dollars: WorkerDollars::Equivalent,
        },
    ]
}

fn unchecked(session: &Session, checked: impl Fn(&CheckId) -> bool) -> Option<usize> {
    session.charter.criteria.iter().position(|criterion| !checked(&criterion.checks[0].id))
}

fn proven(session: &Session, check: &CheckId) -> bool {
    session.proof.iter().any(|verdict| verdict.check == *check)
}

fn verdict(session: &Session, place: usize, tree: TreeId, holds: (u64, u64)) -> Verdict {
    let criterion = &session.charter.criteria[place];
    let n = session.iteration.0;
    let pass = n >= if place == 0 { holds.0 } else { holds.1 };
    Verdict {
        criterion: criterion.id.clone(),
        check: criterion.checks[0].id.clone(),
        kind: "command".into(),
        outcome: if pass { Outcome::Pass } else { Outcome::Fail },
        tree,
        check_hash: criterion.checks[0].hash,
        environment_hash: Hash::of(b"environment"),
        evidence: Evidence {
            summary: if pass { "exit 0".into() } else { "exit 1, expected 0".into() },
            subject: format!("npm test -- {}", criterion.id),
            exit_code: Some(i32::from(!pass)),
            measures: vec![Measure { name: "passed".into(), value: 81.3 + n as f64 / 7.0, bound: ">= 80".into() }],
            tail: format!("error: expected {n} items in the basket\n  at src/basket.js:{n}:7\n").repeat(4),
            citations: Vec::new(),
            passed: None,
        },
        duration_ms: 1_234,
        cached: false,
    }
}

fn plan(n: u64) -> Plan {
    let task = TaskUpdate { id: TaskId::new("t1"), text: "make the basket add up".into(), state: TaskState::Pending };
    Plan {
        analysis: format!("after iteration {}: the basket still rounds down", n - 1),
        strategy: Strategy::Proceed,
        action: Action {
            title: format!("step {n}: round half up"),
            prompt: "Fix the rounding in src/basket.js; keep the public API. Run the tests. ".repeat(6),
            criteria: vec![CriterionId::new("basket")],
            agent: None,
            tier: ModelTier::Standard,
        },
        conversation: ConversationWish::Continue,
        tasks: vec![task],
        impossible: None,
        question: None,
    }
}

fn report(order: &cco::session::WorkOrder, n: u64) -> WorkerReport {
    WorkerReport {
        outcome: WorkerOutcome::Finished,
        session: order.session,
        model: "worker-model-1".into(),
        text: format!("Done with step {n}: all tests pass now. ").repeat(5),
        usage: Usage { input: 1_000 + n, output: 300, cache_read: 20_000, cache_write: 500, reasoning: 0 },
        own_cost: Some(Money::from_micros(30_000)),
        session_cost: Some(Money::from_micros(30_000 * n)),
        calls: 4,
        tool_calls: 6,
        context_tokens: 30_000,
        denials: Vec::new(),
        duration_ms: 61_000,
        adopted: false,
    }
}

fn bill(role: Role, micros: u64) -> Bill {
    let usage = Usage { input: 4_000, output: 250, ..Usage::default() };
    Bill { role, cost: Cost::Reported(Money::from_micros(micros)), usage, calls: 1, from_cache: false, paid_by: None }
}

fn seal() -> Seal {
    let path = |path: &str, content: Option<&[u8]>| SealedPath { path: path.into(), content: content.map(Hash::of) };
    Seal {
        mission: Hash::of(b"mission"),
        config: Hash::of(b"config"),
        lock: None,
        prompts: Hash::of(b"prompts"),
        paths: vec![path("tests/basket.test.js", Some(b"test")), path(".claude/settings.json", None)],
        pinned: None,
        vacuous: vec![],
        tree: None,
    }
}

/// Forty digits, as a git object's name.
fn hex(what: &str, n: u64) -> String {
    Hash::of_parts([what.as_bytes(), &n.to_le_bytes()]).to_string().chars().take(40).collect()
}
