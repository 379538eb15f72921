//! One history: effects in, events out, crashes in between.

use cco::session::*;
use cco::words::*;
use jiff::Timestamp;

use crate::invariants::check;
use crate::world::{Weather, World};

/// The most events of a history; one that needs more has neither ended nor asked for a person (I12).
const MOST_EVENTS: u64 = 4_000;

/// When the daemon dies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crashes {
    None,
    /// Drawn from the seed, at about one step in eight.
    Sometimes,
    /// Once: after the event was decided on, before its effect began.
    BeforeEffect(u64),
    /// Once: while the effect was under way; a worker is killed with it.
    DuringEffect(u64),
    /// Once: after the effect was done, before its answer was recorded; a worker's result is found later, any other
    /// answer comes too late.
    AfterEffect(u64),
}

/// How a history ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    Stopped,
    Budget,
    MaxIterations,
    NeedsPerson,
}

/// The end of a history.
pub(crate) struct End {
    pub(crate) ending: Ending,
    pub(crate) tree: TreeId,
    pub(crate) held: (u32, u32),
    /// Effects performed.
    pub(crate) steps: u64,
}

/// A session with its journal.
pub(crate) struct Daemon {
    pub(crate) session: Session,
    pub(crate) journal: Vec<(Timestamp, Event)>,
    pub(crate) largest_reserve: Money,
    /// The attempt under way when a pause was taken in that nobody has undone yet.
    pub(crate) paused_in: Option<AttemptId>,
}

impl Daemon {
    fn start(world: &World) -> Self {
        let run = RunId(uuid::Uuid::from_u128(u128::from(world.seed) + 1));
        let first = Event::RunStarted { run, charter: Box::new(world.charter()), actor: operator() };
        let session = begin(world.now, &first).expect("a run begins with its first event");
        Self { session, journal: vec![(world.now, first)], largest_reserve: Money::ZERO, paused_in: None }
    }

    /// Takes an event in as the daemon does: decide, append; and checks that the journal alone would say the same.
    fn take(&mut self, world: &World, event: Event) {
        let (next, _notices) = step(self.session.clone(), world.now, &event);
        self.paused_in = match &event {
            Event::ResumeAsked { .. } | Event::StopAsked { .. } => None,
            Event::PauseAsked { .. } if !matches!(self.session.stage, Stage::Stopping { .. }) => Some(next.attempt),
            _ => self.paused_in,
        };
        self.journal.push((world.now, event));
        self.session = next;
        self.largest_reserve =
            self.largest_reserve.max(self.session.ledger.open().map_or(Money::ZERO, |open| open.amount));
        check(self, world);
    }

    /// What a new daemon knows: the fold of the journal.
    pub(crate) fn folded(&self) -> Session {
        let mut records = self.journal.iter();
        let (at, first) = records.next().expect("a journal is never empty");
        let start = begin(*at, first).expect("a run begins with its first event");
        records.fold(start, |session, (at, event)| step(session, *at, event).0)
    }

    fn restart(&mut self, world: &World) {
        self.session = self.folded();
        // Now and then whoever starts the next daemon has another credential.
        if world.weather == Weather::Rough && world.draw("terms", self.session.attempt.0, 6) == 0 {
            let Charter { reserves, worker_dollars, .. } = self.session.charter;
            let worker_dollars = match worker_dollars {
                WorkerDollars::Billed => WorkerDollars::Equivalent,
                WorkerDollars::Equivalent => WorkerDollars::Billed,
            };
            self.take(world, Event::TermsSet { actor: operator(), reserves, worker_dollars });
        }
        let epoch = self.session.epoch + 1;
        self.take(world, Event::DaemonStarted { epoch, version: "0".to_owned(), pid: 1 });
    }
}

fn operator() -> Actor {
    Actor::Operator { name: "op".to_owned(), via: Via::Cli }
}

