//! The snapshot: the whole work tree as one git tree, whatever the worker did to the user's index and configuration.
//!
//! Invariant: a pure function of the work tree, the commit cco stands on and the rules pinned at the start. (One
//! corner: a tracked path that cannot be read stays as it was last seen.) Cost: two runs of git at once, two
//! more where something differs from what the private index holds, one where files of earlier snapshots are not yet
//! committed, one where something is left out.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::git::{nul_list, path, records};
use super::index::is_damaged;
use super::leave_out::{self, LeftOut, Why};
use super::repo::Repo;
use super::status::Status;
use super::{Error, files};
use crate::words::TreeId;

/// A work tree at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The tree object, in the private git dir.
    pub tree: TreeId,
    /// What the tree does not hold, sorted by path. To be said once per path and reason.
    pub left_out: Vec<LeftOut>,
}

/// Where the list of carried files is kept, for every process that takes snapshots of this mission.
const CARRIED: &str = "carried";

/// Whether the index held what does not belong in it any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stale {
    None,
    Dropped,
}

impl Repo {
    /// Takes the work tree as it is into the private git dir. Writes nothing of the user's repository.
    ///
    /// # Errors
    /// [`Error::NotPrepared`], or whatever git says; a damaged private index is rebuilt first.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let mut index = self.lock_index();
        self.have_index()?;
        let held = index.take();
        let snapshot = match self.snapshot_once(held.as_ref()) {
            Err(error) if is_damaged(&error) => {
                tracing::warn!(%error, "private index damaged, rebuilding it");
                self.rebuild_index()?;
                self.snapshot_once(None)
            }
            result => result,
        }?;
        *index = Some(snapshot.tree.clone());
        Ok(snapshot)
    }

    /// Keeps a tree or commit reachable in the private git dir under `refs/cco/{name}`.
    ///
    /// # Errors
    /// If git refuses the name or the object is not there.
    pub fn keep(&self, name: &str, object: &str) -> Result<(), Error> {
        self.git().args(["update-ref", &format!("refs/cco/{name}"), object]).run().map(drop)
    }

    /// From now on no snapshot takes these files, whatever the rules say, unless they are committed already. For the files
    /// that a mission carries for its checks; [`Repo::prepare`] forgets them.
    ///
    /// # Errors
    /// If the private git dir cannot be written.
    pub fn leave_out_carried(&self, paths: &[PathBuf]) -> Result<(), Error> {
        files::write(&self.private().join(CARRIED), &nul_list(paths.iter().map(PathBuf::as_path)))
    }

    pub(super) fn forget_carried(&self) -> Result<(), Error> {
        files::remove(&self.private().join(CARRIED))
    }

    fn carried(&self) -> Result<BTreeSet<PathBuf>, Error> {
        let listed = files::read_if_there(&self.private().join(CARRIED))?.unwrap_or_default();
        Ok(records(&listed).map(path).collect())
    }

    /// `held` is the tree the index is known to hold, if it is known.
    fn snapshot_once(&self, held: Option<&TreeId>) -> Result<Snapshot, Error> {
        let carried = self.carried()?;
        let stale = self.drop_stale(held, &carried)?;
        let status = Status::of(self)?;
        let mut left_out = leave_out::among(self.work_tree(), &status.untracked, &carried)?;
        let ignored = self.ignored_among(left_out.iter().map(|entry| entry.path.as_path()))?;
        left_out.retain(|entry| !ignored.contains(&entry.path));
        let gitlinks = self.gitlinks()?;
        let taken = self.take_in(&status, &left_out, &gitlinks)?;
        self.drop_special(&taken.refused)?;
        left_out.extend(taken.refused);
        left_out.extend(self.submodule_changes(&gitlinks)?);
        left_out.sort();
        left_out.dedup();
        let tree = match held.filter(|_| stale == Stale::None && !taken.index_written) {
            Some(held) => held.clone(),
            None => TreeId::new(self.git_on_tree().args(["write-tree"]).line()?),
        };
        Ok(Snapshot { tree, left_out })
    }

    /// Takes out of the index what an earlier snapshot took and today's rules would not, unless it is committed.
    fn drop_stale(&self, held: Option<&TreeId>, carried: &BTreeSet<PathBuf>) -> Result<Stale, Error> {
        let mut taken = Vec::new();
        for path in self.not_committed(held)? {
            // What is gone needs no judgement, and git refuses to judge a path behind a link.
            if files::is_here(self.work_tree(), &path)? {
                taken.push(path);
            }
        }
        let ignored = self.ignored_among(taken.iter().map(PathBuf::as_path))?;
        let committed = |folder: &Path| self.head_holds(folder);
        let mut stale = Vec::new();
        for path in taken {
            if ignored.contains(&path) || leave_out::is_out_today(self.work_tree(), &path, carried, committed)? {
                stale.push(path);
            }
        }
        self.remove_from_index(&stale)?;
        Ok(if stale.is_empty() { Stale::None } else { Stale::Dropped })
    }

    /// What the index holds beyond the commit: by comparing trees, where it is known which tree the index holds.
    fn not_committed(&self, held: Option<&TreeId>) -> Result<Vec<PathBuf>, Error> {
        if let Some(held) = held {
            return self.added_paths(&self.tree_of(&self.stands_on()?)?, held);
        }
        let args =
            ["diff-index", "--cached", "--name-only", "-z", "--diff-filter=A", "--ignore-submodules=all", "HEAD"];
        Ok(records(&self.git_on_tree().args(args).run()?).map(path).collect())
    }

    fn head_holds(&self, folder: &Path) -> Result<bool, Error> {
        let args = [OsStr::new("ls-tree"), OsStr::new("-z"), OsStr::new("HEAD"), OsStr::new("--"), folder.as_os_str()];
        Ok(!self.git().args(args).run()?.is_empty())
    }

    fn drop_special(&self, refused: &[LeftOut]) -> Result<(), Error> {
        let special: Vec<PathBuf> =
            refused.iter().filter(|entry| entry.why == Why::Special).map(|entry| entry.path.clone()).collect();
        self.remove_from_index(&special)
    }

    fn remove_from_index(&self, paths: &[PathBuf]) -> Result<(), Error> {
        if paths.is_empty() {
            return Ok(());
        }
        let list = nul_list(paths.iter().map(PathBuf::as_path));
        self.git_on_tree().args(["update-index", "--force-remove", "-z", "--stdin"]).input(list).run().map(drop)
    }

    /// Which of the paths the rules ignore, tracked or not.
    pub(super) fn ignored_among<'a>(&self, paths: impl Iterator<Item = &'a Path>) -> Result<BTreeSet<PathBuf>, Error> {
        let list = nul_list(paths);
        if list.is_empty() {
            return Ok(BTreeSet::new());
        }
        let ended = self.git_on_tree().args(["check-ignore", "--no-index", "-z", "--stdin"]).input(list).ended()?;
        // Exit code 1 says that none is ignored.
        let listed = if ended.status.code() == Some(1) { Vec::new() } else { ended.success()? };
        Ok(records(&listed).map(path).collect())
    }
}
