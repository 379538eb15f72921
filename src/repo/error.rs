//! What can go wrong with git, each with what, where and what to do next.

use std::path::{Path, PathBuf};

use crate::words::{CommitId, TreeId};

/// A failure of this room. The first group are refusals: nothing has been changed when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} is not in a git repository: run `git init` and commit something first, or name one with --repo", .start.display())]
    NotARepository { start: PathBuf },
    #[error("{} is a bare repository: cco needs a work tree, so run it in a clone or in a `git worktree`", .path.display())]
    Bare { path: PathBuf },
    #[error("{} belongs to another user: if you trust it, run `git config --global --add safe.directory {}`", .path.display(), .path.display())]
    ForeignOwner { path: PathBuf },
    #[error("core.worktree of {} points to {}: cco works on the folder that holds .git, so unset it or run cco there", .work_tree.display(), .target.display())]
    Redirected { work_tree: PathBuf, target: PathBuf },
    #[error("{} is a partial clone, whose missing objects would be fetched in the middle of a check; complete it with: {command}", .path.display())]
    PartialClone { path: PathBuf, command: String },
    #[error("{} has no commit yet: commit what is there (`git add -A && git commit`), even if it is empty (`git commit --allow-empty`)", .path.display())]
    Unborn { path: PathBuf },
    #[error("a {what} is in progress in {}: finish it or run `{abort}`", .path.display())]
    InProgress { what: &'static str, abort: &'static str, path: PathBuf },
    #[error("unmerged paths ({}): resolve them and `git add` them, or `git merge --abort`", list(.paths))]
    Unmerged { paths: Vec<PathBuf> },
    #[error(
        "HEAD is detached and the mission asks for the current branch: `git switch` to a branch, or leave `repository.branch` to cco"
    )]
    Detached,
    #[error("{name:?} is not a branch name git accepts")]
    BranchName { name: String },
    #[error(
        "branch {branch} exists and does not contain the current commit {head}: delete or rename it (`git branch -m {branch} {branch}-old`), or switch to it"
    )]
    BranchDiverged { branch: String, head: CommitId },
    #[error(
        "branch {branch} cannot be made because there is a branch {by}, and git keeps no branch below another: rename that one (`git branch -m {by} {by}-old`), or name another with `repository.branch`"
    )]
    BranchBlocked { branch: String, by: String },
    #[error(
        "branch {branch} is gone: `git branch {branch} {}` brings it back, then `cco resume`; or begin again with `cco start --fresh`", .commit.short()
    )]
    BranchGone { branch: String, commit: CommitId },
    #[error("branch {branch} is checked out in {}: run cco there, or remove that work tree", .path.display())]
    BranchElsewhere { branch: String, path: PathBuf },
    #[error("moving to {branch} would overwrite uncommitted changes: commit or stash them first\n{detail}")]
    WouldOverwrite { branch: String, detail: String },

    #[error("branch {branch} was moved by someone else: expected {}, found {}", id(.expected), id(.found))]
    BranchMoved { branch: String, expected: Option<CommitId>, found: Option<CommitId> },
    #[error("{} exists: another git is at work on this repository, or one was killed; if none runs, remove that file", .path.display())]
    IndexLocked { path: PathBuf },
    #[error("{} is not the repository that was opened: something replaced it", .path.display())]
    Replaced { path: PathBuf },
    #[error("cco has not prepared this repository yet: {} is missing", .path.display())]
    NotPrepared { path: PathBuf },
    #[error("submodule {} has no object {commit}: run `git submodule update --init {}`", .path.display(), .path.display())]
    SubmoduleMissing { path: PathBuf, commit: CommitId },
    #[error("{} is not in tree {tree}", .path.display())]
    NotInTree { path: PathBuf, tree: TreeId },
    #[error("{} must be an empty folder or not exist: it is for a fresh checkout", .path.display())]
    NotEmpty { path: PathBuf },

    #[error("git could not be started in {}: {source}; is git on PATH, and is that folder there?", .folder.display())]
    GitMissing { folder: PathBuf, source: std::io::Error },
    #[error("`{argv}` did not end within {minutes} minutes and was killed")]
    Hung { argv: String, minutes: u64 },
    #[error("`{argv}` failed with {status}: {stderr}")]
    Git { argv: String, status: String, stderr: String },
    #[error("`{argv}` printed something unexpected: {what}")]
    Answer { argv: String, what: String },
    #[error("libgit2: {0}")]
    Libgit2(#[from] git2::Error),
    #[error("{doing} {}: {source}", .path.display())]
    Io { doing: &'static str, path: PathBuf, source: std::io::Error },
}

impl Error {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether git said this sentence; only for texts that are stable under `LC_ALL=C`.
    pub(super) fn git_said(&self, sentence: &str) -> bool {
        matches!(self, Self::Git { stderr, .. } if stderr.contains(sentence))
    }
}

fn list(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 5;
    let mut text = paths.iter().take(SHOWN).map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    if paths.len() > SHOWN {
        text.push_str(&format!(" and {} more", paths.len() - SHOWN));
    }
    text
}

fn id(commit: &Option<CommitId>) -> String {
    commit.as_ref().map_or_else(|| "no such branch".to_owned(), |commit| commit.short().to_owned())
}
