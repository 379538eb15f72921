//! Reading without the lock: for faces, while a daemon may be appending. Nothing is changed, nothing is waited for.

use std::path::PathBuf;

use jiff::Timestamp;

use super::dir::StateDir;
use super::error::Error;
use super::fold::Fold;
use super::journal::{Mark, Record, Records};
use super::runs;
use crate::session::{Event, Session};
use crate::words::{RunId, Seq};

/// Folds a run's journal as far as it is written; `None` names the current run. Also tells the newest record taken in.
///
/// # Errors
/// [`Error::NoRun`], [`Error::UnknownRun`], or the journal cannot be read.
pub fn read_session(dir: &StateDir, run: Option<RunId>) -> Result<(Session, Mark), Error> {
    let path = runs::find(dir, run)?.journal();
    let mut records = Records::after(&path, &Mark::ORIGIN)?;
    let mut fold = Fold::from(&path, None);
    while let Some(record) = records.next()? {
        fold.take(&record)?;
    }
    Ok((fold.finish()?, *records.last()))
}

/// The events of a run after a mark ([`Mark::ORIGIN`]: all of them).
///
/// # Errors
/// [`Error::NoRun`], [`Error::UnknownRun`], or the record at the mark is not the one it was.
pub fn read_events(dir: &StateDir, run: Option<RunId>, after: &Mark) -> Result<Events, Error> {
    let path = runs::find(dir, run)?.journal();
    let records = Records::after(&path, after)?;
    Ok(Events { path, records, ended: false })
}

/// Checks a run's whole chain, and that every record can be read; tells the newest one.
///
/// # Errors
/// [`Error::Damaged`] naming the first record that is not what was written.
pub fn verify_run(dir: &StateDir, run: Option<RunId>) -> Result<Mark, Error> {
    let mut events = read_events(dir, run, &Mark::ORIGIN)?;
    for event in &mut events {
        event?;
    }
    Ok(*events.mark())
}

/// A session in the JSON of format 1: for the fixtures that must load for ever, and for measuring what a session takes.
///
/// # Errors
/// [`Error::Unwritable`] if something in it has no JSON.
#[cfg(feature = "test-fakes")]
pub fn session_json(session: &Session) -> Result<Vec<u8>, Error> {
    super::record::encode_session(session)
        .map_err(|error| Error::Unwritable { what: "a session", why: error.to_string() })
}

/// Events in the order of the journal. After the last one it yields `None`, and more when the journal has grown:
/// whoever follows asks again when woken. After an error it yields nothing more.
#[derive(Debug)]
pub struct Events {
    path: PathBuf,
    records: Records,
    ended: bool,
}

impl Events {
    /// The last record read: where [`read_events`] goes on later.
    #[must_use]
    pub const fn mark(&self) -> &Mark {
        self.records.last()
    }

    /// Reads over records up to and with `seq`; their chain is checked, their bodies are not looked at.
    ///
    /// # Errors
    /// If one of them is damaged.
    pub fn skip_to(&mut self, seq: Seq) -> Result<(), Error> {
        while self.mark().seq < seq && self.records.next()?.is_some() {}
        Ok(())
    }

    fn event(&self, record: &Record) -> Result<(Seq, Timestamp, Event), Error> {
        Ok((record.mark.seq, record.at, record.event(&self.path)?))
    }
}

impl Iterator for Events {
    type Item = Result<(Seq, Timestamp, Event), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.records.next().transpose()?.and_then(|record| self.event(&record));
        self.ended = next.is_err();
        Some(next)
    }
}
