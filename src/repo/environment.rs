//! What git may see of the caller's environment. `GIT_DIR`, `GIT_INDEX_FILE` and their kin are never passed on: cco
//! started inside a hook must still mean the repository it stands in.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use super::files;

/// The variables git and the filters it starts are given: where programs and the home folder are.
const ALWAYS: [&str; 6] = ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_CONFIG_HOME"];

/// The variables that decide which configuration is the user's; only passed where that configuration is read.
const CONFIGURATION: [&str; 4] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT"];

/// The chosen part of the environment; everything else is dropped on the way in.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    always: Vec<(OsString, OsString)>,
    configuration: Vec<(OsString, OsString)>,
    git: Option<PathBuf>,
}

impl Environment {
    /// Picks what git needs from a whole environment (`std::env::vars_os()` in the shell).
    pub fn select(all: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut chosen = Self::default();
        for (name, value) in all {
            if ALWAYS.iter().any(|known| *known == name) {
                chosen.always.push((name, value));
            } else if is_configuration(&name) {
                chosen.configuration.push((name, value));
            }
        }
        chosen.git = chosen.find_git();
        chosen
    }

    /// Git by its whole path where it is found. A program named without one and given a `PATH` of its own is started
    /// by a `fork` of the whole daemon, at several times the cost of what the standard library does otherwise.
    pub(super) fn program(&self) -> &OsStr {
        self.git.as_ref().map_or(OsStr::new("git"), |git| git.as_os_str())
    }

    fn find_git(&self) -> Option<PathBuf> {
        let folders = std::env::split_paths(self.value("PATH")?);
        // A relative folder means another place in each folder that git is run in; then the search is left to the run.
        let files = folders.map(|folder| folder.join("git")).map(|file| file.is_absolute().then_some(file));
        files.map_while(|file| file).find(|file| files::is_program(file))
    }

    pub(super) fn always(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.always.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    pub(super) fn configuration(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.configuration.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    pub(super) fn value(&self, wanted: &str) -> Option<&OsStr> {
        self.always().find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| value)
    }
}

fn is_configuration(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    CONFIGURATION.contains(&name) || name.starts_with("GIT_CONFIG_KEY_") || name.starts_with("GIT_CONFIG_VALUE_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_variables_pass() {
        let all = [
            ("PATH", "/bin"),
            ("GIT_DIR", "/x"),
            ("API_KEY", "s"),
            ("GIT_CONFIG_GLOBAL", "/g"),
            ("GIT_CONFIG_KEY_0", "k"),
        ]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let chosen = Environment::select(all);
        assert_eq!(chosen.always().map(|(name, _)| name).collect::<Vec<_>>(), ["PATH"]);
        assert_eq!(
            chosen.configuration().map(|(name, _)| name).collect::<Vec<_>>(),
            ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_KEY_0"]
        );
        assert_eq!(chosen.value("PATH"), Some(OsStr::new("/bin")));
        assert_eq!(chosen.value("HOME"), None);
    }
}
