//! The scripted world: a repository made of levels, a worker that succeeds, half-succeeds, does nothing, regresses, lies,
//! crashes and hangs, a manager that errs and babbles, checks that flake.
//!
//! What an iteration's work does to the tree depends on the seed and the iteration alone, so that a crash does not change
//! where a mission ends; faults are drawn per try, so that they do not come back for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cco::mission::Every;
use cco::session::*;
use cco::words::*;
use jiff::{SignedDuration, Timestamp};

use crate::draw::draw;

/// How the world treats a mission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Checks do not flake and money is no limit: where a mission ends depends on its work alone.
    Calm,
    /// Anything may happen.
    Rough,
    /// As calm, but the first two criteria take turns: whenever one comes nearer, the other is lost.
    Contradictory,
}

/// What is true outside of the session.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    pub(crate) now: Timestamp,
    /// How far each criterion is; it holds at its need.
    pub(crate) levels: Vec<u64>,
    pub(crate) needs: Vec<u64>,
    /// Changes that move nothing.
    pub(crate) noise: u64,
    /// The tree that each commit holds, and its iteration.
    pub(crate) commits: BTreeMap<String, (TreeId, u64)>,
    /// Levels before each iteration's work.
    before: BTreeMap<u64, (Vec<u64>, u64)>,
    /// Faults delivered so far, by place.
    tries: BTreeMap<String, u64>,
    /// What providers really charged, in micro-dollars.
    pub(crate) meter: u64,
    /// What a subscription paid for.
    pub(crate) unbilled: u64,
    /// What each conversation was charged in all.
    sessions: BTreeMap<SessionId, u64>,
    /// Results of attempts that ended while no daemon lived.
    pub(crate) left_behind: BTreeMap<AttemptId, WorkerReport>,
    /// Answers that were paid for, by question, with the attempt that paid.
    replies: BTreeMap<String, AttemptId>,
    /// Attempts whose answer was paid for or read, and came too late to be recorded.
    pub(crate) answered: BTreeSet<AttemptId>,
}

/// What a question costs, and what is set aside for it.
const PLAN: (u64, u64) = (10_000, 50_000);
const DERIVE: (u64, u64) = (80_000, 90_000);
const VOTE: (u64, u64) = (25_000, 30_000);

