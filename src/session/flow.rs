//! From plan to proof: what follows each completed effect of the loop.

use super::charter::{CharterCheck, CommitFrequency};
use super::criteria::{PhaseStanding, Standing, phase_standing};
use super::effect::{Checkpoint, Publish, RecordOrder};
use super::event::{Fault, FaultKind, TreeChange};
use super::lessons::signature;
use super::morale;
use super::progress::{Movement, Observation, Progress};
use super::session::HISTORY;
use super::stage::{AfterSnapshot, End, HumanNeed, PauseReason, Purpose, Scope, Stage, WaitReason};
use super::step::{NoticeKind, Turn};
use super::work::PROVIDER_RETRIES;
use crate::words::{CommitId, CriterionId, Hash, Outcome, TreeId};

/// The required criteria that a verification found otherwise than they were.
#[derive(Debug, Default)]
struct Moved {
    gained: Vec<CriterionId>,
    lost: Vec<CriterionId>,
}

impl Turn {
    pub(super) fn derived(&mut self, derived: &[(CriterionId, Vec<CharterCheck>)]) {
        for (id, checks) in derived {
            if let Some(criterion) = self.s.charter.criteria.iter_mut().find(|criterion| criterion.id == *id) {
                criterion.checks.clone_from(checks);
                criterion.derived = true;
            }
        }
        let missing = self.s.charter.underived();
        if missing.is_empty() {
            return self.enter(Stage::Sealing);
        }
        let names = missing.iter().map(CriterionId::as_str).collect::<Vec<_>>().join(", ");
        let what = format!("no check could be derived for {names}: give each a `validator` in the mission file");
        self.enter(Stage::Paused {
            why: PauseReason::Mission { what },
            then: Box::new(Stage::Deriving { criteria: missing }),
        });
    }

    pub(super) fn verified(&mut self, tree: TreeId, scope: Scope, purpose: Purpose, done: Vec<crate::words::CheckId>) {
        let standing = phase_standing(&self.s.charter, &self.s.records, self.s.phase, &tree);
        if standing == PhaseStanding::NeedsPhaseChecks && scope == Scope::Iteration {
            return self.enter(Stage::Verifying { tree, scope: Scope::Phase, purpose, done });
        }
        let found = self.mark_holding(&tree);
        match purpose {
            Purpose::Baseline => self.after_baseline(&tree),
            Purpose::AfterAction if self.s.sliced.is_some() && standing != PhaseStanding::Holds => self.decide(),
            Purpose::AfterAction => {
                self.s.sliced = None;
                self.after_action(tree, &standing, &found);
            }
        }
    }

    /// Notes which criteria hold on a tree; returns what is different from before.
    fn mark_holding(&mut self, tree: &TreeId) -> Moved {
        let mut moved = Moved::default();
        let mut newly_held = Vec::new();
        let mut lost = Vec::new();
        for (criterion, record) in self.s.charter.criteria.iter().zip(&mut self.s.records) {
            let holds = matches!(record.standing(criterion, tree), Standing::Holds | Standing::HoldsSoFar);
            if holds && !record.holding {
                newly_held.push(criterion.text.clone());
                moved.gained.extend(criterion.required.then(|| criterion.id.clone()));
            }
            if record.holding && !holds {
                record.regressions = record.regressions.saturating_add(1);
                lost.push(criterion.text.clone());
                moved.lost.extend(criterion.required.then(|| criterion.id.clone()));
            }
            if holds {
                let last = super::criteria::LastHeld { tree: tree.clone(), iteration: self.s.iteration };
                record.last_held = Some(last);
            }
            record.holding = holds;
        }
        for text in lost {
            self.tell(NoticeKind::Regression, format!("“{text}” held and does not any more"));
        }
        let (held, total) = self.s.held();
        self.s.milestone = morale::celebrate(&newly_held, held as usize, total as usize);
        if let Some(text) = self.s.milestone.clone() {
            self.tell(NoticeKind::Milestone, text);
        }
        moved
    }

