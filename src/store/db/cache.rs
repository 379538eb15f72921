//! A bounded cache of JSON values by hash: replies of models (paid for, so each is on disk before it counts) and
//! verdicts (free to repeat, so they reach the disk with the next restore point).
//!
//! Values are packed; one that is still too large for sled is a file, and sled holds its digest. A value that is not
//! what was put is no value: the cache can forget, but it cannot lie.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::checkpoints::Checkpoints;
use super::guard::Db;
use super::value::{self, Kind};
use crate::store::durable;
use crate::store::error::Error;
use crate::words::Hash;

/// The largest packed value in sled, in bytes.
const INLINE: usize = 4000;
/// The largest value that is unpacked, in bytes.
const LARGEST: usize = 64 << 20;

/// When a value must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Before `put` returns.
    Now,
    /// When the database is written next.
    Soon,
}

/// One cache.
pub(crate) struct Cache {
    db: Db,
    values: sled::Tree,
    order: sled::Tree,
    files: PathBuf,
    keep: Keep,
    bound: usize,
    /// How many keys there are: sled counts by walking.
    count: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileV1 {
    bytes: u64,
    digest: Hash,
}

impl Cache {
    /// Opens a cache of at most `bound` values; beyond it the ones put first go first.
    pub(crate) fn open(
        beside: &Checkpoints,
        name: &str,
        files: PathBuf,
        keep: Keep,
        bound: usize,
    ) -> Result<Self, Error> {
        let db = beside.db().clone();
        let (values, order) = (db.tree(name)?, db.tree(&format!("{name}-order"))?);
        let count = db.call(|_| Ok(order.len()))?;
        durable::private_dir(&files)?;
        Ok(Self { db, values, order, files, keep, bound, count })
    }

    /// The value of a key; `None` if there is none, or what is stored is not what was put.
    ///
    /// # Errors
    /// If the database or the disk failed.
    pub(crate) fn get(&self, key: &Hash) -> Result<Option<Vec<u8>>, Error> {
        let Some(stored) = self.db.call(|_| self.values.get(key.as_bytes()))? else {
            return Ok(None);
        };
        let packed = match value::open(Kind::Inline, &stored) {
            Some(packed) => Some(packed.to_vec()),
            None => self.read_file(key, &stored)?,
        };
        let value = packed.and_then(|packed| zstd::bulk::decompress(&packed, LARGEST).ok());
        if value.is_none() {
            tracing::warn!(key = %key.short(), "a cached value is damaged and was not used");
        }
        // Unpacking reserves room for the largest value there may be.
        Ok(value.map(|value| value.into_boxed_slice().into_vec()))
    }

    /// Keeps a value. A reply: one fsync, three if it is large. A verdict: none, two if it is large.
    ///
    /// # Errors
    /// The value is not kept.
    pub(crate) fn put(&mut self, key: &Hash, json: &[u8]) -> Result<(), Error> {
        if json.len() > LARGEST {
            return Err(Error::TooLong { bytes: json.len(), limit: LARGEST });
        }
        let packed = zstd::bulk::compress(json, zstd::DEFAULT_COMPRESSION_LEVEL)
            .map_err(|error| Error::Unwritable { what: "a cached value", why: error.to_string() })?;
        let stored = if packed.len() <= INLINE {
            value::seal(Kind::Inline, &packed)
        } else {
            durable::write_whole(&self.file(key), &packed)?;
            let entry = FileV1 { bytes: packed.len() as u64, digest: Hash::of(&packed) };
            let body = serde_json::to_vec(&entry)
                .map_err(|error| Error::Unwritable { what: "a cached value", why: error.to_string() })?;
            value::seal(Kind::File, &body)
        };
        if self.db.call(|_| self.values.get(key.as_bytes()))?.is_none() {
            self.queue(key)?;
        }
        self.db.call(|_| self.values.insert(key.as_bytes(), stored))?;
        self.evict()?;
        match self.keep {
            Keep::Now => self.db.flush(),
            Keep::Soon => Ok(()),
        }
    }

    /// Forgets every value.
    ///
    /// # Errors
    /// If the database or the disk failed; what is left is still whole.
    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        let bound = std::mem::replace(&mut self.bound, 0);
        let cleared = self.evict();
        self.bound = bound;
        cleared
    }

    /// Forgets one value; its place in the order goes in its turn.
    ///
    /// # Errors
    /// If the database failed.
    pub(crate) fn forget(&mut self, key: &Hash) -> Result<(), Error> {
        self.db.call(|_| self.values.remove(key.as_bytes()))?;
        durable::remove_if_there(&self.file(key))?;
        match self.keep {
            Keep::Now => self.db.flush(),
            Keep::Soon => Ok(()),
        }
    }

