//! What a run relies on and git does not hold: bytes pinned in files named by their hash, which the journal names.
//!
//! Neither the work tree nor the database is needed to have them again, and bytes that are not those of the hash are
//! never given out: what was pinned cannot be exchanged behind a run's back.

use std::path::PathBuf;

use super::dir::StateDir;
use super::durable;
use super::error::Error;
use crate::words::Hash;

impl StateDir {
    /// Keeps bytes; on disk when this returns. What is there already is not written again.
    ///
    /// # Errors
    /// Nothing is pinned.
    pub fn pin(&self, bytes: &[u8]) -> Result<Hash, Error> {
        let hash = Hash::of(bytes);
        if self.pinned(&hash).is_err() {
            durable::private_dir(&self.pins())?;
            durable::sync_dir(self.root())?;
            durable::write_whole(&self.pin_file(&hash), bytes)?;
        }
        Ok(hash)
    }

    /// The bytes that were pinned under a hash.
    ///
    /// # Errors
    /// [`Error::Unpinned`] if they are gone or others; a failure to read.
    pub fn pinned(&self, hash: &Hash) -> Result<Vec<u8>, Error> {
        let path = self.pin_file(hash);
        match durable::read_if_there(&path)? {
            Some(bytes) if Hash::of(&bytes) == *hash => Ok(bytes),
            Some(_) => Err(Error::Unpinned { path, why: "it was changed".to_owned() }),
            None => Err(Error::Unpinned { path, why: "it is gone".to_owned() }),
        }
    }

    fn pin_file(&self, hash: &Hash) -> PathBuf {
        self.pins().join(hash.to_string())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test damages files")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn pinned_bytes_are_had_again_or_refused_and_never_others() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::create(folder.path().join("cco")).unwrap();
        let hash = dir.pin(b"as agreed").unwrap();
        assert_eq!(dir.pin(b"as agreed").unwrap(), hash);
        assert_eq!(dir.pinned(&hash).unwrap(), b"as agreed");
        let file = dir.pins().join(hash.to_string());
        fs::write(&file, "bent").unwrap();
        assert!(matches!(dir.pinned(&hash), Err(Error::Unpinned { .. })));
        dir.pin(b"as agreed").unwrap();
        assert_eq!(dir.pinned(&hash).unwrap(), b"as agreed", "pinned again by who has the bytes");
        fs::remove_file(&file).unwrap();
        assert!(matches!(dir.pinned(&hash), Err(Error::Unpinned { .. })));
    }
}
