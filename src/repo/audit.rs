//! Looking for configuration that a worker planted: settings that would run a program in the user's own git.
//!
//! Nothing of it runs in cco's git; the finding is for the user, whose next `git status` it would hit (`faults.md` D1).

use std::collections::BTreeSet;

use super::git::records;
use super::pinned::UserConfig;
use super::repo::Repo;
use super::{Error, files};

/// Where the dangerous settings that were there at the start are noted, one hash a line.
const KNOWN: &str = "known-settings";

/// Settings whose value git executes, or which lead git to another configuration or work tree.
const EXACT: [&str; 14] = [
    "core.hookspath",
    "core.fsmonitor",
    "core.sshcommand",
    "core.editor",
    "core.pager",
    "core.askpass",
    "core.gitproxy",
    "core.worktree",
    "core.alternaterefscommand",
    "diff.external",
    "gpg.program",
    "sequence.editor",
    "uploadpack.packobjectshook",
    "extensions.worktreeconfig",
];

/// The same by the start and the end of the key.
const FAMILIES: [(&str, &str); 16] = [
    ("filter.", ".clean"),
    ("filter.", ".smudge"),
    ("filter.", ".process"),
    ("diff.", ".command"),
    ("diff.", ".textconv"),
    ("merge.", ".driver"),
    ("mergetool.", ".cmd"),
    ("difftool.", ".cmd"),
    ("gpg.", ".program"),
    ("credential.", "helper"),
    ("remote.", ".uploadpack"),
    ("remote.", ".receivepack"),
    ("include", ".path"),
    ("alias.", ""),
    ("pager.", ""),
    ("url.", ""),
];

fn is_dangerous(key: &str) -> bool {
    EXACT.contains(&key) || FAMILIES.iter().any(|(start, end)| key.starts_with(start) && key.ends_with(end))
}

impl Repo {
    /// Dangerous settings in the user's resolved configuration that are new or changed since [`Repo::prepare`].
    ///
    /// # Errors
    /// If the configuration cannot be read, a planted syntax error included.
    pub fn planted_settings(&self) -> Result<Vec<String>, Error> {
        self.must_be_prepared()?;
        let known = files::read_if_there(&self.private().join(KNOWN))?.unwrap_or_default();
        let known: BTreeSet<&[u8]> = records(&known).collect();
        let user = UserConfig::read(self)?;
        let dangerous = user.all().filter(|(key, _)| is_dangerous(key));
        let planted = dangerous.filter(|(key, value)| !known.contains(fingerprint(key, value).as_bytes()));
        Ok(planted.map(|(key, _)| key.to_owned()).collect::<BTreeSet<_>>().into_iter().collect())
    }

    pub(super) fn pin_dangerous_keys(&self, user: &UserConfig) -> Result<(), Error> {
        let known: String = user
            .all()
            .filter(|(key, _)| is_dangerous(key))
            .map(|(key, value)| fingerprint(key, value) + "\0")
            .collect();
        files::write(&self.private().join(KNOWN), known.as_bytes())
    }
}

/// A hash instead of the text: values such as credential helpers may carry secrets.
fn fingerprint(key: &str, value: &str) -> String {
    crate::words::Hash::of_parts([key.as_bytes(), value.as_bytes()]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_run_something_are_known() {
        for key in [
            "core.fsmonitor",
            "filter.x.clean",
            "include.path",
            "includeif.gitdir:/x.path",
            "alias.st",
            "credential.helper",
        ] {
            assert!(is_dangerous(key), "{key}");
        }
        for key in ["core.autocrlf", "user.name", "remote.origin.url", "filter.x.required", "branch.main.merge"] {
            assert!(!is_dangerous(key), "{key}");
        }
    }
}
