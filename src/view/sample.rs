//! Sessions and events for the tests of this room and of those that draw its views.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use super::Moment;
use crate::mission::Every;
use crate::session::{
    Account, Action, Bill, Charter, CharterCheck, CharterCriterion, CommitFrequency, Commits, Conversation,
    ConversationWish, Cost, CriterionRecord, End, Event, HumanNeed, IterationNote, LastHeld, Ledger, Limits, ModelTier,
    OnStall, Opening, Plan, PlanSource, Preface, Prepared, Purpose, Reserve, Reserves, Role, Scope, Seal, Session,
    Stage, Strategy, TaskState, TaskUpdate, TreeChange, WaitReason, Work, WorkOrder, WorkerDollars, WorkerOutcome,
    WorkerReport, begin, step,
};
use crate::words::{
    Actor, AttemptId, CheckId, CommitId, CriterionId, Evidence, Hash, IterationNumber, Measure, MissionId, Money,
    Outcome, PhaseId, Priority, RunId, Seq, SessionId, TaskId, TreeId, Usage, Verdict, Via,
};

/// Six hours and twelve minutes after the start.
pub(crate) fn now() -> Timestamp {
    "2026-03-01T16:41:07Z".parse().unwrap()
}

fn start() -> Timestamp {
    "2026-03-01T10:29:00Z".parse().unwrap()
}

pub(crate) fn operator() -> Actor {
    Actor::Operator { name: "ada".to_owned(), via: Via::Cli }
}

fn run() -> RunId {
    RunId(uuid::Uuid::from_u128(0x0195_7f3a_0000_7000_8000_0000_0000_0001))
}

fn check(criterion: &str, kind: &str, every: Every) -> CharterCheck {
    let id = format!("{criterion}/0");
    CharterCheck {
        id: CheckId::new(id.clone()),
        kind: kind.to_owned(),
        every,
        hash: Hash::of(id.as_bytes()),
        votes: u32::from(kind == "judge"),
        person: kind == "manual",
    }
}

fn criterion(id: &str, text: &str, priority: Priority, kind: &str) -> CharterCriterion {
    CharterCriterion {
        id: CriterionId::new(id),
        text: text.to_owned(),
        priority,
        required: true,
        phase: 0,
        checks: vec![check(id, kind, Every::Iteration)],
        derived: false,
    }
}

fn charter() -> Charter {
    let mut criteria = vec![
        criterion("crud", "All CRUD endpoints implemented", Priority::Critical, "tests"),
        criterion("validation", "Input validation on all endpoints", Priority::High, "command"),
        criterion("coverage", "Unit tests with >80% coverage", Priority::High, "coverage"),
        criterion("docs", "API documentation generated", Priority::Medium, "file"),
        criterion("error-words", "Product owner likes the error messages", Priority::Low, "manual"),
    ];
    criteria[3].derived = true;
    criteria[4].required = false;
    Charter {
        mission: MissionId::new("task-api"),
        title: "Build REST API for Task Management".to_owned(),
        criteria,
        phases: vec![PhaseId::new("development")],
        limits: limits(),
        commits: Commits { auto: true, frequency: CommitFrequency::PerIteration },
        reserves: Reserves {
            manager: Money::from_micros(50_000),
            worker: Money::from_micros(2_500_000),
            ..Reserves::default()
        },
        worker_dollars: WorkerDollars::Billed,
        context_window: 200_000,
    }
}

fn limits() -> Limits {
    Limits {
        max_iterations: None,
        stall_after: 5,
        on_stall: OnStall::Replan,
        checkpoint_interval: 5,
        usd: Some(Money::from_micros(40_000_000)),
        tokens: None,
        warn_at: vec![50, 80],
        human_wait: Duration::from_secs(86_400),
        written: None,
    }
}

fn tree() -> TreeId {
    TreeId::new("4b825dc642cb6eb9a060e54bf8d69288fbee4904")
}

fn head() -> CommitId {
    CommitId::new("3f2a91c0de7b5a1e94c2d08f6b7713a5c0ffee42")
}

fn verdict(session: &Session, place: usize, outcome: Outcome, summary: &str, subject: &str) -> Verdict {
    let criterion = &session.charter.criteria[place];
    let check = &criterion.checks[0];
    Verdict {
        criterion: criterion.id.clone(),
        check: check.id.clone(),
        kind: check.kind.clone(),
        outcome,
        tree: tree(),
        check_hash: check.hash,
        environment_hash: Hash::ZERO,
        evidence: Evidence { summary: summary.to_owned(), subject: subject.to_owned(), ..Evidence::default() },
        duration_ms: 1_840,
        cached: false,
    }
}

