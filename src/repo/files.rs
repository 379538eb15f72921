//! The files of git dirs that cco reads and writes itself: small ones of a known form, and index files as a whole.
#![expect(
    clippy::disallowed_methods,
    reason = "repo/ owns the private git dir and the work tree; this is where it touches files"
)]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::Error;

/// The content of a file, nothing if there is none.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(Error::io("reading", path)(error)),
    }
}

/// Whether an error says that the path is not there, its parent being a file included.
pub(super) fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The first bytes of a file, nothing if there is none or it is shorter.
pub(super) fn first<const N: usize>(path: &Path) -> Result<Option<[u8; N]>, Error> {
    let mut bytes = [0; N];
    match fs::File::open(path).and_then(|mut file| file.read_exact(&mut bytes)) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) || error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(Error::io("reading", path)(error)),
    }
}

/// Writes a file whole or not at all: a reader sees the old or the new content. What is there already is left alone,
/// because some file systems flush to disk when a file is renamed over another.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if read_if_there(path)?.is_some_and(|found| found == bytes) {
        return Ok(());
    }
    let beside = with_suffix(path, ".new");
    fs::write(&beside, bytes).map_err(Error::io("writing", &beside))?;
    rename(&beside, path)
}

/// Writes the file, or removes it where there is nothing to hold.
pub(super) fn write_or_remove(path: &Path, bytes: Option<&[u8]>) -> Result<(), Error> {
    match bytes {
        Some(bytes) => write(path, bytes),
        None => remove(path),
    }
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::io("renaming", from))
}

