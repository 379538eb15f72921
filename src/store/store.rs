//! The store of one run: journal, restore points and caches, under the lock.
//!
//! sled is only ever behind the journal: a restore point is written after the records it stands on are on disk.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::caches::Caches;
use super::db::{Checkpoints, State};
use super::dir::StateDir;
use super::durable;
use super::error::Error;
use super::journal::{self, Journal, Mark, Repair};
use super::lock::Lock;
use super::resume::{Loaded, load};
use super::runs;
use crate::session::{Checkpoint, Event, Session};
use crate::words::{RunId, Seq};

/// The state of one run, open for writing.
pub struct Store {
    dir: StateDir,
    run: RunId,
    journal: Journal,
    newest: Timestamp,
    checkpoints: Checkpoints,
    caches: Caches,
    /// Given back last: sled writes when it is closed.
    lock: Lock,
}

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The session as of the newest record.
    pub session: Session,
    /// The newest record.
    pub seq: Seq,
    /// What was found wrong and put right, in sentences for people; to be said aloud.
    pub repaired: Vec<String>,
}

impl Store {
    /// Begins a run with its first event. The run is there as soon as that record is on disk, and not before.
    ///
    /// # Errors
    /// [`Error::RunExists`] if the state folder holds a run: [`super::archive_run`] moves it away.
    pub fn create(dir: StateDir, lock: Lock, now: Timestamp, first: &Event) -> Result<Opened, Error> {
        runs::finish_archive(&dir, &lock)?;
        let path = dir.journal();
        if path.exists() {
            return Err(Error::RunExists { path: dir.root().to_owned() });
        }
        let mut repaired = Vec::new();
        if let Some(aside) = set_aside(&dir.db(), "stray", now)? {
            repaired.push(format!("a database without a journal was moved to {}", aside.display()));
        }
        drop(Journal::create(&path, now, first)?);
        let mut opened = Self::open(dir, lock, now)?;
        // A database that is new because the run is needs no words.
        opened.repaired = repaired;
        Ok(opened)
    }

    /// Opens the run in the state folder.
    ///
    /// # Errors
    /// [`Error::NoRun`]; [`Error::Damaged`] if the journal is not what was written; [`Error::Newer`].
    pub fn open(dir: StateDir, lock: Lock, now: Timestamp) -> Result<Opened, Error> {
        runs::finish_archive(&dir, &lock)?;
        let run = runs::current_run(&dir)?.ok_or_else(|| Error::NoRun { path: dir.root().to_owned() })?.id;
        let (checkpoints, state) = Checkpoints::open(&dir.db(), run, now)?;
        let mut repaired = Vec::new();
        if let State::SetAside(why) = &state {
            repaired.push(format!("the database was rebuilt from the journal ({why}); the old one is kept beside it"));
        }
        let Loaded { journal, session } = load(&dir.journal(), &checkpoints, &state, &mut repaired)?;
        let caches = Caches::open(&checkpoints, &dir)?;
        let (seq, newest) = (journal.last().seq, session.updated_at);
        let store = Self { dir, run, journal, newest, checkpoints, caches, lock };
        Ok(Opened { store, session, seq, repaired })
    }

    /// Appends an event; acknowledged by the next [`Store::sync`].
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append(&mut self, now: Timestamp, event: &Event) -> Result<Seq, Error> {
        let seq = self.journal.append(now, event)?;
        self.newest = now;
        Ok(seq)
    }

    /// Waits until every appended event is on disk. One fsync, or none if there is nothing to wait for.
    ///
    /// # Errors
    /// As [`Journal::sync`].
    pub fn sync(&mut self) -> Result<(), Error> {
        self.journal.sync()
    }

    /// After a failed append or sync: checks the journal and writes again what was not synced. sled, once it failed,
    /// works again only after [`Store::close`] and [`Store::open`].
    ///
    /// # Errors
    /// As [`Journal::reopen`].
    pub fn reopen(&mut self) -> Result<(), Error> {
        self.journal.reopen()
    }

    /// Keeps the restore point an iteration asks for; the session is the one after the newest event. A light one: no
    /// fsync (the newest synced record is noted). A full one: one fsync for sled, after one for the journal if anything
    /// in it is not synced.
    ///
    /// # Errors
    /// [`Error::Database`]: the run can go on without this point, and the database is rebuilt at the next open.
    pub fn checkpoint(&mut self, kind: &Checkpoint, session: &Session) -> Result<(), Error> {
        match kind {
            Checkpoint::Light => self.checkpoints.note_head(self.journal.synced()),
            Checkpoint::Full => self.put_point(None, session),
            Checkpoint::Named(name) => self.put_point(Some(name), session),
        }
    }

    fn put_point(&mut self, name: Option<&str>, session: &Session) -> Result<(), Error> {
        if session.updated_at != self.newest || session.run != self.run {
            let why = "the session is not the one after the journal's newest record".to_owned();
            return Err(Error::Unwritable { what: "a restore point", why });
        }
        // sled must never know of a record that a power cut can take from the journal.
        self.journal.sync()?;
        self.checkpoints.put_point(self.journal.last(), name, session)
    }

    /// The restore points.
    #[must_use]
    pub const fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// The caches: a handle that may be cloned into tasks.
    #[must_use]
    pub const fn caches(&self) -> &Caches {
        &self.caches
    }

    /// Checks the whole journal: due before the proof.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn verify_all(&self) -> Result<(), Error> {
        self.journal.verify()
    }

    /// The newest record, for the trailer `Cco-Journal` and for readers that follow.
    #[must_use]
    pub const fn last(&self) -> &Mark {
        self.journal.last()
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> RunId {
        self.run
    }

    /// The state folder.
    #[must_use]
    pub const fn dir(&self) -> &StateDir {
        &self.dir
    }

    /// Closes the store and gives the lock back, to archive the run or begin another.
    #[must_use]
    pub fn close(self) -> Lock {
        self.lock
    }
}

/// Cuts a damaged journal after its last good record; the damaged file and the database are kept beside it. `None` if
/// there was nothing to repair. Only ever done because a person asked for it.
///
/// # Errors
/// [`Error::Damaged`] if not even the first record is whole.
pub fn repair_journal(dir: &StateDir, _held: &Lock, now: Timestamp) -> Result<Option<Repair>, Error> {
    let repair = journal::repair(&dir.journal(), now)?;
    if repair.is_some() {
        set_aside(&dir.db(), "broken", now)?;
    }
    Ok(repair)
}

fn set_aside(path: &Path, word: &str, now: Timestamp) -> Result<Option<PathBuf>, Error> {
    let aside = durable::free_name(path, word, now);
    let moved = durable::rename_if_there(path, &aside)?;
    durable::sync_dir(durable::parent(path))?;
    Ok(moved.then_some(aside))
}
