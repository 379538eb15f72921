//! What changed since the mission's start, for checks of kind `git`. Read from cco's own git dir, never from a check tree:
//! the `.git` there is within reach of the programs that ran before.

use std::sync::Arc;

use super::error::Error;
use crate::repo::{self, Repo};
use crate::session::Session;
use crate::verify::{Changed, History, Item, asks_history};
use crate::words::{CommitId, IterationNumber, TreeId};

/// The points that a tree is compared with.
#[derive(Clone, Debug)]
struct Start {
    /// The tree of the start, uncommitted work included.
    tree: TreeId,
    /// The commit of the start.
    base: CommitId,
    /// The newest commit and its tree.
    head: CommitId,
    head_tree: TreeId,
}

impl Start {
    /// Of a run, once the repository was made ready.
    fn of_run(session: &Session) -> Option<Self> {
        let prepared = session.prepared.as_ref()?;
        Some(Self {
            tree: prepared.tree.clone(),
            base: prepared.base.clone(),
            head: session.head.clone().unwrap_or_else(|| prepared.base.clone()),
            head_tree: session.head_tree.clone().unwrap_or_else(|| prepared.base_tree.clone()),
        })
    }

    /// The commit that HEAD leads to, for a look without a run.
    fn of_head(repo: &Repo) -> Result<Self, Error> {
        let head = repo.head()?.commit;
        let tree = repo.tree_of(&head)?;
        Ok(Self { tree: tree.clone(), base: head.clone(), head, head_tree: tree })
    }

    fn up_to(&self, repo: &Repo, tree: &TreeId) -> Result<History, Error> {
        let changes = repo.changed_paths(&self.tree, tree)?.iter().map(changed).collect();
        let commits = repo.commits_between(&self.base, &self.head)?;
        // What was there uncommitted is kept in a commit whose title is cco's own.
        let subjects = commits.into_iter().filter(|commit| commit.iteration != Some(IterationNumber(0)));
        let uncommitted = repo.changed_paths(&self.head_tree, tree)?;
        Ok(History {
            changes,
            subjects: subjects.map(|commit| commit.subject).collect(),
            uncommitted: uncommitted.iter().map(|change| change.path.to_string_lossy().into_owned()).collect(),
        })
    }
}

/// What changed up to a tree since the run's start, or without a run since the commit that HEAD leads to.
pub(super) fn history(
    repo: &Repo,
    session: Option<&Session>,
    tree: &TreeId,
    items: &[Item],
) -> Result<Option<Arc<History>>, Error> {
    if !is_asked(items) {
        return Ok(None);
    }
    let start = match session.and_then(Start::of_run) {
        Some(start) => start,
        None => Start::of_head(repo)?,
    };
    start.up_to(repo, tree).map(|history| Some(Arc::new(history)))
}

fn is_asked(items: &[Item]) -> bool {
    items.iter().any(|item| asks_history(&item.check))
}

fn changed(change: &repo::Change) -> Changed {
    let lines = change.lines.map(|(added, removed)| added.saturating_add(removed));
    Changed { path: change.path.to_string_lossy().into_owned(), lines }
}