/// Right after the first event.
pub(crate) fn new() -> Session {
    Session::new(run(), charter(), operator(), start())
}

/// In the middle of iteration 7: one criterion of each state, the worker at work.
pub(crate) fn working() -> Session {
    let mut session = new();
    session.updated_at = "2026-03-01T16:40:30Z".parse().unwrap();
    session.iteration = IterationNumber(7);
    session.prepared = Some(Prepared {
        base: CommitId::new("9c43b9b4c2d08f6b7713a5c0ffee42aa00bb11cc"),
        base_tree: TreeId::new("0"),
        tree: TreeId::new("0"),
        branch: "cco/task-api".to_owned(),
        staged: None,
    });
    session.tree = Some(tree());
    session.head = Some(head());
    session.head_tree = Some(tree());
    session.records = records(&session);
    session.ledger = ledger();
    session.tasks =
        [("t1", "Write the OpenAPI document", TaskState::Pending), ("t2", "Add routes", TaskState::Completed)]
            .map(|(id, text, state)| crate::session::Task { id: TaskId::new(id), text: text.to_owned(), state })
            .to_vec();
    session.conversation = Some(Conversation {
        id: session.conversation_name(2),
        attempts: 3,
        context_tokens: 84_000,
        booked: Money::from_micros(11_900_000),
    });
    session.conversations = 2;
    session.metrics.successful_actions = 5;
    session.metrics.failed_actions = 1;
    session.metrics.change = TreeChange { files: 31, added: 1_204, removed: 96, tests_created: 4 };
    session.progress.half_steps = 2;
    session.progress.since_forward = 2;
    session.history = VecDeque::from(history());
    session.current = Some(note(7, Strategy::Alternative, "Write the OpenAPI document from the routes", "", 0, 0, 0));
    session.stage = Stage::Working(Work { order: order(&session), seen: Some(session.conversation_name(2)) });
    session
}

fn order(session: &Session) -> WorkOrder {
    let note = session.current.as_ref().unwrap();
    WorkOrder {
        action: Action {
            title: note.title.clone(),
            prompt: "Write docs/openapi.yaml.".to_owned(),
            criteria: note.criteria.clone(),
            agent: None,
            tier: ModelTier::Standard,
        },
        iteration: note.number,
        session: session.conversation_name(2),
        opening: Opening::Resume,
        preface: Preface::None,
        adopt: None,
        max_cost: None,
    }
}

fn note(
    number: u64,
    strategy: Strategy,
    title: &str,
    outcome: &str,
    files: u64,
    added: u64,
    held: u32,
) -> IterationNote {
    IterationNote {
        number: IterationNumber(number),
        strategy,
        title: title.to_owned(),
        criteria: vec![CriterionId::new("docs")],
        outcome: outcome.to_owned(),
        claim: if outcome.is_empty() { String::new() } else { "All done, everything passes.".to_owned() },
        change: TreeChange { files, added, removed: files * 2, tests_created: 0 },
        held,
        started_at: "2026-03-01T16:29:01Z".parse().unwrap(),
    }
}

fn history() -> Vec<IterationNote> {
    vec![
        note(4, Strategy::Proceed, "Validate request bodies with zod", "finished", 6, 120, 2),
        note(5, Strategy::Proceed, "Cover the error paths with tests", "finished", 3, 88, 2),
        note(6, Strategy::RetryModified, "Mend the two tests that broke", "max_turns", 2, 14, 1),
    ]
}

fn records(session: &Session) -> Vec<CriterionRecord> {
    let mut coverage = verdict(session, 2, Outcome::Fail, "lines 71.3 % against >80%", "npm run coverage");
    coverage.evidence.measures = vec![Measure { name: "lines".to_owned(), value: 71.3, bound: ">80%".to_owned() }];
    let mut tests = verdict(session, 1, Outcome::Fail, "exit 1, 0 was asked for", "npm test -- validation");
    tests.evidence.exit_code = Some(1);
    tests.evidence.tail = "FAIL src/validation.test.ts\n  rejects an empty title\n".to_owned();
    let verdicts = [
        Some(verdict(session, 0, Outcome::Pass, "24 tests passed, 20 asked for", "npm test")),
        Some(tests),
        Some(coverage),
        None,
        Some(verdict(session, 4, Outcome::Inconclusive, "waits for a person", "Open /errors and look")),
    ];
    let mut records: Vec<CriterionRecord> = verdicts
        .into_iter()
        .map(|verdict| CriterionRecord {
            verdicts: verdict.map(|verdict| BTreeMap::from([(verdict.check.clone(), verdict)])).unwrap_or_default(),
            ..CriterionRecord::default()
        })
        .collect();
    let held = |iteration| Some(LastHeld { tree: tree(), iteration: IterationNumber(iteration) });
    records[0].holding = true;
    records[0].last_held = held(6);
    records[1].last_held = held(4);
    records[1].regressions = 1;
    records
}

