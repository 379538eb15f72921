//! Check trees: a tree as files in a folder of its own, for checks to run in (design section 9, "Check trees").
//!
//! Invariant: what a check left behind cannot reach the next one through git. The git dir that cco itself works with
//! lies in the state folder; the `.git` inside the check tree is only for tools that ask for one, and is put right at
//! each update. `git archive` is never used: export-ignore would drop files (`faults.md` D2).

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::git::{Git, nul_list, path, records};
use super::repo::{Held, Repo};
use super::status::FEW;
use super::submodule::{gitlinks_of, name_of};
use super::{Error, files, pinned};
use crate::words::{CommitId, TreeId};

/// A folder that holds exactly one tree (and, if kept, what that tree's rules ignore).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckTree {
    /// The folder.
    pub dir: PathBuf,
    /// What it holds.
    pub tree: TreeId,
}

/// One git dir of ours and the folder it fills.
struct Place<'a> {
    repo: &'a Repo,
    home: PathBuf,
    dir: &'a Path,
    borrowed: Vec<PathBuf>,
}

impl Repo {
    /// Materialises a commit in a folder that is empty or does not exist; for the proof. Whole, whatever the user's
    /// sparse checkout leaves out; filters as pinned; submodules at their commits. Its `.git` has HEAD at the commit.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::SubmoduleMissing`], or whatever git says.
    pub fn checkout_fresh(&self, commit: &CommitId, dir: &Path) -> Result<CheckTree, Error> {
        if !files::names(dir)?.is_empty() {
            return Err(Error::NotEmpty { path: dir.to_owned() });
        }
        files::remove_folder(&self.home_of(dir))?;
        let tree = self.tree_of(commit)?;
        self.fill(&tree, commit, dir)
    }

    /// Moves a kept check tree to another tree, or makes it: tracked files are reset, untracked ones removed, ignored
    /// ones (build outputs) stay, and unchanged files keep their times so that builds stay incremental. Its `.git` has
    /// HEAD at the commit cco stands on, with the tree staged.
    ///
    /// # Errors
    /// [`Error::SubmoduleMissing`], or whatever git says.
    pub fn update_kept(&self, tree: &TreeId, dir: &Path) -> Result<CheckTree, Error> {
        if files::names(dir)?.is_empty() {
            files::remove_folder(&self.home_of(dir))?;
        }
        self.fill(tree, &self.stands_on()?, dir)
    }

    /// The tree without files, as an object of the private git dir.
    ///
    /// # Errors
    /// Whatever git says.
    pub fn empty_tree(&self) -> Result<TreeId, Error> {
        Ok(TreeId::new(self.git().args(["mktree"]).input(Vec::new()).line()?))
    }

    /// Puts paths of a check tree back to what another tree holds, for the seal: files and folders that `tree` has are
    /// checked out from it, those it does not have are removed. The rest of the check tree stays as it is.
    ///
    /// # Errors
    /// If the check tree was not made by [`Repo::update_kept`] or [`Repo::checkout_fresh`], or whatever git says.
    pub fn restore_paths(&self, tree: &TreeId, paths: &[PathBuf], dir: &Path) -> Result<(), Error> {
        let home = self.home_of(dir);
        let git = Git::new(&self.inner.environment).on(&home, dir).index(&home.join("index"));
        self.restore_with(git, tree, paths, dir)
    }

    /// Puts paths of a folder back to what a tree holds, through the git dir and index that belong to the folder.
    pub(super) fn restore_with(&self, git: Git, tree: &TreeId, paths: &[PathBuf], dir: &Path) -> Result<(), Error> {
        let mut present = Vec::new();
        for path in paths {
            if self.contains(tree, path)? {
                present.push(path.as_path());
            } else if files::is_here(dir, path)? {
                files::remove_all(&dir.join(path))?;
            }
        }
        if present.is_empty() {
            return Ok(());
        }
        let args = ["checkout", "-q", "--pathspec-from-file=-", "--pathspec-file-nul", tree.as_str()];
        git.env("GIT_LITERAL_PATHSPECS", "1").args(args).input(nul_list(present)).run().map(drop)
    }

    /// Removes a check tree and what cco keeps about it.
    ///
    /// # Errors
    /// If something in it cannot be removed.
    pub fn discard(&self, dir: &Path) -> Result<(), Error> {
        files::remove_folder(dir)?;
        files::remove_folder(&self.home_of(dir))
    }

