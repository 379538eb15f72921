//! Which repository a command works on, and the files that go with it (design section 9, Where things are looked for):
//! the one of `--repo`, else the one that the mission names, else the one that the configuration names, else the one
//! around the current folder. Every command asks here, so that `status` and `pause` reach what `start` started.
#![expect(clippy::disallowed_methods, reason = "looks into the mission file for the repository that it names")]

use std::fs;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::Error;
use crate::daemon::{Places, read_config};
use crate::mission;
use crate::repo::Repo;

/// Where a mission is looked for in a folder, in this order.
const MISSIONS: [&str; 2] = [".cco/mission.yaml", "mission.yaml"];
/// Where the configuration of a repository is.
const CONFIG: &str = ".cco/config.yaml";

/// A repository and the files that go with it.
#[derive(Debug)]
pub struct Place {
    /// The root of its work tree; the current folder where there is no repository.
    pub root: PathBuf,
    /// The mission file; `None`: there is none at any of the usual places.
    pub mission: Option<PathBuf>,
    /// The configuration file, where it is not the repository's own: the one of `--config`, or the one that names the
    /// repository.
    pub config: Option<PathBuf>,
    /// What someone should know about how it was found.
    pub notes: Vec<String>,
    repo: Result<Repo, Error>,
}

impl Place {
    /// Finds the place of a command; `mission` is its `--mission`.
    ///
    /// # Errors
    /// If there is no current folder. A repository that cannot be worked on is told by [`Place::repo`].
    pub fn find(context: &Context<'_>, mission: Option<&Path>) -> Result<Self, Error> {
        let folder = context.folder()?;
        let repo = context.repo_at(&folder);
        let root = repo.as_ref().map_or(folder, |repo| repo.work_tree().to_owned());
        let config = context.global.config.as_deref().map(|file| context.path(file));
        let mission = match mission {
            Some(named) => Some(in_real_folder(context.path(named))),
            None => MISSIONS.iter().map(|place| root.join(place)).find(|path| path.is_file()),
        };
        let here = Self { root, mission, config, notes: Vec::new(), repo };
        Ok(match here.named(context) {
            Some(named) => here.moved_to(context, &named),
            None => here,
        })
    }

    /// A repository with its own files.
    #[must_use]
    pub fn of(repo: Repo) -> Self {
        let root = repo.work_tree().to_owned();
        Self { root, mission: None, config: None, notes: Vec::new(), repo: Ok(repo) }
    }

    /// The repository.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub fn repo(&self) -> Result<Repo, Error> {
        self.repo.clone()
    }

    /// The repository that mission or configuration name, unless the command line does.
    fn named(&self, context: &Context<'_>) -> Option<PathBuf> {
        if context.global.repo.is_some() {
            return None;
        }
        // What cannot be read names nothing; whoever needs the file says what is wrong with it.
        let by_mission = self.mission.as_deref().and_then(|path| {
            let named = mission::named_repository(fs::read(path).ok()?)?;
            Some(beside(path).join(named))
        });
        by_mission.or_else(|| {
            let (config, environment) = (self.config.as_deref(), context.variables());
            let loaded = read_config(&Places { root: &self.root, mission: None, config, flags: &[], environment });
            let path = loaded.ok()?.config.repository.path;
            (path != ".").then(|| self.root.join(path))
        })
    }

    /// The same in another repository. One that is not there while this is a repository is only said.
    fn moved_to(self, context: &Context<'_>, named: &Path) -> Self {
        if !named.exists() && self.repo.is_ok() {
            let text = format!("{} does not exist: working on {}", named.display(), self.root.display());
            return Self { notes: vec![text], ..self };
        }
        let repo = context.repo_at(named);
        let root = repo.as_ref().map_or_else(|_| named.to_owned(), |repo| repo.work_tree().to_owned());
        if root == self.root {
            return self;
        }
        let mut notes = vec![format!("working on {}", root.display())];
        let own = self.root.join(CONFIG);
        let config = match self.config {
            None if root.join(CONFIG).is_file() => {
                if own.is_file() {
                    notes.push(format!("the configuration is that of {}, not {}", root.display(), own.display()));
                }
                None
            }
            None => own.is_file().then_some(own),
            given => given,
        };
        Self { root, mission: self.mission, config, notes, repo }
    }
}

/// The same file by the real path of its folder, so that it is known again however it was named.
fn in_real_folder(file: PathBuf) -> PathBuf {
    let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
    match folder.zip(file.file_name()) {
        Some((folder, name)) => folder.join(name),
        None => file,
    }
}

/// The folder that paths in a mission file are relative to: its own, and for one in `.cco/` the folder around that.
fn beside(mission: &Path) -> &Path {
    let folder = mission.parent().unwrap_or_else(|| Path::new("."));
    if folder.file_name().is_some_and(|name| name == ".cco") { folder.parent().unwrap_or(folder) } else { folder }
}
