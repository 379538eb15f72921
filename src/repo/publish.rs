//! Publishing: a commit reaches the user's repository, by object transfer and one compare-and-swap of one ref.
//!
//! The transfer itself is in `transfer`. Invariant (I6): the user's other refs, the configuration and the work tree are not touched; hooks do not run.

use super::git::Git;
use super::repo::Repo;
use super::{Error, files};
use crate::words::{CommitId, TreeId};

/// What to publish and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The branch without `refs/heads/`.
    pub branch: String,
    /// The commit it is to lead to.
    pub new: CommitId,
    /// Where it must lead now; none if it must not exist.
    pub expected: Option<CommitId>,
    /// The line for the reflog.
    pub reason: String,
}

/// How a publish ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The branch was moved.
    Moved,
    /// The branch was there already: the call before this one got that far.
    AlreadyThere,
}

impl Repo {
    /// Gives the user's repository the commit and moves the branch to it. Safe to repeat after a crash.
    ///
    /// # Errors
    /// [`Error::BranchMoved`] if the branch is not where it was expected; [`Error::Replaced`].
    pub fn publish(&self, publish: &Publish) -> Result<Published, Error> {
        self.must_be_prepared()?;
        self.still_the_same()?;
        let found = self.branch_tip(&publish.branch)?;
        if found.as_ref() == Some(&publish.new) {
            self.stand_on(&publish.new)?;
            return Ok(Published::AlreadyThere);
        }
        if found != publish.expected {
            return Err(moved(publish, found));
        }
        self.transfer(&publish.new, publish.expected.as_ref())?;
        self.swap(publish)?;
        self.stand_on(&publish.new)?;
        Ok(Published::Moved)
    }

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

    /// The user's staged changes as they were at the start cannot be told from the worker's later, so the tree that the
    /// user's index holds is read on its own. Before any worker lives; see [`super::Prepared::staged`] for the start.
    ///
    /// # Errors
    /// If the index has unmerged entries or cannot be read.
    pub fn staged_tree(&self) -> Result<TreeId, Error> {
        self.must_be_prepared()?;
        let scratch = self.scratch_of_users_index()?;
        let tree =
            Git::new(&self.inner.environment).on_dir(&self.private()).index(&scratch).args(["write-tree"]).line();
        files::remove(&scratch)?;
        tree.map(TreeId::new)
    }

    /// Puts a copy of an index file of ours in the place of the user's, under git's own lock.
    pub(super) fn install_index(&self, index: &std::path::Path) -> Result<(), Error> {
        let (lock, target) = (self.git_dir().join("index.lock"), self.git_dir().join("index"));
        let Some(held) = files::create_lock(&lock)? else { return Err(Error::IndexLocked { path: lock }) };
        let written = self.in_users_version(index).and_then(|bytes| files::commit_lock(held, &lock, &bytes, &target));
        if written.is_err() {
            files::remove(&lock)?;
        }
        written
    }

    /// The index in the format version that the user's index has: other tools may not read version 4.
    fn in_users_version(&self, index: &std::path::Path) -> Result<Vec<u8>, Error> {
        let wanted = match files::read_if_there(&self.git_dir().join("index"))?.as_deref().and_then(version) {
            Some(version @ 3..) => version,
            Some(_) | None => 2,
        };
        let ours = files::read_if_there(index)?.unwrap_or_default();
        if version(&ours) == Some(wanted) {
            return Ok(ours);
        }
        let scratch = self.private().join(format!("scratch.{}", std::process::id()));
        files::write(&scratch, &ours)?;
        let wanted = wanted.to_string();
        self.git_on_tree().index(&scratch).args(["update-index", "--index-version", &wanted]).run()?;
        let converted = files::read_if_there(&scratch)?.unwrap_or_default();
        files::remove(&scratch)?;
        Ok(converted)
    }

    fn swap(&self, publish: &Publish) -> Result<(), Error> {
        let old = publish.expected.as_ref().map_or_else(|| self.object_format().zeros(), ToString::to_string);
        let name = format!("refs/heads/{}", publish.branch);
        let args = ["update-ref", "--create-reflog", "-m", &publish.reason, &name, publish.new.as_str(), &old];
        match self.git_moving_refs().args(args).run() {
            Ok(_) => Ok(()),
            Err(error) => match self.branch_tip(&publish.branch)? {
                found if found != publish.expected => Err(moved(publish, found)),
                _ => Err(error),
            },
        }
    }

    /// Git on the user's git dir for moving a ref. The reflog names cco: it was no person who moved it.
    pub(super) fn git_moving_refs(&self) -> Git {
        self.git_on_users().env("GIT_COMMITTER_NAME", "cco").env("GIT_COMMITTER_EMAIL", "cco@localhost")
    }
}

fn moved(publish: &Publish, found: Option<CommitId>) -> Error {
    Error::BranchMoved { branch: publish.branch.clone(), expected: publish.expected.clone(), found }
}

/// The format version in the header of an index file: `DIRC`, then four bytes.
fn version(index: &[u8]) -> Option<u32> {
    index.strip_prefix(b"DIRC")?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
