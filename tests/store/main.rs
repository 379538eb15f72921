//! The store as the daemon and the faces use it: whole runs, restarts, kills, damage, and the fixture of format 1.
#![expect(clippy::disallowed_methods, reason = "the tests start processes, damage files and read the clock")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may")]

mod damage;
mod drive;
mod fixture;
mod kill;
mod runs;

use std::fs;
use std::path::Path;

use cco::session::{Event, Session, Stage, step};
use cco::store::{Lock, Opened, StateDir, Store};

/// A state folder of its own.
fn state() -> (tempfile::TempDir, StateDir) {
    let folder = tempfile::tempdir().unwrap();
    let dir = StateDir::create(folder.path().join("cco")).unwrap();
    (folder, dir)
}

/// The lock that this process has just given back. A child that another test is starting holds copies of open files, the
/// lock's among them, on its way from fork to exec; that way is short.
fn lock(dir: &StateDir) -> Lock {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        match Lock::acquire(dir, drive::time(0)) {
            Err(cco::store::Error::Held { .. }) if std::time::Instant::now() < patience => std::thread::yield_now(),
            other => return other.unwrap(),
        }
    }
}

fn create(dir: &StateDir, run: u128) -> Opened {
    let lock = lock(dir);
    Store::create(dir.clone(), lock, drive::time(0), &drive::first_event(drive::run_id(run))).unwrap()
}

fn open(dir: &StateDir) -> Result<Opened, cco::store::Error> {
    Store::open(dir.clone(), lock(dir), drive::time(0))
}

/// One turn as the daemon takes it: step, append, sync where money is at stake, restore point where one is asked for.
fn turn(store: &mut Store, session: Session, event: &Event) -> Session {
    let now = drive::time(store.last().seq.0);
    store.append(now, event).unwrap();
    let (session, _) = step(session, now, event);
    if session.effect().is_some_and(|effect| session.owes_sync(&effect)) {
        store.sync().unwrap();
    }
    if let Stage::Recording(order) = &session.stage {
        store.checkpoint(&order.checkpoint, &session).unwrap();
    }
    session
}

/// Plays until nothing is outstanding or the journal has `records` records.
fn play(store: &mut Store, mut session: Session, records: u64, holds: (u64, u64)) -> Session {
    while store.last().seq.0 < records
        && let Some(event) = drive::answer(&session, holds)
    {
        session = turn(store, session, &event);
    }
    store.sync().unwrap();
    session
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else if from.is_file() {
            fs::copy(&from, &to).unwrap();
        }
    }
}
