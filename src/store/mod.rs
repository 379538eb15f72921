//! Floor 4: the store. What cco knows about a run, on disk: the journal (the truth), sled (restore points and caches,
//! rebuilt from the journal whenever in doubt), the lock, and the folder they live in.
//!
//! The API is synchronous; the daemon calls it from a thread of its own. Times are arguments. [`Store`] is the one way
//! to write and needs the [`Lock`]; [`read_session`] and [`read_events`] need nothing and change nothing.

mod caches;
mod db;
mod dir;
mod durable;
mod error;
mod fold;
mod journal;
mod lock;
mod own_lock;
mod pins;
mod read;
mod record;
mod report;
mod resume;
mod runs;
mod set_up;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod store;

pub use caches::Caches;
pub use db::{Checkpoints, Point};
pub use dir::StateDir;
pub use error::{Error, Holder};
pub use journal::{Journal, Mark, Record, Repair};
pub use lock::Lock;
#[cfg(feature = "test-fakes")]
pub use read::session_json;
pub use read::{Events, read_events, read_session, verify_run};
pub use runs::{Run, archive_run, current_run, runs};
pub use store::{Opened, Store, repair_journal};
