//! The snapshot: the whole work tree as one git tree, whatever the worker did to the user's index and configuration.
//!
//! Invariant: a pure function of the work tree, the commit cco stands on and the rules pinned at the start. (One
//! corner: a tracked path that cannot be read stays as it was last seen.) Cost: three runs of git, four where files of
//! earlier snapshots are not yet committed, one more where something is left out.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::git::{nul_list, path, records};
use super::index::is_damaged;
use super::leave_out::{self, LeftOut, Why};
use super::repo::Repo;
use super::{Error, files};
use crate::words::TreeId;

/// How git begins its complaint about pathspecs that meet ignored paths.
const MEETS_IGNORED: &str = "The following paths are ignored by one of your .gitignore files";

/// A work tree at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The tree object, in the private git dir.
    pub tree: TreeId,
    /// What the tree does not hold, sorted by path. To be said once per path and reason.
    pub left_out: Vec<LeftOut>,
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

    /// Keeps a tree (or commit) reachable in the private git dir under `refs/cco/{name}`.
    ///
    /// # Errors
    /// If git refuses the name or the object is not there.
    pub fn keep(&self, name: &str, tree: &TreeId) -> Result<(), Error> {
        self.git().args(["update-ref", &format!("refs/cco/{name}"), tree.as_str()]).run().map(drop)
    }

    /// `held` is the tree the index is known to hold, if it is known.
    fn snapshot_once(&self, held: Option<&TreeId>) -> Result<Snapshot, Error> {
        self.drop_stale(held)?;
        let mut left_out = leave_out::among(self.work_tree(), &self.untracked()?)?;
        let ignored = self.ignored_among(left_out.iter().map(|entry| entry.path.as_path()))?;
        left_out.retain(|entry| !ignored.contains(&entry.path));
        let gitlinks = self.gitlinks()?;
        let refused = self.add_all(&left_out, &gitlinks)?;
        self.drop_special(&refused)?;
        left_out.extend(refused);
        left_out.extend(self.submodule_changes(&gitlinks)?);
        left_out.sort();
        left_out.dedup();
        let tree = TreeId::new(self.git_on_tree().args(["write-tree"]).line()?);
        Ok(Snapshot { tree, left_out })
    }

    /// Untracked and not ignored: files, and whole folders with a slash at the end.
    fn untracked(&self) -> Result<Vec<PathBuf>, Error> {
        let args = ["ls-files", "-z", "--others", "--exclude-standard", "--directory", "--no-empty-directory"];
        Ok(records(&self.git_on_tree().args(args).run()?).map(path).collect())
    }

    /// Takes out of the index what an earlier snapshot took and today's rules would not, unless it is committed.
    fn drop_stale(&self, held: Option<&TreeId>) -> Result<(), Error> {
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
            if ignored.contains(&path) || leave_out::is_out_today(self.work_tree(), &path, committed)? {
                stale.push(path);
            }
        }
        self.remove_from_index(&stale)
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

    /// `git add -A` but for what is left out and the submodules. Returns what git could not take.
    fn add_all(&self, left_out: &[LeftOut], gitlinks: &[PathBuf]) -> Result<Vec<LeftOut>, Error> {
        let mut git = self.git_on_tree();
        if !left_out.is_empty() {
            // The rules keep git from walking through what is left out, the pathspecs hold where a `.gitignore` with
            // `!` outranks the rules. Git complains of pathspecs that meet ignored paths, and adds the rest.
            git = git.setting("core.excludesFile", self.excludes_with(left_out)?);
        }
        git = git.args(["add", "-A", "--sparse", "--ignore-errors"]);
        let out: Vec<&Path> =
            left_out.iter().map(|entry| entry.path.as_path()).chain(gitlinks.iter().map(PathBuf::as_path)).collect();
        if !out.is_empty() {
            git = git.args(["--pathspec-from-file=-", "--pathspec-file-nul"]).input(all_but(&out));
        }
        let ended = git.ended()?;
        let refused = refusals(self.work_tree(), &ended.stderr)?;
        let complained = ended.status.code() == Some(1) && ended.stderr.starts_with(MEETS_IGNORED);
        if !ended.status.success() && refused.is_empty() && !complained {
            return Err(ended.failure());
        }
        Ok(refused)
    }

    /// The pinned excludes with the left-out paths added; the rules of `.gitignore` files outrank them.
    fn excludes_with(&self, left_out: &[LeftOut]) -> Result<PathBuf, Error> {
        let mut rules = files::read_if_there(&self.private().join("excludes"))?.unwrap_or_default();
        for entry in left_out {
            rules.push(b'\n');
            rules.extend(exclude_rule(&entry.path));
        }
        rules.push(b'\n');
        let file = self.private().join("excludes-and-left-out");
        files::write(&file, &rules)?;
        Ok(file)
    }
}

