//! The same readings as `read` by the command line, for repositories that libgit2 cannot open.

use std::path::{Path, PathBuf};

use super::Error;
use super::change::{Change, ChangeKind, TreeEntry};
use super::git::{path, records};
use super::refs::Refs;
use super::repo::{Head, Repo};
use crate::words::{CommitId, TreeId};

pub(super) fn head(repo: &Repo) -> Result<Head, Error> {
    let ended = repo.git_on_users().args(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ended()?;
    if !ended.status.success() {
        return Err(Error::Unborn { path: repo.work_tree().to_owned() });
    }
    let commit = CommitId::new(String::from_utf8_lossy(&ended.stdout).trim());
    let named = repo.git_on_users().args(["symbolic-ref", "--quiet", "HEAD"]).ended()?;
    let name = String::from_utf8_lossy(&named.stdout).trim().to_owned();
    Ok(Head { branch: name.strip_prefix("refs/heads/").map(str::to_owned), commit })
}

pub(super) fn tip(repo: &Repo, name: &str) -> Result<Option<CommitId>, Error> {
    let ended = repo.git_on_users().args(["rev-parse", "--verify", "--quiet", name]).ended()?;
    let id = String::from_utf8_lossy(&ended.stdout).trim().to_owned();
    Ok(ended.status.success().then(|| CommitId::new(id)))
}

pub(super) fn tree_of(repo: &Repo, commit: &CommitId) -> Result<TreeId, Error> {
    let tree = repo.git_reading().args(["rev-parse", "--verify", &format!("{commit}^{{tree}}")]).line()?;
    Ok(TreeId::new(tree))
}

pub(super) fn blob(repo: &Repo, tree: &TreeId, path: &Path) -> Result<Vec<u8>, Error> {
    let absent = || Error::NotInTree { path: path.to_owned(), tree: tree.clone() };
    let entry = entry_at(repo, tree, path)?.filter(|entry| entry.mode & 0o170_000 != 0o160_000).ok_or_else(absent)?;
    repo.git_reading()
        .args(["cat-file", "blob", &entry.id])
        .run()
        .map_err(|error| if error.git_said("bad file") { absent() } else { error })
}

pub(super) fn contains(repo: &Repo, tree: &TreeId, path: &Path) -> Result<bool, Error> {
    Ok(entry_at(repo, tree, path)?.is_some())
}

/// The entry itself, a folder included.
fn entry_at(repo: &Repo, tree: &TreeId, path: &Path) -> Result<Option<TreeEntry>, Error> {
    let args = ["ls-tree", "-z", "--full-tree", tree.as_str(), "--"].map(std::ffi::OsStr::new);
    let listed = repo.git_reading().args(args.into_iter().chain([path.as_os_str()])).run()?;
    Ok(records(&listed).filter_map(entry).find(|entry| entry.path == path))
}

pub(super) fn added(repo: &Repo, from: &TreeId, to: &TreeId) -> Result<Vec<PathBuf>, Error> {
    let args = ["diff-tree", "-r", "--name-only", "-z", "--no-renames", "--diff-filter=A", "--ignore-submodules=all"];
    let listed = repo.git_reading().args(args).args([from.as_str(), to.as_str()]).run()?;
    Ok(records(&listed).map(path).collect())
}

pub(super) fn differing(repo: &Repo, from: &TreeId, to: &TreeId) -> Result<Vec<PathBuf>, Error> {
    let args = ["diff-tree", "-r", "--name-only", "-z", "--no-renames", from.as_str(), to.as_str()];
    Ok(records(&repo.git_reading().args(args).run()?).map(path).collect())
}

pub(super) fn list(repo: &Repo, tree: &TreeId) -> Result<Vec<TreeEntry>, Error> {
    let listed = repo.git_reading().args(["ls-tree", "-r", "-z", "--full-tree", tree.as_str()]).run()?;
    Ok(records(&listed).filter_map(entry).collect())
}

/// Reads `MODE TYPE OID<TAB>path`.
fn entry(record: &[u8]) -> Option<TreeEntry> {
    let (head, name) = record.split_at_checked(record.iter().position(|byte| *byte == b'\t')?)?;
    let mut words = std::str::from_utf8(head).ok()?.split(' ');
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    Some(TreeEntry { path: path(name.get(1..)?), mode, id: words.nth(1)?.to_owned() })
}

pub(super) fn changes(repo: &Repo, from: &TreeId, to: &TreeId) -> Result<Vec<Change>, Error> {
    let args = ["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"];
    let run = |form: &str| repo.git_reading().args(args).args([form, from.as_str(), to.as_str()]).run();
    let (names, numbers) = (run("--name-status")?, run("--numstat")?);
    let mut fields = records(&names);
    let mut changes: Vec<Change> = std::iter::from_fn(|| Some((fields.next()?, fields.next()?)))
        .zip(records(&numbers))
        .filter_map(|((status, name), numbers)| {
            let kind = kind_of(status)?;
            let lines = lines_of(numbers).filter(|_| kind != ChangeKind::TypeChanged);
            Some(Change { path: path(name), kind, lines })
        })
        .collect();
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

fn kind_of(status: &[u8]) -> Option<ChangeKind> {
    match status {
        b"A" => Some(ChangeKind::Added),
        b"D" => Some(ChangeKind::Deleted),
        b"M" => Some(ChangeKind::Modified),
        b"T" => Some(ChangeKind::TypeChanged),
        _ => None,
    }
}

/// Reads `added<TAB>removed<TAB>path`; binary files have `-` for both.
fn lines_of(numbers: &[u8]) -> Option<(u64, u64)> {
    let mut fields =
        numbers.splitn(3, |byte| *byte == b'\t').map(|field| std::str::from_utf8(field).ok()?.parse().ok());
    Some((fields.next()??, fields.next()??))
}

pub(super) fn diff(repo: &Repo, from: &TreeId, to: &TreeId) -> Result<Vec<u8>, Error> {
    let args = ["diff-tree", "-r", "-p", "--no-renames", "--no-ext-diff", "--no-textconv"];
    repo.git_reading().args(args).args([from.as_str(), to.as_str()]).run()
}

pub(super) fn refs(repo: &Repo) -> Result<Refs, Error> {
    let listed = repo.git_on_users().args(["for-each-ref", "--format=%(refname) %(objectname) %(symref)"]).run()?;
    let mut refs = Refs::default();
    for line in String::from_utf8_lossy(&listed).lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(id), symref) = (words.next(), words.next(), words.next().unwrap_or_default()) else {
            continue;
        };
        let target = if symref.is_empty() { id.to_owned() } else { format!("ref: {symref}") };
        refs.refs.insert(name.to_owned(), target);
    }
    let head = head(repo)?;
    let target = head.branch.map_or_else(|| head.commit.to_string(), |branch| format!("ref: refs/heads/{branch}"));
    refs.refs.insert("HEAD".to_owned(), target);
    Ok(refs)
}
