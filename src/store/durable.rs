//! Files that survive a crash: private modes, and write + fsync + rename + fsync of the folder.
#![expect(clippy::disallowed_methods, reason = "the store owns the files of the state folder")]

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::{Doing, Error};

/// Makes a folder that only its owner can enter, with its parents; one that exists is made private.
pub(super) fn private_dir(path: &Path) -> Result<(), Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).doing("create", path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).doing("make private", path)
}

/// The options of a file that only its owner can read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|dir| dir.sync_all()).doing("sync", path)
}

/// Replaces a file as a whole: after a crash there is the old content or the new one, never a part. Two fsyncs.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = beside(path);
    let written = private().write(true).create(true).truncate(true).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.doing("write", &beside)?;
    rename(&beside, path)?;
    sync_dir(parent(path))
}

/// Moves a file or folder. The folders are to be synced by the caller.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).doing("move", from)
}

/// Moves what may be there; `false` if it was not.
pub(super) fn rename_if_there(from: &Path, to: &Path) -> Result<bool, Error> {
    absent_is(false, fs::rename(from, to).map(|()| true)).doing("move", from)
}

/// Removes a file that may be there.
pub(super) fn remove_if_there(path: &Path) -> Result<(), Error> {
    absent_is((), fs::remove_file(path)).doing("remove", path)
}

/// Reads a file that may not be there.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    absent_is(None, fs::read(path).map(Some)).doing("read", path)
}

/// The names in a folder that may not be there.
pub(super) fn list(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let names = fs::read_dir(path).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
    absent_is(Vec::new(), names).doing("list", path)
}

/// A name beside a path for something that is kept out of the way: `journal.damaged-1700000000`.
pub(super) fn free_name(path: &Path, word: &str, now: Timestamp) -> PathBuf {
    let name = |more: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{word}-{}{more}", now.as_second()));
        PathBuf::from(name)
    };
    let first = name("");
    let others = (2..).map(|n: u64| name(&format!("-{n}")));
    std::iter::once(first.clone()).chain(others).find(|name| name.symlink_metadata().is_err()).unwrap_or(first)
}

/// The folder a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn absent_is<T>(absent: T, result: io::Result<T>) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(absent),
        other => other,
    }
}
