//! Records of events and of what only they carry: a journal's bodies.

use jiff::Timestamp;

use super::mirror::mirror;
use crate::session::{
    Answer, Bill, Charter, CharterCheck, Event, Fault, FaultKind, InputHashes, Limits, Pinned, Plan, PlanSource,
    Prepared, Reserves, Seal, SealedPath, StopHow, TreeChange, WorkerDollars, WorkerOutcome, WorkerReport,
};
use crate::words::{
    Actor, AttemptId, CommitId, CriterionId, Hash, Money, PhaseId, RunId, SessionId, TreeId, Usage, Verdict,
};

mirror!(enum Event => EventV1 {
    RunStarted { run: RunId, charter: Box<Charter>, actor: Actor },
    DaemonStarted { epoch: u64, version: String, pid: u32 },
    Prepared { attempt: AttemptId, prepared: Prepared },
    Derived { attempt: AttemptId, criteria: Vec<(CriterionId, Vec<CharterCheck>)>, bill: Bill },
    Sealed { attempt: AttemptId, seal: Seal, actor: Actor },
    VerdictRecorded { attempt: AttemptId, verdict: Box<Verdict> },
    Verified { attempt: AttemptId, bill: Option<Bill> },
    Planned { attempt: AttemptId, plan: Box<Plan>, source: PlanSource, bill: Bill },
    WorkerSeen { attempt: AttemptId, session: SessionId, model: String },
    WorkerEnded { attempt: AttemptId, report: Box<WorkerReport> },
    Tampered { attempt: AttemptId, paths: Vec<String>, tree: TreeId },
    Snapshotted { attempt: AttemptId, tree: TreeId, change: TreeChange },
    Recorded { attempt: AttemptId, commit: Option<CommitId> },
    Proved { attempt: AttemptId, bill: Option<Bill> },
    Failed { attempt: AttemptId, fault: Fault, bill: Option<Bill> },
    Cancelled { attempt: AttemptId },
    TimeReached { attempt: AttemptId },
    PauseAsked { actor: Actor },
    ResumeAsked { actor: Actor },
    StopAsked { actor: Actor, how: StopHow },
    Guided { actor: Actor, text: String },
    Signalled { actor: Actor, phase: Option<PhaseId>, note: String },
    Answered { actor: Actor, criterion: CriterionId, answer: Answer, note: String },
    LimitsSet { actor: Actor, limits: Limits },
    Amended {
        actor: Actor,
        charter: Box<Charter>,
        before: Option<InputHashes>,
        after: InputHashes,
        reason: String,
    },
    TermsSet { actor: Actor, reserves: Reserves, worker_dollars: WorkerDollars },
    Restored { attempt: AttemptId, tree: TreeId },
});

mirror!(struct Prepared => PreparedV1 {
    base: CommitId,
    base_tree: TreeId,
    tree: TreeId,
    branch: String,
    staged: Option<TreeId>,
});

mirror!(struct Seal => SealV1 {
    mission: Hash,
    config: Hash,
    lock: Option<Hash>,
    prompts: Hash,
    paths: Vec<SealedPath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pinned: Option<Pinned>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    vacuous: Vec<CriterionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<TreeId>,
});

mirror!(struct InputHashes => InputHashesV1 { mission: Hash, config: Hash, lock: Option<Hash> });

mirror!(struct Pinned => PinnedV1 {
    carried: Hash,
    project: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    take_over: Option<Hash>,
});

mirror!(struct SealedPath => SealedPathV1 { path: String, content: Option<Hash> });

mirror!(struct TreeChange => TreeChangeV1 { files: u64, added: u64, removed: u64, tests_created: u64 });

mirror!(struct Fault => FaultV1 { kind: FaultKind, text: String });

mirror!(enum FaultKind => FaultKindV1 {
    Credentials,
    Credit,
    Provider { retry_at: Option<Timestamp> },
    Environment,
    Mission,
});

mirror!(enum StopHow => StopHowV1 { Drain, Now, Kill, TimeLimit, AfterOne });

mirror!(enum Answer => AnswerV1 { Approve, Reject });

mirror!(struct WorkerReport => WorkerReportV1 {
    outcome: WorkerOutcome,
    session: SessionId,
    model: String,
    text: String,
    usage: Usage,
    own_cost: Option<Money>,
    session_cost: Option<Money>,
    calls: u32,
    tool_calls: u32,
    context_tokens: u64,
    denials: Vec<String>,
    duration_ms: u64,
    adopted: bool,
});

mirror!(enum WorkerOutcome => WorkerOutcomeV1 {
    Finished,
    MaxTurns,
    ActionBudget,
    Refused { text: String },
    Hung { phase: String },
    PromptTooLong,
    Sliced,
    Stopped,
    SessionLost,
    Limited { until: Option<Timestamp>, what: String },
    Unreachable { what: String },
    Unauthorized { what: String },
    NoCredit { what: String },
    Misconfigured { what: String },
    Crashed { what: String },
});
