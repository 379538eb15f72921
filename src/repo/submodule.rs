//! Submodules: recorded as commits, materialised in check trees, looked at for changes, never followed by a snapshot.
//!
//! Invariant: no git of ours runs with a submodule's own git dir as its configuration; each gets a private git dir,
//! because a worker can write `.git/modules/*/config` as well as `.git/config`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::git::{Git, nul_list, path, records};
use super::leave_out::{LeftOut, Why};
use super::pinned;
use super::repo::Repo;
use super::{Error, files};
use crate::words::{CommitId, Hash};

/// Where the checked-out submodules are noted: path and object folder in turn.
const SUBMODULES: &str = "submodules";

/// A submodule that was checked out at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submodule {
    /// From the root of the outermost work tree.
    pub path: PathBuf,
    /// Where its objects are.
    pub objects: PathBuf,
}

impl Repo {
    /// Finds the submodules that are checked out, those within others too, and notes them.
    pub(super) fn find_submodules(&self) -> Result<Vec<Submodule>, Error> {
        let mut found = Vec::new();
        for gitlink in self.gitlinks()? {
            self.find_within(&gitlink, &mut found)?;
        }
        let noted = nul_list(found.iter().flat_map(|sub| [sub.path.as_path(), sub.objects.as_path()]));
        files::write(&self.private().join(SUBMODULES), &noted)?;
        Ok(found)
    }

    fn find_within(&self, path: &Path, found: &mut Vec<Submodule>) -> Result<(), Error> {
        let folder = self.work_tree().join(path);
        let Some(git_dir) = git_dir_of(&folder)? else { return Ok(()) };
        found.push(Submodule { path: path.to_owned(), objects: pinned::objects_of(&git_dir)? });
        if files::look(&folder.join(".gitmodules"))?.is_none() {
            return Ok(());
        }
        for (inner, _) in gitlinks_of(Git::new(&self.inner.environment).on_dir(&git_dir), "HEAD")? {
            self.find_within(&path.join(inner), found)?;
        }
        Ok(())
    }

    pub(super) fn submodules(&self) -> Result<BTreeMap<PathBuf, PathBuf>, Error> {
        let noted = files::read_if_there(&self.private().join(SUBMODULES))?.unwrap_or_default();
        let mut words = records(&noted).map(path);
        Ok(std::iter::from_fn(|| Some((words.next()?, words.next()?))).collect())
    }

    /// Which submodules differ from what the index records.
    pub(super) fn submodule_changes(&self, gitlinks: &[PathBuf]) -> Result<Vec<LeftOut>, Error> {
        if gitlinks.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.submodules()?;
        let recorded = self.recorded(gitlinks)?;
        let mut changes = Vec::new();
        for (path, commit) in &recorded {
            let Some(objects) = known.get(path) else { continue };
            if let Some(why) = self.submodule_change(path, objects, commit)? {
                changes.push(LeftOut { path: path.clone(), why });
            }
        }
        Ok(changes)
    }

    /// The recorded commit of each submodule, from the private index.
    fn recorded(&self, gitlinks: &[PathBuf]) -> Result<Vec<(PathBuf, CommitId)>, Error> {
        let args = ["ls-files", "-s", "-z", "--"].map(std::ffi::OsStr::new);
        let paths = gitlinks.iter().map(|path| path.as_os_str());
        let git = self.git_on_tree().env("GIT_LITERAL_PATHSPECS", "1");
        Ok(parse_gitlinks(&git.args(args.into_iter().chain(paths)).run()?))
    }

