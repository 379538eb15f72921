//! The start of a mission: the private git dir is laid out, the user's rules are pinned, and what is staged and what is
//! dirty is kept before anything else happens (design section 9, "Branch, HEAD, index" and "Private git dir").
//!
//! A resumed mission does not prepare again: the rules stay those of the start.

use std::path::PathBuf;

use super::index::Flags;
use super::pinned::{self, Purpose, UserConfig};
use super::repo::{Head, Repo};
use super::submodule::Submodule;
use super::{Error, Snapshot, files};
use crate::words::{CommitId, TreeId};

/// Branches and tags as of the start, in git's format of packed refs, for the tools that run in check trees.
pub(super) const REFS_OF_CHECKS: &str = "refs-of-checks";

/// What was found at the start. Nothing of it is lost: the trees are kept in the private git dir.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Where HEAD was.
    pub head: Head,
    /// The tree of that commit.
    pub base: TreeId,
    /// What was staged; equal to `base` if nothing was, else kept as `refs/cco/start/staged`.
    pub staged: TreeId,
    /// The work tree; its tree equals `base` if nothing was dirty, else it is kept as `refs/cco/start/dirty`.
    pub dirty: Snapshot,
    /// Tracked paths that the user chose not to see the changes of (skip-worktree), or not to have at all (sparse).
    /// Snapshots hold them as committed.
    pub skipped: Vec<PathBuf>,
    /// Submodules that are checked out; only these are materialised in check trees.
    pub submodules: Vec<Submodule>,
}

impl Repo {
    /// Makes the repository ready for a mission. Writes nothing of the user's: HEAD, index, stash and refs stay.
    ///
    /// # Errors
    /// The refusals of [`Repo::fit`], or whatever git says.
    pub fn prepare(&self) -> Result<Prepared, Error> {
        self.still_the_same()?;
        let user = UserConfig::judged(self)?;
        self.refuse_unfit(&user)?;
        let head = self.head()?;
        self.lay_out_private(&user, &head.commit)?;
        let Flags { skipped, .. } = self.seeded()?;
        let base = self.tree_of(&head.commit)?;
        let staged = self.staged(&base)?;
        *self.lock_index() = Some(staged.clone());
        let submodules = self.find_submodules()?;
        let dirty = self.snapshot()?;
        self.note_submodules(&dirty.left_out)?;
        self.note_refs()?;
        self.keep_start(&base, &staged, &dirty.tree)?;
        Ok(Prepared { head, base, staged, dirty, skipped, submodules })
    }

    fn lay_out_private(&self, user: &UserConfig, head: &CommitId) -> Result<(), Error> {
        let home = self.private();
        files::private_folder(&self.state_dir())?;
        let config = pinned::render(user, &home, self, Purpose::WorkTree)?;
        pinned::lay_out(&home, &config, &[self.common_dir().join("objects")])?;
        pinned::take_over_rules(&home, user, self)?;
        let for_checks = pinned::render(user, &home, self, Purpose::CheckTree)?;
        files::write(&home.join("config-of-checks"), for_checks.as_bytes())?;
        self.pin_dangerous_keys(user)?;
        self.pin_refs()?;
        self.forget_carried()?;
        self.drop_lost_objects()?;
        // Last: this file says that all the others are there.
        self.stand_on(head)
    }

    fn pin_refs(&self) -> Result<(), Error> {
        let mut packed = "# pack-refs with: sorted \n".to_owned();
        for (name, target) in self.refs()?.refs {
            if name.starts_with("refs/") && !target.starts_with("ref: ") {
                packed.push_str(&format!("{target} {name}\n"));
            }
        }
        files::write(&self.private().join(REFS_OF_CHECKS), packed.as_bytes())
    }

    /// Notes the commit that snapshots are compared with.
    pub(super) fn stand_on(&self, commit: &CommitId) -> Result<(), Error> {
        files::write(&self.private().join("HEAD"), format!("{commit}\n").as_bytes())
    }

    /// The commit that snapshots are compared with.
    pub(super) fn stands_on(&self) -> Result<CommitId, Error> {
        let head = self.private().join("HEAD");
        let bytes = files::read_if_there(&head)?.ok_or(Error::NotPrepared { path: head })?;
        Ok(CommitId::new(String::from_utf8_lossy(bytes.trim_ascii_end())))
    }

    /// A private index seeded anew; what an earlier mission left in it does not count.
    pub(super) fn seeded(&self) -> Result<Flags, Error> {
        let mut index = self.lock_index();
        *index = None;
        self.seed_index()
    }

    /// A clean start needs no refs: the commit keeps the tree.
    fn keep_start(&self, base: &TreeId, staged: &TreeId, dirty: &TreeId) -> Result<(), Error> {
        files::remove_folder(&self.private().join("refs/cco/start"))?;
        if base == staged && base == dirty {
            return Ok(());
        }
        let updates = format!("update refs/cco/start/staged {staged}\nupdate refs/cco/start/dirty {dirty}\n");
        self.git().args(["update-ref", "--stdin"]).input(updates.into_bytes()).run().map(drop)
    }
}