fn ledger() -> Ledger {
    let account = |reported, estimated| Account {
        reported: Money::from_micros(reported),
        estimated: Money::from_micros(estimated),
        equivalent: Money::ZERO,
        usage: Usage { input: 9_000, output: 41_000, cache_read: 1_150_000, cache_write: 60_000, reasoning: 0 },
        calls: 40,
    };
    let accounts = BTreeMap::from([(Role::Manager, account(402_300, 0)), (Role::Worker, account(9_500_000, 0))]);
    let lost = Reserve {
        attempt: AttemptId(31),
        role: Role::Worker,
        amount: Money::from_micros(2_500_000),
        session: Some(SessionId(uuid::Uuid::from_u128(5))),
        dollars: WorkerDollars::Billed,
    };
    Ledger::restore(accounts, None, vec![lost])
}

/// The same run, proven.
pub(crate) fn done() -> Session {
    let mut session = working();
    session.current = None;
    session.proof = (0..4)
        .zip(["24 tests passed, 20 asked for", "exit 0", "lines 83.1 % against >80%", "1 file matches"])
        .map(|(place, found)| verdict(&session, place, Outcome::Pass, found, "npm test"))
        .collect();
    for (record, verdict) in session.records.iter_mut().zip(session.proof.clone()) {
        record.holding = true;
        record.last_held = Some(LastHeld { tree: tree(), iteration: IterationNumber(7) });
        record.verdicts.insert(verdict.check.clone(), verdict);
    }
    session.history.push_back(note(7, Strategy::Alternative, "Write the OpenAPI document", "finished", 2, 340, 4));
    session.stage = Stage::Ended(End::Done { commit: head() });
    session
}

/// The same run, stalled for good on a criterion.
pub(crate) fn impossible() -> Session {
    let mut session = working();
    session.current = None;
    let why = "the coverage tool cannot instrument the native module".to_owned();
    session.lessons.learn(
        IterationNumber(6),
        Strategy::Alternative,
        "Instrument the addon by hand",
        &["error: cannot instrument addon.node".to_owned()],
    );
    session.stage = Stage::Ended(End::Impossible { criterion: CriterionId::new("coverage"), why });
    session
}

/// The same run, waiting for a usage window.
pub(crate) fn waiting() -> Session {
    let mut session = working();
    let then = Box::new(session.stage.clone());
    let why = WaitReason::UsageWindow { what: "the five-hour window of the subscription is closed".to_owned() };
    session.stage = Stage::Waiting { until: "2026-03-01T18:00:00Z".parse().unwrap(), why, then };
    session
}

/// The same run, waiting for a person.
pub(crate) fn awaiting_person() -> Session {
    let mut session = working();
    session.current = None;
    session.charter.criteria[4].required = true;
    let then =
        Box::new(Stage::Verifying { tree: tree(), scope: Scope::Phase, purpose: Purpose::Baseline, done: Vec::new() });
    let what = HumanNeed::Manual { criteria: vec![CriterionId::new("error-words")] };
    session.stage = Stage::AwaitingHuman { what, until: now(), then };
    session
}

