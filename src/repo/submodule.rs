//! Submodules: recorded as commits, materialised in check trees, looked at for changes, never followed by a snapshot.
//!
//! Invariant: no git of ours runs with a submodule's own git dir as its configuration; each gets a private git dir,
//! because a worker can write `.git/modules/*/config` as well as `.git/config`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::git::{Git, nul_list, path, records};
use super::leave_out::{self, LeftOut, Why};
use super::pinned;
use super::repo::Repo;
use super::{Error, files};
use crate::words::{CommitId, Hash};

/// Where the checked-out submodules are noted: path and object folder in turn.
const SUBMODULES: &str = "submodules";

/// Where it is noted what submodules held at the start beside their commits: path and hash of the patch in turn.
const AT_START: &str = "submodules-at-start";

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
        let mut changes = Vec::new();
        for (path, commit) in &self.recorded(gitlinks)? {
            self.changes_within(path, commit, &known, &mut changes)?;
        }
        Ok(changes)
    }

    /// Looks at one submodule and those within it.
    fn changes_within(
        &self,
        path: &Path,
        recorded: &CommitId,
        known: &BTreeMap<PathBuf, PathBuf>,
        changes: &mut Vec<LeftOut>,
    ) -> Result<(), Error> {
        let Some(objects) = known.get(path) else { return Ok(()) };
        if let Some(why) = self.submodule_change(path, objects, recorded)? {
            changes.push(LeftOut { path: path.to_owned(), why });
        }
        if known.keys().any(|other| other != path && other.starts_with(path)) {
            for (inner, commit) in gitlinks_of(self.git_within(path), recorded.as_str())? {
                self.changes_within(&path.join(inner), &commit, known, changes)?;
            }
        }
        Ok(())
    }

    /// The recorded commit of each submodule, from the private index.
    fn recorded(&self, gitlinks: &[PathBuf]) -> Result<Vec<(PathBuf, CommitId)>, Error> {
        let args = ["ls-files", "-s", "-z", "--"].map(std::ffi::OsStr::new);
        let paths = gitlinks.iter().map(|path| path.as_os_str());
        let git = self.git_on_tree().env("GIT_LITERAL_PATHSPECS", "1");
        Ok(parse_gitlinks(&git.args(args.into_iter().chain(paths)).run()?))
    }

    /// Takes what is in a submodule's folder into an index of our own and tells how it differs from the recorded commit.
    fn submodule_change(&self, path: &Path, objects: &Path, recorded: &CommitId) -> Result<Option<Why>, Error> {
        let home = self.home_within(path);
        let fresh = files::look(&home)?.is_none();
        pinned::lay_out(&home, &self.config_of_checks()?, &[objects.to_owned()])?;
        files::write(&home.join("info/exclude"), leave_out::CACHES.join("/\n").as_bytes())?;
        files::write(&home.join("HEAD"), format!("{recorded}\n").as_bytes())?;
        files::remove(&home.join("index.lock"))?;
        let Some(git_dir) = git_dir_of(&self.work_tree().join(path))? else { return Ok(Some(Why::SubmoduleMoved)) };
        if fresh {
            self.git_within(path).args(["read-tree", "HEAD"]).run()?;
        }
        self.git_within(path).args(["add", "-A", "--ignore-errors"]).ended()?;
        let head =
            Git::new(&self.inner.environment).on_dir(&git_dir).args(["rev-parse", "--verify", "HEAD"]).ended()?;
        if head.success().ok().as_deref().map(<[u8]>::trim_ascii_end) != Some(recorded.as_str().as_bytes()) {
            return Ok(Some(Why::SubmoduleMoved));
        }
        let differs = ["diff-index", "--cached", "--quiet", "--ignore-submodules=all", "HEAD"];
        let changed = self.git_within(path).args(differs).ended()?;
        Ok((!changed.status.success()).then_some(Why::SubmoduleChanged))
    }

    fn home_within(&self, path: &Path) -> PathBuf {
        self.private().join("modules").join(name_of(path))
    }

    /// Git on the private git dir and index of a submodule.
    fn git_within(&self, path: &Path) -> Git {
        let home = self.home_within(path);
        Git::new(&self.inner.environment).on(&home, &self.work_tree().join(path)).index(&home.join("index"))
    }

    /// What the latest snapshot found in a submodule beside its recorded commit, as a patch that `git apply` takes there.
    /// Empty if there is nothing, or the submodule is not checked out any more.
    ///
    /// # Errors
    /// If the submodule was not checked out at the start, or git fails.
    pub fn submodule_patch(&self, path: &Path) -> Result<Vec<u8>, Error> {
        if git_dir_of(&self.work_tree().join(path))?.is_none() {
            return Ok(Vec::new());
        }
        let form = ["--binary", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all"];
        self.git_within(path).args(["diff-index", "--cached", "-p"]).args(form).args(["HEAD"]).run()
    }

    /// Notes what submodules hold at the start: what was there before any work is nobody's change.
    pub(super) fn note_submodules(&self, left_out: &[LeftOut]) -> Result<(), Error> {
        let mut noted = Vec::new();
        for path in submodules_among(left_out) {
            noted.extend([path.to_owned(), PathBuf::from(Hash::of(&self.submodule_patch(path)?).to_string())]);
        }
        files::write(&self.private().join(AT_START), &nul_list(noted.iter().map(PathBuf::as_path)))
    }

    /// The submodules of the latest snapshot's `left_out` that hold something else than at the start, each with its patch.
    ///
    /// # Errors
    /// If git fails.
    pub fn touched_submodules(&self, left_out: &[LeftOut]) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
        let noted = files::read_if_there(&self.private().join(AT_START))?.unwrap_or_default();
        let mut words = records(&noted).map(path);
        let known: BTreeMap<PathBuf, PathBuf> = std::iter::from_fn(|| Some((words.next()?, words.next()?))).collect();
        let nothing = Hash::of(b"").to_string();
        let mut touched = Vec::new();
        for path in submodules_among(left_out) {
            let patch = self.submodule_patch(path)?;
            let before = known.get(path).map_or(Path::new(&nothing), PathBuf::as_path);
            if before != Path::new(&Hash::of(&patch).to_string()) {
                touched.push((path.to_owned(), patch));
            }
        }
        Ok(touched)
    }

    pub(super) fn config_of_checks(&self) -> Result<String, Error> {
        let bytes = files::read_if_there(&self.private().join("config-of-checks"))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn submodules_among(left_out: &[LeftOut]) -> impl Iterator<Item = &Path> {
    let is_one = |left: &&LeftOut| matches!(left.why, Why::SubmoduleMoved | Why::SubmoduleChanged);
    left_out.iter().filter(is_one).map(|left| left.path.as_path())
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
