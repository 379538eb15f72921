//! How a work tree differs from the private index, by one run of git that looks at each file once.

use std::path::{Path, PathBuf};

use super::Error;
use super::git::{Git, path, records};

/// Up to so many paths are named to git one by one; it compares each path it knows with each one it is given.
pub(super) const FEW: usize = 64;

/// The difference.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// In the index, and in the work tree other than there or not at all.
    pub(super) changed: Vec<PathBuf>,
    /// Neither in the index nor ignored: files, and whole folders with a slash at the end.
    pub(super) untracked: Vec<PathBuf>,
    /// Whether git saw all of it: where it could not look, it says so, and what it names is not all there is.
    pub(super) is_whole: bool,
}

impl Status {
    /// Asks git, which also notes in the index which files it has found to be unchanged after all. Submodules are not
    /// looked into: their configuration is not pinned.
    pub(super) fn of(git: Git) -> Result<Self, Error> {
        let args = ["--untracked-files=normal", "--ignore-submodules=all", "--no-renames"];
        let ended = git.env("GIT_OPTIONAL_LOCKS", "1").args(["status", "--porcelain=v2", "-z"]).args(args).ended()?;
        let is_whole = ended.stderr.is_empty();
        Ok(Self { is_whole, ..Self::parse(&ended.success()?) })
    }

    /// Reads `1 XY sub mH mI mW hH hI PATH`, `u XY sub m1 m2 m3 mW h1 h2 h3 PATH` and `? PATH` (`git help status`).
    fn parse(listed: &[u8]) -> Self {
        let mut status = Self::default();
        for record in records(listed) {
            let field = |n: usize| record.splitn(n, |byte| *byte == b' ').nth(n - 1).map(path);
            let in_work_tree = record.get(3).is_some_and(|letter| *letter != b'.');
            match record.first() {
                Some(b'?') => status.untracked.extend(field(2)),
                Some(b'1') if in_work_tree => status.changed.extend(field(9)),
                Some(b'u') => status.changed.extend(field(11)),
                _ => {}
            }
        }
        status
    }

    /// All that differs.
    pub(super) fn differing(&self) -> impl Iterator<Item = &Path> {
        // Without the slash, as the paths are that others compare with.
        self.changed.iter().chain(&self.untracked).map(|path| path.components().as_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_the_index_is_told_from_what_is_staged() {
        let (mode, oid) = ("100644", "0".repeat(40));
        let entry = |xy: &str, name: &str| format!("1 {xy} N... {mode} {mode} {mode} {oid} {oid} {name}\0");
        let listed = [
            entry(".M", "changed"),
            entry("A.", "staged"),
            entry("AD", "gone again"),
            entry(".T", "now a link"),
            "? new file\0".to_owned(),
            "? folder/\0".to_owned(),
        ];
        let status = Status::parse(listed.concat().as_bytes());
        let names: Vec<_> = status.differing().map(|path| path.display().to_string()).collect();
        assert_eq!(names, ["changed", "gone again", "now a link", "new file", "folder"]);
        assert_eq!(status.untracked, [PathBuf::from("new file"), PathBuf::from("folder/")]);
    }
}
