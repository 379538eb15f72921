//! sled under guard: restore points and caches, never the truth. Whatever is wrong with it, it is set aside and rebuilt
//! from the journal, said aloud.
//!
//! sled 0.34 panics on damaged files, answers Ok with fewer rows, and calls `sync_file_range` a flush; what follows
//! from that stands in `guard`. It holds no value above 4 KiB: larger ones would become files that it never syncs.

mod cache;
mod checkpoints;
mod guard;
mod point;
mod value;

pub(super) use cache::{Cache, Keep};
pub use checkpoints::Checkpoints;
pub(super) use checkpoints::State;
pub(super) use point::Head;
pub use point::Point;