/// A rule that matches exactly this path.
fn exclude_rule(path: &Path) -> Vec<u8> {
    let mut rule = vec![b'/'];
    for byte in path.as_os_str().as_bytes() {
        if b"\\*?[ !#".contains(byte) {
            rule.push(b'\\');
        }
        rule.push(*byte);
    }
    rule
}

/// The pathspecs for everything but some paths.
fn all_but(paths: &[&Path]) -> Vec<u8> {
    let mut specs = b":/\0".to_vec();
    for path in paths {
        specs.extend_from_slice(b":(top,exclude,literal)");
        specs.extend_from_slice(path.as_os_str().as_bytes());
        specs.push(0);
    }
    specs
}

/// Reads off git's complaints which paths it could not take. Sentences of git 2.39 to 2.47 under `LC_ALL=C`.
fn refusals(root: &Path, stderr: &str) -> Result<Vec<LeftOut>, Error> {
    let mut refused: Vec<LeftOut> = Vec::new();
    for line in stderr.lines() {
        let Some((path, reason)) = refusal(line) else { continue };
        let path = PathBuf::from(path.trim_end_matches('/'));
        let why =
            if leave_out::is_special(root, &path)? { Why::Special } else { Why::Refused { reason: reason.to_owned() } };
        if !refused.iter().any(|entry| entry.path == path) {
            refused.push(LeftOut { path, why });
        }
    }
    Ok(refused)
}

fn refusal(line: &str) -> Option<(&str, &str)> {
    let quoted = |start: &str, end: &'static str| line.strip_prefix(start).and_then(|rest| rest.split_once(end));
    quoted("error: open(\"", "\"): ")
        .or_else(|| quoted("error: readlink(\"", "\"): "))
        .or_else(|| quoted("error: unable to index file '", "'"))
        .or_else(|| quoted("warning: could not open directory '", "': "))
        .or_else(|| quoted("error: invalid path '", "'").map(|(path, _)| (path, "git refuses this name")))
        .or_else(|| {
            let sentence = "can only add regular files, symbolic links or git-directories";
            line.strip_prefix("error: ")
                .and_then(|rest| rest.strip_suffix(sentence))
                .map(|path| (path.trim_end_matches(": "), sentence))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_one_path_escapes_what_git_would_match() {
        assert_eq!(exclude_rule(Path::new("a b/[x]*")), br"/a\ b/\[x]\*");
    }

    #[test]
    fn complaints_of_git_name_path_and_reason() {
        assert_eq!(refusal("error: open(\"a/b\"): Permission denied"), Some(("a/b", "Permission denied")));
        assert_eq!(refusal("error: invalid path 'x/.GIT/y'"), Some(("x/.GIT/y", "git refuses this name")));
        assert!(
            refusal("error: p: can only add regular files, symbolic links or git-directories")
                .is_some_and(|(path, _)| path == "p")
        );
        assert_eq!(refusal("fatal: adding files failed"), None);
    }
}
