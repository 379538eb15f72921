//! The folder that cco gives to Claude Code: made private, and freed of what a full disk or a power cut left in it.
//!
//! Never a user's own folder: a damaged file there is the user's to look at.

#![expect(clippy::disallowed_methods, reason = "makes and mends the worker's own folder")]

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::error::Error;

/// Claude Code's own state; with one that is no JSON it refuses to start (measured on claude 2.1.328). It holds counters
/// and caches; conversations are elsewhere.
const STATE: &str = ".claude.json";

/// Makes a folder that nobody else can read.
pub(super) fn create(dir: &Path) -> Result<(), Error> {
    let created = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    created.map_err(|source| Error::File { path: dir.to_owned(), source })
}

/// Puts Claude Code's state aside if it is damaged, so that a new one is made; gives the place where it is then.
pub(super) fn mend(dir: &Path) -> Result<Option<PathBuf>, Error> {
    let path = dir.join(STATE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::File { path, source }),
    };
    if serde_json::from_slice::<IgnoredAny>(&bytes).is_ok() {
        return Ok(None);
    }
    let aside = dir.join(format!("{STATE}.damaged"));
    std::fs::rename(&path, &aside).map_err(|source| Error::File { path, source })?;
    Ok(Some(aside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_damaged_state_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(mend(dir.path()).unwrap(), None);
        let state = dir.path().join(STATE);
        std::fs::write(&state, "{\"numStartups\": 1}").unwrap();
        assert_eq!(mend(dir.path()).unwrap(), None);
        for damaged in ["", "{\"numStartups\": 1", "\0\0\0"] {
            std::fs::write(&state, damaged).unwrap();
            let aside = mend(dir.path()).unwrap().unwrap();
            assert_eq!((std::fs::read_to_string(aside).unwrap().as_str(), state.exists()), (damaged, false));
        }
    }
}