/// Runs one history to its end.
pub(crate) fn simulate(seed: u64, weather: Weather, crashes: &Crashes) -> End {
    let mut world = World::new(seed, weather);
    let mut daemon = Daemon::start(&world);
    daemon.restart(&world);
    let mut steps = 0;
    let mut patience = 12;
    loop {
        assert!(
            (daemon.journal.len() as u64) < MOST_EVENTS,
            "I12: neither an end nor a question in {MOST_EVENTS} events"
        );
        if let Some(ending) = ended(&daemon.session, patience) {
            let tree = daemon.session.tree.clone().unwrap_or_else(|| TreeId::new(""));
            let held = daemon.session.held();
            return End { ending, tree, held, steps };
        }
        world.pass_time(1);
        match daemon.session.effect() {
            None => {
                patience -= 1;
                go_on(&mut daemon, &world);
            }
            Some(Effect::Sleep { until }) if matches!(daemon.session.stage, Stage::AwaitingHuman { .. }) => {
                patience -= 1;
                answer(&mut daemon, &mut world, until);
            }
            Some(effect) => {
                perform_or_crash(&mut daemon, &mut world, &effect, crashes, steps);
                steps += 1;
            }
        }
        if weather == Weather::Rough {
            interfere(&mut daemon, &world, steps);
        }
    }
}

fn ended(session: &Session, patience: u32) -> Option<Ending> {
    match &session.stage {
        Stage::Ended(cco::session::End::Done { .. }) => Some(Ending::Done),
        Stage::Ended(_) => Some(Ending::Stopped),
        Stage::Paused { why: PauseReason::Budget { .. }, .. } => Some(Ending::Budget),
        Stage::Paused { why: PauseReason::MaxIterations, .. } => Some(Ending::MaxIterations),
        Stage::Paused { .. } | Stage::AwaitingHuman { .. } if patience == 0 => Some(Ending::NeedsPerson),
        _ => None,
    }
}

/// A paused mission is taken up again: by a new daemon where the old one left.
fn go_on(daemon: &mut Daemon, world: &World) {
    if let Stage::Paused { why: PauseReason::Stopped | PauseReason::TimeLimit, .. } = daemon.session.stage {
        daemon.restart(world);
    }
    daemon.take(world, Event::ResumeAsked { actor: operator() });
}

fn answer(daemon: &mut Daemon, world: &mut World, until: Timestamp) {
    let Stage::AwaitingHuman { what, .. } = daemon.session.stage.clone() else { unreachable!() };
    match what {
        HumanNeed::Manual { criteria } => {
            for criterion in criteria {
                let place = daemon.session.charter.criteria.iter().position(|known| known.id == criterion).unwrap();
                let tree = daemon.session.tree.clone().unwrap();
                let answer = if world.truth(&tree, place) { Answer::Approve } else { Answer::Reject };
                daemon.take(world, Event::Answered { actor: operator(), criterion, answer, note: String::new() });
            }
        }
        HumanNeed::Question { .. } => {
            let text = "this way".to_owned();
            daemon.take(world, Event::Guided { actor: operator(), text });
        }
        HumanNeed::Escalation { .. } => {
            // Nobody comes at first: the wait is renewed, and nothing else happens.
            world.now = until;
            let attempt = daemon.session.attempt;
            daemon.take(world, Event::TimeReached { attempt });
            daemon.take(world, Event::ResumeAsked { actor: operator() });
        }
    }
}

/// People pause, guide and stop at moments drawn from the seed.
fn interfere(daemon: &mut Daemon, world: &World, steps: u64) {
    let actor = operator();
    match world.draw("operator", steps, 60) {
        0 => daemon.take(world, Event::PauseAsked { actor }),
        1 => daemon.take(world, Event::Guided { actor, text: "mind the gap".to_owned() }),
        2 => daemon.take(world, Event::StopAsked { actor, how: StopHow::Drain }),
        3 => daemon.take(world, Event::StopAsked { actor, how: StopHow::Now }),
        4 => daemon.take(world, Event::StopAsked { actor, how: StopHow::TimeLimit }),
        5 => daemon.take(world, Event::ResumeAsked { actor }),
        6 => daemon.take(world, Event::Verified { attempt: AttemptId(1), bill: None }),
        7 => amend(daemon, world, steps),
        _ => {}
    }
}

