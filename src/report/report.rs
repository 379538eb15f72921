//! `report.json`: the report as data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::artifact::Artifact;
use super::ending::Ending;
use crate::session::Session;
use crate::view::{self, Cost, Criterion, Iteration, Metrics, Phase, State, Status};
use crate::words::{CheckId, CommitId, CriterionId, Evidence, IterationNumber, Outcome, Priority, RunId, TreeId};

/// What a report is made of. Everything but the session is handed in by those who own it.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The run.
    pub session: &'a Session,
    /// The newest iterations, the baseline included if there are no more than are reported, oldest first.
    pub iterations: &'a [Iteration],
    /// How many came before them and are left out.
    pub earlier_iterations: u64,
    /// The files that differ between the commit the mission started from and its newest tree.
    pub artifacts: &'a [Artifact],
    /// The commits of the mission's branch, oldest first.
    pub commits: &'a [Commit],
    /// Files that existed at the start, look like tests or fixtures, are not sealed and were changed by the worker.
    pub influenced: &'a [String],
    /// Criteria whose own checks all pass on a tree without files.
    pub vacuous: &'a [CriterionId],
    /// When the report is written.
    pub now: Timestamp,
}

/// The report of a run. Version 1; a key is never renamed or given another meaning within a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `cco.report`.
    pub schema: String,
    /// 1.
    pub version: u32,
    /// The run.
    pub run_id: RunId,
    /// What was asked.
    pub mission: view::Mission,
    /// How it ended and what to do next.
    pub ending: Ending,
    /// When the run began.
    pub started_at: Timestamp,
    /// When its newest event happened.
    pub ended_at: Timestamp,
    /// From one to the other.
    pub elapsed_seconds: u64,
    /// When the report was written.
    pub written_at: Timestamp,
    /// The branch the work is on.
    pub branch: Option<String>,
    /// The commit it started from.
    pub base: Option<CommitId>,
    /// The newest published commit.
    pub head: Option<CommitId>,
    /// The newest tree.
    pub tree: Option<TreeId>,
    /// Changes of the mission under way by `cco amend`; `null`: there was none.
    #[serde(default)]
    pub amended: Option<view::Amended>,
    /// The phase it got to.
    pub phase: Phase,
    /// Each criterion with its proof.
    pub criteria: Vec<CriterionProof>,
    /// Files that checks may depend on and that the worker changed although they existed before.
    pub influenced: Vec<String>,
    /// Criteria that prove nothing: all of their author's checks pass on a tree without files.
    pub vacuous: Vec<CriterionId>,
    /// What was made.
    pub artifacts: Vec<Artifact>,
    /// The commits.
    pub commits: Vec<Commit>,
    /// What it cost.
    pub cost: Cost,
    /// The metrics of section 8.1 of the specification.
    pub metrics: Metrics,
    /// Iterations that came before those below; the journal has them.
    pub earlier_iterations: u64,
    /// Each turn of the loop; the tails of outputs are left to the journal.
    pub iterations: Vec<Iteration>,
}

/// A criterion and what proves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriterionProof {
    /// Its name.
    pub id: CriterionId,
    /// What must hold, in words.
    pub criteria: String,
    /// The order of work.
    pub priority: Priority,
    /// How it stands.
    pub state: State,
    /// Whether the mission can end without it.
    pub required: bool,
    /// Whether its checks were derived from words by a model.
    pub derived: bool,
    /// Whether it held before any work.
    pub held_at_baseline: bool,
    /// How often it was lost again.
    pub regressions: u32,
    /// Each of its checks.
    pub checks: Vec<Proof>,
}

/// One check and what it found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Its place in the mission.
    pub id: CheckId,
    /// The kind as written in the mission.
    pub kind: String,
    /// The newest outcome; `null`: it never ran.
    pub verdict: Option<Outcome>,
    /// The exact command, URL, path or rubric, and what was found.
    pub evidence: Option<Evidence>,
    /// The tree it was found on.
    pub tree: Option<TreeId>,
    /// The commit whose fresh checkout it was found on; `null`: not part of a proof.
    pub commit: Option<CommitId>,
    /// How long it took.
    pub duration_ms: Option<u64>,
}

/// One commit of the mission's branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its object id.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// The iteration it was published by, from its trailer.
    pub iteration: Option<IterationNumber>,
    /// When it was made.
    pub at: Timestamp,
}

impl Report {
    /// Puts a report together.
    #[must_use]
    pub fn new(sources: &Sources<'_>) -> Self {
        let session = sources.session;
        let status = view::status(session, sources.now);
        Self {
            schema: "cco.report".to_owned(),
            version: 1,
            run_id: session.run,
            ending: Ending::of(session, &status),
            started_at: session.started_at,
            ended_at: session.updated_at,
            elapsed_seconds: elapsed(session),
            written_at: sources.now,
            criteria: status.criteria.iter().map(|criterion| CriterionProof::of(criterion, &status)).collect(),
            influenced: sources.influenced.to_vec(),
            vacuous: sources.vacuous.to_vec(),
            artifacts: sources.artifacts.to_vec(),
            commits: sources.commits.to_vec(),
            earlier_iterations: sources.earlier_iterations,
            iterations: sources.iterations.iter().cloned().map(without_tails).collect(),
            mission: status.mission,
            branch: status.branch,
            base: status.base,
            head: status.head,
            tree: status.tree,
            amended: status.amended,
            phase: status.phase,
            cost: status.cost,
            metrics: status.metrics,
        }
    }

    /// Whether the mission was proven.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ending.word == "done"
    }
}

impl CriterionProof {
    fn of(criterion: &Criterion, status: &Status) -> Self {
        let checks = criterion.checks.iter().map(|check| Proof {
            id: check.id.clone(),
            kind: check.kind.clone(),
            verdict: check.verdict,
            evidence: check.evidence.clone(),
            tree: check.tree.clone(),
            commit: status.head.clone().filter(|_| check.in_proof),
            duration_ms: check.duration_ms,
        });
        Self {
            id: criterion.id.clone(),
            criteria: criterion.criteria.clone(),
            priority: criterion.priority,
            state: criterion.state,
            required: criterion.required,
            derived: criterion.derived,
            held_at_baseline: criterion.held_at_baseline,
            regressions: criterion.regressions,
            checks: checks.collect(),
        }
    }
}

fn elapsed(session: &Session) -> u64 {
    u64::try_from(session.updated_at.duration_since(session.started_at).as_secs()).unwrap_or(0)
}

/// The report of a run of a thousand iterations stays readable; the journal has every output's end.
fn without_tails(mut iteration: Iteration) -> Iteration {
    for check in &mut iteration.checks {
        check.evidence.tail.clear();
    }
    iteration
}