    fn submodule_change(&self, path: &Path, objects: &Path, recorded: &CommitId) -> Result<Option<Why>, Error> {
        let folder = self.work_tree().join(path);
        let Some(git_dir) = git_dir_of(&folder)? else { return Ok(Some(Why::SubmoduleMoved)) };
        let head =
            Git::new(&self.inner.environment).on_dir(&git_dir).args(["rev-parse", "--verify", "HEAD"]).ended()?;
        if head.success().ok().as_deref().map(<[u8]>::trim_ascii_end) != Some(recorded.as_str().as_bytes()) {
            return Ok(Some(Why::SubmoduleMoved));
        }
        let home = self.private().join("modules").join(name_of(path));
        let fresh = files::look(&home)?.is_none();
        pinned::lay_out(&home, &self.config_of_checks()?, &[objects.to_owned()])?;
        files::write(&home.join("HEAD"), format!("{recorded}\n").as_bytes())?;
        files::remove(&home.join("index.lock"))?;
        let git = || Git::new(&self.inner.environment).on(&home, &folder).index(&home.join("index"));
        if fresh {
            git().args(["read-tree", "HEAD"]).run()?;
        }
        git().args(["add", "-A", "--ignore-errors"]).ended()?;
        let changed = git().args(["diff-index", "--cached", "--quiet", "--ignore-submodules=all", "HEAD"]).ended()?;
        Ok((!changed.status.success()).then_some(Why::SubmoduleChanged))
    }

    /// What the latest snapshot found changed inside a submodule ([`Why::SubmoduleChanged`]), as a patch that
    /// `git apply` takes there. Empty if nothing was.
    ///
    /// # Errors
    /// If the submodule was not checked out at the start, or git fails.
    pub fn submodule_patch(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let home = self.private().join("modules").join(name_of(path));
        let git = Git::new(&self.inner.environment).on(&home, &self.work_tree().join(path)).index(&home.join("index"));
        let form = ["--binary", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"];
        git.args(["diff-index", "--cached", "-p"]).args(form).args(["HEAD"]).run()
    }

    pub(super) fn config_of_checks(&self) -> Result<String, Error> {
        let bytes = files::read_if_there(&self.private().join("config-of-checks"))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The git dir of a submodule: its `.git` folder, or what its `.git` file points to; none if it is not checked out.
fn git_dir_of(folder: &Path) -> Result<Option<PathBuf>, Error> {
    let dot_git = folder.join(".git");
    match files::look(&dot_git)? {
        None => Ok(None),
        Some(found) if found.is_dir() => Ok(Some(dot_git)),
        Some(_) => {
            let text = files::read_if_there(&dot_git)?.unwrap_or_default();
            Ok(text.strip_prefix(b"gitdir: ").map(|rest| folder.join(path(rest.trim_ascii_end()))))
        }
    }
}

/// The submodules recorded in a tree or commit.
pub(super) fn gitlinks_of(git: Git, treeish: &str) -> Result<Vec<(PathBuf, CommitId)>, Error> {
    let listed = git.args(["ls-tree", "-r", "-z", treeish]).run()?;
    Ok(parse_gitlinks(&listed))
}

/// Reads `160000 commit OID<TAB>path` (`ls-tree`) as well as `160000 OID 0<TAB>path` (`ls-files -s`).
fn parse_gitlinks(listed: &[u8]) -> Vec<(PathBuf, CommitId)> {
    records(listed)
        .filter(|record| record.starts_with(b"160000 "))
        .filter_map(|record| {
            let (head, name) = record.split_at_checked(record.iter().position(|byte| *byte == b'\t')?)?;
            let oid = std::str::from_utf8(head).ok()?.split(' ').find(|word| word.len() >= 40)?;
            Some((path(name.get(1..)?), CommitId::new(oid)))
        })
        .collect()
}

/// A folder name for a path of any depth and spelling.
pub(super) fn name_of(path: &Path) -> String {
    Hash::of(path.as_os_str().as_encoded_bytes()).short()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submodules_are_read_from_both_listings() {
        let oid = "0123456789012345678901234567890123456789";
        let expected = vec![(PathBuf::from("a b/sub"), CommitId::new(oid))];
        assert_eq!(
            parse_gitlinks(format!("160000 commit {oid}\ta b/sub\0100644 blob {oid}\tx\0").as_bytes()),
            expected
        );
        assert_eq!(parse_gitlinks(format!("160000 {oid} 0\ta b/sub\0").as_bytes()), expected);
    }
}
