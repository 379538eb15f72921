//! Missions and sessions for tests: a session is told as a story of events, through the real `step`.

use std::collections::BTreeMap;
use std::time::Duration;

use cco::mission::{Budget, Check, CheckKind, CommandCheck, Constraint, Criterion, Every, Mission, Phase};
use cco::session::{
    Action, Bill, Charter, CharterCheck, CharterCriterion, CommitFrequency, Commits, Cost, Event, Limits, ModelTier,
    OnStall, Plan, PlanSource, Prepared, Reserves, Role, Seal, Session, Stage, Strategy, TreeChange, WorkerDollars,
    WorkerOutcome, WorkerReport, begin, step,
};
use cco::words::{
    Actor, AttemptId, CheckId, CommitId, CriterionId, Evidence, Hash, MissionId, Money, Outcome, PhaseId, Priority,
    RunId, TaskId, TreeId, Usage, Verdict, Via,
};
use jiff::{SignedDuration, Timestamp};

/// The criteria of the test mission with their commands.
pub(crate) const CRITERIA: [(&str, &str, Priority, &str); 3] = [
    ("crud", "All CRUD endpoints implemented", Priority::Critical, "npm test -- crud"),
    ("validation", "Input validation on all endpoints", Priority::High, "npm test -- validation"),
    ("docs", "API documentation generated", Priority::Medium, "test -s docs/openapi.yaml"),
];

/// A mission with three criteria, a rule and a protected path.
pub(crate) fn mission() -> Mission {
    let criteria = CRITERIA.map(|(id, text, priority, run)| Criterion {
        id: CriterionId::new(id),
        text: text.to_owned(),
        measurable: true,
        priority,
        required: true,
        stable_for: 1,
        checks: vec![command(run)],
        derived: false,
    });
    Mission {
        id: MissionId::new("task-api"),
        title: "Build REST API for Task Management".to_owned(),
        repository: None,
        description: "Create a complete REST API with CRUD operations\nusing Node.js, Express, and PostgreSQL.\n"
            .to_owned(),
        context: "Monorepo; the API lives in services/api".to_owned(),
        constraints: vec![Constraint {
            rule: "Never edit the contract tests".to_owned(),
            paths_denied: vec!["tests/contract/**".to_owned()],
            check: None,
        }],
        phases: vec![Phase {
            id: PhaseId::new("main"),
            criteria: criteria.iter().map(|criterion| criterion.id.clone()).collect(),
        }],
        criteria: criteria.to_vec(),
        setup: None,
        protect: vec!["jest.config.js".to_owned()],
        unprotect: vec![],
        carry: vec![],
        pass_env: vec![],
        services: vec![],
        budget: Budget::default(),
    }
}

fn command(run: &str) -> Check {
    Check {
        name: String::new(),
        kind: CheckKind::Command(CommandCheck {
            run: run.to_owned(),
            exit_code: 0,
            stdout_contains: vec![],
            stdout_matches: vec![],
            stderr_empty: false,
            numbers: vec![],
            json: None,
        }),
        timeout: Duration::from_secs(600),
        retries: 0,
        cwd: String::new(),
        every: Every::Iteration,
        inputs: vec![],
        protect: vec![],
        cache: true,
        service: None,
    }
}

fn charter(mission: &Mission) -> Charter {
    let criteria = mission.criteria.iter().map(|criterion| CharterCriterion {
        id: criterion.id.clone(),
        text: criterion.text.clone(),
        priority: criterion.priority,
        required: criterion.required,
        phase: 0,
        checks: vec![CharterCheck {
            id: check_id(&criterion.id),
            kind: "command".to_owned(),
            every: Every::Iteration,
            hash: Hash::of(criterion.id.as_str().as_bytes()),
            votes: 0,
            person: false,
        }],
        derived: false,
    });
    Charter {
        mission: mission.id.clone(),
        title: mission.title.clone(),
        criteria: criteria.collect(),
        phases: vec![PhaseId::new("main")],
        limits: Limits {
            max_iterations: None,
            stall_after: 1_000_000,
            on_stall: OnStall::Escalate,
            checkpoint_interval: 5,
            usd: Some(Money::from_micros(40_000_000)),
            tokens: None,
            warn_at: vec![],
            human_wait: Duration::from_secs(60),
            written: None,
        },
        commits: Commits { auto: true, frequency: CommitFrequency::PerSession },
        reserves: Reserves { manager: Money::from_micros(50_000), ..Reserves::default() },
        worker_dollars: WorkerDollars::Billed,
        context_window: 200_000,
    }
}

