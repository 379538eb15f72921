//! Where check trees are: outside of the work tree. `node_modules`, `.cargo/config.toml`, `pytest.ini` and their like are
//! looked for in all folders above, and what lies there untracked in the work tree would decide a check.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::observer::Observer;
use crate::repo::Repo;
use crate::store::StateDir;

/// The state folder with its check trees in the user's cache folder. Where that cannot be made, or is itself below the
/// work tree, they stay in the state folder, and that is said.
pub(super) fn place(
    state: StateDir,
    repo: &Repo,
    environment: &BTreeMap<OsString, OsString>,
    observer: &Observer,
) -> StateDir {
    let why = match caches(environment) {
        None => "neither XDG_CACHE_HOME nor HOME is set".to_owned(),
        Some(caches) if !is_outside(&caches, repo) => format!("{} is itself there", caches.display()),
        Some(caches) => match state.clone().with_trees_below(&caches) {
            Ok(state) => return state,
            Err(error) => error.to_string(),
        },
    };
    observer.note(format!(
        "check trees are below the work tree ({why}): tools that look into the folders above see what is not part of the \
         work; set XDG_CACHE_HOME to a folder elsewhere"
    ));
    state
}

fn caches(environment: &BTreeMap<OsString, OsString>) -> Option<PathBuf> {
    let folder = |name: &str| environment.get(OsStr::new(name)).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
}

fn is_outside(caches: &Path, repo: &Repo) -> bool {
    // A folder that is not there yet is where its nearest ancestor is.
    let real = caches.ancestors().find_map(|folder| folder.canonicalize().ok());
    let real = real.unwrap_or_else(|| caches.to_owned());
    !real.starts_with(repo.work_tree()) && !caches.starts_with(repo.work_tree())
}
