//! Restore points: the session at a place of the journal, so that a resume need not fold all of it.
//!
//! One atomic batch holds the session's parts, its entry and the head (where the journal stood). The newest twenty and
//! all named ones are kept. A point counts only if its digest is right and the journal still holds its record.

use std::path::Path;

use jiff::Timestamp;

use super::guard::{Db, Opening};
use super::point::{ENTRIES, HEAD, Head, Point};
use super::value::{self, Kind};
use crate::session::Session;
use crate::store::error::Error;
use crate::store::journal::Mark;
use crate::store::{durable, record};
use crate::words::{Hash, RunId};

/// How many points without a name are kept.
const KEPT: usize = 20;
/// The largest session that is unpacked, in bytes; bounds what a damaged entry can cost.
const LARGEST: usize = 64 << 20;
/// The layout of the database. Another one is refused, not rewritten.
const FORMAT: &[u8] = b"1";

/// The restore points of one run.
pub struct Checkpoints {
    db: Db,
    tree: sled::Tree,
}

/// In what state the database was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As it was left.
    Sound,
    /// New, or emptied.
    Empty,
    /// Set aside, for this reason; a new one stands in its place.
    SetAside(String),
}

impl Checkpoints {
    /// Opens the database of a run; one that is damaged, short or of another run is moved aside.
    pub(crate) fn open(path: &Path, run: RunId, now: Timestamp) -> Result<(Self, State), Error> {
        let why = match Db::open(path)? {
            Opening::Open(db) => match Self::look(db, run)? {
                Ok(found) => return Ok(found),
                Err(why) => why,
            },
            Opening::Unfit(why) => why,
        };
        let aside = durable::free_name(path, "broken", now);
        durable::rename(path, &aside)?;
        durable::sync_dir(durable::parent(path))?;
        match Db::open(path)? {
            Opening::Open(db) => Ok((Self::begin(db, run)?, State::SetAside(why))),
            Opening::Unfit(why) => Err(Error::Database { path: path.to_owned(), why }),
        }
    }

    /// Tells a sound database from one that is not; the inner error is the reason to set it aside.
    fn look(db: Db, run: RunId) -> Result<Result<(Self, State), String>, Error> {
        let Ok(tree) = db.tree("points") else {
            return Ok(Err("its trees cannot be read".to_owned()));
        };
        let found = Self { db: db.clone(), tree };
        let meta =
            found.meta("format").and_then(|format| Ok((format, found.meta("run")?, found.head()?, found.list()?)));
        let (format, of, head, list) = match meta {
            Ok(meta) => meta,
            Err(Error::Database { why, .. }) => return Ok(Err(why)),
            Err(other) => return Err(other),
        };
        let Some(format) = format else {
            let unused = of.is_none() && head.is_none() && list.is_empty();
            return if unused {
                Ok(Ok((Self::begin(db, run)?, State::Empty)))
            } else {
                Ok(Err("it does not say its format".to_owned()))
            };
        };
        if format != FORMAT {
            let what = format!("database format {}", String::from_utf8_lossy(&format));
            return Err(Error::Newer { path: found.db.path().to_owned(), what });
        }
        if of.as_deref() != Some(run.0.as_bytes().as_slice()) {
            return Ok(Err("it belongs to another run".to_owned()));
        }
        let held = list.len() as u64;
        let expected = head.map_or(0, |head| head.points);
        if held != expected {
            return Ok(Err(format!("it holds {held} restore points and should hold {expected}")));
        }
        let state = if list.is_empty() { State::Empty } else { State::Sound };
        Ok(Ok((found, state)))
    }

    fn begin(db: Db, run: RunId) -> Result<Self, Error> {
        let tree = db.tree("points")?;
        let mut batch = sled::Batch::default();
        batch.insert("mformat", value::seal(Kind::Meta, FORMAT));
        batch.insert("mrun", value::seal(Kind::Meta, run.0.as_bytes()));
        db.call(|_| tree.apply_batch(batch))?;
        db.flush()?;
        Ok(Self { db, tree })
    }

    /// Keeps a restore point: the session after the record at `mark`. A point of the same name moves; a name is not
    /// taken away by a later point at the same record. One fsync.
    ///
    /// # Errors
    /// The point is not kept; the earlier ones are. The journal is not concerned.
    pub fn put_point(&self, mark: &Mark, name: Option<&str>, session: &Session) -> Result<(), Error> {
        let json = record::encode_session(session)
            .map_err(|error| Error::Unwritable { what: "a restore point", why: error.to_string() })?;
        if json.len() > LARGEST {
            return Err(Error::TooLong { bytes: json.len(), limit: LARGEST });
        }
        let packed = zstd::bulk::compress(&json, zstd::DEFAULT_COMPRESSION_LEVEL)
            .map_err(|error| Error::Unwritable { what: "a restore point", why: error.to_string() })?;
        let mut points = self.list()?;
        let same = points.iter().find(|point| point.mark.seq == mark.seq).and_then(|point| point.name.clone());
        let point = Point {
            mark: *mark,
            name: name.map(ToOwned::to_owned).or(same),
            at: session.updated_at,
            iteration: session.iteration,
            bytes: packed.len() as u64,
            digest: Hash::of(&packed),
        };
        let mut batch = sled::Batch::default();
        points.retain(|old| {
            let replaced = old.mark.seq == mark.seq || old.name.is_some() && old.name == point.name;
            if replaced {
                old.remove(&mut batch);
            }
            !replaced
        });
        point.insert(&mut batch, &packed)?;
        points.push(point);
        forget_oldest(&mut batch, &mut points);
        Head { mark: *mark, points: points.len() as u64 }.insert(&mut batch)?;
        self.write(batch)
    }

