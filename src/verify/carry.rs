//! Ignored files that checks need (`carry:`): taken from the work tree once, at the seal, and copied into every check
//! tree from then on.
//!
//! Where the bytes are kept is the daemon's: what is placed is what it was given, whatever the worker left in the work
//! tree since. Paths and bytes are part of the environment's hash.

use std::path::Path;

use super::error::Error;
use super::files::{self, Kind};

/// The most that one carried file may hold: settings and fixtures, not data sets.
const CARRY_CAP: u64 = 16 * 1024 * 1024;

/// The most that all of them may hold: they are placed into every check tree.
const CARRY_CAP_IN_ALL: u64 = 64 * 1024 * 1024;

/// One carried file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Its path, relative to the root of the tree.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// Takes the files that the mission carries from the work tree, sorted by path. A name without wildcards must exist; a
/// pattern may match nothing. What is `tracked` is passed over: the check tree holds it as it is in its own tree.
///
/// # Errors
/// If a named file does not exist, leads out of the tree, is larger than 16 MiB, or all are larger than 64 MiB.
pub fn gather(work_tree: &Path, carry: &[String], tracked: impl Fn(&Path) -> bool) -> Result<Vec<Carried>, Error> {
    let mut carried: Vec<Carried> = Vec::new();
    let mut bytes = 0;
    for pattern in carry {
        let fail = |path: &Path, source| Error::Carry { path: path.display().to_string(), source };
        let found = files::matching(work_tree, "", pattern).map_err(|source| fail(Path::new(pattern), source))?;
        if found.is_empty() && !pattern.contains(['*', '?', '[', '{']) {
            return Err(fail(Path::new(pattern), files::ReadError::Missing));
        }
        for file in found {
            let path = file.path.display().to_string();
            if tracked(&file.path) || carried.iter().any(|known| known.path == path) {
                continue;
            }
            if file.kind == Kind::Folder {
                return Err(fail(&file.path, files::ReadError::NotAFile));
            }
            let one = take(work_tree, &file.path, path).map_err(|source| fail(&file.path, source))?;
            bytes += one.bytes.len() as u64;
            if bytes > CARRY_CAP_IN_ALL {
                return Err(Error::CarryTooMuch { bytes, limit: CARRY_CAP_IN_ALL });
            }
            carried.push(one);
        }
    }
    carried.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(carried)
}

fn take(work_tree: &Path, path: &Path, name: String) -> Result<Carried, files::ReadError> {
    let bytes = files::read(work_tree, path, CARRY_CAP)?;
    Ok(Carried { path: name, bytes, executable: files::is_executable(&work_tree.join(path)) })
}

/// Copies the carried files into a check tree, replacing what is there.
///
/// # Errors
/// If the tree has a link in the way, or the disk fails.
pub fn place(carried: &[Carried], tree: &Path) -> Result<(), Error> {
    carried.iter().try_for_each(|file| {
        let mode = if file.executable { 0o700 } else { 0o600 };
        let placed = files::place(tree, Path::new(&file.path), &file.bytes, mode);
        placed.map_err(|source| Error::Carry { path: file.path.clone(), source })
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make the files they look at")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(carried: &[Carried]) -> Vec<&str> {
        carried.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn carried_files_keep_their_bytes_and_their_mode_and_tracked_ones_are_not_among_them() {
        let (work, tree) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(work.path().join("conf")).unwrap();
        for (name, mode) in [("a.local", 0o640), ("run.local", 0o755), ("tracked.local", 0o644)] {
            let path = work.path().join("conf").join(name);
            fs::write(&path, name).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        }
        let carry = ["conf/*.local".to_owned(), "conf/a.local".to_owned(), "none/*".to_owned()];
        let tracked = |path: &Path| path == Path::new("conf/tracked.local");
        let carried = gather(work.path(), &carry, tracked).unwrap();
        assert_eq!(names(&carried), ["conf/a.local", "conf/run.local"]);
        fs::write(work.path().join("conf/a.local"), "changed by the worker").unwrap();
        place(&carried, tree.path()).unwrap();
        assert_eq!(fs::read_to_string(tree.path().join("conf/a.local")).unwrap(), "a.local");
        let mode = |name: &str| fs::metadata(tree.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("conf/a.local"), mode("conf/run.local")), (0o600, 0o700));
    }

    #[test]
    fn a_named_file_that_is_missing_or_leads_out_is_an_error() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
        let refused = |name: &str| gather(dir.path(), &[name.to_owned()], |_| false).unwrap_err().to_string();
        assert_eq!(refused(".env.test"), "carry `.env.test`: does not exist");
        assert_eq!(refused("link"), "carry `link`: leads out of the check tree");
        assert_eq!(refused("../x"), "carry `../x`: does not exist");
    }

    #[test]
    fn all_together_are_bounded_too() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..5 {
            let file = fs::File::create(dir.path().join(format!("{n}.bin"))).unwrap();
            file.set_len(CARRY_CAP).unwrap();
        }
        let refused = gather(dir.path(), &["*.bin".to_owned()], |_| false).unwrap_err();
        assert!(matches!(refused, Error::CarryTooMuch { .. }), "{refused}");
    }
}
