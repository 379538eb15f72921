//! One daemon per repository: an advisory lock on `lock` in the state folder, held as long as the file is open.
//!
//! The kernel releases it however its holder ends, so a stale file is no problem; the name inside is only for people.
//! The file is opened close-on-exec, so a worker that outlives its daemon does not hold it (faults A6, A7). The
//! state folder lies in the repository's common git folder: every path to the repository leads to the same lock.
#![expect(clippy::disallowed_methods, reason = "the store owns the lock file")]

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::dir::StateDir;
use super::durable;
use super::error::{Doing, Error, Holder};

/// The holder's name is padded to this, so that it is replaced in one write and never seen half.
const ENTRY: usize = 512;

/// The right to write to a state folder. Dropping it gives it back.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock without waiting, or says who holds it.
    ///
    /// # Errors
    /// [`Error::Held`] if another process (or another `Lock` of this one) has it.
    pub fn acquire(dir: &StateDir, now: Timestamp) -> Result<Self, Error> {
        let path = dir.lock();
        let file = durable::private().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.doing("open", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Held { holder: holder(&file), path }),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path, error)),
        }
        let lock = Self { file, path };
        lock.sign(&Holder { pid: std::process::id(), started: now, host: host() })?;
        Ok(lock)
    }

    fn sign(&self, holder: &Holder) -> Result<(), Error> {
        let mut entry = serde_json::to_vec(holder)
            .map_err(|error| Error::Unwritable { what: "the lock's holder", why: error.to_string() })?;
        entry.resize(ENTRY.max(entry.len() + 1), b' ');
        self.file.write_all_at(&entry, 0).doing("write", &self.path)
    }
}

fn holder(file: &File) -> Option<Holder> {
    let mut entry = [0; ENTRY];
    let read = file.read_at(&mut entry, 0).ok()?;
    serde_json::from_slice(entry.get(..read)?).ok()
}

fn host() -> String {
    let name = fs::read_to_string(Path::new("/proc/sys/kernel/hostname"));
    name.map_or_else(|_| "this machine".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    fn fresh() -> (tempfile::TempDir, StateDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = StateDir::create(folder.path().join("cco")).unwrap();
        (folder, dir)
    }

    #[test]
    fn the_second_is_told_who_was_first() {
        let (_folder, dir) = fresh();
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let lock = Lock::acquire(&dir, now).unwrap();
        let Err(Error::Held { holder: Some(holder), .. }) = Lock::acquire(&dir, now) else { panic!("taken twice") };
        assert_eq!((holder.pid, holder.started), (std::process::id(), now));
        drop(lock);
        Lock::acquire(&dir, now).unwrap();
    }

    #[test]
    fn another_path_to_the_folder_is_the_same_lock() {
        let (folder, dir) = fresh();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(dir.root(), &link).unwrap();
        let _lock = Lock::acquire(&dir, Timestamp::UNIX_EPOCH).unwrap();
        let other = StateDir::at(link);
        assert!(matches!(Lock::acquire(&other, Timestamp::UNIX_EPOCH), Err(Error::Held { .. })));
    }

    #[test]
    fn leftovers_of_a_dead_holder_are_no_problem() {
        let (_folder, dir) = fresh();
        for leftover in [b"".as_slice(), b"garbage", &[b'x'; 4096]] {
            fs::write(dir.lock(), leftover).unwrap();
            let _lock = Lock::acquire(&dir, Timestamp::UNIX_EPOCH).unwrap();
            let Err(Error::Held { holder, .. }) = Lock::acquire(&dir, Timestamp::UNIX_EPOCH) else { panic!("twice") };
            assert_eq!(holder.unwrap().pid, std::process::id());
        }
    }

    #[test]
    fn a_child_process_does_not_inherit_the_lock() {
        let (_folder, dir) = fresh();
        let lock = Lock::acquire(&dir, Timestamp::UNIX_EPOCH).unwrap();
        let mut child =
            Command::new("sh").args(["-c", "echo up; exec sleep 60"]).stdout(Stdio::piped()).spawn().unwrap();
        // `spawn` can return an instant before the kernel closes what the child must not inherit.
        let mut up = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut up).unwrap();
        drop(lock);
        let again = Lock::acquire(&dir, Timestamp::UNIX_EPOCH);
        child.kill().unwrap();
        child.wait().unwrap();
        again.unwrap();
    }

    #[test]
    fn of_twenty_at_once_exactly_one_runs() {
        let (_folder, dir) = fresh();
        let gate = std::sync::Barrier::new(20);
        let tried: Vec<_> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..20)
                .map(|_| {
                    scope.spawn(|| {
                        gate.wait();
                        Lock::acquire(&dir, Timestamp::UNIX_EPOCH)
                    })
                })
                .collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(tried.iter().filter(|lock| lock.is_ok()).count(), 1);
    }
}
