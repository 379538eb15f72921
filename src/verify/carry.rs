//! Ignored files that checks need (`carry:`): taken from the work tree once, bytes pinned, copied into every check tree.
//!
//! The bytes are kept under their hash in a folder of cco's own, so that a restart carries what was sealed and not
//! what the worker left there since. The manifest ([`Carried`]) is part of the seal and of the environment's hash.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::files::{self, Kind};
use crate::words::Hash;

/// The most that one carried file may hold: settings and fixtures, not data sets.
const CARRY_CAP: u64 = 16 * 1024 * 1024;

/// One carried file as sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its path, relative to the root of the tree.
    pub path: String,
    /// What it holds.
    pub hash: Hash,
    /// Whether it may be executed.
    pub executable: bool,
}

/// Takes the files that the mission carries from the work tree and keeps their bytes in `keep`. A name without
/// wildcards must exist; a pattern may match nothing.
///
/// # Errors
/// If a named file does not exist, leads out of the tree, is larger than 16 MiB, or cannot be kept.
pub fn gather(work_tree: &Path, carry: &[String], keep: &Path) -> Result<Vec<Carried>, Error> {
    let mut carried = Vec::new();
    for pattern in carry {
        let fail = |path: &Path, source| Error::Carry { path: path.display().to_string(), source };
        let found = files::matching(work_tree, "", pattern).map_err(|source| fail(Path::new(pattern), source))?;
        if found.is_empty() && !pattern.contains(['*', '?', '[', '{']) {
            return Err(fail(Path::new(pattern), files::ReadError::Missing));
        }
        for file in found {
            if file.kind == Kind::Folder {
                return Err(fail(&file.path, files::ReadError::NotAFile));
            }
            carried.push(keep_one(work_tree, &file.path, keep).map_err(|source| fail(&file.path, source))?);
        }
    }
    carried.sort_by(|a, b| a.path.cmp(&b.path));
    carried.dedup();
    Ok(carried)
}

fn keep_one(work_tree: &Path, path: &Path, keep: &Path) -> Result<Carried, files::ReadError> {
    let bytes = files::read(work_tree, path, CARRY_CAP)?;
    let hash = Hash::of(&bytes);
    files::make_folder(keep)?;
    files::place(keep, &PathBuf::from(hash.to_string()), &bytes, 0o600)?;
    let executable = files::is_executable(&work_tree.join(path));
    Ok(Carried { path: path.display().to_string(), hash, executable })
}

/// Copies the carried files into a check tree, replacing what is there.
///
/// # Errors
/// If the kept bytes are not those of the seal, or the tree has a link in the way.
pub fn place(carried: &[Carried], keep: &Path, tree: &Path) -> Result<(), Error> {
    carried.iter().try_for_each(|file| {
        let fail = |source| Error::Carry { path: file.path.clone(), source };
        let bytes = files::read_own(&keep.join(file.hash.to_string()), CARRY_CAP).map_err(fail)?;
        if Hash::of(&bytes) != file.hash {
            return Err(Error::CarryChanged { path: file.path.clone() });
        }
        let mode = if file.executable { 0o700 } else { 0o600 };
        files::place(tree, Path::new(&file.path), &bytes, mode).map_err(fail)
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files they look at")]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn carried_bytes_are_those_of_the_seal_whatever_the_work_tree_holds_later() {
        let (work, keep, tree) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(work.path().join("conf")).unwrap();
        fs::write(work.path().join("conf/a.local"), "sealed").unwrap();
        let carried = gather(work.path(), &["conf/*.local".into(), "none/*".into()], keep.path()).unwrap();
        fs::write(work.path().join("conf/a.local"), "changed by the worker").unwrap();
        place(&carried, keep.path(), tree.path()).unwrap();
        assert_eq!(fs::read_to_string(tree.path().join("conf/a.local")).unwrap(), "sealed");
        fs::write(keep.path().join(carried[0].hash.to_string()), "forged").unwrap();
        assert!(matches!(place(&carried, keep.path(), tree.path()), Err(Error::CarryChanged { .. })));
    }

    #[test]
    fn a_named_file_that_is_missing_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = gather(dir.path(), &[".env.test".into()], dir.path()).unwrap_err();
        assert_eq!(error.to_string(), "carry `.env.test`: does not exist");
    }
}
