//! What can go wrong around checks. A check that cannot be decided is a verdict, not an error.

use std::path::PathBuf;

use super::files::ReadError;
use super::setup::Broken;

/// Why checks cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A carried file cannot be taken or placed.
    #[error("carry `{path}`: {source}")]
    Carry {
        /// As the mission names it.
        path: String,
        /// Why not.
        source: ReadError,
    },
    /// Carried files are more than are pinned.
    #[error("carry: {bytes} bytes in all, more than the {limit} that are carried")]
    CarryTooMuch {
        /// What was found up to there.
        bytes: u64,
        /// The most there may be.
        limit: u64,
    },
    /// The lock files that decide over the set-up cannot be read.
    #[error("set-up: `{path}` {source}")]
    LockFile {
        /// The file.
        path: String,
        /// Why not.
        source: ReadError,
    },
    /// A set-up command could not even be started.
    #[error("set-up command `{command}` {reason}")]
    SetupNotStarted {
        /// As written or implied.
        command: String,
        /// Why not.
        reason: String,
    },
    /// A set-up command did not succeed, where that is the end of it.
    #[error("{}", .0.reason)]
    Setup(Broken),
    /// What a check left in the tree cannot be undone for the next one.
    #[error("put the check tree back for the next check: {reason}")]
    Refresh {
        /// Why not.
        reason: String,
    },
    /// The folder for spools and temporary files cannot be made.
    #[error("make the checks' spool {path}: {source}")]
    Spool {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}
