//! What can go wrong with the state on disk, each with what a person needs to go on.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::libc;

use crate::words::{RunId, Seq};

/// A failure of the store. Nothing was acknowledged that is not on disk; nothing was rewritten to hide a failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk or the quota is full. Nothing is lost; the same call works once there is space.
    #[error("no space left for {}: {why}", path.display())]
    NoSpace {
        /// What was being written.
        path: PathBuf,
        /// What the system said, or how much is free and how much is needed.
        why: String,
    },
    /// The device failed to read or write (EIO).
    #[error("the disk failed at {}: {source}", path.display())]
    DiskFailed {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Any other failure of a file operation.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// The operation, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another cco works on this repository.
    #[error("another cco holds this repository{}", describe(holder.as_ref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it; `None` in the instant before it has written its name.
        holder: Option<Holder>,
    },
    /// A record of the journal is not what was written. cco stops; it never goes on with less.
    #[error(
        "{} is damaged at line {line} (byte {offset}, record {seq}): {why}; look at it with `cco doctor`, \
         keep a copy and repair it with `cco doctor --fix`",
        path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// Where the line begins.
        offset: u64,
        /// The record that should stand there.
        seq: Seq,
        /// What is wrong with it.
        why: String,
    },
    /// The state was written by a newer cco. Nothing was changed.
    #[error("{} was written by a newer cco ({what}); use that version, or a newer one", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What this version does not know.
        what: String,
    },
    /// A write or fsync failed earlier: what is on disk is not certain until [`super::Journal::reopen`] has looked.
    #[error("{} must be opened again: an earlier write failed", path.display())]
    Unsure {
        /// The journal.
        path: PathBuf,
    },
    /// A record, session or cached value is too large to be written.
    #[error("{bytes} bytes are more than the {limit} that are kept of one thing")]
    TooLong {
        /// Its size in bytes.
        bytes: usize,
        /// The largest there may be.
        limit: usize,
    },
    /// A value has no form on disk that could be read back.
    #[error("{what} cannot be written: {why}")]
    Unwritable {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// There is no run in the state folder.
    #[error("there is no run in {}", path.display())]
    NoRun {
        /// The state folder.
        path: PathBuf,
    },
    /// There is no run of that name.
    #[error("there is no run {run} in {}", path.display())]
    UnknownRun {
        /// The run asked for.
        run: RunId,
        /// The state folder.
        path: PathBuf,
    },
    /// There is a run already where one was to be created.
    #[error("there is a run already in {}", path.display())]
    RunExists {
        /// The state folder.
        path: PathBuf,
    },
    /// The database refused an operation. It is rebuilt from the journal when it is opened next.
    #[error("the database {} failed: {why}", path.display())]
    Database {
        /// Its folder.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// What was pinned for a run is not what it was.
    #[error("{} was pinned when the mission was sealed, and {why}; put it back, or begin anew with `cco start --fresh`", path.display())]
    Unpinned {
        /// The file that holds it.
        path: PathBuf,
        /// What became of it.
        why: String,
    },
    /// A folder that must be private is not.
    #[error("{} is not private: {why}", path.display())]
    NotPrivate {
        /// The folder.
        path: PathBuf,
        /// Whose it is, or who may enter.
        why: String,
    },
}

/// Who holds the lock of a repository.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// When it took the lock.
    pub started: Timestamp,
    /// The machine it runs on.
    pub host: String,
}

fn describe(holder: Option<&Holder>) -> String {
    holder.map_or_else(String::new, |holder| {
        format!(" (pid {} on {}, since {})", holder.pid, holder.host, holder.started)
    })
}

impl Error {
    /// Tells full disks and failing ones from other failures.
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        // sled passes errors on by their kind only.
        match (source.kind(), source.raw_os_error()) {
            (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => {
                Self::NoSpace { path, why: source.to_string() }
            }
            (_, Some(libc::EIO)) => Self::DiskFailed { path, source },
            _ => Self::Io { doing, path, source },
        }
    }
}

/// Names what was being done when a file operation failed.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::io(doing, path, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_failing_one_and_from_the_rest() {
        let told = |code| Error::io("write", Path::new("journal"), io::Error::from_raw_os_error(code));
        assert!(matches!(told(libc::ENOSPC), Error::NoSpace { .. }));
        assert!(matches!(told(libc::EDQUOT), Error::NoSpace { .. }));
        let by_kind = Error::io("write", Path::new("db"), io::ErrorKind::StorageFull.into());
        assert!(matches!(by_kind, Error::NoSpace { .. }));
        assert!(matches!(told(libc::EIO), Error::DiskFailed { .. }));
        assert_eq!(told(libc::EACCES).to_string(), "cannot write journal: Permission denied (os error 13)");
    }
}
