//! One output stream of a supervised program: from its pipe into a bounded file.
//!
//! Up to the limit every byte is kept. Beyond it the file holds the beginning, a line that says how much was left
//! out, and the end, because the end of an output is what tells why a program failed.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// How much of the end is kept when a stream is cut, at most.
const TAIL: u64 = 256 << 10;

/// What one look at the pipe brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    Nothing,
    Bytes,
    Closed,
}

/// A stream on its way into its file.
#[derive(Debug)]
pub(super) struct Spool {
    source: Option<PipeReader>,
    bounded: Bounded<File>,
    fault: Option<io::Error>,
}

impl Spool {
    /// Creates the file; a symbolic link planted under its name is refused.
    pub(super) fn create(path: &Path, limit: u64, source: PipeReader) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(OFlag::O_NOFOLLOW.bits());
        let file = options.open(path)?;
        fcntl(&source, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { source: Some(source), bounded: Bounded::new(file, limit), fault: None })
    }

    /// The pipe to wait on, until it is closed.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }

    /// Moves what is in the pipe now. After a failed write the pipe is still emptied, so that the program does not
    /// hang on it while it is being ended.
    pub(super) fn pump(&mut self, buffer: &mut [u8]) -> Pumped {
        let Some(source) = &mut self.source else { return Pumped::Closed };
        match source.read(buffer) {
            Ok(0) => {
                self.source = None;
                Pumped::Closed
            }
            Ok(read) => {
                if self.fault.is_none() {
                    self.fault = self.bounded.write(&buffer[..read]).err();
                }
                Pumped::Bytes
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Pumped::Nothing
            }
            Err(error) => {
                self.fault.get_or_insert(error);
                self.source = None;
                Pumped::Closed
            }
        }
    }

    /// Whether the file could not be written.
    pub(super) const fn failed(&self) -> bool {
        self.fault.is_some()
    }

    /// Writes the kept end and gives the file back for an fsync; tells whether something was left out.
    pub(super) fn finish(self) -> io::Result<(File, bool)> {
        match self.fault {
            Some(fault) => Err(fault),
            None => self.bounded.finish(),
        }
    }
}

/// A writer that keeps the beginning and the end of what it is given.
#[derive(Debug)]
struct Bounded<W> {
    out: W,
    /// Bytes that may still be written at once.
    room: u64,
    tail_limit: usize,
    tail: Vec<u8>,
    left_out: u64,
}

impl<W: io::Write> Bounded<W> {
    fn new(out: W, limit: u64) -> Self {
        let tail = TAIL.min(limit / 2);
        Self { out, room: limit - tail, tail_limit: usize::try_from(tail).unwrap_or(0), tail: Vec::new(), left_out: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let now = usize::try_from(self.room).unwrap_or(usize::MAX).min(bytes.len());
        self.out.write_all(&bytes[..now])?;
        self.room -= now as u64;
        self.tail.extend_from_slice(&bytes[now..]);
        // Twice the bound before it is cut, so that a flood of small writes does not move the tail at each of them.
        if self.tail.len() > self.tail_limit.saturating_mul(2) {
            self.cut();
        }
        Ok(())
    }

    fn cut(&mut self) {
        let over = self.tail.len().saturating_sub(self.tail_limit);
        self.tail.drain(..over);
        self.left_out += over as u64;
    }

    fn finish(mut self) -> io::Result<(W, bool)> {
        self.cut();
        if self.left_out > 0 {
            // The tail begins at a line, so that a reader of lines meets no half of one.
            let start = memchr::memchr(b'\n', &self.tail).map_or(0, |newline| newline + 1);
            self.left_out += start as u64;
            self.tail.drain(..start);
            writeln!(self.out, "\n[cco: {} bytes left out]", self.left_out)?;
        }
        self.out.write_all(&self.tail)?;
        Ok((self.out, self.left_out > 0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounded(limit: u64, chunks: &[Vec<u8>]) -> (String, bool) {
        let mut bounded = Bounded::new(Vec::new(), limit);
        for chunk in chunks {
            bounded.write(chunk).unwrap();
        }
        let (out, cut) = bounded.finish().unwrap();
        (String::from_utf8(out).unwrap(), cut)
    }

    #[test]
    fn up_to_the_limit_every_byte_is_kept() {
        assert_eq!(bounded(10, &[b"12345".to_vec(), b"67890".to_vec()]), ("1234567890".to_owned(), false));
    }

    #[test]
    fn beyond_it_beginning_and_end_are_kept_and_the_gap_is_named() {
        let lines: Vec<Vec<u8>> = (0..100).map(|line| format!("line {line}\n").into_bytes()).collect();
        let (text, cut) = bounded(64, &lines);
        assert!(cut);
        assert!(text.starts_with("line 0\n") && text.ends_with("line 98\nline 99\n"), "{text}");
        assert!(text.contains(" bytes left out]\nline 9"), "{text}");
        assert!(text.len() < 120);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_without_being_counted(
            limit in 0u64..60,
            chunks in proptest::collection::vec(proptest::collection::vec(Just(b'x'), 0..30), 0..20),
        ) {
            let total: usize = chunks.iter().map(Vec::len).sum();
            let (text, cut) = bounded(limit, &chunks);
            let kept = text.chars().filter(|c| *c == 'x').count();
            let said = text.split("[cco: ").nth(1).and_then(|rest| rest.split(' ').next()).map_or(0, |n| n.parse().unwrap());
            prop_assert_eq!(kept + said, total);
            prop_assert_eq!(cut, said > 0);
            prop_assert!(kept as u64 <= limit);
        }
    }
}