    fn home_of(&self, dir: &Path) -> PathBuf {
        self.state_dir().join("check-git").join(name_of(dir))
    }

    fn fill(&self, tree: &TreeId, head: &CommitId, dir: &Path) -> Result<CheckTree, Error> {
        self.must_be_prepared()?;
        a_real_folder(dir)?;
        let borrowed = vec![self.private().join("objects"), self.common_dir().join("objects")];
        let place = Place { repo: self, home: self.home_of(dir), dir, borrowed };
        place.lay_out(head)?;
        place.bring_to(tree)?;
        place.fill_submodules(tree.as_str(), Path::new(""))?;
        place.show_git(head)?;
        Ok(CheckTree { dir: dir.to_owned(), tree: tree.clone() })
    }
}

impl Place<'_> {
    fn lay_out(&self, head: &CommitId) -> Result<(), Error> {
        self.lay_out_at(&self.home, head)?;
        // Only cco works with this git dir, one check at a time: a lock is what a killed git left.
        files::remove(&self.home.join("index.lock"))
    }

    fn lay_out_at(&self, home: &Path, head: &CommitId) -> Result<(), Error> {
        pinned::lay_out(home, &self.repo.config_of_checks()?, &self.borrowed)?;
        for rules in ["info/exclude", "info/attributes", "shallow"] {
            let bytes = files::read_if_there(&self.repo.private().join(rules))?;
            files::write_or_remove(&home.join(rules), bytes.as_deref())?;
        }
        files::write(&home.join("HEAD"), format!("{head}\n").as_bytes())
    }

    fn git(&self) -> Git {
        Git::new(&self.repo.inner.environment).on(&self.home, self.dir).index(&self.home.join("index"))
    }

    /// Makes the folder hold a tree, by the cheaper of two ways.
    fn bring_to(&self, tree: &TreeId) -> Result<(), Error> {
        let index = self.home.join("index");
        let held = self.repo.lock_kept().remove(self.dir);
        // What the folder holds is known only while nobody but this process has written its index.
        let known = held.filter(|held| files::stamp(&index).ok().flatten() == Some(held.index));
        let done = match known {
            Some(held) if held.tree == *tree || is_large(&index)? => self.bring_from(&held.tree, tree)?,
            Some(_) | None => false,
        };
        if !done {
            self.reset(tree.as_str())?;
        }
        if let Some(index) = files::stamp(&index)? {
            self.repo.lock_kept().insert(self.dir.to_owned(), Held { tree: tree.clone(), index });
        }
        Ok(())
    }

    /// The way for large trees, and where the tree stays: looks at each file once, and names to git what is to be put right. Returns whether it
    /// could be gone; if not, nothing is lost but time.
    fn bring_from(&self, held: &TreeId, tree: &TreeId) -> Result<bool, Error> {
        let mut paths = self.repo.differing_paths(held, tree)?;
        if paths.len() > FEW || paths.iter().any(|path| is_rule(path)) || !self.repo.submodules()?.is_empty() {
            return Ok(false);
        }
        let differing = ["diff-files", "-z", "--name-only", "--ignore-submodules=all"];
        let (spoiled, cleaned) = self.git().args(differing).beside(self.git().args(CLEAN))?;
        if !(cleaned.status.success() && spoiled.status.success() && spoiled.stderr.is_empty()) {
            return Ok(false);
        }
        paths.extend(records(&spoiled.stdout).map(path));
        if paths.len() > FEW || paths.iter().any(|path| is_rule(path)) {
            return Ok(false);
        }
        if paths.is_empty() {
            return Ok(true);
        }
        let args = ["restore", "-q", "--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let git = self.git().env("GIT_LITERAL_PATHSPECS", "1").args(args).args(["--source", tree.as_str()]);
        Ok(git.input(nul_list(paths.iter().map(PathBuf::as_path))).ended()?.status.success())
    }

    /// Rewrites what differs and removes what is neither tracked nor ignored, nested repositories included.
    fn reset(&self, treeish: &str) -> Result<(), Error> {
        self.git().args(["read-tree", "--reset", "-u", treeish]).run()?;
        self.git().args(CLEAN).run().map(drop)
    }

    fn fill_submodules(&self, treeish: &str, prefix: &Path) -> Result<(), Error> {
        let known = self.repo.submodules()?;
        if known.keys().all(|path| !path.starts_with(prefix) || path == prefix) {
            return Ok(());
        }
        for (path, commit) in gitlinks_of(self.git(), treeish)? {
            let whole = prefix.join(&path);
            if let Some(objects) = known.get(&whole) {
                self.fill_submodule(&path, &whole, objects, &commit)?;
            }
        }
        Ok(())
    }

    fn fill_submodule(&self, path: &Path, whole: &Path, objects: &Path, commit: &CommitId) -> Result<(), Error> {
        let dir = self.dir.join(path);
        a_real_folder(&dir)?;
        let home = self.home.join("modules").join(name_of(path));
        let within = Place { repo: self.repo, home, dir: &dir, borrowed: vec![objects.to_owned()] };
        within.lay_out(commit)?;
        if !within.git().args(["cat-file", "-e", commit.as_str()]).ended()?.status.success() {
            return Err(Error::SubmoduleMissing { path: whole.to_owned(), commit: commit.clone() });
        }
        within.reset(commit.as_str())?;
        within.fill_submodules(commit.as_str(), whole)
    }

    /// Makes the `.git` that tools in the check tree see: a git dir of its own, borrowing the objects, with branches and
    /// tags as they were at the start (`git describe`, `git diff main`). What is as it should be stays: making it anew
    /// would cost more than all the rest of a small tree.
    fn show_git(&self, head: &CommitId) -> Result<(), Error> {
        let shown = self.dir.join(".git");
        a_real_folder(&shown)?;
        keep_only(&shown, Path::new(""))?;
        self.lay_out_at(&shown, head)?;
        let private = self.repo.private();
        for (from, to) in
            [(private.join(super::prepare::REFS_OF_CHECKS), "packed-refs"), (self.home.join("index"), "index")]
        {
            let bytes = files::read_if_there(&from)?;
            files::write_or_remove(&shown.join(to), bytes.as_deref())?;
        }
        Ok(())
    }
}

