//! The faces' end of `control.sock`: one question, one answer, a bounded wait.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::protocol::{Ask, LONGEST_LINE, Reply, Request, VERSION};

/// How long a daemon may take to save what it was told; a full disk cache flush is seconds, not minutes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest answer read, in bytes; a status with its evidence is far smaller.
const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// Why a daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens.
    #[error("no cco is running in this repository")]
    NotRunning,
    /// The text is too long for one message.
    #[error("the message is longer than {LONGEST_LINE} bytes")]
    TooLong,
    /// The socket failed.
    #[error("failed to talk to the running cco over {}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The answer is not one this version knows.
    #[error("the running cco answered in a way this version does not understand; are both the same version?")]
    Answer(#[source] serde_json::Error),
}

/// Asks the daemon that listens on a socket.
///
/// # Errors
/// [`Error::NotRunning`] where nobody listens; the others as they say.
pub fn ask(socket: &Path, from: &str, ask: Ask) -> Result<Reply, Error> {
    let failed = |source| Error::Socket { path: socket.to_owned(), source };
    let mut stream = UnixStream::connect(socket).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Error::NotRunning,
        _ => failed(source),
    })?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let request = Request { version: VERSION, from: from.to_owned(), ask };
    let mut line = serde_json::to_string(&request).map_err(Error::Answer)?;
    if line.len() >= LONGEST_LINE {
        return Err(Error::TooLong);
    }
    line.push('\n');
    let left = |source: io::Error| match source.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Error::NotRunning,
        _ => failed(source),
    };
    stream.write_all(line.as_bytes()).map_err(left)?;
    let mut answer = String::new();
    let read = BufReader::new(stream.take(LONGEST_ANSWER)).read_line(&mut answer);
    read.map_err(left)?;
    // It ended before it answered, killed for one: from now on nobody is there.
    if answer.is_empty() {
        return Err(Error::NotRunning);
    }
    serde_json::from_str(&answer).map_err(Error::Answer)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_daemon_that_ends_before_it_answers_does_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let daemon = std::thread::spawn(move || drop(listener.accept().unwrap()));
        assert!(matches!(ask(&path, "ada", Ask::Status), Err(Error::NotRunning)));
        daemon.join().unwrap();
    }
}
