//! Finding the repository, and the reasons not to work on one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::git::{Git, path, records};
use super::pinned::UserConfig;
use super::repo::{Head, Inner, ObjectFormat, Repo};
use super::{Environment, Error, files};

/// What [`Repo::open`] is told.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Any folder inside the work tree.
    pub start: &'a Path,
    /// The caller's environment.
    pub environment: Environment,
}

/// Operations that leave a half-finished state: the file that betrays it, its name, and how to end it.
const IN_PROGRESS: [(&str, &str, &str); 7] = [
    ("MERGE_HEAD", "merge", "git merge --abort"),
    ("rebase-merge", "rebase", "git rebase --abort"),
    ("rebase-apply", "rebase", "git rebase --abort"),
    ("CHERRY_PICK_HEAD", "cherry-pick", "git cherry-pick --abort"),
    ("REVERT_HEAD", "revert", "git revert --abort"),
    ("sequencer", "cherry-pick or revert", "git cherry-pick --abort"),
    ("BISECT_LOG", "bisect", "git bisect reset"),
];

impl Repo {
    /// Finds the work tree around `start`. Enough for reading; [`Repo::fit`] says whether a mission can run here.
    ///
    /// # Errors
    /// [`Error::NotARepository`], [`Error::Bare`], [`Error::ForeignOwner`], [`Error::Redirected`].
    pub fn open(options: &Options<'_>) -> Result<Self, Error> {
        let start = files::real(options.start)?;
        let found = discover(&start, &options.environment)?;
        let held_by = folder_with_git(&start).unwrap_or_else(|| found.work_tree.clone());
        if files::real(&found.work_tree)? != held_by {
            return Err(Error::Redirected { work_tree: held_by, target: found.work_tree });
        }
        let identity = files::identity(&found.common_dir)?;
        Ok(Self {
            inner: Arc::new(Inner {
                work_tree: held_by,
                git_dir: files::real(&found.git_dir)?,
                common_dir: files::real(&found.common_dir)?,
                format: found.format,
                environment: options.environment.clone(),
                identity,
                index: Mutex::default(),
                kept: Mutex::default(),
                config: Mutex::default(),
            }),
        })
    }

    /// Whether a mission can start here, with the reason if not. Changes nothing.
    ///
    /// # Errors
    /// [`Error::PartialClone`], [`Error::Unborn`], [`Error::InProgress`], [`Error::Unmerged`].
    pub fn fit(&self) -> Result<Head, Error> {
        let config = UserConfig::read(self)?;
        self.refuse_unfit(&config)?;
        self.refuse_unmerged()?;
        config.keep_for_pinning(self);
        self.head()
    }

    pub(super) fn refuse_unfit(&self, config: &UserConfig) -> Result<(), Error> {
        if let Some(command) = config.completion() {
            return Err(Error::PartialClone { path: self.work_tree().to_owned(), command });
        }
        for (file, what, abort) in IN_PROGRESS {
            if files::look(&self.git_dir().join(file))?.is_some() {
                return Err(Error::InProgress { what, abort, path: self.work_tree().to_owned() });
            }
        }
        Ok(())
    }

    fn refuse_unmerged(&self) -> Result<(), Error> {
        // libgit2 cannot read every index (a split one for example); then git is asked.
        let index = self.libgit2_of_users().and_then(|repository| repository.index().ok());
        if index.is_some_and(|index| !index.has_conflicts()) {
            return Ok(());
        }
        let listed = self.git_on_users().args(["ls-files", "-z", "--unmerged"]).run()?;
        let mut paths: Vec<PathBuf> =
            records(&listed).filter_map(|record| record.splitn(2, |byte| *byte == b'\t').nth(1)).map(path).collect();
        paths.dedup();
        if paths.is_empty() { Ok(()) } else { Err(Error::Unmerged { paths }) }
    }
}

/// The version of git as it names itself (`2.47.3`), for `doctor`. This room needs 2.39 or later.
///
/// # Errors
/// [`Error::GitMissing`].
pub fn git_version(environment: &Environment) -> Result<String, Error> {
    let line = Git::new(environment).args(["--version"]).line()?;
    Ok(line.trim_start_matches("git version ").split(' ').next().unwrap_or_default().to_owned())
}

struct Found {
    work_tree: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    format: ObjectFormat,
}

fn discover(start: &Path, environment: &Environment) -> Result<Found, Error> {
    let ended = Git::reading_the_users(environment)
        .in_folder(start)
        .args(["rev-parse", "--path-format=absolute", "--is-bare-repository", "--show-object-format"])
        .args(["--git-dir", "--git-common-dir", "--show-toplevel"])
        .ended()?;
    let argv = ended.argv.clone();
    let printed = ended.stdout.clone();
    ended.success().map_err(|error| refusal(start, error, &printed))?;
    let mut lines = printed.split(|byte| *byte == b'\n');
    let mut next = |what: &str| {
        lines.next().map(path).ok_or_else(|| Error::Answer { argv: argv.clone(), what: format!("no {what}") })
    };
    let bare = next("bareness")?;
    let format = next("object format")?;
    let found = Found {
        git_dir: next("git dir")?,
        common_dir: next("common dir")?,
        work_tree: next("work tree")?,
        format: match format.to_str() {
            Some("sha1") => ObjectFormat::Sha1,
            Some("sha256") => ObjectFormat::Sha256,
            other => return Err(Error::Answer { argv, what: format!("object format {other:?}") }),
        },
    };
    if bare == Path::new("true") { Err(Error::Bare { path: found.git_dir }) } else { Ok(found) }
}

/// Tells apart why git would not look at the place.
fn refusal(start: &Path, error: Error, printed: &[u8]) -> Error {
    if error.git_said("dubious ownership") {
        Error::ForeignOwner { path: folder_with_git(start).unwrap_or_else(|| start.to_owned()) }
    } else if error.git_said("not a git repository") {
        Error::NotARepository { start: start.to_owned() }
    } else if printed.starts_with(b"true\n") {
        Error::Bare { path: start.to_owned() }
    } else {
        error
    }
}

/// The nearest folder upwards that holds a `.git`, which is what a person means by the repository.
fn folder_with_git(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| matches!(files::look(&folder.join(".git")), Ok(Some(_)))).map(Path::to_owned)
}
