//! How a restore point lies in sled: its entry, its parts, and the head of the journal, each under a key of its own.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::value::{self, Kind};
use crate::store::error::Error;
use crate::store::journal::Mark;
use crate::words::{Hash, IterationNumber, Seq};

/// The key of the head.
pub(super) const HEAD: &str = "head";
/// What the keys of all entries begin with.
pub(super) const ENTRIES: &str = "p";
/// The largest part of a session in one value, in bytes: no value above 4 KiB.
const CHUNK: usize = 4000;

/// A restore point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The newest record that its session has taken in.
    pub mark: Mark,
    /// CP1, CP2 … at phase ends.
    pub name: Option<String>,
    /// When that record was appended.
    pub at: Timestamp,
    /// The iteration it was made in.
    pub iteration: IterationNumber,
    /// The size of its packed session.
    pub(super) bytes: u64,
    /// The digest of its packed session.
    pub(super) digest: Hash,
}

/// Where the journal stood when the database was last written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) mark: Mark,
    /// How many restore points there were.
    pub(crate) points: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkV1 {
    seq: Seq,
    start: u64,
    end: u64,
    hash: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadV1 {
    mark: MarkV1,
    points: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PointV1 {
    mark: MarkV1,
    name: Option<String>,
    at: Timestamp,
    iteration: IterationNumber,
    bytes: u64,
    digest: Hash,
}

impl Point {
    /// Reads an entry; `None` if it is not what was written.
    pub(super) fn read(entry: &[u8]) -> Option<Self> {
        let PointV1 { mark, name, at, iteration, bytes, digest } = parse(Kind::Point, entry)?;
        Some(Self { mark: mark.into(), name, at, iteration, bytes, digest })
    }

    /// Adds the point with its packed session to a batch.
    pub(super) fn insert(&self, batch: &mut sled::Batch, packed: &[u8]) -> Result<(), Error> {
        for (part, chunk) in (0..).zip(packed.chunks(CHUNK)) {
            batch.insert(chunk_key(self.mark.seq, part), value::seal(Kind::Chunk, chunk));
        }
        let Self { mark, name, at, iteration, bytes, digest } = self.clone();
        let entry = PointV1 { mark: (&mark).into(), name, at, iteration, bytes, digest };
        batch.insert(point_key(mark.seq), sealed(Kind::Point, &entry)?);
        Ok(())
    }

    /// Takes the point out in a batch.
    pub(super) fn remove(&self, batch: &mut sled::Batch) {
        batch.remove(point_key(self.mark.seq));
        for part in (0..).take(self.parts()) {
            batch.remove(chunk_key(self.mark.seq, part));
        }
    }

    /// The keys of its parts.
    pub(super) fn range(&self) -> std::ops::RangeInclusive<Vec<u8>> {
        chunk_key(self.mark.seq, 0)..=chunk_key(self.mark.seq, u32::MAX)
    }

    /// How many parts it has.
    pub(super) fn parts(&self) -> usize {
        usize::try_from(self.bytes.div_ceil(CHUNK as u64)).unwrap_or(usize::MAX)
    }
}

impl Head {
    /// Reads the head; `None` if it is not what was written.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let HeadV1 { mark, points } = parse(Kind::Head, value)?;
        Some(Self { mark: mark.into(), points })
    }

    /// Adds the head to a batch.
    pub(super) fn insert(&self, batch: &mut sled::Batch) -> Result<(), Error> {
        let Self { mark, points } = *self;
        batch.insert(HEAD, sealed(Kind::Head, &HeadV1 { mark: (&mark).into(), points })?);
        Ok(())
    }
}

fn parse<T: for<'a> Deserialize<'a>>(kind: Kind, value: &[u8]) -> Option<T> {
    serde_json::from_slice(value::open(kind, value)?).ok()
}

pub(super) fn point_key(seq: Seq) -> Vec<u8> {
    [ENTRIES.as_bytes(), &seq.0.to_be_bytes()].concat()
}

pub(super) fn chunk_key(seq: Seq, part: u32) -> Vec<u8> {
    [b"c".as_slice(), &seq.0.to_be_bytes(), &part.to_be_bytes()].concat()
}

fn sealed(kind: Kind, entry: &impl Serialize) -> Result<Vec<u8>, Error> {
    let body = serde_json::to_vec(entry)
        .map_err(|error| Error::Unwritable { what: "an entry of the database", why: error.to_string() })?;
    Ok(value::seal(kind, &body))
}

impl From<&Mark> for MarkV1 {
    fn from(mark: &Mark) -> Self {
        let Mark { seq, start, end, hash } = *mark;
        Self { seq, start, end, hash }
    }
}

impl From<MarkV1> for Mark {
    fn from(mark: MarkV1) -> Self {
        let MarkV1 { seq, start, end, hash } = mark;
        Self { seq, start, end, hash }
    }
}
