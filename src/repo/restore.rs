//! Putting the work tree back to a tree, for rollback. What was there is kept first, so that this too can be undone.

use std::path::PathBuf;

use super::repo::Repo;
use super::submodule::gitlinks_of;
use super::{Error, Snapshot};
use crate::words::TreeId;

/// What [`Repo::restore`] replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The work tree before; kept as `refs/cco/before-restore`.
    pub before: Snapshot,
}

impl Repo {
    /// Makes the work tree hold exactly `tree`: bytes, modes and links. Ignored files and what snapshots leave out stay;
    /// so do HEAD and the user's index (see [`Repo::refresh_index`]). No worker may live.
    ///
    /// # Errors
    /// Whatever git says; the tree is then partly restored, and calling again finishes it.
    pub fn restore(&self, tree: &TreeId) -> Result<Restored, Error> {
        let before = self.snapshot()?;
        self.keep("before-restore", before.tree.as_str())?;
        let mut index = self.lock_index();
        *index = None;
        // After the snapshot every file that is not ignored is in the index, so the reset removes what `tree` lacks.
        self.git_on_tree().args(["read-tree", "--reset", "-u", tree.as_str()]).run()?;
        if !self.gitlinks()?.is_empty() || self.contains(tree, ".gitmodules".as_ref())? {
            let gitlinks = gitlinks_of(self.git(), tree.as_str())?;
            self.note_gitlinks(&gitlinks.into_iter().map(|(path, _)| path).collect::<Vec<_>>())?;
        }
        *index = Some(tree.clone());
        Ok(Restored { before })
    }

    /// Puts single paths of the work tree back to what `tree` holds, for the seal; what it does not hold is removed. The
    /// caller has kept what was there as a snapshot. No worker may live.
    ///
    /// # Errors
    /// Whatever git says; calling again finishes it.
    pub fn put_back(&self, tree: &TreeId, paths: &[PathBuf]) -> Result<(), Error> {
        let mut index = self.lock_index();
        *index = None;
        self.restore_with(self.git_on_tree(), tree, paths, self.work_tree())
    }
}
