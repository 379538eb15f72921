//! What a mission would find in a repository, before anything is begun: what is sealed, and what decides and is not.

use super::error::Error;
use super::reporting::decides;
use super::seal::{Guard, patterns};
use crate::mission::{Mission, Open};
use crate::repo::{self, Repo};

/// A repository as a mission would find it.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// Globs of what is sealed, the author's and cco's own.
    pub seals: Vec<String>,
    /// The files of the newest commit that they cover.
    pub sealed: Vec<String>,
    /// The files that they do not cover.
    pub open: Open,
}

/// Looks at the newest commit; a repository without one has no files.
///
/// # Errors
/// If the repository cannot be read.
pub fn outlook(repo: &Repo, mission: &Mission) -> Result<Outlook, Error> {
    let mut seals = patterns(mission);
    let tree = match repo.head() {
        Ok(head) => repo.tree_of(&head.commit)?,
        Err(repo::Error::Unborn { .. }) => return Ok(Outlook { seals, ..Outlook::default() }),
        Err(error) => return Err(error.into()),
    };
    let guard = Guard::of(repo, mission, &tree).map_err(|fault| Error::Broke(fault.text))?;
    seals.extend(guard.inferred());
    let paths = repo.list_tree(&tree)?.into_iter().map(|entry| entry.path);
    let (sealed, open): (Vec<_>, Vec<_>) = paths.partition(|path| guard.covers(path));
    let deciding = open.iter().filter(|path| decides(path)).map(|path| path.display().to_string()).collect();
    let names = |paths: Vec<std::path::PathBuf>| paths.iter().map(|path| path.display().to_string()).collect();
    Ok(Outlook { seals, sealed: names(sealed), open: Open { files: names(open), deciding } })
}
