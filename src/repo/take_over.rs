//! Files beside the tracked ones through which a worker could take over the next program: Claude Code's settings, which a
//! repository may ignore, and git's hooks, which no tree holds (`faults.md` C7). No snapshot sees them.
//!
//! What stands there is read without following a link, and nothing is written or removed through one.

use std::path::{Path, PathBuf};

use super::Error;
use super::files::{self, Standing};
use super::repo::Repo;

/// The folder of hooks as it is told, wherever the git dir of the repository lies.
const HOOKS: &str = ".git/hooks";
/// The folder of Claude Code's settings.
const SETTINGS: &str = ".claude";

/// A file through which others could be taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeOver {
    /// Relative to the repository; of hooks below `.git/hooks`.
    pub path: PathBuf,
    /// What stands there.
    pub standing: Standing,
}

impl Repo {
    /// What stands there now, sorted by path. Hooks that git does not run (`*.sample`) are not looked at.
    ///
    /// # Errors
    /// If a file or folder cannot be read.
    pub fn take_over_files(&self) -> Result<Vec<TakeOver>, Error> {
        let mut paths = Vec::new();
        for (folder, wanted) in
            [(HOOKS, (|name| !name.ends_with(".sample")) as fn(&str) -> bool), (SETTINGS, is_settings)]
        {
            let here = self.place_of(Path::new(folder));
            if files::look(&here)?.is_some_and(|found| !found.is_dir()) {
                paths.push(PathBuf::from(folder));
                continue;
            }
            let names = files::names(&here)?.into_iter().filter_map(|path| path.file_name().map(ToOwned::to_owned));
            paths.extend(names.filter(|name| wanted(&name.to_string_lossy())).map(|name| Path::new(folder).join(name)));
        }
        paths.push(PathBuf::from(".mcp.json"));
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            let standing = files::standing(&self.place_of(&path))?;
            found.extend(standing.map(|standing| TakeOver { path, standing }));
        }
        Ok(found)
    }

    /// Which of them are not as they were.
    ///
    /// # Errors
    /// As [`Repo::take_over_files`].
    pub fn changed_take_over(&self, before: &[TakeOver]) -> Result<Vec<PathBuf>, Error> {
        let now = self.take_over_files()?;
        let gone_or_new = |from: &[TakeOver], other: &[TakeOver]| {
            let differing = from.iter().filter(|one| !other.contains(one)).map(|one| one.path.clone());
            differing.collect::<Vec<_>>()
        };
        let mut changed = gone_or_new(before, &now);
        changed.extend(gone_or_new(&now, before));
        changed.sort();
        changed.dedup();
        Ok(changed)
    }

    /// Makes them as they were: what was not there is removed, the rest written again.
    ///
    /// # Errors
    /// If a file cannot be removed or written; calling again finishes it.
    pub fn put_back_take_over(&self, before: &[TakeOver]) -> Result<(), Error> {
        // What stands in the place of a folder goes first, and what was in the folder comes after it.
        for path in self.changed_take_over(before)? {
            files::remove_all(&self.place_of(&path))?;
        }
        for path in self.changed_take_over(before)? {
            if let Some(was) = before.iter().find(|was| was.path == path) {
                files::stand(&self.place_of(&path), &was.standing)?;
            }
        }
        Ok(())
    }

    fn place_of(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(HOOKS) {
            Ok(name) if name.as_os_str().is_empty() => self.common_dir().join("hooks"),
            Ok(name) => self.common_dir().join("hooks").join(name),
            Err(_) => self.work_tree().join(path),
        }
    }
}

fn is_settings(name: &str) -> bool {
    name.starts_with("settings") && Path::new(name).extension().is_some_and(|extension| extension == "json")
}
