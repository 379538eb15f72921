//! The output of a running program as lines, as it comes.
//!
//! Woken, not polling: the supervisor writes one byte to the daemon for news of the spool, however large (a pipe
//! needs no watch descriptors, works on every file system and is coalesced by being full). The spool file itself is
//! the buffer, so a slow reader never holds up the program, and memory is bounded by the longest line.

#![expect(clippy::disallowed_methods, reason = "opens the spool file, which belongs to this room")]

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use super::Error;
use super::lines::{Line, LineBuffer};

/// One read; large enough that 200 MB take less than a thousand calls.
const CHUNK: usize = 256 << 10;

/// Reads one spool file from its beginning to the end of the process.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: File,
    lines: LineBuffer,
    /// Changes with each piece of news; closed when the supervisor has ended.
    news: watch::Receiver<()>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// More may be written.
    Live,
    /// The supervisor has ended: what is in the file is all there will be.
    Ended,
    /// And all of it was read.
    Drained,
}

impl Follower {
    pub(super) fn open(path: &Path, news: watch::Receiver<()>) -> Result<Self, Error> {
        let file = File::open(path).map_err(|source| Error::Dir { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, lines: LineBuffer::default(), news, state: State::Live })
    }

    /// The next line, waiting for it; `None` once the process tree has ended and everything was read.
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Line<'_>>, Error> {
        // The borrow checker does not see that an early return ends the borrow, hence two steps.
        while !self.lines.has_line() {
            if self.state == State::Drained {
                return Ok(self.lines.rest());
            }
            // Looked at before the read: news that comes during it must not be lost.
            let ended = self.news.has_changed().is_err();
            self.news.mark_unchanged();
            if self.fill()? {
                // A long spool is read without ever waiting; other tasks get their turn.
                tokio::task::yield_now().await;
                continue;
            }
            match self.state {
                State::Live if ended => self.state = State::Ended,
                State::Live => self.wait().await,
                State::Ended | State::Drained => self.state = State::Drained,
            }
        }
        Ok(self.lines.next_line())
    }

    async fn wait(&mut self) {
        if self.news.changed().await.is_err() {
            self.state = State::Ended;
        }
    }

    /// Whether anything was there. The file was written a moment ago, so the read is served from memory.
    fn fill(&mut self) -> Result<bool, Error> {
        let read = loop {
            match self.file.read(self.lines.space(CHUNK)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => self.lines.filled(CHUNK, 0),
                other => break other,
            }
        };
        self.lines.filled(CHUNK, read.as_ref().copied().unwrap_or(0));
        read.map(|read| read > 0).map_err(|source| Error::Dir { path: self.path.clone(), source })
    }
}