fn check_id(criterion: &CriterionId) -> CheckId {
    CheckId::new(format!("{criterion}/0"))
}

/// A session in the making.
pub(crate) struct Story {
    pub(crate) mission: Mission,
    pub(crate) session: Session,
    now: Timestamp,
    /// What passed on each tree.
    passed: BTreeMap<TreeId, Vec<String>>,
}

impl Story {
    /// A run up to its first plan: no criterion holds.
    pub(crate) fn begun() -> Self {
        Self::begun_with(mission())
    }

    /// The same with a mission of one's own.
    pub(crate) fn begun_with(mission: Mission) -> Self {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let actor = Actor::Operator { name: "ada".to_owned(), via: Via::Cli };
        let run = RunId(uuid::Uuid::from_u128(7));
        let started = Event::RunStarted { run, charter: Box::new(charter(&mission)), actor: actor.clone() };
        let session = begin(now, &started).unwrap();
        let mut story = Self { mission, session, now, passed: BTreeMap::new() };
        story.take(&Event::DaemonStarted { epoch: 1, version: "0".to_owned(), pid: 1 });
        let prepared = Prepared {
            base: CommitId::new("c0"),
            base_tree: TreeId::new("t0"),
            tree: TreeId::new("t0"),
            branch: "cco/task-api".to_owned(),
            staged: None,
        };
        let attempt = story.session.attempt;
        story.take(&Event::Prepared { attempt, prepared });
        let seal = Seal {
            mission: Hash::ZERO,
            config: Hash::ZERO,
            lock: None,
            prompts: Hash::ZERO,
            paths: Vec::new(),
            pinned: None,
            vacuous: vec![],
            tree: None,
        };
        let attempt = story.session.attempt;
        story.take(&Event::Sealed { attempt, seal, actor });
        story.checked(&[], "Error: Cannot find module './routes'\n    at src/app.js:3:1");
        story
    }

    /// Takes one event in.
    pub(crate) fn take(&mut self, event: &Event) {
        self.now = self.now.checked_add(SignedDuration::from_secs(1)).unwrap();
        let (session, notices) = step(self.session.clone(), self.now, event);
        for notice in notices {
            assert!(!notice.text.contains("means nothing"), "{}", notice.text);
        }
        self.session = session;
    }

    /// The attempt under way.
    pub(crate) fn attempt(&self) -> AttemptId {
        self.session.attempt
    }

    /// Every check is run on the newest tree: those named pass, the others fail with this output.
    pub(crate) fn checked(&mut self, passing: &[&str], output: &str) {
        let attempt = self.session.attempt;
        let passed = passing.iter().map(|id| (*id).to_owned()).collect();
        self.passed.insert(self.session.tree.clone().unwrap(), passed);
        for (id, ..) in CRITERIA {
            let id = CriterionId::new(id);
            let pass = passing.contains(&id.as_str());
            let evidence = Evidence {
                summary: if pass { "exit code 0".to_owned() } else { "exit code 1 instead of 0".to_owned() },
                subject: format!("npm test -- {id}"),
                exit_code: Some(i32::from(!pass)),
                tail: if pass { String::new() } else { output.to_owned() },
                ..Evidence::default()
            };
            let verdict = Verdict {
                check: check_id(&id),
                kind: "command".to_owned(),
                outcome: if pass { Outcome::Pass } else { Outcome::Fail },
                tree: self.session.tree.clone().unwrap(),
                check_hash: Hash::of(id.as_str().as_bytes()),
                environment_hash: Hash::ZERO,
                evidence,
                duration_ms: 12,
                cached: false,
                criterion: id,
            };
            self.take(&Event::VerdictRecorded { attempt, verdict: Box::new(verdict) });
        }
        self.take(&Event::Verified { attempt, bill: None });
    }

