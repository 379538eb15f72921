//! The caches of a run as a handle that tasks can share: replies of models, verdicts, and memos.
//!
//! Nothing here is the truth: a reply that is lost is paid for again, a verdict is found again, a memo is made again.
//! The locks are held for one look-up or one write and never across anything that waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::db::{Cache, Checkpoints, Keep};
use super::dir::StateDir;
use super::error::Error;
use crate::words::Hash;

/// Replies kept. One is needed only until its plan is in the journal; more are kept for looking back.
const REPLIES: usize = 512;
/// Verdicts kept.
const VERDICTS: usize = 4096;
/// Memos kept; there are a handful of names.
const MEMOS: usize = 64;

/// The caches of one run.
#[derive(Clone)]
pub struct Caches(Arc<Inner>);

struct Inner {
    replies: Mutex<Cache>,
    verdicts: Mutex<Cache>,
    memos: Mutex<Cache>,
}

impl Caches {
    pub(super) fn open(beside: &Checkpoints, dir: &StateDir) -> Result<Self, Error> {
        let cache =
            |name: &str, keep, bound| Cache::open(beside, name, dir.cache().join(name), keep, bound).map(Mutex::new);
        Ok(Self(Arc::new(Inner {
            replies: cache("replies", Keep::Now, REPLIES)?,
            verdicts: cache("verdicts", Keep::Soon, VERDICTS)?,
            memos: cache("memos", Keep::Now, MEMOS)?,
        })))
    }

    /// A paid reply, by the hash of what was asked.
    ///
    /// # Errors
    /// If the database or the disk failed.
    pub fn reply(&self, key: &Hash) -> Result<Option<Vec<u8>>, Error> {
        held(&self.0.replies).get(key)
    }

    /// Keeps a paid reply; on disk when this returns.
    ///
    /// # Errors
    /// The reply is not kept.
    pub fn keep_reply(&self, key: &Hash, json: &[u8]) -> Result<(), Error> {
        held(&self.0.replies).put(key, json)
    }

    /// A verdict, by the hash of check, environment and inputs.
    ///
    /// # Errors
    /// If the database or the disk failed.
    pub fn verdict(&self, key: &Hash) -> Result<Option<Vec<u8>>, Error> {
        held(&self.0.verdicts).get(key)
    }

    /// Keeps a verdict; on disk with the next restore point.
    ///
    /// # Errors
    /// The verdict is not kept.
    pub fn keep_verdict(&self, key: &Hash, json: &[u8]) -> Result<(), Error> {
        held(&self.0.verdicts).put(key, json)
    }

    /// Forgets all verdicts: a proof has shown that one of them was wrong.
    ///
    /// # Errors
    /// If the database or the disk failed.
    pub fn forget_verdicts(&self) -> Result<(), Error> {
        held(&self.0.verdicts).clear()
    }

    /// What was remembered under a name.
    ///
    /// # Errors
    /// If the database or the disk failed.
    pub fn memo(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        held(&self.0.memos).get(&Hash::of(name.as_bytes()))
    }

    /// Remembers bytes under a name; on disk when this returns.
    ///
    /// # Errors
    /// Nothing is remembered.
    pub fn remember(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        held(&self.0.memos).put(&Hash::of(name.as_bytes()), bytes)
    }

    /// Forgets what was remembered under a name.
    ///
    /// # Errors
    /// If the database or the disk failed.
    pub fn forget(&self, name: &str) -> Result<(), Error> {
        held(&self.0.memos).forget(&Hash::of(name.as_bytes()))
    }
}

/// A thread that panicked inside a look-up left nothing half done: each call is one operation of the database.
fn held(cache: &Mutex<Cache>) -> MutexGuard<'_, Cache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