    /// Notes a record that is on disk, so that a journal that is cut at a record's end is seen. No fsync: an older note
    /// sees less and is not wrong.
    ///
    /// # Errors
    /// The note is not kept; an earlier one is.
    pub fn note_head(&self, mark: &Mark) -> Result<(), Error> {
        let points = self.list()?.len() as u64;
        let mut batch = sled::Batch::default();
        Head { mark: *mark, points }.insert(&mut batch)?;
        self.db.call(|_| self.tree.apply_batch(batch))?;
        self.db.hand_over()
    }

    /// All restore points, oldest first.
    ///
    /// # Errors
    /// [`Error::Database`] if an entry is damaged.
    pub fn list(&self) -> Result<Vec<Point>, Error> {
        let entries: Vec<_> = self.db.call(|_| self.tree.scan_prefix(ENTRIES).values().collect())?;
        let damaged = || self.db.failed("an entry is damaged".to_owned());
        entries.iter().map(|entry| Point::read(entry).ok_or_else(damaged)).collect()
    }

    /// The named ones among them.
    ///
    /// # Errors
    /// [`Error::Database`] if an entry is damaged.
    pub fn named(&self) -> Result<Vec<Point>, Error> {
        Ok(self.list()?.into_iter().filter(|point| point.name.is_some()).collect())
    }

    /// The session of a point; `None` if what is stored is not what was.
    ///
    /// # Errors
    /// [`Error::Newer`] if it is whole and this cco cannot read it; or the database failed.
    pub fn session(&self, point: &Point) -> Result<Option<Session>, Error> {
        let mut packed = Vec::new();
        let chunks: Vec<_> = self.db.call(|_| self.tree.range(point.range()).values().collect())?;
        for chunk in &chunks {
            match value::open(Kind::Chunk, chunk) {
                Some(part) => packed.extend_from_slice(part),
                None => return Ok(None),
            }
        }
        if packed.len() as u64 != point.bytes || Hash::of(&packed) != point.digest {
            return Ok(None);
        }
        let Ok(json) = zstd::bulk::decompress(&packed, LARGEST) else {
            return Ok(None);
        };
        let newer = |error: serde_json::Error| {
            let what = format!("restore point {}: {error}", point.mark.seq);
            Error::Newer { path: self.db.path().to_owned(), what }
        };
        record::decode_session(&json).map(Some).map_err(newer)
    }

    /// Where the journal stood when the database was last written.
    pub(crate) fn head(&self) -> Result<Option<Head>, Error> {
        let Some(value) = self.db.call(|_| self.tree.get(HEAD))? else {
            return Ok(None);
        };
        Head::read(&value).map(Some).ok_or_else(|| self.db.failed("its head is damaged".to_owned()))
    }

    /// The database, for the caches that live beside the points.
    pub(super) const fn db(&self) -> &Db {
        &self.db
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(value) = self.db.call(|_| self.tree.get(format!("m{name}")))? else {
            return Ok(None);
        };
        let body = value::open(Kind::Meta, &value).ok_or_else(|| self.db.failed(format!("its {name} is damaged")))?;
        Ok(Some(body.to_vec()))
    }

    fn write(&self, batch: sled::Batch) -> Result<(), Error> {
        self.db.call(|_| self.tree.apply_batch(batch))?;
        self.db.flush()
    }
}

