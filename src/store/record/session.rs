//! Records of the session: a restore point's body.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::mirror::mirror;
use crate::session::{
    Amendment, Charter, Contradictions, Conversation, CriterionRecord, Guidance, Impossible, IterationNote, LastHeld,
    Ledger, Lesson, Lessons, Metrics, Observation, PauseReason, PersonsAnswer, Pinned, Prepared, Progress, Retries,
    SealMark, Session, Stage, Strategy, Tamper, Task, TaskState, TreeChange, Turns, Wish, WishAt, Work,
};
use crate::words::{
    Actor, AttemptId, CheckId, CommitId, CriterionId, Hash, IterationNumber, Money, RunId, SessionId, TaskId, TreeId,
    Verdict,
};

mirror!(struct Session => SessionV1 {
    run: RunId,
    charter: Charter,
    started_by: Actor,
    started_at: Timestamp,
    updated_at: Timestamp,
    epoch: u64,
    stage: Stage,
    attempt: AttemptId,
    iteration: IterationNumber,
    phase: usize,
    prepared: Option<Prepared>,
    sealed: Option<SealMark>,
    tree: Option<TreeId>,
    head: Option<CommitId>,
    head_tree: Option<TreeId>,
    records: Vec<CriterionRecord>,
    proof: Vec<Verdict>,
    tasks: Vec<Task>,
    guidance: Vec<Guidance>,
    conversation: Option<Conversation>,
    conversations: u64,
    fresh_next: bool,
    progress: Progress,
    lessons: Lessons,
    ledger: Ledger,
    metrics: Metrics,
    current: Option<IterationNote>,
    history: VecDeque<IterationNote>,
    wish: Option<Wish>,
    retries: Retries,
    impossible: Option<Impossible>,
    milestone: Option<String>,
    checkpoints: u32,
    sliced: Option<Box<Work>>,
    unpublished_session: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tamper: Option<Tamper>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amended: Option<Amendment>,
});

mirror!(struct Amendment => AmendmentV1 {
    times: u32,
    actor: Actor,
    at: Timestamp,
    reason: String,
    iteration: IterationNumber,
    pending: Option<Box<Charter>>,
});

mirror!(struct Tamper => TamperV1 { count: u32, paths: Vec<String> });

mirror!(struct SealMark => SealMarkV1 {
    mission: Hash,
    config: Hash,
    lock: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompts: Option<Hash>,
    whole: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pinned: Option<Pinned>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree: Option<TreeId>,
});

mirror!(struct CriterionRecord => CriterionRecordV1 {
    verdicts: BTreeMap<CheckId, Verdict>,
    last_held: Option<LastHeld>,
    held_at_baseline: bool,
    regressions: u32,
    holding: bool,
    answer: Option<PersonsAnswer>,
});

mirror!(struct LastHeld => LastHeldV1 { tree: TreeId, iteration: IterationNumber });

mirror!(struct PersonsAnswer => PersonsAnswerV1 { tree: TreeId, approved: bool, actor: Actor, note: String });

mirror!(struct Task => TaskV1 { id: TaskId, text: String, state: TaskState });

mirror!(struct Guidance => GuidanceV1 { actor: Actor, at: Timestamp, text: String });

mirror!(struct Conversation => ConversationV1 { id: SessionId, attempts: u32, context_tokens: u64, booked: Money });

mirror!(struct Progress => ProgressV1 {
    best: (u32, u32),
    half_steps: u32,
    since_forward: u32,
    replans: u32,
    recent: VecDeque<Observation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best_tree: Option<TreeId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    plans: VecDeque<Hash>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    repeats: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contradictions: Option<Contradictions>,
});

mirror!(struct Contradictions => ContradictionsV1 { pairs: Vec<Turns> });

mirror!(struct Turns => TurnsV1 { one: CriterionId, other: CriterionId, count: u32 });

mirror!(struct Observation => ObservationV1 {
    tree: TreeId,
    held: u32,
    passing: u32,
    signature: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Hash>,
});

mirror!(struct Lessons => LessonsV1 { by_signature: BTreeMap<String, Lesson> });

mirror!(struct Lesson => LessonV1 {
    seen: u32,
    last: IterationNumber,
    tried: Vec<(Strategy, String)>,
    ended_by: Option<String>,
});

mirror!(struct Metrics => MetricsV1 {
    successful_actions: u64,
    failed_actions: u64,
    error_recoveries: u64,
    change: TreeChange,
});

mirror!(struct IterationNote => IterationNoteV1 {
    number: IterationNumber,
    strategy: Strategy,
    title: String,
    criteria: Vec<CriterionId>,
    outcome: String,
    claim: String,
    change: TreeChange,
    held: u32,
    started_at: Timestamp,
});

mirror!(struct Wish => WishV1 { why: PauseReason, at: WishAt });

mirror!(enum WishAt => WishAtV1 { Boundary, IterationEnd, IterationAfter(number: IterationNumber), NextStep });

mirror!(struct Retries => RetriesV1 { limit: u32, provider: u32, crash: u32, session: u32 });
