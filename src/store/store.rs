//! The store of one run: journal, restore points and caches, under the lock.
//!
//! Opening is the newest restore point that the journal bears out, plus the journal's tail; without one, the whole
//! journal. sled is only ever behind the journal: where it says that there was more, the journal was cut, and cco stops.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::db::{Cache, Checkpoints, Head, Keep, State};
use super::dir::StateDir;
use super::durable;
use super::error::Error;
use super::fold::Fold;
use super::journal::{self, Journal, Mark, Record, Repair, Torn};
use super::lock::Lock;
use super::runs;
use crate::session::{Checkpoint, Event, Session, Stage};
use crate::words::{RunId, Seq};

/// Replies kept. One is needed only until its plan is in the journal; more are kept for looking back.
const REPLIES: usize = 512;
/// Verdicts kept.
const VERDICTS: usize = 4096;
/// Records folded at open beyond which a restore point is made at once.
const LONG_TAIL: u64 = 1000;

/// The state of one run, open for writing.
pub struct Store {
    dir: StateDir,
    lock: Lock,
    run: RunId,
    journal: Journal,
    newest: Timestamp,
    checkpoints: Checkpoints,
    replies: Cache,
    verdicts: Cache,
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
        let cache = |name: &str, keep, bound| Cache::open(&checkpoints, name, dir.cache().join(name), keep, bound);
        let replies = cache("replies", Keep::Now, REPLIES)?;
        let verdicts = cache("verdicts", Keep::Soon, VERDICTS)?;
        let (seq, newest) = (journal.last().seq, session.updated_at);
        let store = Self { dir, lock, run, journal, newest, checkpoints, replies, verdicts };
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

    /// After a failed append or sync: checks the journal and writes again what was not synced.
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

    /// Replies of models, by the hash of what was asked.
    pub const fn replies(&mut self) -> &mut Cache {
        &mut self.replies
    }

