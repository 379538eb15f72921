//! What can go wrong in this room; a worker that fails is an [`super::Outcome`], not an error.

use std::io;
use std::path::PathBuf;

use crate::process;

/// A fault of the action's own machinery.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be started, or its supervisor was lost.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// A file of the attempt could not be written or read.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}