fn forget_oldest(batch: &mut sled::Batch, points: &mut Vec<Point>) {
    let unnamed = points.iter().filter(|point| point.name.is_none()).count();
    let mut surplus = unnamed.saturating_sub(KEPT);
    points.sort_by_key(|point| point.mark.seq);
    points.retain(|point| {
        let goes = surplus > 0 && point.name.is_none();
        if goes {
            surplus -= 1;
            point.remove(batch);
        }
        !goes
    });
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests damage files")]
mod tests {
    use super::*;
    use crate::store::db::point::{chunk_key, point_key};
    use crate::store::record::sample::{Dice, Sample};
    use crate::words::Seq;

    fn run() -> RunId {
        RunId(uuid::Uuid::from_u128(1))
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap()
    }

    fn mark(seq: u64) -> Mark {
        Mark { seq: Seq(seq), start: seq * 100, end: seq * 100 + 100, hash: Hash::of(&seq.to_le_bytes()) }
    }

    fn session(seed: u64) -> Session {
        Session::sample(&mut Dice::new(seed))
    }

    fn open(folder: &tempfile::TempDir) -> (Checkpoints, State) {
        Checkpoints::open(&folder.path().join("db"), run(), now()).unwrap()
    }

    #[test]
    fn a_point_comes_back_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (points, state) = open(&folder);
        assert_eq!(state, State::Empty);
        let mut large = session(3);
        large.milestone = Some((0..20_000).map(|n| char::from_u32(0x4e00 + n * 7 % 20_000).unwrap()).collect());
        points.put_point(&mark(1), None, &session(2)).unwrap();
        points.put_point(&mark(2), Some("CP1"), &large).unwrap();
        drop(points);
        let (points, state) = open(&folder);
        assert_eq!(state, State::Sound);
        let list = points.list().unwrap();
        assert_eq!(list.iter().map(|point| point.mark).collect::<Vec<_>>(), [mark(1), mark(2)]);
        assert!(list[1].parts() > 3, "the large one has several parts");
        assert_eq!(points.session(&list[0]).unwrap(), Some(session(2)));
        assert_eq!(points.session(&list[1]).unwrap(), Some(large));
        assert_eq!(points.head().unwrap().unwrap().mark, mark(2));
    }

    #[test]
    fn the_newest_twenty_and_the_named_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (points, _) = open(&folder);
        for seq in 1..=40 {
            points.put_point(&mark(seq), (seq == 2).then_some("CP1"), &session(seq)).unwrap();
        }
        let kept: Vec<u64> = points.list().unwrap().iter().map(|point| point.mark.seq.0).collect();
        assert_eq!(kept, std::iter::once(2).chain(21..=40).collect::<Vec<_>>());
        let parts = points.tree.scan_prefix("c").count();
        let expected: usize = points.list().unwrap().iter().map(Point::parts).sum();
        assert_eq!(parts, expected, "no part of a forgotten point stays");
    }

    #[test]
    fn a_name_moves_with_the_phase_end_that_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let (points, _) = open(&folder);
        points.put_point(&mark(5), Some("CP1"), &session(1)).unwrap();
        points.put_point(&mark(5), None, &session(1)).unwrap();
        assert_eq!(points.named().unwrap()[0].mark, mark(5));
        points.put_point(&mark(6), Some("CP1"), &session(2)).unwrap();
        let named = points.named().unwrap();
        assert_eq!(named.iter().map(|point| point.mark).collect::<Vec<_>>(), [mark(6)]);
    }

    #[test]
    fn a_damaged_part_makes_the_point_nothing_and_leaves_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (points, _) = open(&folder);
        points.put_point(&mark(1), None, &session(1)).unwrap();
        points.put_point(&mark(2), None, &session(2)).unwrap();
        let mut chunk = points.tree.get(chunk_key(Seq(2), 0)).unwrap().unwrap().to_vec();
        chunk[10] ^= 1;
        points.tree.insert(chunk_key(Seq(2), 0), chunk).unwrap();
        let list = points.list().unwrap();
        assert_eq!(points.session(&list[1]).unwrap(), None);
        assert_eq!(points.session(&list[0]).unwrap(), Some(session(1)));
        points.tree.remove(chunk_key(Seq(1), 0)).unwrap();
        assert_eq!(points.session(&list[0]).unwrap(), None);
    }

    #[test]
    fn fewer_rows_another_run_and_damaged_entries_are_set_aside() {
        type Spoil = fn(&Checkpoints);
        let spoil: [(&str, Spoil); 3] = [
            ("should hold 2", |points| {
                points.tree.remove(point_key(Seq(1))).unwrap();
            }),
            ("damaged", |points| {
                points.tree.insert("head", b"what".as_slice()).unwrap();
            }),
            ("another run", |points| {
                points.tree.insert("mrun", value::seal(Kind::Meta, &[0; 16])).unwrap();
            }),
        ];
        for (expected, spoil) in spoil {
            let folder = tempfile::tempdir().unwrap();
            let (points, _) = open(&folder);
            points.put_point(&mark(1), None, &session(1)).unwrap();
            points.put_point(&mark(2), None, &session(2)).unwrap();
            spoil(&points);
            drop(points);
            let (points, state) = open(&folder);
            let State::SetAside(why) = state else { panic!("{expected}: {state:?}") };
            assert!(why.contains(expected), "{why}");
            assert_eq!(points.list().unwrap(), []);
            assert!(folder.path().join("db.broken-1700000000").is_dir());
        }
    }

    #[test]
    fn a_newer_database_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (points, _) = open(&folder);
        points.tree.insert("mformat", value::seal(Kind::Meta, b"2")).unwrap();
        drop(points);
        for _ in 0..2 {
            let opened = Checkpoints::open(&folder.path().join("db"), run(), now());
            assert!(matches!(opened, Err(Error::Newer { .. })));
        }
    }

    #[test]
    fn a_kill_while_sled_opened_does_not_spoil_it_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (points, _) = open(&folder);
        points.put_point(&mark(1), None, &session(1)).unwrap();
        drop(points);
        std::fs::write(folder.path().join("db/snap.FFFFFFFF.generating"), b"half").unwrap();
        let (points, state) = open(&folder);
        assert_eq!((points.list().unwrap().len(), state), (1, State::Sound));
    }
}