    fn observation(&self, tree: &TreeId) -> Observation {
        let verdicts = self.s.records.iter().flat_map(|record| record.verdicts.values());
        let on_tree = verdicts.filter(|verdict| verdict.tree == *tree);
        let passing = on_tree.filter(|verdict| verdict.outcome == Outcome::Pass).count();
        let errors = self.signatures(tree);
        let passing = u32::try_from(passing).unwrap_or(u32::MAX);
        let holding = self.s.records.iter().map(|record| if record.holding { "+" } else { "-" });
        let state = holding.chain(errors.iter().map(String::as_str)).map(str::as_bytes);
        let state = (!errors.is_empty()).then(|| Hash::of_parts(state));
        let signature = errors.into_iter().next().unwrap_or_default();
        Observation { tree: tree.clone(), held: self.s.held().0, passing, signature, state }
    }

    /// The signatures of what fails on a tree, in the order of the mission.
    fn signatures(&self, tree: &TreeId) -> Vec<String> {
        let verdicts = self.s.records.iter().flat_map(|record| record.verdicts.values());
        let failing = verdicts.filter(|verdict| verdict.tree == *tree && verdict.outcome != Outcome::Pass);
        failing
            .map(|verdict| {
                let tail = &verdict.evidence.tail;
                signature(if tail.is_empty() { &verdict.evidence.summary } else { tail })
            })
            .filter(|signature| !signature.is_empty())
            .collect()
    }

    fn after_baseline(&mut self, tree: &TreeId) {
        if self.s.progress.recent.is_empty() {
            let now = self.observation(tree);
            self.s.progress.start_from(now);
        }
        if self.s.iteration.0 == 0 && self.s.phase == 0 {
            for record in &mut self.s.records {
                record.held_at_baseline = record.holding;
            }
        }
        self.decide();
    }

    fn after_action(&mut self, tree: TreeId, standing: &PhaseStanding, moved: &Moved) {
        let movement = self.observe(&tree);
        self.take_turns(moved);
        self.finish_note();
        if !moved.gained.is_empty() && self.s.metrics.failed_actions > self.s.metrics.error_recoveries {
            self.s.metrics.error_recoveries += 1;
        }
        if movement == Movement::Forward {
            self.s.impossible = None;
        }
        let order = self.record_order(tree, standing);
        self.enter(Stage::Recording(order));
    }

    fn observe(&mut self, tree: &TreeId) -> Movement {
        let observation = self.observation(tree);
        let errors = self.signatures(tree);
        if let Some(note) = self.s.current.as_ref() {
            self.s.lessons.learn(note.number, note.strategy, &note.title, &errors);
        }
        self.s.progress.observe(observation)
    }

    /// Looks for criteria that take turns; where some do, the next approach is another one.
    fn take_turns(&mut self, moved: &Moved) {
        let all = self.s.charter.criteria.iter().zip(&self.s.records);
        let holding: Vec<CriterionId> =
            all.filter(|(_, record)| record.holding).map(|(criterion, _)| criterion.id.clone()).collect();
        let turns = self.s.progress.contradictions.get_or_insert_default();
        if turns.observe(&moved.gained, &moved.lost, &holding) {
            self.s.fresh_next = true;
        }
        self.s.progress.contradictions.take_if(|turns| turns.pairs.is_empty());
    }

    pub(super) fn finish_note(&mut self) {
        let held = self.s.held().0;
        if let Some(mut note) = self.s.current.take() {
            note.held = held;
            if self.s.history.len() == HISTORY {
                self.s.history.pop_front();
            }
            self.s.history.push_back(note);
        }
    }

    fn record_order(&mut self, tree: TreeId, standing: &PhaseStanding) -> RecordOrder {
        let phase_ends = *standing == PhaseStanding::Holds;
        let last_phase = self.s.phase + 1 >= self.s.charter.phases.len();
        let session_ends = phase_ends || self.context_is_full() || self.s.unpublished_session;
        let commits = self.s.charter.commits;
        let due = match commits.frequency {
            CommitFrequency::PerIteration => true,
            CommitFrequency::PerSession => session_ends,
            CommitFrequency::PerPhase => phase_ends,
            CommitFrequency::OnCompletion => false,
        };
        let changed = self.s.head_tree.as_ref() != Some(&tree);
        let publish = changed && (commits.auto && due || phase_ends && last_phase);
        let interval = self.s.charter.limits.checkpoint_interval.max(1);
        let checkpoint = if phase_ends {
            self.s.checkpoints += 1;
            Checkpoint::Named(format!("CP{}", self.s.checkpoints))
        } else if session_ends || self.s.iteration.0.is_multiple_of(interval) {
            Checkpoint::Full
        } else {
            Checkpoint::Light
        };
        let publish = if publish { Publish::Commit } else { Publish::Hold };
        let parent = self.s.head.clone().unwrap_or_else(|| CommitId::new(""));
        RecordOrder { iteration: self.s.iteration, tree, parent, publish, checkpoint }
    }

