//! The journal: the append-only, hash-chained, fsynced record of every event; the truth (design section 6).
//!
//! One record a line. A line that is not ended was never acknowledged and is dropped, said aloud; any other line that
//! is not what was written stops cco. The chain is over the stored bytes, so a later format may seal the bodies.

#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod journal;
mod line;
mod reader;
mod repair;

pub use journal::Journal;
pub(super) use journal::Torn;
pub use line::Mark;
pub use reader::Record;
pub(super) use reader::Records;
pub use repair::Repair;
pub(super) use repair::repair;
