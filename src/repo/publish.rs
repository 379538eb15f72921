//! Publishing: a commit reaches the user's repository, by object transfer and one compare-and-swap of one ref.
//!
//! The transfer itself is in `transfer`. Invariant (I6): the user's other refs, the configuration and the work tree are not touched; hooks do not run.

use super::Error;
use super::git::Git;
use super::repo::Repo;
use crate::words::CommitId;

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
