//! How the work tree differs from the private index, each file looked at once.

use std::path::{Path, PathBuf};

use super::Error;
use super::git::{Ended, path, records};
use super::repo::Repo;

/// Up to so many paths are named to git one by one; it compares each path it knows with each one it is given.
pub(super) const FEW: usize = 64;

/// The difference.
#[derive(Debug)]
pub(super) struct Status {
    /// In the index, and in the work tree other than there or not at all.
    pub(super) changed: Vec<PathBuf>,
    /// Neither in the index nor ignored: files, and whole folders with a slash at the end.
    pub(super) untracked: Vec<PathBuf>,
    /// Whether git saw all of it: where it could not look, it says so, and what it names is not all there is.
    pub(super) is_whole: bool,
}

impl Status {
    /// Two runs of git at once, one of which looks at the files, the other at the folders. Submodules are not looked
    /// into: their configuration is not pinned.
    pub(super) fn of(repo: &Repo) -> Result<Self, Error> {
        let changed = ["diff-files", "-z", "--name-only", "--ignore-submodules=all"];
        let untracked = ["ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"];
        let (changed, untracked) = repo.git_on_tree().args(changed).beside(repo.git_on_tree().args(untracked))?;
        let is_whole = changed.stderr.is_empty() && untracked.stderr.is_empty();
        let paths = |ended: Ended| Ok::<_, Error>(records(&ended.success()?).map(path).collect());
        Ok(Self { changed: paths(changed)?, untracked: paths(untracked)?, is_whole })
    }

    /// All that differs.
    pub(super) fn differing(&self) -> impl Iterator<Item = &Path> {
        // Without the slash, as the paths are that others compare with.
        self.changed.iter().chain(&self.untracked).map(|path| path.components().as_path())
    }
}
