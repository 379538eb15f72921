//! The hooks of the user's git: programs that the user's next `git commit` or `git checkout` runs. None runs in cco's git;
//! what an action changes of them is put back, absent ones included (design section 9, What is sealed).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::repo::Repo;
use super::{Error, files};

/// Where the hooks are kept as they were at the start, in the private git dir.
const KEPT: &str = "hooks-at-start";

/// Where people know the hooks to be.
const SHOWN: &str = ".git/hooks";

/// git's own examples end so, and git runs none of them.
const EXAMPLE: &str = "sample";

impl Repo {
    /// Keeps the hooks as they are now.
    pub(super) fn keep_hooks(&self) -> Result<(), Error> {
        let kept = self.private().join(KEPT);
        files::remove_folder(&kept)?;
        files::private_folder(&kept)?;
        hooks(&self.hooks())?.iter().try_for_each(|(name, hook)| files::put_entry(&kept.join(name), hook))
    }

    /// The paths of hooks that are not as they were at the start, from the root of the work tree as people know it.
    ///
    /// # Errors
    /// If a hook cannot be read.
    pub fn changed_hooks(&self) -> Result<Vec<PathBuf>, Error> {
        let kept = self.private().join(KEPT);
        if files::look(&kept)?.is_none() {
            return Ok(Vec::new());
        }
        let (now, before) = (hooks(&self.hooks())?, hooks(&kept)?);
        let names: BTreeSet<&OsString> = now.keys().chain(before.keys()).collect();
        let changed = names.into_iter().filter(|name| now.get(*name) != before.get(*name));
        Ok(changed.map(|name| Path::new(SHOWN).join(name)).collect())
    }

    /// Makes hooks that [`Repo::changed_hooks`] named what they were at the start.
    ///
    /// # Errors
    /// If one cannot be written or removed; calling again finishes it.
    pub fn put_back_hooks(&self, changed: &[PathBuf]) -> Result<(), Error> {
        let (place, kept) = (self.hooks(), self.private().join(KEPT));
        for name in changed.iter().filter_map(|path| path.file_name()) {
            files::remove_all(&place.join(name))?;
            if let Some(hook) = files::entry(&kept.join(name))? {
                files::folder(&place)?;
                files::put_entry(&place.join(name), &hook)?;
            }
        }
        Ok(())
    }

    fn hooks(&self) -> PathBuf {
        self.common_dir().join("hooks")
    }
}

/// The files and links of a folder of hooks by name; what is neither runs nothing.
fn hooks(folder: &Path) -> Result<BTreeMap<OsString, files::Entry>, Error> {
    let mut found = BTreeMap::new();
    for path in files::names(folder)? {
        let Some(name) = path.file_name().map(OsStr::to_owned) else { continue };
        if path.extension().is_some_and(|end| end == EXAMPLE) {
            continue;
        }
        if let Some(hook) = files::entry(&path)? {
            found.insert(name, hook);
        }
    }
    Ok(found)
}
