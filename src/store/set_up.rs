//! What the kept check tree was set up with. It is noted beside the tree that it is true of, not in the database of a
//! run: the tree outlives runs, and `cco validate` uses it where there is none.

use std::path::PathBuf;

use super::dir::StateDir;
use super::durable;
use super::error::Error;
use crate::words::Hash;

impl StateDir {
    /// The key of the set-up that the kept check tree has been through; `None`: none that is known of, so it is due.
    ///
    /// # Errors
    /// If the note is there and cannot be read.
    pub fn set_up(&self) -> Result<Option<Hash>, Error> {
        let note = durable::read_if_there(&self.set_up_note())?;
        Ok(note.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.trim().parse().ok()))
    }

    /// Notes that the kept check tree was set up; on disk when this returns.
    ///
    /// # Errors
    /// Nothing is noted.
    pub fn note_set_up(&self, key: &Hash) -> Result<(), Error> {
        durable::write_whole(&self.set_up_note(), key.to_string().as_bytes())
    }

    /// Forgets the set-up: one that breaks half-way must run again, whatever happens to the machine meanwhile.
    ///
    /// # Errors
    /// If the note cannot be removed.
    pub fn forget_set_up(&self) -> Result<(), Error> {
        let note = self.set_up_note();
        durable::remove_if_there(&note)?;
        let folder = durable::parent(&note);
        if folder.is_dir() { durable::sync_dir(folder) } else { Ok(()) }
    }

    fn set_up_note(&self) -> PathBuf {
        self.check_tree().with_extension("setup")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_is_known_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::create(folder.path().join("cco")).unwrap();
        dir.forget_set_up().unwrap();
        assert_eq!(dir.set_up().unwrap(), None);
        durable::private_dir(durable::parent(&dir.check_tree())).unwrap();
        let key = Hash::of(b"npm ci");
        dir.note_set_up(&key).unwrap();
        assert_eq!(dir.set_up().unwrap(), Some(key));
        dir.forget_set_up().unwrap();
        assert_eq!(dir.set_up().unwrap(), None);
    }
}
