//! Reading commits, trees and files: by libgit2, in this process; by the command line where libgit2 cannot open the
//! repository (sha256, reftable, unknown extensions). Both give the same answers (`tests/repo` compares them).

use std::path::{Path, PathBuf};

use git2::{Delta, DiffFormat, DiffOptions, ObjectType, Repository, RepositoryOpenFlags};

use super::change::{Change, ChangeKind, DiffText, TreeEntry};
use super::git::{Git, path, records};
use super::repo::{Head, ObjectFormat, Repo};
use super::{Error, read_cli};
use crate::words::{CommitId, TreeId};

impl Repo {
    /// Where HEAD is.
    ///
    /// # Errors
    /// [`Error::Unborn`] if there is no commit yet.
    pub fn head(&self) -> Result<Head, Error> {
        let Some(repository) = self.libgit2_of_users() else { return read_cli::head(self) };
        let head = match repository.head() {
            Ok(head) => head,
            Err(error) if error.code() == git2::ErrorCode::UnbornBranch => {
                return Err(Error::Unborn { path: self.work_tree().to_owned() });
            }
            Err(error) => return Err(error.into()),
        };
        let branch = head.is_branch().then(|| head.shorthand().map(str::to_owned)).transpose()?;
        Ok(Head { branch, commit: CommitId::new(head.peel_to_commit()?.id().to_string()) })
    }

