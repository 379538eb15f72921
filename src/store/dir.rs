//! The state folder: `<git-common-dir>/cco`, one per repository over all its work trees, out of reach of `git clean`.
//!
//! Everything in it is private to its owner. This file is the map: no other place spells these names.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::durable;
use super::error::{Doing, Error};
use crate::words::{AttemptId, Hash, RunId};

/// The longest path of a unix socket on Linux, in bytes (`sun_path` without its final NUL).
const SOCKET_PATH: usize = 107;

/// The places of a repository's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
    trees: Option<PathBuf>,
}

impl StateDir {
    /// Names the folder without looking at it.
    #[must_use]
    pub const fn at(root: PathBuf) -> Self {
        Self { root, trees: None }
    }

    /// Makes the folder (mode 0700), or makes the one that exists private.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(root: PathBuf) -> Result<Self, Error> {
        durable::private_dir(&root)?;
        durable::sync_dir(durable::parent(&root))?;
        Ok(Self { root, trees: None })
    }

    /// The same with the check trees in a folder below `caches`, which is made private: tools look for their settings and
    /// dependencies in the folders above, and above the state folder is the work tree.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn with_trees_below(self, caches: &Path) -> Result<Self, Error> {
        let name = Hash::of(self.root.as_os_str().as_encoded_bytes()).short();
        let trees = caches.join("cco").join("trees").join(name);
        DirBuilder::new().recursive(true).mode(0o700).create(&trees).doing("create", &trees)?;
        durable::private_dir(&trees)?;
        Ok(Self { trees: Some(trees), ..self })
    }

    fn trees(&self) -> PathBuf {
        self.trees.clone().unwrap_or_else(|| self.root.join("trees"))
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The journal of the run under way or of the newest one.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// sled's folder.
    #[must_use]
    pub fn db(&self) -> PathBuf {
        self.root.join("db")
    }

    /// Values of the caches that are too large for sled.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// The folder of all attempts.
    #[must_use]
    pub fn attempts(&self) -> PathBuf {
        self.root.join("attempts")
    }

    /// One attempt's prompt, spool and exit record.
    #[must_use]
    pub fn attempt(&self, attempt: AttemptId) -> PathBuf {
        self.attempts().join(attempt.to_string())
    }

    /// The lock file. It is never moved or removed.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Where the control socket is bound if it can be bound here.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    /// Holds the control socket's path where it could not be bound here.
    #[must_use]
    pub fn control_address(&self) -> PathBuf {
        self.root.join("control.addr")
    }

    /// The page's token.
    #[must_use]
    pub fn token(&self) -> PathBuf {
        self.root.join("token")
    }

    /// The private git dir.
    #[must_use]
    pub fn git(&self) -> PathBuf {
        self.root.join("git")
    }

    /// The kept checkout that checks run in.
    #[must_use]
    pub fn check_tree(&self) -> PathBuf {
        self.trees().join("check")
    }

    /// The fresh checkout of the proof.
    #[must_use]
    pub fn proof_tree(&self) -> PathBuf {
        self.trees().join("proof")
    }

    /// The checkout of a tree without files, while checks are tried on it.
    #[must_use]
    pub fn emptied_tree(&self) -> PathBuf {
        self.trees().join("emptied")
    }

    /// The copy of the kept check tree with what the work tree has and git ignores, while a failed check is tried on it.
    #[must_use]
    pub fn tree_with_ignored(&self) -> PathBuf {
        self.root.join("trees").join("with-ignored")
    }

    /// What was pinned, by its hash: carried files, the repository's instructions, the baseline's tests.
    #[must_use]
    pub fn pins(&self) -> PathBuf {
        self.root.join("pins")
    }

    /// The worker's own folder: sessions and temporary files.
    #[must_use]
    pub fn worker(&self) -> PathBuf {
        self.root.join("worker")
    }

    /// The report for people.
    #[must_use]
    pub fn report_text(&self) -> PathBuf {
        self.root.join("report.md")
    }

    /// The report for programs.
    #[must_use]
    pub fn report_json(&self) -> PathBuf {
        self.root.join("report.json")
    }

    /// The folder of finished runs.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// A finished run's journal, attempts and reports, laid out as the state folder itself.
    #[must_use]
    pub fn run(&self, run: RunId) -> Self {
        Self { root: self.runs().join(run.to_string()), trees: None }
    }

    /// Names the run that is being moved to `runs/`; there only while it is.
    pub(super) fn archiving(&self) -> PathBuf {
        self.root.join("archiving")
    }

    /// Whether the control socket's path fits into a socket address; where it does not, use
    /// [`StateDir::control_fallback`].
    #[must_use]
    pub fn control_fits(&self) -> bool {
        self.control_socket().as_os_str().len() <= SOCKET_PATH
    }

    /// A private folder below `runtime` (`$XDG_RUNTIME_DIR` or the temporary folder) for a socket that cannot be bound
    /// in the state folder; its path is left in `control.addr`.
    ///
    /// # Errors
    /// [`Error::NotPrivate`] if the folder exists and belongs to someone else, or a file operation failed.
    pub fn control_fallback(&self, runtime: &Path) -> Result<PathBuf, Error> {
        let name = format!("cco-{}", Hash::of(self.root.as_os_str().as_encoded_bytes()).short());
        let folder = runtime.join(name);
        owned_dir(&folder)?;
        let socket = folder.join("control.sock");
        durable::write_whole(&self.control_address(), socket.as_os_str().as_encoded_bytes())?;
        Ok(socket)
    }

    /// Where a face finds the daemon's control socket, whether or not one listens.
    ///
    /// # Errors
    /// If `control.addr` is there and cannot be read.
    pub fn control_path(&self) -> Result<PathBuf, Error> {
        let elsewhere = durable::read_if_there(&self.control_address())?;
        Ok(match elsewhere.and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(path) if !path.is_empty() => path.into(),
            _ => self.control_socket(),
        })
    }

    /// Forgets a fallback: the socket is bound in the state folder after all.
    ///
    /// # Errors
    /// If `control.addr` cannot be removed.
    pub fn forget_control_fallback(&self) -> Result<(), Error> {
        durable::remove_if_there(&self.control_address())
    }
}

