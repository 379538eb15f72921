//! What can go wrong between cco and a process tree.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// A fault of the supervision itself; a program that fails is an [`super::Exit`], not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program could not be started.
    #[error("{program:?} could not be started: {message}")]
    Start {
        /// `argv[0]`.
        program: OsString,
        /// The system's reason.
        message: String,
    },
    /// cco's own supervisor could not be started or spoken to.
    #[error("cco's supervisor process could not be started: {0}")]
    Supervisor(#[source] io::Error),
    /// The folder of an attempt could not be made or read.
    #[error("{path}: {source}", path = .path.display())]
    Dir {
        /// The folder or file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The supervisor ended without an exit record (killed, or the machine went down); what it left was ended.
    #[error("the supervisor of {dir} is gone and left no exit record; {swept} processes of it were ended", dir = .dir.display())]
    Lost {
        /// The folder of the attempt.
        dir: PathBuf,
        /// Processes that carried its marker.
        swept: u32,
    },
    /// The exit record is there and cannot be understood.
    #[error("{path}: {message}", path = .path.display())]
    Record {
        /// The record's file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The output could not be kept (disk full, quota); the tree was ended.
    #[error("the output of the process could not be written to {dir}: {message}", dir = .dir.display())]
    Spool {
        /// The folder of the attempt.
        dir: PathBuf,
        /// The system's reason.
        message: String,
    },
}
