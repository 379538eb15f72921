//! One iteration in full: what was planned, what the worker did, what the checks found, what it cost.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::session::{Session, TreeChange};
use crate::words::{CheckId, CommitId, CriterionId, Evidence, IterationNumber, Outcome, TreeId, Verdict};

/// One turn of the loop; 0 is the baseline before the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Iteration {
    /// Its number.
    pub number: IterationNumber,
    /// The phase it belongs to.
    pub phase: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When its last event happened.
    pub ended_at: Timestamp,
    /// From one to the other.
    pub seconds: u64,
    /// What the manager made of the result before.
    pub analysis: String,
    /// Who planned it: a model's name, or `checklist`.
    pub planned_by: String,
    /// The kind of step.
    pub strategy: String,
    /// What the worker was asked to do, in a line.
    pub title: String,
    /// What it was told.
    pub prompt: String,
    /// The criteria it aimed at.
    pub criteria: Vec<CriterionId>,
    /// Each try of the worker.
    pub attempts: Vec<Attempt>,
    /// What changed.
    pub change: Change,
    /// The tree it left.
    pub tree: Option<TreeId>,
    /// What the checks found, in the order they ran.
    pub checks: Vec<CheckRun>,
    /// Required criteria that held before.
    pub held_before: u32,
    /// Required criteria that held afterwards.
    pub held: u32,
    /// Required criteria.
    pub required: u32,
    /// The commit it was published as.
    pub commit: Option<CommitId>,
    /// Dollars that count against the budget.
    pub cost_usd: f64,
    /// Whether any of them is an estimate.
    pub estimated: bool,
    /// Tokens.
    pub tokens: u64,
    /// What people did and what was odd, oldest first.
    pub notes: Vec<Note>,
}

/// One try of the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// How it ended, in one word.
    pub outcome: String,
    /// More about it; empty where there is nothing to add.
    pub what: String,
    /// What the worker said at the end: a claim.
    pub claim: String,
    /// The model that answered.
    pub model: String,
    /// Wall time.
    pub duration_ms: u64,
    /// Tool calls.
    pub tool_calls: u32,
    /// Tool uses that were denied.
    pub denials: Vec<String>,
    /// Dollars as the worker reported them; `null`: not reported.
    pub cost_usd: Option<f64>,
    /// Tokens.
    pub tokens: u64,
}

/// What changed between two trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Files added, changed or removed.
    pub files: u64,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Files added whose path looks like a test.
    pub tests_created: u64,
}

/// One run of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckRun {
    /// The criterion it belongs to.
    pub criterion: CriterionId,
    /// Its place in the mission.
    pub check: CheckId,
    /// The kind as written in the mission.
    pub kind: String,
    /// What it found.
    pub verdict: Outcome,
    /// Why.
    pub evidence: Evidence,
    /// On which tree.
    pub tree: TreeId,
    /// How long it took.
    pub duration_ms: u64,
    /// Whether it was taken over from an earlier run.
    pub cached: bool,
    /// Whether it was part of a proof on a fresh checkout.
    pub in_proof: bool,
}

/// Something that happened beside the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub text: String,
}

impl From<TreeChange> for Change {
    fn from(change: TreeChange) -> Self {
        Self { files: change.files, added: change.added, removed: change.removed, tests_created: change.tests_created }
    }
}

impl Change {
    /// What two changes come to, one after the other.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            files: self.files.saturating_add(other.files),
            added: self.added.saturating_add(other.added),
            removed: self.removed.saturating_add(other.removed),
            tests_created: self.tests_created.saturating_add(other.tests_created),
        }
    }
}

impl CheckRun {
    pub(super) fn of(verdict: &Verdict, in_proof: bool) -> Self {
        Self {
            criterion: verdict.criterion.clone(),
            check: verdict.check.clone(),
            kind: verdict.kind.clone(),
            verdict: verdict.outcome,
            evidence: verdict.evidence.clone(),
            tree: verdict.tree.clone(),
            duration_ms: verdict.duration_ms,
            cached: verdict.cached,
            in_proof,
        }
    }
}

impl Iteration {
    /// An iteration that begins with this state.
    pub(super) fn begin(session: &Session, at: Timestamp) -> Self {
        let number = session.iteration;
        let (held, required) = session.held();
        Self {
            number,
            phase: session.charter.phases.get(session.phase).map(ToString::to_string).unwrap_or_default(),
            started_at: at,
            ended_at: at,
            seconds: 0,
            analysis: String::new(),
            planned_by: String::new(),
            strategy: String::new(),
            title: if number.0 == 0 { "Baseline".to_owned() } else { String::new() },
            prompt: String::new(),
            criteria: Vec::new(),
            attempts: Vec::new(),
            change: Change::default(),
            tree: None,
            checks: Vec::new(),
            held_before: held,
            held,
            required,
            commit: None,
            cost_usd: 0.0,
            estimated: false,
            tokens: 0,
            notes: Vec::new(),
        }
    }

    /// How the worker ended in the end; empty where it never worked.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.attempts.last().map_or("", |attempt| attempt.outcome.as_str())
    }
}