    pub(super) fn recorded(&mut self, order: RecordOrder, commit: Option<&CommitId>) {
        if let Some(commit) = commit {
            self.s.head = Some(commit.clone());
            self.s.head_tree = Some(order.tree);
            self.s.unpublished_session = false;
        }
        if !self.amend_after_commit() {
            self.decide();
        }
    }

    /// What comes next, by what holds on the newest tree.
    pub(super) fn decide(&mut self) {
        let Some(tree) = self.s.tree.clone() else {
            return self.enter(Stage::Preparing);
        };
        match phase_standing(&self.s.charter, &self.s.records, self.s.phase, &tree) {
            PhaseStanding::Holds => self.phase_holds(tree),
            PhaseStanding::AwaitsPerson(criteria) => {
                // The whole scope: a check that asks a person is one of the last ones, and its answer must be read.
                let (scope, purpose) = (Scope::Baseline, Purpose::Baseline);
                let then = Stage::Verifying { tree, scope, purpose, done: Vec::new() };
                self.await_human(HumanNeed::Manual { criteria }, then);
            }
            PhaseStanding::NeedsPhaseChecks | PhaseStanding::Open => self.work_on(),
        }
    }

    fn phase_holds(&mut self, tree: TreeId) {
        if self.s.sliced.take().is_some() {
            // A person's answer was all that an action in slices lacked: its iteration ends like any other.
            return self.after_action(tree, &PhaseStanding::Holds, &Moved::default());
        }
        if self.s.phase + 1 < self.s.charter.phases.len() {
            let phase = self.s.charter.phases.get(self.s.phase).map(ToString::to_string).unwrap_or_default();
            self.tell(NoticeKind::Milestone, format!("phase “{phase}” is complete"));
            self.s.phase += 1;
            self.close_conversation();
            self.s.progress = Progress::default();
            return self.look(Scope::Phase);
        }
        match self.s.head.clone() {
            Some(commit) if self.s.head_tree.as_ref() == Some(&tree) => self.enter(Stage::Proving { commit, tree }),
            _ => {
                // What held already was never committed: publish it, then prove it.
                let order = self.record_order(tree, &PhaseStanding::Holds);
                self.enter(Stage::Recording(order));
            }
        }
    }

    pub(super) fn end(&mut self, end: End) {
        let text = match &end {
            End::Done { commit } => format!("done: every required criterion is proven on {}", commit.short()),
            End::Impossible { criterion, why } => format!("stopped: {criterion} cannot be met: {why}"),
            End::Stalled => format!("stopped: no progress; what does not hold: {}", self.open_names()),
        };
        self.tell(NoticeKind::End, text);
        self.close_conversation();
        self.s.attempt = self.s.attempt.next();
        self.s.stage = Stage::Ended(end);
    }

