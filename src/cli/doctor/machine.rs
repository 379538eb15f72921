//! The machine and the repository.

use std::path::Path;

use super::{broken, doubtful, fine};
use crate::cli::code::Code;
use crate::cli::command::doctor::{Finding, Health};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::daemon::clock;
use crate::process;
use crate::repo::{self, Repo};
use crate::store::{self, Lock, StateDir};

/// The oldest git that all its options here are known to work with.
const OLDEST_GIT: [u64; 2] = [2, 39];
/// Below this a build fills the disk before anybody looks.
const LITTLE: u64 = 1 << 30;
/// Below this not even a journal is safe to begin.
const NOTHING: u64 = 64 << 20;
/// The port of the page (design section 9, Port).
const PORT: u16 = 8080;

pub(super) fn git(context: &Context<'_>) -> Finding {
    let environment = repo::Environment::select(context.variables().clone());
    match repo::git_version(&environment) {
        Ok(version) if is_old(&version) => Finding {
            name: "git".to_owned(),
            health: Health::Broken,
            found: version,
            hint: Some("git 2.39 or newer is needed".to_owned()),
        },
        Ok(version) => fine("git", version),
        Err(error) => broken("git", &error.into()),
    }
}

fn is_old(version: &str) -> bool {
    let numbers: Vec<u64> = version.split('.').map_while(|part| part.parse().ok()).collect();
    numbers.as_slice() < OLDEST_GIT.as_slice()
}

pub(super) fn repository(repo: Result<&Repo, &Error>) -> Finding {
    let repo = match repo {
        Ok(repo) => repo,
        Err(error) => return broken("repository", error),
    };
    match repo.fit() {
        Ok(head) => {
            let branch = head.branch.unwrap_or_else(|| "a detached HEAD".to_owned());
            fine("repository", format!("{} on {branch}", repo.work_tree().display()))
        }
        Err(error) => broken("repository", &error.into()),
    }
}

/// Whether the journal is whole from its first record to its last, and who holds the repository.
pub(super) fn state(context: &Context<'_>, repo: &Repo) -> Vec<Finding> {
    let state = StateDir::at(repo.state_dir());
    if !state.root().is_dir() {
        return vec![fine("state", "none yet: nothing was started here")];
    }
    let mut findings = vec![match store::verify_run(&state, None) {
        Ok(mark) => fine("journal", format!("whole, {} records", mark.seq)),
        Err(store::Error::NoRun { .. }) => fine("journal", "none yet: nothing was started here"),
        Err(error) => {
            let hint =
                is_damaged(&error).then_some("`cco doctor --fix` cuts it after its last good record, and keeps it");
            let error = Error::from(error);
            let error = hint.map_or(error.clone(), |hint| error.hint(hint));
            broken("journal", &error)
        }
    }];
    findings.push(match Lock::acquire(&state, clock::now()) {
        Ok(_free) => fine("lock", "free: no cco is running here"),
        Err(error @ store::Error::Held { .. }) => match context.status_of_daemon() {
            Ok(Some(_)) => fine("lock", error.to_string()),
            Ok(None) => doubtful("lock", error.to_string(), "it holds the repository and does not answer (yet)"),
            Err(failed) => doubtful("lock", error.to_string(), failed.message),
        },
        Err(error) => broken("lock", &error.into()),
    });
    findings
}

/// Whether a failure is one that `--fix` can mend.
#[must_use]
pub fn is_damaged(error: &store::Error) -> bool {
    matches!(error, store::Error::Damaged { .. })
}

pub(super) fn disk(state: &Path) -> Finding {
    let place = state.ancestors().find(|folder| folder.is_dir()).unwrap_or(state);
    let free = match nix::sys::statvfs::statvfs(place) {
        Ok(disk) => disk.blocks_available().saturating_mul(disk.fragment_size()),
        Err(error) => return doubtful("disk", format!("cannot be looked at: {error}"), "see `df`"),
    };
    let found = format!("{} MB free", free >> 20);
    if free < NOTHING {
        broken("disk", &Error::new(Code::NoSpace, found).hint("make room"))
    } else if free < LITTLE {
        doubtful("disk", found, "builds and checkouts need room")
    } else {
        fine("disk", found)
    }
}

pub(super) fn port() -> Finding {
    let holders = process::listeners(PORT);
    let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
    match (process::is_taken(PORT), names.is_empty()) {
        (false, _) => fine("port", format!("{PORT} is free")),
        (true, true) => fine("port", format!("{PORT} is taken")),
        (true, false) => fine("port", format!("{PORT} is taken by {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for old in ["2.38.9", "1.99", "2.9.5", ""] {
            assert!(is_old(old), "{old}");
        }
        for new in ["2.39", "2.39.5", "2.100.0", "3.0", "2.47.3.windows.1"] {
            assert!(!is_old(new), "{new}");
        }
    }
}