/// Someone changes the mission after the daemon left, at whatever moment that was: a check is another one, or only words;
/// a criterion is not required any more. Whoever starts the next daemon has something else done first, or at once.
fn amend(daemon: &mut Daemon, world: &World, steps: u64) {
    if matches!(daemon.session.stage, Stage::Ended(cco::session::End::Done { .. })) {
        return;
    }
    daemon.session = daemon.folded();
    let before = daemon.session.amended.as_ref().and_then(|amended| amended.pending.as_deref());
    let mut charter = before.unwrap_or(&daemon.session.charter).clone();
    let changed = world.draw("amended", steps, charter.criteria.len() as u64) as usize;
    let criterion = &mut charter.criteria[changed];
    match world.draw("amendment", steps, 4) {
        0 => criterion.required = changed == 0 || !criterion.required,
        1 => criterion.checks.clear(),
        _ => criterion.checks.iter_mut().for_each(|check| check.hash = Hash::of(&steps.to_le_bytes())),
    }
    let after = InputHashes { mission: Hash::of(&steps.to_le_bytes()), config: Hash::ZERO, lock: None };
    let charter = Box::new(charter);
    daemon.take(world, Event::Amended { actor: operator(), charter, before: None, after, reason: String::new() });
    daemon.restart(world);
}

fn perform_or_crash(daemon: &mut Daemon, world: &mut World, effect: &Effect, crashes: &Crashes, step: u64) {
    let dice = world.draw("crash", step, 24);
    let at = |chosen: &u64| *chosen == step;
    let (before, during, after) = match crashes {
        Crashes::None => (false, false, false),
        Crashes::Sometimes => (dice == 0, dice == 1, dice == 2),
        Crashes::BeforeEffect(chosen) => (at(chosen), false, false),
        Crashes::DuringEffect(chosen) => (false, at(chosen), false),
        Crashes::AfterEffect(chosen) => (false, false, at(chosen)),
    };
    if before || during && !matches!(effect, Effect::Work(_)) {
        return daemon.restart(world);
    }
    let mut trial = world.clone();
    let events = perform(daemon, if during { &mut trial } else { world }, effect);
    if during {
        // The worker is killed: what it was charged is charged, what it did to the tree is half done.
        world.charge_as(&trial);
        return daemon.restart(world);
    }
    if after {
        for event in &events {
            if let Event::WorkerEnded { attempt, report } = event {
                world.left_behind.insert(*attempt, report.as_ref().clone());
            }
            world.answered.extend(event.attempt());
        }
        daemon.restart(world);
        return too_late(daemon, world, events);
    }
    for event in events {
        daemon.take(world, event);
    }
}

/// Answers of the dead daemon's attempt reach the new one all the same, and mean nothing to it. A worker's end does
/// not come this way: it waits to be adopted.
fn too_late(daemon: &mut Daemon, world: &World, events: Vec<Event>) {
    for event in events.into_iter().filter(|event| !matches!(event, Event::WorkerEnded { .. })) {
        let name = event.name();
        let before = daemon.session.clone();
        daemon.take(world, event);
        let unchanged = Session { updated_at: daemon.session.updated_at, ..before };
        assert_eq!(daemon.session, unchanged, "{name} of a dead attempt was taken in");
    }
}

