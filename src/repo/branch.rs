//! Entering the mission's branch, as `git switch -c` would: HEAD moves, uncommitted work stays in the tree.

use super::repo::{Head, Repo};
use super::{Error, files};
use crate::words::CommitId;

/// Which branch the mission's commits land on (`repository.branch`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BranchChoice {
    /// A branch of its own, by name without `refs/heads/`; made if it does not exist.
    Named(String),
    /// The branch that is checked out now.
    Current,
}

impl Repo {
    /// Whether [`Repo::enter_branch`] can succeed, as far as can be told without doing it.
    ///
    /// # Errors
    /// As [`Repo::enter_branch`], but for [`Error::WouldOverwrite`].
    pub fn can_enter(&self, choice: &BranchChoice) -> Result<(), Error> {
        let head = self.head()?;
        match choice {
            BranchChoice::Current => head.branch.map(drop).ok_or(Error::Detached),
            BranchChoice::Named(name) => self.continuation(name, &head).map(drop),
        }
    }

    /// Moves HEAD to the mission's branch. A new one starts at HEAD; an existing one is continued if it contains HEAD's
    /// commit, and the work tree then follows to its tip. After [`Repo::prepare`], before any worker. Safe to repeat.
    ///
    /// # Errors
    /// [`Error::Detached`], [`Error::BranchName`], [`Error::BranchBlocked`], [`Error::BranchDiverged`],
    /// [`Error::BranchElsewhere`], [`Error::WouldOverwrite`], [`Error::IndexLocked`].
    pub fn enter_branch(&self, choice: &BranchChoice) -> Result<Head, Error> {
        self.must_be_prepared()?;
        self.still_the_same()?;
        let head = self.head()?;
        let name = match choice {
            BranchChoice::Current => return if head.branch.is_some() { Ok(head) } else { Err(Error::Detached) },
            BranchChoice::Named(name) => name,
        };
        let tip = match self.continuation(name, &head)? {
            Some(tip) => tip,
            None => self.create_branch(name, &head.commit)?,
        };
        if tip != head.commit {
            self.follow(name, &head.commit, &tip)?;
        }
        if head.branch.as_deref() != Some(name) {
            self.point_head(name, "cco: entering the mission's branch")?;
        }
        Ok(Head { branch: Some(name.clone()), commit: tip })
    }

    /// Points HEAD at the mission's branch again if a worker left it elsewhere; tells whether it had. The work tree
    /// stays as it is. Never while a worker lives: that is the caller's duty.
    ///
    /// # Errors
    /// If HEAD cannot be read or moved.
    pub fn return_to_branch(&self, name: &str) -> Result<bool, Error> {
        let branch = match self.head() {
            Ok(head) => head.branch,
            // An orphan branch was begun.
            Err(Error::Unborn { .. }) => None,
            Err(error) => return Err(error),
        };
        if branch.as_deref() == Some(name) {
            return Ok(false);
        }
        if self.branch_tip(name)?.is_none() {
            return Err(Error::BranchGone { branch: name.to_owned(), commit: self.stands_on()? });
        }
        self.point_head(name, "cco: back to the mission's branch")?;
        Ok(true)
    }

    fn point_head(&self, name: &str, reason: &str) -> Result<(), Error> {
        let target = format!("refs/heads/{name}");
        self.git_moving_refs().args(["symbolic-ref", "-m", reason, "HEAD", &target]).run().map(drop)
    }

    /// The tip of the branch if it exists and can be continued from HEAD; none if it is to be made.
    fn continuation(&self, name: &str, head: &Head) -> Result<Option<CommitId>, Error> {
        if !git2::Branch::name_is_valid(name)? || name == "HEAD" {
            return Err(Error::BranchName { name: name.to_owned() });
        }
        let Some(tip) = self.branch_tip(name)? else { return self.refuse_blocked(name).map(|()| None) };
        if head.branch.as_deref() == Some(name) {
            return Ok(Some(tip));
        }
        if let Some(path) = self.checked_out_in(name)? {
            return Err(Error::BranchElsewhere { branch: name.to_owned(), path });
        }
        if tip == head.commit || self.contains_commit(&tip, &head.commit)? {
            Ok(Some(tip))
        } else {
            Err(Error::BranchDiverged { branch: name.to_owned(), head: head.commit.clone() })
        }
    }

    /// A branch that does not exist can be made: git keeps refs as files in folders, so none may stand where another
    /// needs a folder.
    fn refuse_blocked(&self, name: &str) -> Result<(), Error> {
        let above = name.match_indices('/').filter_map(|(end, _)| name.get(..end));
        for by in above {
            if self.branch_tip(by)?.is_some() {
                return Err(Error::BranchBlocked { branch: name.to_owned(), by: by.to_owned() });
            }
        }
        let below = format!("refs/heads/{name}/");
        let listed = self.git_on_users().args(["for-each-ref", "--count=1", "--format=%(refname)", &below]).run()?;
        match String::from_utf8_lossy(&listed).trim().strip_prefix("refs/heads/") {
            Some(by) => Err(Error::BranchBlocked { branch: name.to_owned(), by: by.to_owned() }),
            None => Ok(()),
        }
    }

    fn create_branch(&self, name: &str, at: &CommitId) -> Result<CommitId, Error> {
        let (full, none) = (format!("refs/heads/{name}"), self.object_format().zeros());
        let args = ["update-ref", "--create-reflog", "-m", "cco: start of the mission", &full, at.as_str(), &none];
        self.git_moving_refs().args(args).run()?;
        Ok(at.clone())
    }

    /// The other work tree that has the branch checked out.
    fn checked_out_in(&self, name: &str) -> Result<Option<std::path::PathBuf>, Error> {
        let full = format!("refs/heads/{name}");
        let listed = self.git_on_users().args(["for-each-ref", "--format=%(worktreepath)", &full]).run()?;
        let path = super::git::path(listed.trim_ascii_end());
        Ok((!path.as_os_str().is_empty()).then_some(path))
    }

    /// Whether `descendant` has `ancestor` in its history.
    ///
    /// # Errors
    /// If one of them is missing.
    pub fn contains_commit(&self, descendant: &CommitId, ancestor: &CommitId) -> Result<bool, Error> {
        let args = ["merge-base", "--is-ancestor", ancestor.as_str(), descendant.as_str()];
        let ended = self.git_reading().args(args).ended()?;
        if ended.status.code() == Some(1) { Ok(false) } else { ended.success().map(|_| true) }
    }

    /// Moves work tree and user's index from one commit to another, keeping uncommitted changes or refusing.
    fn follow(&self, branch: &str, from: &CommitId, to: &CommitId) -> Result<(), Error> {
        let scratch = self.scratch_of_users_index()?;
        let refreshed = self.git_on_tree().index(&scratch).args(["update-index", "-q", "--refresh"]).ended()?;
        tracing::debug!(status = %refreshed.status, "user's index refreshed before the move");
        let args = ["read-tree", "-m", "-u", "--exclude-per-directory=.gitignore", from.as_str(), to.as_str()];
        match self.git_on_tree().index(&scratch).args(args).run() {
            Ok(_) => {}
            Err(Error::Git { stderr, .. }) => {
                files::remove(&scratch)?;
                return Err(Error::WouldOverwrite { branch: branch.to_owned(), detail: stderr });
            }
            Err(error) => return Err(error),
        }
        self.install_index(&scratch)?;
        files::remove(&scratch)?;
        self.stand_on(to)?;
        self.seeded().map(drop)
    }
}
