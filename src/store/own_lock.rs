//! Which lock of derived checks cco wrote itself: a person who trusts a mission trusts what cco derives from it, and is
//! not asked again for a file that nobody else has touched.

use std::path::PathBuf;

use super::dir::StateDir;
use super::durable;
use super::error::Error;
use crate::words::Hash;

impl StateDir {
    /// The hash of the lock file as cco wrote it last; `None`: it wrote none.
    ///
    /// # Errors
    /// If the note is there and cannot be read.
    pub fn own_lock(&self) -> Result<Option<Hash>, Error> {
        let note = durable::read_if_there(&self.own_lock_note())?;
        Ok(note.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.trim().parse().ok()))
    }

    /// Notes the hash of the lock file that is about to be written; on disk when this returns.
    ///
    /// # Errors
    /// Nothing is noted.
    pub fn note_own_lock(&self, lock: &Hash) -> Result<(), Error> {
        durable::write_whole(&self.own_lock_note(), lock.to_string().as_bytes())
    }

    fn own_lock_note(&self) -> PathBuf {
        self.root().join("own-lock")
    }
}
