//! Floor 0: the words that all floors share.
//!
//! Everything here is plain data without behaviour of its own beyond parsing and printing. These types are the
//! stable vocabulary of the journal and of the JSON views, so they derive serde directly; every type above this
//! floor is written to disk through a versioned record instead (`store/record`). `foreign` is the exception: no type of
//! ours, but how text of others is read by every room that shows it.

mod actor;
mod codes;
mod foreign;
mod hash;
mod id;
mod money;
mod priority;
mod usage;
mod verdict;

pub use actor::{Actor, Via};
pub(crate) use codes::codes;
pub use foreign::{Sign, Signs, boundary, clip, cut, last, one_line, signs};
pub use hash::Hash;
pub use id::{
    AttemptId, CheckId, CommitId, CriterionId, IterationNumber, MissionId, PhaseId, RunId, Seq, SessionId, TaskId,
    TreeId,
};
pub use money::{Money, ParseMoneyError};
pub use priority::Priority;
pub use usage::Usage;
pub use verdict::{Evidence, Measure, Outcome, Verdict};
