//! The session as the fold of a journal's records, and nothing else.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::journal::Record;
use crate::session::{Event, Session, begin, step};

/// A fold under way.
pub(super) struct Fold {
    path: PathBuf,
    session: Option<Session>,
}

impl Fold {
    /// Begins at a session, or before the first record.
    pub(super) fn from(path: &Path, session: Option<Session>) -> Self {
        Self { path: path.to_owned(), session }
    }

    /// Takes one record in.
    pub(super) fn take(&mut self, record: &Record) -> Result<&Session, Error> {
        let event = record.event(&self.path)?;
        let next = match self.session.take() {
            None => begin(record.at, &event).ok_or_else(|| self.no_beginning(record, &event))?,
            Some(session) => step(session, record.at, &event).0,
        };
        Ok(self.session.insert(next))
    }

    /// The session; an error if there was no record.
    pub(super) fn finish(self) -> Result<Session, Error> {
        self.session.ok_or(Error::NoRun { path: self.path })
    }

    fn no_beginning(&self, record: &Record, event: &Event) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            line: record.mark.seq.0,
            offset: record.mark.start,
            seq: record.mark.seq,
            why: format!("a journal begins with run_started, not with {}", event.name()),
        }
    }
}