/// What the shell and its adapters would answer to an effect.
fn perform(daemon: &Daemon, world: &mut World, effect: &Effect) -> Vec<Event> {
    let session = &daemon.session;
    let attempt = session.attempt;
    match effect {
        Effect::Prepare => {
            let base = CommitId::new("base");
            world.commits.insert("base".to_owned(), (world.tree(), 0));
            let branch = "cco/m".to_owned();
            let prepared = Prepared { base, base_tree: world.tree(), tree: world.tree(), branch, staged: None };
            vec![Event::Prepared { attempt, prepared }]
        }
        Effect::Derive { criteria } => vec![world.derive(session, criteria)],
        Effect::Seal => {
            let seal = Seal {
                mission: Hash::ZERO,
                config: Hash::ZERO,
                lock: None,
                prompts: Hash::ZERO,
                paths: vec![],
                pinned: None,
                vacuous: vec![],
                tree: session.amended.is_some().then(|| world.tree()),
            };
            vec![Event::Sealed { attempt, seal, actor: Actor::Cco }]
        }
        Effect::Verify { tree, scope, phase, done } => verify(session, world, tree, *scope, *phase, done),
        Effect::Plan { .. } => vec![world.plan(session, attempt)],
        Effect::Work(order) => vec![work(session, world, order)],
        Effect::Snapshot => {
            vec![Event::Snapshotted { attempt, tree: world.tree(), change: TreeChange::default() }]
        }
        Effect::Restore { tree } => {
            world.restore(tree);
            vec![Event::Restored { attempt, tree: tree.clone() }]
        }
        Effect::Record(order) => {
            let commit = matches!(order.publish, Publish::Commit).then(|| publish(world, order));
            vec![Event::Recorded { attempt, commit }]
        }
        Effect::Prove { tree, commit } => {
            let (committed, _) = &world.commits[commit.as_str()];
            assert_eq!(committed, tree, "the proof runs on the commit's own tree");
            let mut events: Vec<Event> = (0..world.needs.len())
                .map(|n| Event::VerdictRecorded {
                    attempt,
                    verdict: Box::new(world.verdict(session, n, tree, "proof")),
                })
                .collect();
            let votes =
                session.charter.criteria.iter().flat_map(|criterion| &criterion.checks).map(|check| check.votes);
            let bill = world.judge(session, tree, votes.max().unwrap_or(0));
            events.push(Event::Proved { attempt, bill });
            events
        }
        Effect::Sleep { until } => {
            world.now = world.now.max(*until);
            vec![Event::TimeReached { attempt }]
        }
        Effect::Cancel { attempt, .. } => vec![cancelled(session, *attempt)],
    }
}

fn verify(
    session: &Session,
    world: &mut World,
    tree: &TreeId,
    scope: Scope,
    phase: usize,
    done: &[CheckId],
) -> Vec<Event> {
    let attempt = session.attempt;
    let mut events = Vec::new();
    let mut votes = 0;
    for (n, criterion) in session.charter.criteria.iter().enumerate() {
        let wanted = criterion.phase <= phase && criterion.checks[0].runs_in(scope);
        if wanted && !done.contains(&criterion.checks[0].id) {
            let verdict = Box::new(world.verdict(session, n, tree, "verify"));
            events.push(Event::VerdictRecorded { attempt, verdict });
            votes = votes.max(criterion.checks[0].votes);
        }
    }
    // Judges are asked before the checks run.
    let bill = world.judge(session, tree, votes);
    if world.checks_fail() {
        let fault = Fault { kind: FaultKind::Environment, text: "the disk is full".to_owned() };
        return vec![Event::Failed { attempt, fault, bill }];
    }
    events.push(Event::Verified { attempt, bill });
    events
}

fn work(session: &Session, world: &mut World, order: &WorkOrder) -> Event {
    let attempt = session.attempt;
    let report = match order.adopt.and_then(|lost| world.left_behind.remove(&lost)) {
        Some(report) => WorkerReport { adopted: true, ..report },
        None if order.nothing_is_left() => world.report(order, WorkerOutcome::ActionBudget, Some(0)),
        None => world.work(session, order),
    };
    Event::WorkerEnded { attempt, report: Box::new(report) }
}

/// A commit is a pure function of its inputs: doing it twice makes one.
fn publish(world: &mut World, order: &RecordOrder) -> CommitId {
    let name = format!("{}+{}@{}", order.parent.as_str().len(), order.iteration, order.tree);
    world.commits.insert(name.clone(), (order.tree.clone(), order.iteration.0));
    CommitId::new(name)
}

fn cancelled(session: &Session, attempt: AttemptId) -> Event {
    let Stage::Stopping { then, .. } = &session.stage else { unreachable!() };
    match then.as_ref() {
        Stage::Working(work) => {
            let report = WorkerReport {
                outcome: WorkerOutcome::Stopped,
                session: work.order.session,
                model: String::new(),
                text: String::new(),
                usage: Usage::default(),
                own_cost: None,
                session_cost: None,
                calls: 0,
                tool_calls: 0,
                context_tokens: 0,
                denials: vec![],
                duration_ms: 0,
                adopted: false,
            };
            Event::WorkerEnded { attempt, report: Box::new(report) }
        }
        _ => Event::Cancelled { attempt },
    }
}