/// Removes what is neither tracked nor ignored, nested repositories included.
const CLEAN: [&str; 2] = ["clean", "-ffdq"];

/// From so many files on, a look at all of them costs more than a run of git.
const LARGE: u32 = 5_000;

fn is_large(index: &Path) -> Result<bool, Error> {
    Ok(super::index::entries(index)?.is_some_and(|entries| entries >= LARGE))
}

/// Whether a change of the file changes what git makes of others.
fn is_rule(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".gitignore" || name == ".gitattributes")
}

/// What a `.git` in a check tree consists of; a path that ends with a slash is a folder.
const SHOWN: [&str; 12] = [
    "HEAD",
    "config",
    "index",
    "info/",
    "info/attributes",
    "info/exclude",
    "objects/",
    "objects/info/",
    "objects/info/alternates",
    "packed-refs",
    "refs/",
    "shallow",
];

/// Whether the owner may read and write it, and for a folder enter it.
fn is_ours(found: &Metadata) -> bool {
    let needed = if found.is_dir() { 0o700 } else { 0o600 };
    found.permissions().mode() & needed == needed
}

/// Removes what a check left in its `.git`: other names, and links or folders in the place of files.
fn keep_only(root: &Path, below: &Path) -> Result<(), Error> {
    for path in files::names(&root.join(below))? {
        let inside = path.strip_prefix(root).unwrap_or(&path);
        let found = files::look(&path)?;
        let name =
            format!("{}{}", inside.display(), if found.as_ref().is_some_and(Metadata::is_dir) { "/" } else { "" });
        let plain = found.is_some_and(|found| (found.is_dir() || found.is_file()) && is_ours(&found));
        match (plain && SHOWN.contains(&name.as_str()), name.ends_with('/')) {
            (true, true) => keep_only(root, inside)?,
            (true, false) => {}
            (false, _) => files::remove_all(&path)?,
        }
    }
    Ok(())
}

/// Makes the folder; a link in its place, which could lead to the user's work tree, is removed first.
fn a_real_folder(dir: &Path) -> Result<(), Error> {
    if files::look(dir)?.is_some_and(|found| !found.is_dir()) {
        files::remove(dir)?;
    }
    files::folder(dir)
}