/// Makes a folder in a place that others can write to, and refuses one that someone else put there.
fn owned_dir(path: &Path) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Error::io("create", path, error));
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(path).doing("look at", path)?;
    let mode = meta.permissions().mode() & 0o777;
    let why = if !meta.is_dir() {
        "it is not a folder".to_owned()
    } else if meta.uid() != nix::unistd::geteuid().as_raw() {
        format!("it belongs to user {}", meta.uid())
    } else if mode & 0o077 != 0 {
        format!("its mode is {mode:o}")
    } else {
        return Ok(());
    };
    Err(Error::NotPrivate { path: path.to_owned(), why })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests damage files")]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_folder_is_private_even_if_it_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("common/cco");
        fs::create_dir_all(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        let dir = StateDir::create(root.clone()).unwrap();
        assert_eq!(mode(&root), 0o700);
        durable::write_whole(&dir.token(), b"secret").unwrap();
        assert_eq!(mode(&dir.token()), 0o600);
    }

    #[test]
    fn a_socket_elsewhere_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::create(folder.path().join("x".repeat(120))).unwrap();
        assert!(!dir.control_fits());
        assert_eq!(dir.control_path().unwrap(), dir.control_socket());
        let socket = dir.control_fallback(folder.path()).unwrap();
        assert_eq!(dir.control_path().unwrap(), socket);
        assert_eq!(mode(durable::parent(&socket)), 0o700);
        dir.forget_control_fallback().unwrap();
        assert_eq!(dir.control_path().unwrap(), dir.control_socket());
    }

    #[test]
    fn a_runtime_folder_that_others_can_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::create(folder.path().join("cco")).unwrap();
        let place = durable::parent(&dir.control_fallback(folder.path()).unwrap()).to_owned();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(dir.control_fallback(folder.path()), Err(Error::NotPrivate { .. })));
        fs::remove_dir_all(&place).unwrap();
        std::os::unix::fs::symlink("/", &place).unwrap();
        assert!(matches!(dir.control_fallback(folder.path()), Err(Error::NotPrivate { .. })));
    }
}