/// The events of a whole run through the real core: the baseline fails, the worker first claims what is not so, then
/// gets it right, and the proof holds.
pub(crate) fn events() -> Vec<Event> {
    let mut charter = charter();
    charter.criteria.truncate(1);
    charter.commits.frequency = CommitFrequency::PerIteration;
    let started = Event::RunStarted { run: run(), charter: Box::new(charter), actor: operator() };
    let mut script = Script { session: begin(start(), &started).unwrap(), events: vec![started] };
    script.add(|attempt| Event::Prepared { attempt, prepared: working().prepared.unwrap() });
    script.add(|attempt| Event::Sealed {
        attempt,
        seal: Seal {
            mission: Hash::ZERO,
            config: Hash::ZERO,
            lock: None,
            prompts: Hash::ZERO,
            paths: Vec::new(),
            pinned: None,
            vacuous: vec![],
            tree: None,
        },
        actor: Actor::Cco,
    });
    script.check("0", Outcome::Fail, "no test report");
    script.iteration("a", "Write the endpoints", "All done!", Outcome::Fail);
    script.add(|_| Event::Guided { actor: operator(), text: "the port is 3000".to_owned() });
    script.iteration("b", "Mend the failing test", "The test passes now.", Outcome::Pass);
    script.verdict("b", Outcome::Pass, "24 tests passed, 20 asked for");
    script.add(|attempt| Event::Proved { attempt, bill: None });
    assert!(matches!(script.session.stage, Stage::Ended(End::Done { .. })), "{:?}", script.session.stage);
    script.events
}

/// The events as the journal hands them out, ten seconds apart.
pub(crate) fn moments(events: &[Event]) -> impl Iterator<Item = Moment<'_>> {
    (1_u64..).zip(events).map(|(seq, event)| Moment { seq: Seq(seq), at: at(seq), event })
}

fn at(seq: u64) -> Timestamp {
    start().checked_add(jiff::SignedDuration::from_secs(10 * i64::try_from(seq).unwrap())).unwrap()
}

struct Script {
    session: Session,
    events: Vec<Event>,
}

impl Script {
    fn add(&mut self, event: impl FnOnce(AttemptId) -> Event) {
        let event = event(self.session.attempt);
        let seq = self.events.len() as u64 + 1;
        (self.session, _) = step(self.session.clone(), at(seq), &event);
        self.events.push(event);
    }

    fn verdict(&mut self, tree: &str, outcome: Outcome, summary: &str) {
        let found = Verdict { tree: TreeId::new(tree), ..verdict(&self.session, 0, outcome, summary, "npm test") };
        self.add(|attempt| Event::VerdictRecorded { attempt, verdict: Box::new(found) });
    }

    fn check(&mut self, tree: &str, outcome: Outcome, summary: &str) {
        self.verdict(tree, outcome, summary);
        self.add(|attempt| Event::Verified { attempt, bill: None });
    }

    fn iteration(&mut self, tree: &str, title: &str, claim: &str, outcome: Outcome) {
        let plan = Plan {
            analysis: "The report is missing.".to_owned(),
            strategy: Strategy::Proceed,
            action: Action {
                title: title.to_owned(),
                prompt: format!("{title}, then run npm test."),
                criteria: vec![CriterionId::new("crud")],
                agent: None,
                tier: ModelTier::Standard,
            },
            conversation: ConversationWish::Continue,
            tasks: vec![TaskUpdate { id: TaskId::new("t1"), text: title.to_owned(), state: TaskState::Pending }],
            impossible: None,
            question: None,
        };
        let source = PlanSource::Model { model: "anthropic/claude-sonnet-4.5".to_owned() };
        let cost = Cost::Reported(Money::from_micros(4_100));
        let usage = Usage { input: 900, output: 300, ..Usage::default() };
        let bill = Bill { role: Role::Manager, cost, usage, calls: 1, from_cache: false, paid_by: None };
        self.add(|attempt| Event::Planned { attempt, plan: Box::new(plan), source, bill });
        let report = self.report(claim);
        self.add(|attempt| Event::WorkerEnded { attempt, report: Box::new(report) });
        let change = TreeChange { files: 3, added: 120, removed: 4, tests_created: 1 };
        self.add(|attempt| Event::Snapshotted { attempt, tree: TreeId::new(tree), change });
        self.check(tree, outcome, "24 tests, 20 asked for");
        let commit = CommitId::new(format!("c0ffee{tree}"));
        self.add(|attempt| Event::Recorded { attempt, commit: Some(commit) });
    }

    fn report(&self, claim: &str) -> WorkerReport {
        WorkerReport {
            outcome: WorkerOutcome::Finished,
            session: self.session.conversation.as_ref().unwrap().id,
            model: "claude-sonnet-4-5".to_owned(),
            text: claim.to_owned(),
            usage: Usage { input: 2_000, output: 1_500, ..Usage::default() },
            own_cost: Some(Money::from_micros(210_000)),
            session_cost: None,
            calls: 6,
            tool_calls: 9,
            context_tokens: 30_000,
            denials: Vec::new(),
            duration_ms: 9_000,
            adopted: false,
        }
    }
}