/// Removes a file; one that is not there is as good.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(Error::io("removing", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a folder with all that is in it; one that is not there is as good.
pub(super) fn remove_folder(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if !is_absent(&error) => Err(Error::io("removing", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes whatever is at a path; a link itself, not what it leads to.
pub(super) fn remove_all(path: &Path) -> Result<(), Error> {
    match look(path)? {
        Some(found) if found.is_dir() => remove_folder(path),
        Some(_) => remove(path),
        None => Ok(()),
    }
}

/// Makes a folder and those above it, readable by the owner only.
pub(super) fn private_folder(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("creating", path))
}

/// Makes a folder and those above it with the usual rights.
pub(super) fn folder(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(Error::io("creating", path))
}

/// Copies a file whole or not at all, with its time: git compares an index's with those of the files in it, to know which
/// of them may have been changed since. Returns whether there was one to copy.
pub(super) fn copy(from: &Path, to: &Path) -> Result<bool, Error> {
    let beside = with_suffix(to, ".new");
    match fs::copy(from, &beside) {
        Ok(_) => {
            keep_time(from, &beside)?;
            rename(&beside, to).map(|()| true)
        }
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(Error::io("copying", from)(error)),
    }
}

fn keep_time(from: &Path, to: &Path) -> Result<(), Error> {
    let time = fs::metadata(from).and_then(|found| found.modified()).map_err(Error::io("looking at", from))?;
    let opened = fs::File::options().write(true).open(to);
    opened.and_then(|file| file.set_modified(time)).map_err(Error::io("setting the time of", to))
}

/// Where a link leads; `None` if the path is no link.
pub(super) fn link_target(path: &Path) -> Result<Option<PathBuf>, Error> {
    if !look(path)?.is_some_and(|found| found.is_symlink()) {
        return Ok(None);
    }
    fs::read_link(path).map(Some).map_err(Error::io("reading", path))
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A file.
    File {
        /// What it holds.
        bytes: Vec<u8>,
        /// Whether it may be run.
        executable: bool,
    },
    /// A link, which is not followed.
    Link {
        /// Where it leads.
        target: PathBuf,
    },
    /// Something else: a folder, a pipe.
    Other,
}

/// What stands at a path; `None`: nothing.
pub(super) fn standing(path: &Path) -> Result<Option<Standing>, Error> {
    let Some(found) = look(path)? else { return Ok(None) };
    Ok(Some(if found.is_file() {
        let bytes = fs::read(path).map_err(Error::io("reading", path))?;
        Standing::File { bytes, executable: found.permissions().mode() & 0o111 != 0 }
    } else if found.file_type().is_symlink() {
        Standing::Link { target: fs::read_link(path).map_err(Error::io("reading", path))? }
    } else {
        Standing::Other
    }))
}

/// Makes a file or link stand where nothing does. Of what was something else no more is made again than a folder.
pub(super) fn stand(path: &Path, standing: &Standing) -> Result<(), Error> {
    if let Some(above) = path.parent() {
        folder(above)?;
    }
    match standing {
        Standing::File { bytes, executable } => {
            write(path, bytes)?;
            let mode = if *executable { 0o755 } else { 0o644 };
            let rights = fs::Permissions::from_mode(mode);
            fs::set_permissions(path, rights).map_err(Error::io("setting the rights of", path))
        }
        Standing::Link { target } => std::os::unix::fs::symlink(target, path).map_err(Error::io("linking", path)),
        Standing::Other => folder(path),
    }
}

/// Whether a file, or a folder with all in it, holds no more bytes than are left, and takes them off. It stops where they
/// do not suffice.
pub(super) fn fits(path: &Path, left: &mut u64) -> Result<bool, Error> {
    let Some(found) = look(path)? else { return Ok(true) };
    if found.is_dir() {
        for name in names(path)? {
            if !fits(&name, left)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    match left.checked_sub(found.len()) {
        Some(rest) => *left = rest,
        None => return Ok(false),
    }
    Ok(true)
}

/// Copies a file, a link as it is, or a folder with all in it; times are kept, for builds go by them. What is none of
/// these (a socket, a pipe) is left out.
pub(super) fn copy_tree(from: &Path, to: &Path) -> Result<(), Error> {
    let Some(found) = look(from)? else { return Ok(()) };
    let kind = found.file_type();
    if kind.is_dir() {
        folder(to)?;
        names(from)?.iter().try_for_each(|inner| match inner.file_name() {
            Some(name) => copy_tree(inner, &to.join(name)),
            None => Ok(()),
        })
    } else if kind.is_symlink() {
        let target = fs::read_link(from).map_err(Error::io("reading", from))?;
        std::os::unix::fs::symlink(target, to).map_err(Error::io("linking", to))
    } else if kind.is_file() {
        if let Some(above) = to.parent() {
            folder(above)?;
        }
        fs::copy(from, to).map_err(Error::io("copying", from))?;
        if found.permissions().readonly() { Ok(()) } else { keep_time(from, to) }
    } else {
        Ok(())
    }
}

/// Copies a loose object into another object store, with that store's rights on a new folder.
pub(super) fn copy_object(from: &Path, to: &Path, store: &Path) -> Result<(), Error> {
    let Some((folder, name)) = to.parent().zip(to.file_name()) else { return Ok(()) };
    if look(folder)?.is_none() {
        let rights = fs::metadata(store).map_err(Error::io("looking at", store))?.permissions();
        self::folder(folder)?;
        fs::set_permissions(folder, rights).map_err(Error::io("setting the rights of", folder))?;
    }
    // The name by which git knows, and prunes, what an interrupted writer left.
    let beside = folder.join(format!("tmp_obj_{}", name.display()));
    fs::copy(from, &beside).map_err(Error::io("copying", from))?;
    rename(&beside, to)
}

/// Waits until everything written to the file system of a folder is on disk.
pub(super) fn sync_file_system(folder: &Path) -> Result<(), Error> {
    let opened = fs::File::open(folder).map_err(Error::io("opening", folder))?;
    nix::unistd::syncfs(&opened).map_err(|errno| Error::io("syncing", folder)(errno.into()))
}

/// Creates a file that must not exist, as git takes a lock. `None` if it exists.
pub(super) fn create_lock(path: &Path) -> Result<Option<fs::File>, Error> {
    match fs::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(Error::io("locking", path)(error)),
    }
}

/// Fills a lock file and makes it the file it locks.
pub(super) fn commit_lock(mut lock: fs::File, path: &Path, bytes: &[u8], target: &Path) -> Result<(), Error> {
    lock.write_all(bytes).map_err(Error::io("writing", path))?;
    drop(lock);
    rename(path, target)
}

/// Names in a folder; none if it does not exist.
pub(super) fn names(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("listing", folder)(error)),
    };
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(Error::io("listing", folder))).collect()
}

/// What a path is, links not followed; `None` if nothing is there.
pub(super) fn look(path: &Path) -> Result<Option<fs::Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(Error::io("looking at", path)(error)),
    }
}

/// Whether something is at `path` below `root`, reached through folders only and not through links.
pub(super) fn is_here(root: &Path, path: &Path) -> Result<bool, Error> {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        if !look(&root.join(folder))?.is_some_and(|found| found.is_dir()) {
            return Ok(false);
        }
    }
    Ok(look(&root.join(path))?.is_some())
}

/// Whether the path leads to a file that may be run.
pub(super) fn is_program(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Tells apart what was written and when: inode, size and time of change, which no program can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64, u64, i64, i64);

/// The stamp of a file; `None` if nothing is there.
pub(super) fn stamp(path: &Path) -> Result<Option<Stamp>, Error> {
    Ok(look(path)?.map(|found| Stamp(found.ino(), found.len(), found.ctime(), found.ctime_nsec())))
}

/// Device and inode of a folder: the same as long as it is the same folder.
pub(super) fn identity(path: &Path) -> Result<(u64, u64), Error> {
    let found = fs::metadata(path).map_err(Error::io("looking at", path))?;
    Ok((found.dev(), found.ino()))
}

/// The path without links and dots.
pub(super) fn real(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(Error::io("resolving", path))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
