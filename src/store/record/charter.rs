//! Records of the charter: the mission and its limits, written with a run's first event.

use std::time::Duration;

use super::mirror::mirror;
use crate::mission::Every;
use crate::session::{
    Charter, CharterCheck, CharterCriterion, CommitFrequency, Commits, Limits, OnStall, Reserves, WorkerDollars,
    Written,
};
use crate::words::{CheckId, CriterionId, Hash, MissionId, Money, PhaseId, Priority};

mirror!(struct Charter => CharterV1 {
    mission: MissionId,
    title: String,
    criteria: Vec<CharterCriterion>,
    phases: Vec<PhaseId>,
    limits: Limits,
    commits: Commits,
    reserves: Reserves,
    worker_dollars: WorkerDollars,
    context_window: u64,
});

mirror!(struct CharterCriterion => CharterCriterionV1 {
    id: CriterionId,
    text: String,
    priority: Priority,
    required: bool,
    phase: usize,
    checks: Vec<CharterCheck>,
    derived: bool,
});

mirror!(struct CharterCheck => CharterCheckV1 {
    id: CheckId,
    kind: String,
    every: Every,
    hash: Hash,
    #[serde(default)]
    votes: u32,
    #[serde(default)]
    person: bool,
});

mirror!(enum Every => EveryV1 { Iteration, Phase, Final });

mirror!(struct Limits => LimitsV1 {
    max_iterations: Option<u64>,
    stall_after: u32,
    on_stall: OnStall,
    checkpoint_interval: u64,
    usd: Option<Money>,
    tokens: Option<u64>,
    warn_at: Vec<u8>,
    human_wait: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written: Option<Written>,
});

mirror!(struct Written => WrittenV1 { max_iterations: Option<u64>, usd: Option<Money> });

mirror!(enum OnStall => OnStallV1 { Replan, Escalate, Pause, Stop });

mirror!(struct Commits => CommitsV1 { auto: bool, frequency: CommitFrequency });

mirror!(enum CommitFrequency => CommitFrequencyV1 { PerIteration, PerSession, PerPhase, OnCompletion });

mirror!(struct Reserves => ReservesV1 {
    manager: Money,
    worker: Money,
    #[serde(default)]
    derive: Money,
    #[serde(default)]
    judge: Money,
});

mirror!(enum WorkerDollars => WorkerDollarsV1 { Billed, Equivalent });
