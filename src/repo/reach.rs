//! Which objects a commit leads to that another does not: by libgit2, or by the command line where it cannot tell.

use git2::{ObjectType, Oid, Repository};

use super::Error;
use super::repo::Repo;
use crate::words::CommitId;

impl Repo {
    /// The ids of the commits, trees and blobs that `new` has and `old` lacks; a few more may be among them.
    pub(super) fn objects_beyond(&self, new: &CommitId, old: Option<&CommitId>) -> Result<Vec<String>, Error> {
        if let (Some(repository), Some(old)) = (self.libgit2_of_objects(), old) {
            match beyond(&repository, new, old) {
                Ok(found) => return Ok(found.iter().map(Oid::to_string).collect()),
                Err(error) => tracing::debug!(%error, "asking git which objects are new"),
            }
        }
        let args = ["rev-list", "--objects", "--no-object-names", new.as_str()];
        let without_old = old.map(|old| format!("^{old}"));
        let listed = self.git().args(args.into_iter().chain(without_old.as_deref())).run()?;
        Ok(String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect())
    }
}

fn beyond(repository: &Repository, new: &CommitId, old: &CommitId) -> Result<Vec<Oid>, git2::Error> {
    let mut walk = repository.revwalk()?;
    walk.push(Oid::from_str(new.as_str())?)?;
    walk.hide(Oid::from_str(old.as_str())?)?;
    let mut found = Vec::new();
    for id in walk {
        let commit = repository.find_commit(id?)?;
        // What the parent has is known to `old`, or is found when the walk comes to the parent.
        let parent = commit.parents().next().map(|parent| parent.tree_id());
        found.push(commit.id());
        differing(repository, commit.tree_id(), parent, &mut found)?;
    }
    Ok(found)
}

/// What a tree holds at paths where another tree holds something else.
fn differing(repo: &Repository, tree: Oid, other: Option<Oid>, found: &mut Vec<Oid>) -> Result<(), git2::Error> {
    if Some(tree) == other {
        return Ok(());
    }
    found.push(tree);
    let other = other.map(|other| repo.find_tree(other)).transpose()?;
    for entry in &repo.find_tree(tree)? {
        let counterpart = other.as_ref().and_then(|other| other.get_name_bytes(entry.name_bytes()));
        let same_kind = counterpart.filter(|counterpart| counterpart.kind() == entry.kind()).map(|found| found.id());
        match entry.kind() {
            Some(ObjectType::Tree) => differing(repo, entry.id(), same_kind, found)?,
            Some(ObjectType::Blob) if same_kind != Some(entry.id()) => found.push(entry.id()),
            // A submodule's commit is not an object of this repository.
            Some(_) | None => {}
        }
    }
    Ok(())
}
