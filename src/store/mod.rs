//! Floor 4: the store. What cco knows about a run, on disk: the journal (the truth), sled (restore points and caches,
//! rebuilt from the journal whenever in doubt), the lock, and the folder they live in.

mod db;
mod dir;
mod durable;
mod error;
mod journal;
mod lock;
mod record;

pub use db::{Cache, Checkpoints, Point};
pub use dir::StateDir;
pub use error::{Error, Holder};
pub use journal::{Journal, Mark, Record, Repair};
pub use lock::Lock;