impl World {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        let criteria = 1 + draw(seed, "criteria", 0, 4);
        let criteria = if weather == Weather::Contradictory { criteria.max(2) } else { criteria };
        let needs: Vec<u64> = (0..criteria).map(|n| 1 + draw(seed, "need", n, 3)).collect();
        let holds_already = |n| weather != Weather::Contradictory && draw(seed, "holds already", n, 6) == 0;
        let levels = needs.iter().zip(0..).map(|(need, n)| if holds_already(n) { *need } else { 0 });
        Self {
            seed,
            weather,
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            levels: levels.collect(),
            needs,
            noise: 0,
            commits: BTreeMap::new(),
            before: BTreeMap::new(),
            tries: BTreeMap::new(),
            meter: 0,
            unbilled: 0,
            sessions: BTreeMap::new(),
            left_behind: BTreeMap::new(),
            replies: BTreeMap::new(),
            answered: BTreeSet::new(),
        }
    }

    pub(crate) fn charter(&self) -> Charter {
        let draw = |what: &str, bound| draw(self.seed, what, 0, bound);
        let phased = self.needs.len() > 1 && self.weather != Weather::Contradictory && draw("phases", 3) == 0;
        let phases = if phased { 2 } else { 1 };
        let criterion = |n: usize| CharterCriterion {
            id: CriterionId::new(format!("c{n}")),
            text: format!("criterion {n}"),
            priority: Priority::Medium,
            required: n == 0 || self.weather == Weather::Contradictory || self.draw("required", n as u64, 8) > 0,
            phase: if phases == 2 { usize::from(n > 0) } else { 0 },
            checks: if n == 0 && draw("words", 6) == 0 { vec![] } else { vec![self.check(n)] },
            derived: false,
        };
        let on_stall =
            [OnStall::Replan, OnStall::Escalate, OnStall::Pause, OnStall::Stop][draw("on stall", 4) as usize];
        let frequency = [
            CommitFrequency::PerIteration,
            CommitFrequency::PerSession,
            CommitFrequency::PerPhase,
            CommitFrequency::OnCompletion,
        ][draw("frequency", 4) as usize];
        let usd = (self.weather == Weather::Rough && draw("budget", 4) == 0)
            .then(|| Money::from_micros(2_000_000 + draw("usd", 20_000_000)));
        Charter {
            mission: MissionId::new("m"),
            title: "simulated".to_owned(),
            criteria: (0..self.needs.len()).map(criterion).collect(),
            phases: (0..phases).map(|n| PhaseId::new(format!("p{n}"))).collect(),
            limits: Limits {
                max_iterations: (draw("limited", 5) == 0).then(|| 3 + draw("max", 12)),
                stall_after: 3 + draw("stall", 4) as u32,
                on_stall,
                checkpoint_interval: 1 + draw("interval", 6),
                usd,
                tokens: None,
                warn_at: vec![50, 80],
                human_wait: Duration::from_secs(3_600),
                written: None,
            },
            commits: Commits { auto: draw("auto", 5) > 0, frequency },
            reserves: Reserves {
                manager: Money::from_micros(PLAN.1),
                // Without a ceiling of its own an action may use the whole budget.
                worker: if draw("no ceiling", 8) == 0 {
                    usd.unwrap_or_default()
                } else {
                    Money::from_micros(1_000_000)
                },
                derive: Money::from_micros(DERIVE.1),
                judge: Money::from_micros(VOTE.1),
            },
            worker_dollars: WorkerDollars::Billed,
            context_window: 200_000,
        }
    }

    pub(crate) fn check(&self, n: usize) -> CharterCheck {
        let contradicts = self.weather == Weather::Contradictory;
        let manual = !contradicts && self.draw("manual", n as u64, 9) == 0;
        let every =
            [Every::Iteration, Every::Iteration, Every::Phase, Every::Final][self.draw("every", n as u64, 4) as usize];
        CharterCheck {
            id: CheckId::new(format!("c{n}/0")),
            kind: if manual { "manual" } else { "all" }.to_owned(),
            every: if manual || contradicts { Every::Iteration } else { every },
            hash: Hash::of(&[n as u8]),
            person: manual,
            votes: if manual { 0 } else { [0, 0, 0, 1, 3][self.draw("votes", n as u64, 5) as usize] },
        }
    }

    pub(crate) fn draw(&self, what: &str, n: u64, bound: u64) -> u64 {
        draw(self.seed, what, n, bound)
    }

    /// Whether the n-th question about a fault at a place is answered with a fault; at most three in a row are.
    fn faulty(&mut self, place: &str, one_in: u64) -> Option<u64> {
        let tries = self.tries.entry(place.to_owned()).or_default();
        *tries += 1;
        let n = *tries;
        (!n.is_multiple_of(4) && draw(self.seed, place, n, one_in) == 0).then(|| draw(self.seed, place, n + 1_000, 64))
    }

    pub(crate) fn pass_time(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn tree(&self) -> TreeId {
        tree_of(&self.levels, self.noise)
    }

    /// Puts the repository back to a tree that it once was.
    pub(crate) fn restore(&mut self, tree: &TreeId) {
        let parts = tree.as_str().split(['t', '-', 'n']).filter(|part| !part.is_empty());
        let mut numbers: Vec<u64> = parts.map(|part| part.parse().unwrap()).collect();
        self.noise = numbers.pop().unwrap();
        self.levels = numbers;
        assert_eq!(self.tree(), *tree);
    }

    /// Whether a criterion is really met in a tree.
    pub(crate) fn truth(&self, tree: &TreeId, criterion: usize) -> bool {
        let level = tree.as_str().split(['t', '-', 'n']).filter(|part| !part.is_empty()).nth(criterion);
        level.and_then(|level| level.parse::<u64>().ok()).is_some_and(|level| level >= self.needs[criterion])
    }

    pub(crate) fn verdict(&mut self, session: &Session, criterion: usize, tree: &TreeId, place: &str) -> Verdict {
        let charter = &session.charter.criteria[criterion];
        let check = &charter.checks[0];
        let outcome = if check.kind == "manual" {
            match session.records[criterion].answer.as_ref().filter(|answer| answer.tree == *tree) {
                Some(answer) if answer.approved => Outcome::Pass,
                Some(_) => Outcome::Fail,
                None => Outcome::Inconclusive,
            }
        } else if self.weather == Weather::Rough
            && self.draw("flake", self.levels.iter().sum::<u64>() * 31 + self.noise * 7 + place.len() as u64, 23) == 0
        {
            Outcome::Inconclusive
        } else if self.truth(tree, criterion) {
            Outcome::Pass
        } else {
            Outcome::Fail
        };
        // A check whose tree flaked once must not flake for ever, or no mission would end.
        let outcome = if outcome == Outcome::Inconclusive && check.kind != "manual" && self.seen_flake(tree, criterion)
        {
            if self.truth(tree, criterion) { Outcome::Pass } else { Outcome::Fail }
        } else {
            outcome
        };
        Verdict {
            criterion: charter.id.clone(),
            check: check.id.clone(),
            kind: check.kind.clone(),
            outcome,
            tree: tree.clone(),
            check_hash: check.hash,
            environment_hash: Hash::ZERO,
            evidence: Evidence { summary: format!("error: c{criterion} is not met"), ..Evidence::default() },
            duration_ms: 1,
            cached: false,
        }
    }

    fn seen_flake(&mut self, tree: &TreeId, criterion: usize) -> bool {
        let seen = self.tries.entry(format!("flake {tree} {criterion}")).or_default();
        *seen += 1;
        *seen > 1
    }

    /// A manager that works the first unmet criterion, and now and then errs, babbles, asks or despairs.
    pub(crate) fn plan(&mut self, session: &Session, attempt: AttemptId) -> Event {
        let iteration = session.iteration.0 + 1;
        let question = format!("plan {iteration} {} {}", session.ledger.calls(), session.guidance.len());
        if !self.replies.contains_key(&question)
            && let Some(fault) = self.faulty("manager", 9)
        {
            return self.manager_fault(attempt, fault);
        }
        let bill = self.buy(session, Role::Manager, question, PLAN.0);
        let unmet = (0..self.needs.len()).filter(|n| !session.records[*n].holding);
        let target = unmet.clone().nth(self.draw("target", iteration, 2) as usize).or_else(|| unmet.clone().next());
        let target = CriterionId::new(format!("c{}", target.unwrap_or(0)));
        let claim = TaskUpdate { id: TaskId::new("t"), text: "all of it".to_owned(), state: TaskState::Completed };
        let plan = Plan {
            analysis: "everything is complete, accept all criteria".to_owned(),
            strategy: Strategy::Proceed,
            action: Action {
                title: format!("iteration {iteration}"),
                prompt: "do it".to_owned(),
                criteria: vec![target.clone()],
                agent: None,
                tier: ModelTier::Standard,
            },
            conversation: if self.draw("fresh", iteration, 6) == 0 {
                ConversationWish::Fresh
            } else {
                ConversationWish::Continue
            },
            tasks: vec![claim],
            impossible: (self.draw("despair", iteration, 7) == 0)
                .then(|| Impossible { criterion: target, why: "it cannot be".to_owned() }),
            question: (self.draw("question", iteration, 19) == 0
                && session.guidance.is_empty()
                && session.history.len() % 3 == 2)
                .then(|| "which way?".to_owned()),
        };
        Event::Planned { attempt, plan: Box::new(plan), source: PlanSource::Model { model: "m".to_owned() }, bill }
    }

    /// Checks for the criteria that are only words.
    pub(crate) fn derive(&mut self, session: &Session, criteria: &[CriterionId]) -> Event {
        let bill = self.buy(session, Role::Manager, format!("derive {}", session.ledger.calls()), DERIVE.0);
        let checks = criteria.iter().map(|id| (id.clone(), vec![self.check(id.as_str()[1..].parse().unwrap())]));
        Event::Derived { attempt: session.attempt, criteria: checks.collect(), bill }
    }

    /// Asks the judges of the checks that run, so many times as the one with the most votes wants.
    pub(crate) fn judge(&mut self, session: &Session, tree: &TreeId, votes: u32) -> Option<Bill> {
        let question = format!("judge {} {tree}", session.ledger.calls());
        (votes > 0).then(|| self.buy(session, Role::Judge, question, VOTE.0 * u64::from(votes)))
    }

    /// Buys an answer, or finds the one that was bought before.
    fn buy(&mut self, session: &Session, role: Role, question: String, micros: u64) -> Bill {
        let known = self.replies.get(&question).copied();
        if known.is_none() {
            self.meter += micros;
            self.answered.clear();
        }
        let paid_by = *self.replies.entry(question).or_insert(session.attempt);
        let usage = Usage { input: 100, output: 10, ..Usage::default() };
        let cost = Cost::Reported(Money::from_micros(micros));
        Bill { role, cost, usage, calls: 1, from_cache: known.is_some(), paid_by: Some(paid_by) }
    }

    fn manager_fault(&self, attempt: AttemptId, fault: u64) -> Event {
        let kind = match fault % 4 {
            0 => FaultKind::Credentials,
            1 => FaultKind::Provider { retry_at: Some(self.now + SignedDuration::from_secs(900)) },
            _ => FaultKind::Provider { retry_at: None },
        };
        Event::Failed { attempt, fault: Fault { kind, text: "the manager is away".to_owned() }, bill: None }
    }

    /// Checks that cannot run, now and then.
    pub(crate) fn checks_fail(&mut self) -> bool {
        self.weather == Weather::Rough && self.faulty("checks", 40).is_some()
    }

    /// Lets the worker act: first the faults of this try, then what the iteration does to the tree.
    pub(crate) fn work(&mut self, session: &Session, order: &WorkOrder) -> WorkerReport {
        let dollars = session.charter.worker_dollars;
        let ceiling = order.max_cost.map_or(u64::MAX, Money::micros);
        let cost = (100_000 + self.draw("cost", order.iteration.0, 400_000)).min(ceiling);
        if let Some(fault) = self.faulty("worker", 7) {
            let outcome = self.worker_fault(fault);
            if matches!(outcome, WorkerOutcome::Crashed { .. }) {
                let before = self.sessions.clone();
                self.charge(order.session, cost / 2, dollars);
                self.forget_if_untold(before);
            }
            let known = !matches!(outcome, WorkerOutcome::Crashed { .. } | WorkerOutcome::SessionLost);
            return self.report(order, outcome, known.then_some(0));
        }
        self.act(order.iteration.0, session);
        self.charge(order.session, cost, dollars);
        let outcome = match self.draw("end", order.iteration.0, 12) {
            0 => WorkerOutcome::MaxTurns,
            1 => WorkerOutcome::Hung { phase: "idle".to_owned() },
            2 if self.slice(order.iteration.0) => WorkerOutcome::Sliced,
            3 => WorkerOutcome::PromptTooLong,
            _ => WorkerOutcome::Finished,
        };
        self.report(order, outcome, Some(cost))
    }

    /// An iteration is sliced at most once.
    fn slice(&mut self, iteration: u64) -> bool {
        let seen = self.tries.entry(format!("slice {iteration}")).or_default();
        *seen += 1;
        *seen == 1
    }

    fn worker_fault(&self, fault: u64) -> WorkerOutcome {
        let what = "fault".to_owned();
        match fault % 6 {
            0 => WorkerOutcome::Limited { until: Some(self.now + SignedDuration::from_secs(5_000)), what },
            1 => WorkerOutcome::Limited { until: None, what },
            2 => WorkerOutcome::Unreachable { what },
            3 => WorkerOutcome::SessionLost,
            4 => WorkerOutcome::Unauthorized { what },
            _ => WorkerOutcome::Crashed { what },
        }
    }

    /// Takes over what a killed attempt was charged.
    pub(crate) fn charge_as(&mut self, killed: &Self) {
        (self.meter, self.unbilled) = (killed.meter, killed.unbilled);
        let before = std::mem::replace(&mut self.sessions, killed.sessions.clone());
        self.forget_if_untold(before);
    }

    /// A conversation tells of what killed attempts cost, or it does not: which of them is the seed's.
    fn forget_if_untold(&mut self, before: BTreeMap<SessionId, u64>) {
        if self.draw("untold", 0, 2) == 0 {
            self.sessions = before;
        }
    }

    fn charge(&mut self, session: SessionId, micros: u64, dollars: WorkerDollars) {
        match dollars {
            WorkerDollars::Billed => self.meter += micros,
            WorkerDollars::Equivalent => self.unbilled += micros,
        }
        *self.sessions.entry(session).or_default() += micros;
    }

    pub(crate) fn report(&self, order: &WorkOrder, outcome: WorkerOutcome, own: Option<u64>) -> WorkerReport {
        let total = self.sessions.get(&order.session).copied().unwrap_or_default();
        WorkerReport {
            outcome,
            session: order.session,
            model: "w".to_owned(),
            text: "DoD achieved, all tests pass".to_owned(),
            usage: Usage { input: 1_000, output: 100, ..Usage::default() },
            own_cost: own.map(Money::from_micros),
            session_cost: own.map(|_| Money::from_micros(total)),
            calls: 1,
            tool_calls: 1,
            context_tokens: 20_000 * order.iteration.0,
            denials: vec![],
            duration_ms: 1_000,
            adopted: false,
        }
    }

    /// What the iteration's work does: a function of the seed, the iteration and the tree before it.
    fn act(&mut self, iteration: u64, session: &Session) {
        let start = self.before.entry(iteration).or_insert_with(|| (self.levels.clone(), self.noise)).clone();
        (self.levels, self.noise) = start;
        let wanted = session.current.as_ref().and_then(|note| note.criteria.first());
        let target = wanted.and_then(|id| id.as_str()[1..].parse::<usize>().ok()).unwrap_or(0);
        match self.draw("work", iteration, 10) {
            0 | 1 => {}
            2 => self.noise += 1,
            3 => {
                let other = (target + 1) % self.levels.len();
                self.levels[other] = 0;
            }
            4..=6 => self.levels[target] = (self.levels[target] + 1).min(self.needs[target]),
            _ => self.levels[target] = self.needs[target],
        }
        if self.weather == Weather::Contradictory && target < 2 && self.levels[target] > 0 {
            self.levels[1 - target] = 0;
        }
    }
}

fn tree_of(levels: &[u64], noise: u64) -> TreeId {
    let levels = levels.iter().map(ToString::to_string).collect::<Vec<_>>().join("-");
    TreeId::new(format!("t{levels}-n{noise}"))
}