    /// The required criteria that do not hold, for people.
    fn open_names(&self) -> String {
        let all = self.s.charter.criteria.iter().zip(&self.s.records);
        let open = all.filter(|(criterion, record)| criterion.required && !record.holding);
        open.map(|(criterion, _)| criterion.id.as_str()).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn await_human(&mut self, what: HumanNeed, then: Stage) {
        if self.is_answered(&what) {
            // The answer came while the checks ran: they are asked again, and now they know it.
            return self.enter(then);
        }
        let wait = i64::try_from(self.s.charter.limits.human_wait.as_secs()).unwrap_or(i64::MAX).max(1);
        let until = super::work::after(self.now, wait);
        let text = match &what {
            HumanNeed::Manual { criteria } => {
                let names = criteria.iter().map(CriterionId::as_str).collect::<Vec<_>>().join(", ");
                format!("approve or reject: {names}")
            }
            HumanNeed::Question { text } => format!("the manager asks: {text}"),
            HumanNeed::Escalation { why } => why.clone(),
        };
        self.tell(NoticeKind::NeedsYou, text);
        self.enter(Stage::AwaitingHuman { what, until, then: Box::new(then) });
    }

    /// Whether every manual criterion has been answered for the newest tree, in a way that its verdict does not show yet.
    fn is_answered(&self, what: &HumanNeed) -> bool {
        let HumanNeed::Manual { criteria } = what else { return false };
        criteria.iter().all(|id| {
            let answer = self.s.record(id).and_then(|record| record.answer.as_ref());
            answer.is_some_and(|answer| Some(&answer.tree) == self.s.tree.as_ref())
        })
    }

    pub(super) fn snapshotted(&mut self, after: AfterSnapshot, tree: &TreeId, change: TreeChange) {
        let total = &mut self.s.metrics.change;
        total.files += change.files;
        total.added += change.added;
        total.removed += change.removed;
        total.tests_created += change.tests_created;
        if let Some(note) = self.s.current.as_mut() {
            note.change = change;
        }
        self.s.tree = Some(tree.clone());
        match after {
            AfterSnapshot::Verify => {
                let (scope, purpose) = (Scope::Iteration, Purpose::AfterAction);
                let stage = Stage::Verifying { tree: tree.clone(), scope, purpose, done: Vec::new() };
                self.enter(self.unless_tampered(stage));
            }
            AfterSnapshot::Wait { until, why, work } => {
                self.tell(NoticeKind::Waiting, why.text());
                self.enter(Stage::Waiting { until, why, then: Box::new(Stage::Working(*work)) });
            }
            AfterSnapshot::Pause { why, work } => {
                self.enter(Stage::Paused { why, then: Box::new(Stage::Working(*work)) });
            }
            AfterSnapshot::Ask { what, work } => self.await_human(what, Stage::Working(*work)),
        }
    }

    pub(super) fn proved(&mut self, commit: CommitId, tree: &TreeId) {
        if self.proof_is_complete(tree) {
            return self.end(End::Done { commit });
        }
        for verdict in self.s.proof.clone() {
            let place = self.s.charter.criteria.iter().position(|criterion| criterion.id == verdict.criterion);
            if let Some(record) = place.and_then(|place| self.s.records.get_mut(place)) {
                record.verdicts.insert(verdict.check.clone(), verdict);
            }
        }
        self.mark_holding(tree);
        self.observe(tree);
        self.tell(NoticeKind::Regression, "the proof on a fresh checkout did not hold");
        // Whether a person is waited for or work goes on, is decided on the proof's own verdicts.
        match phase_standing(&self.s.charter, &self.s.records, self.s.phase, tree) {
            PhaseStanding::AwaitsPerson(criteria) => {
                let then = Stage::Proving { commit, tree: tree.clone() };
                self.await_human(HumanNeed::Manual { criteria }, then);
            }
            PhaseStanding::Holds | PhaseStanding::NeedsPhaseChecks | PhaseStanding::Open => self.work_on(),
        }
    }

    /// Invariant I3: each check of each required criterion passed in this proof, on this tree, as it was sealed.
    fn proof_is_complete(&self, tree: &TreeId) -> bool {
        let required = self.s.charter.criteria.iter().filter(|criterion| criterion.required);
        required.flat_map(|criterion| &criterion.checks).all(|check| {
            let mut verdicts = self.s.proof.iter().filter(|verdict| verdict.check == check.id);
            let good = |verdict: &crate::words::Verdict| {
                verdict.outcome == Outcome::Pass && verdict.tree == *tree && verdict.check_hash == check.hash
            };
            verdicts.clone().count() > 0 && verdicts.all(good)
        })
    }

    pub(super) fn failed(&mut self, stage: Stage, fault: &Fault) {
        let what = fault.text.clone();
        let then = Box::new(stage);
        let why = match fault.kind {
            FaultKind::Credentials | FaultKind::Credit => PauseReason::Credentials { what },
            FaultKind::Environment => PauseReason::Environment { what },
            FaultKind::Mission => PauseReason::Mission { what },
            FaultKind::Provider { retry_at } => {
                self.s.retries.provider += 1;
                let attempt = self.s.retries.provider;
                if attempt <= PROVIDER_RETRIES {
                    let until = self.retry_time(retry_at, attempt);
                    let why = WaitReason::Provider { what, attempt };
                    self.tell(NoticeKind::Waiting, why.text());
                    return self.enter(Stage::Waiting { until, why, then });
                }
                PauseReason::ProviderOut { what }
            }
        };
        self.enter(Stage::Paused { why, then });
    }
}

impl WaitReason {
    /// The reason in a sentence for people.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::UsageWindow { what } => what.clone(),
            Self::Provider { what, attempt } | Self::WorkerCrash { what, attempt } => format!("{what} (try {attempt})"),
        }
    }
}
