//! A repository in a temporary folder with a home of its own, and the user's git to drive it.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cco::repo::{
    BranchChoice, CommitMessage, Environment, NewCommit, Options, Prepared, Publish, Published, Repo, Trailer,
};
use cco::words::{CommitId, TreeId};
use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) root: PathBuf,
}

pub(crate) const BRANCH: &str = "cco/test";

impl World {
    /// A home without any repository.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(dir.path()).unwrap();
        std::fs::create_dir(base.join("home")).unwrap();
        let config = "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n\
                      [protocol \"file\"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n";
        std::fs::write(base.join("home/.gitconfig"), config).unwrap();
        let root = base.join("repo");
        std::fs::create_dir(&root).unwrap();
        Self { dir, root }
    }

    /// A repository without commits.
    pub(crate) fn unborn(args: &[&str]) -> Self {
        let world = Self::empty();
        world.git(&[&["init", "-q", "-b", "main"], args].concat());
        world
    }

    /// A repository with one commit of three files.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(init: &[&str]) -> Self {
        let world = Self::unborn(init);
        world.write("a.txt", "one\n");
        world.write("src/lib.rs", "fn main() {}\n");
        world.write("run.sh", "#!/bin/sh\n");
        std::fs::set_permissions(world.path("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        world.commit_all("first");
        world
    }

    pub(crate) fn base(&self) -> PathBuf {
        std::fs::canonicalize(self.dir.path()).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn variables(&self) -> Vec<(OsString, OsString)> {
        let path = std::env::var_os("PATH").unwrap();
        let home = self.base().join("home");
        let config = home.join(".gitconfig");
        [
            ("PATH", path),
            ("HOME", home.into()),
            ("GIT_CONFIG_GLOBAL", config.into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ]
        .map(|(name, value)| (OsString::from(name), value))
        .to_vec()
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::select(self.variables())
    }

    fn command(&self, program: &str, dir: &Path, args: &[&str]) -> std::process::Output {
        Command::new(program).env_clear().envs(self.variables()).current_dir(dir).args(args).output().unwrap()
    }

    /// The user's git, with everything the user's configuration names.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.root, args)
    }

    pub(crate) fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.command("git", dir, args);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The user's git where failing is allowed.
    pub(crate) fn try_git(&self, args: &[&str]) -> bool {
        self.command("git", &self.root, args).status.success()
    }

    pub(crate) fn shell(&self, script: &str) {
        let output = self.command("sh", &self.root, &["-ec", script]);
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn commit_all(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    pub(crate) fn open(&self) -> Repo {
        self.open_at(&self.root).unwrap()
    }

    pub(crate) fn open_at(&self, start: &Path) -> Result<Repo, cco::repo::Error> {
        Repo::open(&Options { start, environment: self.environment() })
    }

    /// Opened, prepared and on the mission's branch.
    pub(crate) fn started(&self) -> (Repo, Prepared) {
        start(&self.open())
    }

    pub(crate) fn status(&self) -> String {
        self.git(&["status", "--porcelain"])
    }

    /// The listing of a tree as the user would see it if it were in the user's repository.
    pub(crate) fn names(repo: &Repo, tree: &TreeId) -> Vec<String> {
        repo.list_tree(tree).unwrap().into_iter().map(|entry| entry.path.display().to_string()).collect()
    }
}

pub(crate) fn start(repo: &Repo) -> (Repo, Prepared) {
    let prepared = repo.prepare().unwrap();
    repo.enter_branch(&BranchChoice::Named(BRANCH.to_owned())).unwrap();
    (repo.clone(), prepared)
}

pub(crate) fn new_commit(tree: &TreeId, parent: &CommitId) -> NewCommit {
    let message = CommitMessage::new("do it").trailer(Trailer::Mission, "test").trailer(Trailer::Iteration, 1);
    NewCommit { tree: tree.clone(), parent: parent.clone(), time: "2026-01-02T03:04:05Z".parse().unwrap(), message }
}

/// Snapshot, commit, publish and refresh, as the shell does at the end of an iteration.
pub(crate) fn iterate(repo: &Repo) -> (TreeId, CommitId) {
    let head = repo.head().unwrap();
    let tree = repo.snapshot().unwrap().tree;
    let commit = repo.commit(&new_commit(&tree, &head.commit)).unwrap();
    assert_eq!(repo.publish(&to_branch(&commit, Some(&head.commit))).unwrap(), Published::Moved);
    repo.refresh_index(&commit).unwrap();
    (tree, commit)
}

pub(crate) fn to_branch(new: &CommitId, expected: Option<&CommitId>) -> Publish {
    Publish {
        branch: BRANCH.to_owned(),
        new: new.clone(),
        expected: expected.cloned(),
        reason: "cco: iteration 1".to_owned(),
    }
}
