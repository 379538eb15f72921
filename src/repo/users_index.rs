//! The user's own index: read before a worker lives, replaced after a publish, always under git's own lock.
//!
//! Invariant: no git of ours refreshes it in place, because a refresh would run the filters of the user's (by then
//! perhaps the worker's) configuration. It is built in the private git dir and put in its place.

use std::path::{Path, PathBuf};

use super::git::nul_list;
use super::repo::Repo;
use super::{Error, files};
use crate::words::{CommitId, TreeId};

impl Repo {
    /// Makes the user's index equal to a commit, so that `git status` is clean where the work tree is. Never while a
    /// worker lives: that is the caller's duty.
    ///
    /// # Errors
    /// [`Error::IndexLocked`] if another git holds it; cco never removes that lock.
    pub fn refresh_index(&self, commit: &CommitId) -> Result<(), Error> {
        self.still_the_same()?;
        let tree = self.tree_of(commit)?;
        let mut index = self.lock_index();
        self.have_index()?;
        if index.as_ref() != Some(&tree) {
            self.git_on_tree().args(["read-tree", "-m", tree.as_str()]).run()?;
            *index = Some(tree);
        }
        self.install_index(&self.index_path())
    }

    /// Puts a copy of an index file of ours in the place of the user's, under git's own lock.
    pub(super) fn install_index(&self, index: &Path) -> Result<(), Error> {
        let (lock, target) = (self.git_dir().join("index.lock"), self.git_dir().join("index"));
        let Some(held) = files::create_lock(&lock)? else { return Err(Error::IndexLocked { path: lock }) };
        let written = self.in_users_version(index).and_then(|bytes| files::commit_lock(held, &lock, &bytes, &target));
        if written.is_err() {
            files::remove(&lock)?;
        }
        written
    }

    /// The index in the format version that the user's index has: other tools may not read version 4. The private index
    /// has that version from the start, so this converts only where the user's own git changed it meanwhile.
    fn in_users_version(&self, index: &Path) -> Result<Vec<u8>, Error> {
        let wanted = self.users_index_version()?;
        let ours = files::read_if_there(index)?.unwrap_or_default();
        if version(&ours).is_some_and(|ours| readable_as(ours) == wanted) {
            return Ok(ours);
        }
        let scratch = self.private().join(format!("scratch.{}", std::process::id()));
        files::write(&scratch, &ours)?;
        self.git_on_tree().index(&scratch).args(["update-index", "--index-version", wanted]).run()?;
        let converted = files::read_if_there(&scratch)?.unwrap_or_default();
        files::remove(&scratch)?;
        Ok(converted)
    }

    /// The format version of the user's index, as git takes it: 2 where there is no index.
    pub(super) fn users_index_version(&self) -> Result<&'static str, Error> {
        let found = files::read_if_there(&self.git_dir().join("index"))?.as_deref().and_then(version);
        Ok(found.map_or("2", readable_as))
    }

    /// A copy of the user's index that stands alone (neither split nor sparse, no caches) at `to`.
    pub(super) fn copy_users_index(&self, to: &Path, assumed: &[PathBuf]) -> Result<(), Error> {
        if !files::copy(&self.git_dir().join("index"), to)? {
            return self.git_on_users().index(to).args(["read-tree", "HEAD"]).run().map(drop);
        }
        if assumed.is_empty() && self.stands_alone(to)? {
            return Ok(());
        }
        self.git_on_users()
            .index(to)
            .args(["update-index", "--index-version", self.users_index_version()?, "--force-write-index"])
            .args([
                "--no-split-index",
                "--no-untracked-cache",
                "--no-fsmonitor",
                "--no-assume-unchanged",
                "-z",
                "--stdin",
            ])
            .input(nul_list(assumed.iter().map(PathBuf::as_path)))
            .run()
            .map(drop)
    }

    /// Whether a copy of the user's index needs no conversion: libgit2, which refuses split and sparse ones, reads it, and
    /// the names of the extensions that hold caches do not occur in it.
    fn stands_alone(&self, copy: &Path) -> Result<bool, Error> {
        if self.libgit2_of_users().is_none_or(|repository| repository.index().is_err()) {
            return Ok(false);
        }
        let bytes = files::read_if_there(copy)?.unwrap_or_default();
        Ok(CACHES.iter().all(|name| memchr::memmem::find(&bytes, name).is_none()))
    }

    /// What is staged; the tree of HEAD, without a run of git, where that is what the user's index holds.
    pub(super) fn staged(&self, base: &TreeId) -> Result<TreeId, Error> {
        if self.is_in_users_index(base).unwrap_or(false) {
            return Ok(base.clone());
        }
        self.git_on_tree().args(["write-tree"]).line().map(TreeId::new)
    }

    /// `None` where libgit2 cannot tell.
    fn is_in_users_index(&self, tree: &TreeId) -> Option<bool> {
        let repository = self.libgit2_of_users()?;
        let tree = repository.find_tree(git2::Oid::from_str(tree.as_str()).ok()?).ok()?;
        let diff = repository.diff_tree_to_index(Some(&tree), None, None).ok()?;
        Some(diff.deltas().len() == 0)
    }

    /// The same for a change of branch, with the hiding bits as the user has them.
    pub(super) fn scratch_of_users_index(&self) -> Result<PathBuf, Error> {
        let scratch = self.private().join(format!("scratch.{}", std::process::id()));
        files::remove(&scratch)?;
        self.copy_users_index(&scratch, &[])?;
        Ok(scratch)
    }
}

/// The extensions of an index that hold what git remembers of untracked files and of its file monitor.
const CACHES: [&[u8]; 2] = [b"UNTR", b"FSMN"];

/// Git writes version 3 instead of 2 by itself where an entry needs it, and whoever reads one reads the other.
const fn readable_as(version: u32) -> &'static str {
    if version > 3 { "4" } else { "2" }
}

/// The format version in the header of an index file: `DIRC`, then four bytes.
fn version(index: &[u8]) -> Option<u32> {
    index.strip_prefix(b"DIRC")?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
