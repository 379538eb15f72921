//! Opens sled so that a damaged file is a refusal and not a panic, and makes its flush an fsync.
//!
//! Measured on sled 0.34.7: a kill during open leaves `snap.*.generating`, which makes every later open fail; damaged
//! pages panic; a database cannot be opened on a full disk; `flush` alone does not survive a power cut.
#![expect(clippy::disallowed_methods, reason = "the store owns the database's files")]

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::store::durable;
use crate::store::error::{Doing, Error};

/// Free bytes below which the database is not opened: sled cannot open again on a full disk.
const LEAST_FREE: u64 = 200 << 20;
/// sled's page cache in bytes; its own default is 1 GiB.
const CACHE: u64 = 4 << 20;

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub(super) struct Db {
    sled: sled::Db,
    path: PathBuf,
}

/// What came of opening a database.
pub(super) enum Opening {
    /// It is open.
    Open(Db),
    /// Its files are not fit for use.
    Unfit(String),
}

/// Opens sled, waiting for a lock that can only be a vanishing one: the state folder's own lock is held, so what holds this
/// is a child of this process on its way from fork to exec, whose copies of open files close in a moment.
fn open_unlocked(config: &sled::Config) -> std::thread::Result<sled::Result<sled::Db>> {
    let mut tries = 0;
    loop {
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let held = matches!(&opened, Ok(Err(sled::Error::Io(error))) if error.to_string().contains(LOCKED));
        tries += 1;
        if !held || tries > TRIES {
            return opened;
        }
        std::thread::sleep(PAUSE);
    }
}

/// How sled words a lock that is held.
const LOCKED: &str = "could not acquire lock";
/// Tries before a held lock is an error: two seconds in all.
const TRIES: u32 = 100;
/// Between two of them.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

impl Db {
    /// Opens or creates a database. The caller holds the state folder's lock.
    pub(super) fn open(path: &Path) -> Result<Opening, Error> {
        durable::private_dir(path)?;
        remove_half_snapshots(path)?;
        enough_space(path)?;
        let config = sled::Config::new().path(path).cache_capacity(CACHE).flush_every_ms(None);
        match open_unlocked(&config) {
            Ok(Ok(sled)) => Ok(Opening::Open(Self { sled, path: path.to_owned() })),
            Ok(Err(sled::Error::Io(error))) if !is_damage(&error) => Err(Error::io("open", path, error)),
            Ok(Err(error)) => Ok(Opening::Unfit(error.to_string())),
            Err(panic) => Ok(Opening::Unfit(said(panic.as_ref()))),
        }
    }

    /// Runs an operation; a panic inside sled becomes an error.
    pub(super) fn call<T>(&self, operation: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Error> {
        match catch_unwind(AssertUnwindSafe(|| operation(&self.sled))) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(sled::Error::Io(error))) => Err(Error::io("use", &self.path, error)),
            Ok(Err(error)) => Err(self.failed(error.to_string())),
            Err(panic) => Err(self.failed(said(panic.as_ref()))),
        }
    }

    /// A tree by its name.
    pub(super) fn tree(&self, name: &str) -> Result<sled::Tree, Error> {
        self.call(|sled| sled.open_tree(name))
    }

    /// Hands everything to the system: it survives this process, not a power cut. No fsync.
    pub(super) fn hand_over(&self) -> Result<(), Error> {
        self.call(|sled| sled.flush()).map(drop)
    }

    /// Waits until everything is on disk: sled's flush, then one fsync of its log.
    pub(super) fn flush(&self) -> Result<(), Error> {
        self.hand_over()?;
        let log = self.path.join("db");
        File::open(&log).and_then(|file| file.sync_data()).doing("sync", &log)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn failed(&self, why: String) -> Error {
        Error::Database { path: self.path.clone(), why }
    }
}

/// Only what a damaged file causes; a lock, a missing right or a full disk is not mended by setting files aside.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").lines().next().unwrap_or_default().to_owned()
}

fn remove_half_snapshots(path: &Path) -> Result<(), Error> {
    for file in durable::list(path)? {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            durable::remove_if_there(&file)?;
        }
    }
    Ok(())
}

fn enough_space(path: &Path) -> Result<(), Error> {
    let disk = nix::sys::statvfs::statvfs(path).map_err(io::Error::from).doing("look at the disk of", path)?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size());
    if free < LEAST_FREE {
        let why = format!("{} MB are free, {} MB are needed", free >> 20, LEAST_FREE >> 20);
        return Err(Error::NoSpace { path: path.to_owned(), why });
    }
    Ok(())
}
