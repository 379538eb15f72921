//! Taking into the private index what differs from it: `git add`, but for what is left out and the submodules.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::leave_out::{self, LeftOut, Why};
use super::repo::Repo;
use super::status::{FEW, Status};
use super::{Error, files};

/// How git begins its complaint about pathspecs that meet ignored paths.
const MEETS_IGNORED: &str = "The following paths are ignored by one of your .gitignore files";

/// What became of it.
pub(super) struct Taken {
    /// What git could not take.
    pub(super) refused: Vec<LeftOut>,
    /// Whether the index may hold another tree now.
    pub(super) index_written: bool,
}

impl Repo {
    /// Takes in what the status names. Where it names little, git looks at that alone and not at each file once more.
    pub(super) fn take_in(&self, status: &Status, left_out: &[LeftOut], gitlinks: &[PathBuf]) -> Result<Taken, Error> {
        let out: Vec<&Path> =
            left_out.iter().map(|entry| entry.path.as_path()).chain(gitlinks.iter().map(PathBuf::as_path)).collect();
        let differing = status.differing().filter(|path| !out.contains(path)).collect::<Vec<_>>();
        if status.is_whole && differing.is_empty() {
            return Ok(Taken { refused: Vec::new(), index_written: false });
        }
        let refused = if status.is_whole && differing.len() <= FEW {
            // Git refuses to be named what is gone by now, or lies behind a link; it copes when it looks by itself.
            self.add(&differing, &out, left_out).or_else(|_| self.add(&[], &out, left_out))?
        } else {
            self.add(&[], &out, left_out)?
        };
        Ok(Taken { refused, index_written: true })
    }

    /// `git add -A` of some paths (of all without any) but for others. Returns what git could not take.
    fn add(&self, paths: &[&Path], out: &[&Path], left_out: &[LeftOut]) -> Result<Vec<LeftOut>, Error> {
        let mut git = self.git_on_tree();
        if !left_out.is_empty() {
            // The rules keep git from walking through what is left out, the pathspecs hold where a `.gitignore` with
            // `!` outranks the rules. Git complains of pathspecs that meet ignored paths, and adds the rest.
            git = git.setting("core.excludesFile", self.excludes_with(left_out)?);
        }
        git = git.args(["add", "-A", "--sparse", "--ignore-errors"]);
        if !(paths.is_empty() && out.is_empty()) {
            git = git.args(["--pathspec-from-file=-", "--pathspec-file-nul"]).input(pathspecs(paths, out));
        }
        let ended = git.ended()?;
        let refused = refusals(self.work_tree(), &ended.stderr)?;
        let complained = ended.status.code() == Some(1) && ended.stderr.starts_with(MEETS_IGNORED);
        if !ended.status.success() && refused.is_empty() && !complained {
            return Err(ended.failure());
        }
        Ok(refused)
    }

    /// The pinned excludes with the left-out paths added; the rules of `.gitignore` files outrank them.
    fn excludes_with(&self, left_out: &[LeftOut]) -> Result<PathBuf, Error> {
        let mut rules = files::read_if_there(&self.private().join("excludes"))?.unwrap_or_default();
        for entry in left_out {
            rules.push(b'\n');
            rules.extend(exclude_rule(&entry.path));
        }
        rules.push(b'\n');
        let file = self.private().join("excludes-and-left-out");
        files::write(&file, &rules)?;
        Ok(file)
    }
}

/// A rule that matches exactly this path.
fn exclude_rule(path: &Path) -> Vec<u8> {
    let mut rule = vec![b'/'];
    for byte in path.as_os_str().as_bytes() {
        if b"\\*?[ !#".contains(byte) {
            rule.push(b'\\');
        }
        rule.push(*byte);
    }
    rule
}

/// The pathspecs for some paths (for everything without any) but for others.
fn pathspecs(paths: &[&Path], but: &[&Path]) -> Vec<u8> {
    let mut specs = Vec::new();
    let mut add = |magic: &[u8], path: &[u8]| {
        specs.extend_from_slice(magic);
        specs.extend_from_slice(path);
        specs.push(0);
    };
    if paths.is_empty() {
        add(b":/", b"");
    }
    paths.iter().for_each(|path| add(b":(top,literal)", path.as_os_str().as_bytes()));
    but.iter().for_each(|path| add(b":(top,exclude,literal)", path.as_os_str().as_bytes()));
    specs
}

/// Reads off git's complaints which paths it could not take. Sentences of git 2.39 to 2.47 under `LC_ALL=C`.
fn refusals(root: &Path, stderr: &str) -> Result<Vec<LeftOut>, Error> {
    let mut refused: Vec<LeftOut> = Vec::new();
    for line in stderr.lines() {
        let Some((path, reason)) = refusal(line) else { continue };
        let path = PathBuf::from(path.trim_end_matches('/'));
        let why =
            if leave_out::is_special(root, &path)? { Why::Special } else { Why::Refused { reason: reason.to_owned() } };
        if !refused.iter().any(|entry| entry.path == path) {
            refused.push(LeftOut { path, why });
        }
    }
    Ok(refused)
}

fn refusal(line: &str) -> Option<(&str, &str)> {
    let quoted = |start: &str, end: &'static str| line.strip_prefix(start).and_then(|rest| rest.split_once(end));
    quoted("error: open(\"", "\"): ")
        .or_else(|| quoted("error: readlink(\"", "\"): "))
        .or_else(|| quoted("error: unable to index file '", "'"))
        .or_else(|| quoted("warning: could not open directory '", "': "))
        .or_else(|| quoted("error: invalid path '", "'").map(|(path, _)| (path, "git refuses this name")))
        .or_else(|| {
            let sentence = "can only add regular files, symbolic links or git-directories";
            line.strip_prefix("error: ")
                .and_then(|rest| rest.strip_suffix(sentence))
                .map(|path| (path.trim_end_matches(": "), sentence))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_one_path_escapes_what_git_would_match() {
        assert_eq!(exclude_rule(Path::new("a b/[x]*")), br"/a\ b/\[x]\*");
    }

    #[test]
    fn complaints_of_git_name_path_and_reason() {
        assert_eq!(refusal("error: open(\"a/b\"): Permission denied"), Some(("a/b", "Permission denied")));
        assert_eq!(refusal("error: invalid path 'x/.GIT/y'"), Some(("x/.GIT/y", "git refuses this name")));
        assert!(
            refusal("error: p: can only add regular files, symbolic links or git-directories")
                .is_some_and(|(path, _)| path == "p")
        );
        assert_eq!(refusal("fatal: adding files failed"), None);
    }
}