    /// Notes the key's place in the order. It stands before the value: a crash between the two leaves a place without
    /// a value, which is only forgotten in its turn.
    fn queue(&mut self, key: &Hash) -> Result<(), Error> {
        let newest = self.db.call(|_| self.order.last())?;
        let newest = newest.and_then(|(place, _)| Some(u64::from_be_bytes(place.as_ref().try_into().ok()?)));
        let place = newest.map_or(0, |newest| newest.saturating_add(1));
        let entry = value::seal(Kind::Order, key.as_bytes());
        self.db.call(|_| self.order.insert(place.to_be_bytes(), entry))?;
        self.count += 1;
        Ok(())
    }

    fn evict(&mut self) -> Result<(), Error> {
        while self.count > self.bound {
            let Some((_, entry)) = self.db.call(|_| self.order.pop_min())? else {
                self.count = 0;
                return Ok(());
            };
            self.count -= 1;
            let key = value::open(Kind::Order, &entry).and_then(|key| <[u8; 32]>::try_from(key).ok());
            if let Some(key) = key {
                self.db.call(|_| self.values.remove(key))?;
                durable::remove_if_there(&self.files.join(hex(&key)))?;
            }
        }
        Ok(())
    }

    fn read_file(&self, key: &Hash, stored: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let entry = value::open(Kind::File, stored).and_then(|body| serde_json::from_slice::<FileV1>(body).ok());
        let (Some(entry), Some(packed)) = (entry, durable::read_if_there(&self.file(key))?) else {
            return Ok(None);
        };
        let whole = packed.len() as u64 == entry.bytes && Hash::of(&packed) == entry.digest;
        Ok(whole.then_some(packed))
    }

    fn file(&self, key: &Hash) -> PathBuf {
        self.files.join(hex(key.as_bytes()))
    }
}

fn hex(key: &[u8; 32]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests damage files")]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::words::RunId;

    fn open(folder: &tempfile::TempDir, keep: Keep, bound: usize) -> (Checkpoints, Cache) {
        let run = RunId(uuid::Uuid::from_u128(1));
        let (points, _) = Checkpoints::open(&folder.path().join("db"), run, Timestamp::UNIX_EPOCH).unwrap();
        let cache = Cache::open(&points, "replies", folder.path().join("cache/replies"), keep, bound).unwrap();
        (points, cache)
    }

    /// Bytes that do not pack.
    fn noise(bytes: usize) -> Vec<u8> {
        (0_u64..).flat_map(|n| *Hash::of(&n.to_le_bytes()).as_bytes()).take(bytes).collect()
    }

    #[test]
    fn small_and_large_values_come_back_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let (small, large) = (Hash::of(b"small"), Hash::of(b"large"));
        {
            let (_points, mut cache) = open(&folder, Keep::Now, 10);
            cache.put(&small, b"{\"a\":1}").unwrap();
            cache.put(&large, &noise(50_000)).unwrap();
        }
        let (_points, cache) = open(&folder, Keep::Now, 10);
        assert_eq!(cache.get(&small).unwrap().unwrap(), b"{\"a\":1}");
        assert_eq!(cache.get(&large).unwrap().unwrap(), noise(50_000));
        assert_eq!(cache.get(&Hash::of(b"other")).unwrap(), None);
        assert_eq!(durable::list(&cache.files).unwrap().len(), 1, "only the large one is a file");
    }

    #[test]
    fn a_changed_or_missing_file_is_no_value() {
        let folder = tempfile::tempdir().unwrap();
        let (_points, mut cache) = open(&folder, Keep::Now, 10);
        let key = Hash::of(b"large");
        cache.put(&key, &noise(50_000)).unwrap();
        let file = cache.file(&key);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[77] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(cache.get(&key).unwrap(), None);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(cache.get(&key).unwrap(), None);
        cache.put(&key, b"again").unwrap();
        assert_eq!(cache.get(&key).unwrap().unwrap(), b"again");
    }

    #[test]
    fn beyond_the_bound_the_first_put_go_first_with_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let key = |n: u64| Hash::of(&n.to_le_bytes());
        {
            let (_points, mut cache) = open(&folder, Keep::Soon, 3);
            for n in 0..5 {
                cache.put(&key(n), &noise(9000)).unwrap();
                cache.put(&key(n), &noise(9000)).unwrap();
            }
        }
        let (_points, mut cache) = open(&folder, Keep::Soon, 3);
        let held = |cache: &Cache| (0..9).filter(|n| cache.get(&key(*n)).unwrap().is_some()).collect::<Vec<_>>();
        assert_eq!(held(&cache), [2, 3, 4]);
        cache.put(&key(7), b"7").unwrap();
        assert_eq!(held(&cache), [3, 4, 7]);
        assert_eq!(durable::list(&cache.files).unwrap().len(), 2);
    }
}
