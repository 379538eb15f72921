//! What can go wrong around checks. A check that cannot be decided is a verdict, not an error.

use std::path::PathBuf;

use super::files::ReadError;

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
    /// The kept copy of a carried file was changed.
    #[error("carry `{path}`: the kept copy is not what was sealed; `cco amend` seals it again")]
    CarryChanged {
        /// As the mission names it.
        path: String,
    },
    /// The lock files that decide over the set-up cannot be read.
    #[error("set-up: `{path}` {source}")]
    LockFile {
        /// The file.
        path: String,
        /// Why not.
        source: ReadError,
    },
    /// A set-up command did not succeed.
    #[error("set-up command `{command}` {reason}")]
    Setup {
        /// As written or implied.
        command: String,
        /// How it ended.
        reason: String,
        /// The end of its output, for people.
        tail: String,
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
