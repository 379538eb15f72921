//! Floor 2: the core. A pure state machine: `step(state, now, event)` returns the next state, and entering a stage
//! issues its one effect under a new attempt id (design section 3, the one law).
//!
//! No clock, no I/O, no randomness, no panic. Resuming after a crash loads a session and issues the effect of its stage:
//! there is no resume code.

mod amend;
mod charter;
mod contradiction;
mod criteria;
mod effect;
mod event;
mod flow;
mod leave;
mod ledger;
mod lessons;
pub mod morale;
mod operator;
mod plan;
mod planning;
mod progress;
mod rollback;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod session;
mod stage;
mod step;
mod tamper;
#[cfg(test)]
mod tests;
mod work;
mod worker_report;

pub use amend::Amendment;
pub use charter::{
    Charter, CharterCheck, CharterCriterion, CommitFrequency, Commits, Limits, OnStall, Reserves, WorkerDollars,
    Written,
};
pub use contradiction::{Contradictions, Turns};
pub use criteria::{CriterionRecord, LastHeld, PersonsAnswer, PhaseStanding, Standing, phase_standing};
pub use effect::{CancelForce, Checkpoint, Effect, Opening, Preface, Publish, RecordOrder, WorkOrder};
pub use event::{
    Answer, Event, Fault, FaultKind, InputHashes, Pinned, Prepared, Seal, SealedPath, StopHow, TreeChange,
};
pub use leave::{Leave, Patience, leave};
pub use ledger::{Account, Bill, Cost, Ledger, Reserve, Role};
pub use lessons::{Lesson, Lessons, signature};
pub use plan::{Action, ConversationWish, Impossible, ModelTier, Plan, PlanSource, Strategy, TaskState, TaskUpdate};
pub use progress::{Movement, Observation, Progress, Rung};
pub use session::{
    Conversation, Guidance, HISTORY, IterationNote, Metrics, Retries, SealMark, Session, Task, Wish, WishAt,
};
pub use stage::{AfterSnapshot, End, HumanNeed, PauseReason, PlanAsk, Purpose, Scope, Stage, WaitReason, Work};
pub use step::{Notice, NoticeKind, begin, step};
pub use tamper::Tamper;
pub use worker_report::{WorkerOutcome, WorkerReport};
