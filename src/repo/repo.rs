//! An open repository: where everything is, and how git is pointed at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::Stamp;
use super::git::Git;
use super::pinned::UserConfig;
use super::{Environment, Error, files};
use crate::words::{CommitId, TreeId};

/// One work tree of a repository, found and fit to be looked at. Cheap to clone; all clones share one private index.
#[derive(Clone, Debug)]
pub struct Repo {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) work_tree: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
    pub(super) format: ObjectFormat,
    pub(super) environment: Environment,
    /// Device and inode of the common git dir as it was opened.
    pub(super) identity: (u64, u64),
    /// The tree the private index is known to hold; the lock is held by whoever uses that index.
    pub(super) index: Mutex<Option<TreeId>>,
    /// What this process has made check trees hold.
    pub(super) kept: Mutex<BTreeMap<PathBuf, Held>>,
    /// The user's configuration, from when it was judged to when it is pinned.
    pub(super) config: Mutex<Option<UserConfig>>,
}

/// What a check tree is known to hold.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) tree: TreeId,
    /// Of its index, when it was last written here.
    pub(super) index: Stamp,
}

/// How the repository names its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFormat {
    /// 40 hexadecimal digits.
    Sha1,
    /// 64 hexadecimal digits.
    Sha256,
}

impl ObjectFormat {
    /// The id that stands for "nothing" in ref updates.
    pub(super) fn zeros(self) -> String {
        match self {
            Self::Sha1 => "0".repeat(40),
            Self::Sha256 => "0".repeat(64),
        }
    }
}

/// Where HEAD is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The branch without `refs/heads/`; none if HEAD is detached.
    pub branch: Option<String>,
    /// The commit HEAD leads to.
    pub commit: CommitId,
}

impl Repo {
    /// The folder that holds the user's files: the root of this work tree.
    #[must_use]
    pub fn work_tree(&self) -> &Path {
        &self.inner.work_tree
    }

    /// The git dir of this work tree: its HEAD and index live here.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.inner.git_dir
    }

    /// The git dir that all work trees of the repository share.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.inner.common_dir
    }

    /// Where cco keeps its state: `<common git dir>/cco` (design section 6). Not created by this call.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.inner.common_dir.join("cco")
    }

    /// How objects are named.
    #[must_use]
    pub fn object_format(&self) -> ObjectFormat {
        self.inner.format
    }

    /// The private git dir.
    pub(super) fn private(&self) -> PathBuf {
        self.state_dir().join("git")
    }

    /// The private index. One per process: a git orphaned by a killed cco can lock or write only its own.
    pub(super) fn index_path(&self) -> PathBuf {
        self.private().join(format!("index.{}", std::process::id()))
    }

    /// Takes the private index for one operation.
    pub(super) fn lock_index(&self) -> MutexGuard<'_, Option<TreeId>> {
        // The value is only a hint about a file; a holder that panicked leaves at worst a stale one, so it is dropped.
        self.inner.index.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let mut guard = poisoned.into_inner();
            *guard = None;
            guard
        })
    }

    /// What check trees are known to hold.
    pub(super) fn lock_kept(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Held>> {
        // Each entry is removed before its folder is touched, so what is in the map is right even after a panic.
        self.inner.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Git on the private git dir, without a work tree.
    pub(super) fn git(&self) -> Git {
        Git::new(&self.inner.environment).on_dir(&self.private())
    }

    /// Git on the private git dir and index, looking at the user's work tree.
    pub(super) fn git_on_tree(&self) -> Git {
        Git::new(&self.inner.environment).on(&self.private(), &self.inner.work_tree).index(&self.index_path())
    }

    /// Git on the user's own git dir. Only for plumbing that executes nothing the configuration names.
    pub(super) fn git_on_users(&self) -> Git {
        Git::new(&self.inner.environment).on(&self.inner.git_dir, &self.inner.work_tree)
    }

    /// Fails if the git dir was replaced since it was opened (`faults.md` D3).
    pub(super) fn still_the_same(&self) -> Result<(), Error> {
        let common = &self.inner.common_dir;
        match files::identity(common) {
            Ok(found) if found == self.inner.identity => Ok(()),
            Ok(_) | Err(_) => Err(Error::Replaced { path: common.clone() }),
        }
    }

    /// Fails unless [`Repo::prepare`] has run on this repository, in this process or an earlier one.
    pub(super) fn must_be_prepared(&self) -> Result<(), Error> {
        let head = self.private().join("HEAD");
        if self.is_prepared()? { Ok(()) } else { Err(Error::NotPrepared { path: head }) }
    }

    /// Whether the private git dir exists.
    ///
    /// # Errors
    /// If it cannot be looked at.
    pub fn is_prepared(&self) -> Result<bool, Error> {
        Ok(files::look(&self.private().join("HEAD"))?.is_some())
    }
}