    /// The commit a branch leads to; none if there is no such branch.
    ///
    /// # Errors
    /// If the refs cannot be read.
    pub fn branch_tip(&self, branch: &str) -> Result<Option<CommitId>, Error> {
        let name = format!("refs/heads/{branch}");
        let Some(repository) = self.libgit2_of_users() else { return read_cli::tip(self, &name) };
        match repository.refname_to_id(&name) {
            Ok(oid) => Ok(Some(CommitId::new(oid.to_string()))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// If the commit is not there.
    pub fn tree_of(&self, commit: &CommitId) -> Result<TreeId, Error> {
        let Some(repository) = self.libgit2_of_objects() else { return read_cli::tree_of(self, commit) };
        let found = repository.find_commit(oid(commit.as_str())?)?;
        Ok(TreeId::new(found.tree_id().to_string()))
    }

    /// The content of a file in a tree; a link's target for a link.
    ///
    /// # Errors
    /// [`Error::NotInTree`] if there is no file of that path.
    pub fn read_blob(&self, tree: &TreeId, path: &Path) -> Result<Vec<u8>, Error> {
        let Some(repository) = self.libgit2_of_objects() else { return read_cli::blob(self, tree, path) };
        let absent = || Error::NotInTree { path: path.to_owned(), tree: tree.clone() };
        let entry = find(&repository, tree, path)?.ok_or_else(absent)?;
        match entry.kind() {
            Some(ObjectType::Blob) => Ok(repository.find_blob(entry.id())?.content().to_vec()),
            _ => Err(absent()),
        }
    }

    /// Whether a tree holds something at a path.
    ///
    /// # Errors
    /// If the tree cannot be read.
    pub fn contains(&self, tree: &TreeId, path: &Path) -> Result<bool, Error> {
        match self.libgit2_of_objects() {
            Some(repository) => Ok(find(&repository, tree, path)?.is_some()),
            None => read_cli::contains(self, tree, path),
        }
    }

    /// All files, links and submodules of a tree, in git's order.
    ///
    /// # Errors
    /// If the tree cannot be read.
    pub fn list_tree(&self, tree: &TreeId) -> Result<Vec<TreeEntry>, Error> {
        let Some(repository) = self.libgit2_of_objects() else { return read_cli::list(self, tree) };
        let mut entries = Vec::new();
        walk(&repository, oid(tree.as_str())?, &[], &mut entries)?;
        Ok(entries)
    }

    /// The paths that differ between two trees, sorted, with their lines.
    ///
    /// # Errors
    /// If one of the trees cannot be read.
    pub fn changed_paths(&self, from: &TreeId, to: &TreeId) -> Result<Vec<Change>, Error> {
        let Some(repository) = self.libgit2_of_objects() else { return read_cli::changes(self, from, to) };
        let diff = compare(&repository, from, to)?;
        let mut changes = Vec::new();
        for (index, delta) in diff.deltas().enumerate() {
            let Some(kind) = kind_of(delta.status()) else { continue };
            let file = if kind == ChangeKind::Deleted { delta.old_file() } else { delta.new_file() };
            let patch = git2::Patch::from_diff(&diff, index)?.filter(|_| kind != ChangeKind::TypeChanged);
            let binary = diff.get_delta(index).is_some_and(|delta| delta.flags().is_binary());
            let stats = patch.filter(|_| !binary).map(|patch| patch.line_stats()).transpose()?;
            let lines = stats.map(|(_, added, removed)| (added as u64, removed as u64));
            changes.push(Change { path: path(file.path_bytes().unwrap_or_default()), kind, lines });
        }
        changes.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(changes)
    }

    /// The files and links that are in the second tree and not in the first. Submodules do not count.
    pub(super) fn added_paths(&self, from: &TreeId, to: &TreeId) -> Result<Vec<PathBuf>, Error> {
        if from == to {
            return Ok(Vec::new());
        }
        let Some(repository) = self.libgit2_of_objects() else { return read_cli::added(self, from, to) };
        let diff = compare(&repository, from, to)?;
        let added = diff.deltas().filter(|delta| kind_of(delta.status()) == Some(ChangeKind::Added));
        let files = added.map(|delta| delta.new_file()).filter(|file| file.mode() != git2::FileMode::Commit);
        Ok(files.map(|file| path(file.path_bytes().unwrap_or_default())).collect())
    }

    /// The paths that differ between two trees, submodules included.
    pub(super) fn differing_paths(&self, from: &TreeId, to: &TreeId) -> Result<Vec<PathBuf>, Error> {
        if from == to {
            return Ok(Vec::new());
        }
        let Some(repository) = self.libgit2_of_objects() else { return read_cli::differing(self, from, to) };
        let diff = compare(&repository, from, to)?;
        // The old and the new side of a change have the same path: renames are not looked for.
        Ok(diff.deltas().map(|delta| path(delta.new_file().path_bytes().unwrap_or_default())).collect())
    }

    /// The unified diff of two trees, at most `max_bytes` of it.
    ///
    /// # Errors
    /// If one of the trees cannot be read.
    pub fn diff_text(&self, from: &TreeId, to: &TreeId, max_bytes: usize) -> Result<DiffText, Error> {
        let Some(repository) = self.libgit2_of_objects() else {
            return Ok(DiffText::cut(&read_cli::diff(self, from, to)?, max_bytes));
        };
        let mut whole = Vec::new();
        compare(&repository, from, to)?.print(DiffFormat::Patch, |_, _, line| {
            if matches!(line.origin(), '+' | '-' | ' ') {
                whole.push(line.origin() as u8);
            }
            whole.extend_from_slice(line.content());
            true
        })?;
        Ok(DiffText::cut(&whole, max_bytes))
    }

    /// The same of these paths alone; folders among them count with all that is in them.
    ///
    /// # Errors
    /// If one of the trees cannot be read.
    pub fn diff_of_paths(
        &self,
        from: &TreeId,
        to: &TreeId,
        paths: &[PathBuf],
        max_bytes: usize,
    ) -> Result<DiffText, Error> {
        if paths.is_empty() {
            return Ok(DiffText::default());
        }
        let args = ["diff-tree", "-r", "-p", "--no-renames", "--no-ext-diff", "--no-textconv"];
        let git = self.git_reading().env("GIT_LITERAL_PATHSPECS", "1").args(args);
        let git = git.args([from.as_str(), to.as_str(), "--"]).args(paths.iter().map(|path| path.as_os_str()));
        Ok(DiffText::cut(&git.run()?, max_bytes))
    }

    /// What is in the work tree and ignored: files, and whole folders (with a `/` at the end) where all is ignored.
    ///
    /// # Errors
    /// [`Error::NotPrepared`], or whatever git says.
    pub fn ignored_present(&self) -> Result<Vec<PathBuf>, Error> {
        self.must_be_prepared()?;
        let args = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
        let listed = self.git_on_tree().index(&self.newest_index()?).args(args).run()?;
        Ok(records(&listed).map(path).collect())
    }

    /// Git where the objects are: the private git dir, or before there is one the user's.
    pub(super) fn git_reading(&self) -> Git {
        if self.is_prepared().unwrap_or(false) { self.git() } else { self.git_on_users() }
    }

    pub(super) fn libgit2_of_users(&self) -> Option<Repository> {
        if self.object_format() != ObjectFormat::Sha1 {
            return None;
        }
        let flags = RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT;
        Repository::open_ext(self.git_dir(), flags, std::iter::empty::<&Path>()).ok()
    }

    pub(super) fn libgit2_of_objects(&self) -> Option<Repository> {
        if self.object_format() != ObjectFormat::Sha1 {
            return None;
        }
        match self.is_prepared() {
            Ok(true) => Repository::open_bare(self.private()).ok(),
            Ok(false) | Err(_) => self.libgit2_of_users(),
        }
    }
}

fn oid(text: &str) -> Result<git2::Oid, Error> {
    Ok(git2::Oid::from_str(text)?)
}

fn find<'a>(repository: &'a Repository, tree: &TreeId, path: &Path) -> Result<Option<git2::TreeEntry<'a>>, Error> {
    match repository.find_tree(oid(tree.as_str())?)?.get_path(path) {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Goes through a tree by hand: libgit2's own walk refuses paths that are not UTF-8.
fn walk(repository: &Repository, tree: git2::Oid, prefix: &[u8], entries: &mut Vec<TreeEntry>) -> Result<(), Error> {
    for entry in &repository.find_tree(tree)? {
        let mut name = prefix.to_vec();
        name.extend_from_slice(entry.name_bytes());
        if entry.kind() == Some(ObjectType::Tree) {
            name.push(b'/');
            walk(repository, entry.id(), &name, entries)?;
        } else {
            let mode = u32::try_from(entry.filemode_raw()).unwrap_or_default();
            entries.push(TreeEntry { path: path(&name), mode, id: entry.id().to_string() });
        }
    }
    Ok(())
}

fn compare<'a>(repository: &'a Repository, from: &TreeId, to: &TreeId) -> Result<git2::Diff<'a>, Error> {
    let (from, to) = (repository.find_tree(oid(from.as_str())?)?, repository.find_tree(oid(to.as_str())?)?);
    let mut options = DiffOptions::new();
    options.include_typechange(true);
    Ok(repository.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options))?)
}

fn kind_of(delta: Delta) -> Option<ChangeKind> {
    match delta {
        Delta::Added => Some(ChangeKind::Added),
        Delta::Deleted => Some(ChangeKind::Deleted),
        Delta::Modified => Some(ChangeKind::Modified),
        Delta::Typechange => Some(ChangeKind::TypeChanged),
        _ => None,
    }
}
