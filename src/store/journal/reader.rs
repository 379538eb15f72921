//! Reads a journal from any of its records on, one at a time, and checks the chain as it goes.
//!
//! It takes nothing for granted and changes nothing: a face reads this way while a daemon appends. A line without its
//! line feed is not there yet; asking again after the file has grown goes on from there.
#![expect(clippy::disallowed_methods, reason = "the store owns the journal's file")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line::{self, Fault, LONGEST, Line, Mark};
use crate::session::Event;
use crate::store::error::{Doing, Error};
use crate::store::record;
use crate::words::{Hash, Seq};

/// One record, its body not yet looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub mark: Mark,
    /// When it was appended.
    pub at: Timestamp,
    body: Vec<u8>,
}

impl Record {
    /// The event it holds.
    ///
    /// # Errors
    /// [`Error::Newer`]: the bytes are as they were written, so what this cco does not know a newer one wrote.
    pub fn event(&self, path: &Path) -> Result<Event, Error> {
        record::decode_event(&self.body).map_err(|error| {
            let what = format!("record {}: {error}", self.mark.seq);
            Error::Newer { path: path.to_owned(), what }
        })
    }
}

/// The records of a journal after a mark.
#[derive(Debug)]
pub(crate) struct Records {
    path: PathBuf,
    file: BufReader<File>,
    last: Mark,
    /// What was read of a line that is not ended yet.
    partial: Vec<u8>,
}

impl Records {
    /// Opens a journal and looks whether the record at the mark is still the same one.
    pub(crate) fn after(path: &Path, mark: &Mark) -> Result<Self, Error> {
        let mut file = File::open(path).doing("open", path)?;
        if mark.seq > Seq(0) {
            check_mark(path, &mut file, mark)?;
        }
        file.seek(SeekFrom::Start(mark.end)).doing("read", path)?;
        let file = BufReader::with_capacity(1 << 16, file);
        Ok(Self { path: path.to_owned(), file, last: *mark, partial: Vec::new() })
    }

    /// The last record read.
    pub(crate) const fn last(&self) -> &Mark {
        &self.last
    }

    /// The bytes after the last whole line, as far as they were read.
    pub(super) fn partial(&self) -> &[u8] {
        &self.partial
    }

    /// The next record; `None` where no whole line is there (yet).
    pub(crate) fn next(&mut self) -> Result<Option<Record>, Error> {
        if !self.fill()? {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.partial);
        let length = bytes.len() as u64;
        bytes.pop();
        let Line { seq, at, prev, body } = line::decode(&bytes).map_err(|fault| self.fault(fault))?;
        if prev != self.last.hash {
            return Err(self.damaged("it does not follow the record before it"));
        }
        if seq != self.last.seq.next() {
            return Err(self.damaged("its number does not follow"));
        }
        let (start, end) = (self.last.end, self.last.end + length);
        let mark = Mark { seq, start, end, hash: Hash::of(&bytes) };
        let record = Record { mark, at, body: body.to_vec() };
        self.last = mark;
        Ok(Some(record))
    }

    /// Reads on to the end of the line; `false` if the file ends before it.
    fn fill(&mut self) -> Result<bool, Error> {
        let room = (LONGEST + 1).saturating_sub(self.partial.len()) as u64;
        let read = self.file.by_ref().take(room).read_until(b'\n', &mut self.partial);
        read.doing("read", &self.path)?;
        if self.partial.last() == Some(&b'\n') {
            return Ok(true);
        }
        if self.partial.len() > LONGEST {
            return Err(self.damaged("it is longer than any record"));
        }
        Ok(false)
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Newer(what) => Error::Newer { path: self.path.clone(), what },
            Fault::Damaged(why) => self.damaged(why),
        }
    }

    /// What is wrong with the line after the last record read. There is one record a line: its number is its line.
    pub(super) fn damaged(&self, why: &str) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            line: self.last.seq.next().0,
            offset: self.last.end,
            seq: self.last.seq.next(),
            why: why.to_owned(),
        }
    }
}

/// Reads the line at a mark and compares it with what the mark says.
fn check_mark(path: &Path, file: &mut File, mark: &Mark) -> Result<(), Error> {
    let damaged = |why: &str| {
        let (path, why) = (path.to_owned(), why.to_owned());
        Error::Damaged { path, line: mark.seq.0, offset: mark.start, seq: mark.seq, why }
    };
    let size = file.metadata().doing("look at", path)?.len();
    if size < mark.end {
        return Err(damaged("the journal is shorter than it was when a restore point was made after this record"));
    }
    let length = usize::try_from(mark.end.saturating_sub(mark.start)).unwrap_or(usize::MAX);
    if length == 0 || length > LONGEST + 1 {
        return Err(damaged("the restore point does not say where it is"));
    }
    let mut line = vec![0; length];
    file.seek(SeekFrom::Start(mark.start)).doing("read", path)?;
    file.read_exact(&mut line).doing("read", path)?;
    if line.pop() != Some(b'\n') || Hash::of(&line) != mark.hash {
        return Err(damaged("it is not the record that a restore point was made after"));
    }
    Ok(())
}
