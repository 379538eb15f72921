//! Records of stages and of the orders they carry.

use jiff::Timestamp;

use super::mirror::mirror;
use crate::session::{
    Action, AfterSnapshot, CancelForce, Checkpoint, End, HumanNeed, Opening, PauseReason, PlanAsk, Preface, Publish,
    Purpose, RecordOrder, Scope, Stage, WaitReason, Work, WorkOrder,
};
use crate::words::{AttemptId, CheckId, CommitId, CriterionId, IterationNumber, Money, SessionId, TreeId};

mirror!(enum Stage => StageV1 {
    Preparing,
    Deriving { criteria: Vec<CriterionId> },
    Sealing,
    Verifying { tree: TreeId, scope: Scope, purpose: Purpose, done: Vec<CheckId> },
    Planning { ask: PlanAsk, heard: usize },
    Working(work: Work),
    Snapshotting { after: AfterSnapshot },
    Recording(order: RecordOrder),
    Proving { commit: CommitId, tree: TreeId },
    Waiting { until: Timestamp, why: WaitReason, then: Box<Stage> },
    Paused { why: PauseReason, then: Box<Stage> },
    AwaitingHuman { what: HumanNeed, until: Timestamp, then: Box<Stage> },
    Stopping { attempt: AttemptId, force: CancelForce, why: PauseReason, then: Box<Stage> },
    Ended(end: End),
    Restoring { tree: TreeId },
});

mirror!(enum Scope => ScopeV1 { Iteration, Phase, Baseline });

mirror!(enum Purpose => PurposeV1 { Baseline, AfterAction });

mirror!(enum PlanAsk => PlanAskV1 {
    TaskInitiation,
    ProgressCheck,
    MotivationalBoost,
    ErrorRecovery,
    DodValidation,
    SessionTransition,
});

mirror!(struct Work => WorkV1 { order: WorkOrder, seen: Option<SessionId> });

mirror!(struct WorkOrder => WorkOrderV1 {
    action: Action,
    iteration: IterationNumber,
    session: SessionId,
    opening: Opening,
    preface: Preface,
    adopt: Option<AttemptId>,
    max_cost: Option<Money>,
});

mirror!(enum Opening => OpeningV1 { Start, Resume });

mirror!(enum Preface => PrefaceV1 { None, Transition, Interrupted, Continue });

mirror!(enum AfterSnapshot => AfterSnapshotV1 {
    Verify,
    Wait { until: Timestamp, why: WaitReason, work: Box<Work> },
    Pause { why: PauseReason, work: Box<Work> },
    Ask { what: HumanNeed, work: Box<Work> },
});

mirror!(struct RecordOrder => RecordOrderV1 {
    iteration: IterationNumber,
    tree: TreeId,
    parent: CommitId,
    publish: Publish,
    checkpoint: Checkpoint,
});

mirror!(enum Publish => PublishV1 { Commit, Hold });

mirror!(enum Checkpoint => CheckpointV1 { Light, Full, Named(name: String) });

mirror!(enum CancelForce => CancelForceV1 { Polite, Kill });

mirror!(enum WaitReason => WaitReasonV1 {
    UsageWindow { what: String },
    Provider { what: String, attempt: u32 },
    WorkerCrash { what: String, attempt: u32 },
});

mirror!(enum PauseReason => PauseReasonV1 {
    Operator,
    Stopped,
    TimeLimit,
    OneIteration,
    Budget { what: String },
    MaxIterations,
    Credentials { what: String },
    Environment { what: String },
    Mission { what: String },
    ProviderOut { what: String },
    Stalled,
    Tampered { what: String },
});

mirror!(enum HumanNeed => HumanNeedV1 {
    Manual { criteria: Vec<CriterionId> },
    Question { text: String },
    Escalation { why: String },
});

mirror!(enum End => EndV1 {
    Done { commit: CommitId },
    Impossible { criterion: CriterionId, why: String },
    Stalled,
});