    /// The next action is planned.
    pub(crate) fn planned(&mut self, strategy: Strategy, title: &str) {
        let action = Action {
            title: title.to_owned(),
            prompt: format!("Do this: {title}. Run the tests."),
            criteria: vec![CriterionId::new("crud")],
            agent: None,
            tier: ModelTier::Standard,
        };
        let tasks = vec![cco::session::TaskUpdate {
            id: TaskId::new(format!("t{}", self.session.iteration)),
            text: title.to_owned(),
            state: cco::session::TaskState::Pending,
        }];
        let plan = Plan {
            analysis: "As expected.".to_owned(),
            strategy,
            action,
            conversation: cco::session::ConversationWish::Continue,
            tasks,
            impossible: None,
            question: None,
        };
        let bill = Bill {
            role: Role::Manager,
            cost: Cost::Reported(Money::from_micros(2100)),
            usage: Usage { input: 400, output: 50, cache_read: 600, ..Usage::default() },
            calls: 1,
            from_cache: false,
            paid_by: None,
        };
        let source = PlanSource::Model { model: "test/served".to_owned() };
        let attempt = self.session.attempt;
        self.take(&Event::Planned { attempt, plan: Box::new(plan), source, bill });
    }

    /// The worker ends, its tree is kept.
    pub(crate) fn worked(&mut self, outcome: WorkerOutcome, words: &str, tree: &str) {
        let Stage::Working(work) = self.session.stage.clone() else { panic!("{:?}", self.session.stage) };
        let report = WorkerReport {
            outcome,
            session: work.order.session,
            model: "claude-sonnet".to_owned(),
            text: words.to_owned(),
            usage: Usage { input: 1000, output: 400, ..Usage::default() },
            own_cost: Some(Money::from_micros(30_000)),
            session_cost: None,
            calls: 3,
            tool_calls: 5,
            context_tokens: 50_000,
            denials: vec![],
            duration_ms: 60_000,
            adopted: false,
        };
        let attempt = self.session.attempt;
        self.take(&Event::WorkerEnded { attempt, report: Box::new(report) });
        let attempt = self.session.attempt;
        let change = TreeChange { files: 3, added: 40, removed: 2, tests_created: 1 };
        self.take(&Event::Snapshotted { attempt, tree: TreeId::new(tree), change });
    }

    /// The iteration is recorded.
    pub(crate) fn recorded(&mut self) {
        let attempt = self.session.attempt;
        let commit = match &self.session.stage {
            Stage::Recording(order) if order.publish == cco::session::Publish::Commit => {
                Some(CommitId::new(format!("c{}", self.session.iteration)))
            }
            Stage::Recording(_) => None,
            other => panic!("{other:?}"),
        };
        self.take(&Event::Recorded { attempt, commit });
        self.rolled_back();
    }

    /// Where the ladder goes back to the best state, that is done and checked again.
    fn rolled_back(&mut self) {
        if let Stage::Restoring { tree } = self.session.stage.clone() {
            let attempt = self.session.attempt;
            let passed = self.passed.get(&tree).cloned().unwrap_or_default();
            self.take(&Event::Restored { attempt, tree });
            self.checked(&passed.iter().map(String::as_str).collect::<Vec<_>>(), "as it was");
        }
    }

    /// A whole iteration.
    pub(crate) fn iteration(&mut self, title: &str, words: &str, tree: &str, passing: &[&str], output: &str) {
        self.planned(Strategy::Proceed, title);
        self.worked(WorkerOutcome::Finished, words, tree);
        self.checked(passing, output);
        self.recorded();
    }

    /// An operator says something.
    pub(crate) fn guided(&mut self, text: &str) {
        let actor = Actor::Operator { name: "ada".to_owned(), via: Via::Cli };
        self.take(&Event::Guided { actor, text: text.to_owned() });
    }

    /// The question that the `Planning` stage asks.
    pub(crate) fn ask(&self) -> (cco::session::PlanAsk, usize) {
        match self.session.stage {
            Stage::Planning { ask, heard } => (ask, heard),
            ref other => panic!("{other:?}"),
        }
    }
}