    /// Verdicts, by the hash of check, environment and inputs.
    pub const fn verdicts(&mut self) -> &mut Cache {
        &mut self.verdicts
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

struct Loaded {
    journal: Journal,
    session: Session,
}

fn load(path: &Path, points: &Checkpoints, state: &State, repaired: &mut Vec<String>) -> Result<Loaded, Error> {
    let folded = match from_point(path, points, repaired)? {
        Some(folded) => folded,
        None => from_the_beginning(path, points, state, repaired)?,
    };
    match folded.torn {
        None => {}
        Some(Torn::Dropped { bytes }) => {
            repaired.push(format!("{bytes} bytes of a record that was never finished were dropped from the journal"));
        }
        Some(Torn::Ended) => repaired.push("the journal's last record lacked its line feed; it was added".to_owned()),
    }
    Ok(Loaded { journal: folded.journal, session: folded.session })
}

/// The newest restore point and the tail after it; `None` if there is no point to begin at, or a named one is missing.
fn from_point(path: &Path, points: &Checkpoints, repaired: &mut Vec<String>) -> Result<Option<Folded>, Error> {
    let Some((mark, session)) = newest(points, repaired)? else {
        return Ok(None);
    };
    let folded = fold(path, &mark, Some(session), points.head()?, None)?;
    if !names_are_complete(points, &folded.session)? {
        repaired.push("a named restore point was missing; it was made again from the journal".to_owned());
        return Ok(None);
    }
    if folded.count > LONG_TAIL {
        points.put_point(folded.journal.last(), None, &folded.session)?;
    }
    Ok(Some(folded))
}

/// The whole journal, with the restore points that it tells of.
fn from_the_beginning(
    path: &Path,
    points: &Checkpoints,
    state: &State,
    repaired: &mut Vec<String>,
) -> Result<Folded, Error> {
    let folded = fold(path, &Mark::ORIGIN, None, points.head()?, Some(points))?;
    points.put_point(folded.journal.last(), None, &folded.session)?;
    // The database of a run that has only begun may not have been made yet.
    if *state == State::Empty && folded.count > 1 {
        repaired.push("the database was missing; it was rebuilt from the journal".to_owned());
    }
    Ok(folded)
}

/// The newest restore point whose session is whole; damaged ones are stepped over.
fn newest(points: &Checkpoints, repaired: &mut Vec<String>) -> Result<Option<(Mark, Session)>, Error> {
    for point in points.list()?.iter().rev() {
        if let Some(session) = points.session(point)? {
            return Ok(Some((point.mark, session)));
        }
        let seq = point.mark.seq;
        repaired.push(format!("the restore point at record {seq} is damaged; the session was rebuilt from before it"));
    }
    Ok(None)
}

struct Folded {
    journal: Journal,
    session: Session,
    count: u64,
    torn: Option<Torn>,
}

/// Opens the journal after a mark and folds its tail; with `points`, named restore points are made on the way.
fn fold(
    path: &Path,
    after: &Mark,
    session: Option<Session>,
    head: Option<Head>,
    points: Option<&Checkpoints>,
) -> Result<Folded, Error> {
    let mut fold = Fold::from(path, session);
    let mut count = 0;
    let opened = Journal::open(path, after, |record| {
        borne_out(path, head, record)?;
        let session = fold.take(record)?;
        count += 1;
        match (points, named_order(session)) {
            (Some(points), Some(name)) => points.put_point(&record.mark, Some(name), session),
            _ => Ok(()),
        }
    })?;
    let last = opened.journal.last();
    if let Some(head) = head.filter(|head| head.mark.seq > last.seq) {
        return Err(Error::Damaged {
            path: path.to_owned(),
            line: last.seq.next().0,
            offset: last.end,
            seq: last.seq.next(),
            why: format!("it is missing: the journal once went on to record {}", head.mark.seq),
        });
    }
    Ok(Folded { session: fold.finish()?, journal: opened.journal, count, torn: opened.torn })
}

/// Compares a record with what sled noted of it.
fn borne_out(path: &Path, head: Option<Head>, record: &Record) -> Result<(), Error> {
    let noted = head.filter(|head| head.mark.seq == record.mark.seq);
    if noted.is_some_and(|head| head.mark != record.mark) {
        return Err(Error::Damaged {
            path: path.to_owned(),
            line: record.mark.seq.0,
            offset: record.mark.start,
            seq: record.mark.seq,
            why: "it is not the record that the database noted".to_owned(),
        });
    }
    Ok(())
}

/// The name of the restore point that a session has just asked for.
fn named_order(session: &Session) -> Option<&str> {
    match &session.stage {
        Stage::Recording(order) => match &order.checkpoint {
            Checkpoint::Named(name) => Some(name),
            Checkpoint::Light | Checkpoint::Full => None,
        },
        _ => None,
    }
}

/// Whether every named restore point that the journal tells of is there; the one being made may not be yet.
fn names_are_complete(points: &Checkpoints, session: &Session) -> Result<bool, Error> {
    let expected = session.checkpoints.saturating_sub(u32::from(names_a_point(&session.stage)));
    Ok(points.named()?.len() >= expected as usize)
}

/// Whether a named restore point is to be made in this stage, or in one that it holds back.
fn names_a_point(stage: &Stage) -> bool {
    match stage {
        Stage::Recording(order) => matches!(order.checkpoint, Checkpoint::Named(_)),
        Stage::Waiting { then, .. }
        | Stage::Paused { then, .. }
        | Stage::AwaitingHuman { then, .. }
        | Stage::Stopping { then, .. } => names_a_point(then),
        Stage::Preparing
        | Stage::Deriving { .. }
        | Stage::Sealing
        | Stage::Verifying { .. }
        | Stage::Planning { .. }
        | Stage::Working(_)
        | Stage::Snapshotting { .. }
        | Stage::Proving { .. }
        | Stage::Ended(_) => false,
    }
}
