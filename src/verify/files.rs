//! The one place of this room that touches files: reading inside a check tree, bounded, and never out of it.
//!
//! A tree is written by the worker, so every path is resolved and must end up inside the tree's folder: a symlink out
//! of it, a pipe or a device is not a file. Nothing is read beyond a cap.
#![expect(clippy::disallowed_methods, reason = "checks read the tree they judge and the spool of what they ran")]

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Nothing larger is read into memory: reports, files of `file` checks.
pub(super) const READ_CAP: u64 = 64 * 1024 * 1024;

/// Free bytes below which a command's failure is the disk's.
const LEAST_FREE: u64 = 1024 * 1024;

/// A walk that meets more entries gives up: a check that needs them all should name its folder.
const WALK_CAP: usize = 500_000;

/// Folders that a wildcard does not enter: dependencies and caches, not the work. Named in the pattern, they are entered.
const SKIPPED: [&str; 4] = [".git", "node_modules", ".venv", "__pycache__"];

/// Why a file's content cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("does not exist")]
    Missing,
    /// The path leads out of the tree, by itself or by a symlink.
    #[error("leads out of the check tree")]
    Outside,
    /// A folder, pipe, socket or device.
    #[error("is not a regular file")]
    NotAFile,
    /// Larger than what is read.
    #[error("has {size} bytes, more than the {cap} that are read")]
    TooLarge {
        /// The size found.
        size: u64,
        /// The most that is read.
        cap: u64,
    },
    /// A pattern that is no glob.
    #[error("is not a valid pattern: {0}")]
    Pattern(String),
    /// Too many files to look at.
    #[error("has more than {WALK_CAP} entries below its first folder; name a narrower one")]
    TooMany,
    /// The system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// What stands at a path that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A link that is broken or leads out of the tree, a pipe, a device.
    Other,
}

/// A path that matched, as seen from the folder the pattern is relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

/// Resolves a path inside `root`; whatever leaves it is refused.
pub(super) fn resolve(root: &Path, path: &Path) -> Result<PathBuf, ReadError> {
    let root = root.canonicalize()?;
    let real = root.join(path).canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::Missing,
        _ => ReadError::Io(error),
    })?;
    if real.starts_with(&root) { Ok(real) } else { Err(ReadError::Outside) }
}

/// The bytes of a regular file inside `root`, at most `cap` of them or none.
pub(super) fn read(root: &Path, path: &Path, cap: u64) -> Result<Vec<u8>, ReadError> {
    let real = resolve(root, path)?;
    let metadata = fs::metadata(&real)?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile);
    }
    read_open(File::open(&real)?, metadata.len(), cap)
}

/// The bytes of a file of our own (spool), at most `cap` of them or none.
pub(super) fn read_own(path: &Path, cap: u64) -> Result<Vec<u8>, ReadError> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    read_open(file, size, cap)
}

fn read_open(file: File, size: u64, cap: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    // The size may lie (a file still being written), so the reading itself is bounded too.
    if size <= cap {
        file.take(cap + 1).read_to_end(&mut bytes)?;
    }
    let size = size.max(bytes.len() as u64);
    if size > cap { Err(ReadError::TooLarge { size, cap }) } else { Ok(bytes) }
}

/// Writes a file of our own.
pub(super) fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

/// The last `most` bytes of a file of our own; nothing if it cannot be read.
pub(super) fn end_of(path: &Path, most: u64) -> Vec<u8> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(most)))?;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().unwrap_or_default()
}

/// The size of a file of our own; 0 if it is not there.
pub(super) fn size_of(path: &Path) -> u64 {
    fs::metadata(path).map(|metadata| metadata.len()).unwrap_or_default()
}

/// Whether the file system of a folder has no room left for anything to go on.
pub(super) fn is_full(folder: &Path) -> bool {
    nix::sys::statvfs::statvfs(folder)
        .is_ok_and(|system| system.blocks_available().saturating_mul(system.fragment_size()) < LEAST_FREE)
}

/// Makes a private folder and those above it.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes a folder with all in it; one that is not there is fine.
pub(super) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What a glob or a plain path matches below `root/base`, sorted. A plain path may be a folder; a glob finds files.
pub(super) fn matching(root: &Path, base: &str, pattern: &str) -> Result<Vec<Found>, ReadError> {
    let top = match resolve(root, Path::new(base)) {
        Ok(top) => top,
        Err(ReadError::Missing) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let pattern = pattern.trim_start_matches("./");
    // A name with brackets in it (`app/[id]/page.tsx`) is taken literally where it exists.
    if fs::symlink_metadata(top.join(pattern)).is_ok() {
        let path = PathBuf::from(pattern);
        let kind = kind_of(root, &top.join(&path));
        return Ok(vec![Found { path, kind }]);
    }
    let Some(first) = pattern.find(['*', '?', '[', '{']) else { return Ok(Vec::new()) };
    let literal =
        pattern.get(..first).and_then(|text| text.rfind('/')).and_then(|end| pattern.get(..end)).unwrap_or("");
    let matcher = glob(pattern)?;
    let skipped = SKIPPED.into_iter().filter(|name| !pattern.split('/').any(|part| part == *name)).collect();
    let mut walk = Walk { root, top: &top, matcher, skipped, seen: 0, found: Vec::new() };
    match resolve(root, &top.join(literal)) {
        Ok(_) => walk.folder(Path::new(literal))?,
        Err(ReadError::Missing) => {}
        Err(error) => return Err(error),
    }
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.found)
}

/// A path glob: `**` crosses folders, `*` does not.
pub(super) fn glob(pattern: &str) -> Result<GlobMatcher, ReadError> {
    let built = GlobBuilder::new(pattern).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| ReadError::Pattern(error.to_string()))
}

struct Walk<'a> {
    root: &'a Path,
    top: &'a Path,
    matcher: GlobMatcher,
    skipped: BTreeSet<&'static str>,
    seen: usize,
    found: Vec<Found>,
}

impl Walk<'_> {
    /// Walks without recursion and without following links to folders: depth and cycles are the worker's to choose.
    fn folder(&mut self, start: &Path) -> Result<(), ReadError> {
        let mut open = vec![start.to_path_buf()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = fs::read_dir(self.top.join(&folder)) else { continue };
            for entry in entries {
                let entry = entry?;
                self.seen += 1;
                if self.seen > WALK_CAP {
                    return Err(ReadError::TooMany);
                }
                let path = folder.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    if !self.is_skipped(&path) {
                        open.push(path);
                    }
                } else if self.matcher.is_match(&path) {
                    let kind = kind_of(self.root, &self.top.join(&path));
                    self.found.push(Found { path, kind });
                }
            }
        }
        Ok(())
    }

    fn is_skipped(&self, folder: &Path) -> bool {
        folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| self.skipped.contains(name))
            || self.top.join(folder).join("CACHEDIR.TAG").exists()
    }
}

fn kind_of(root: &Path, path: &Path) -> Kind {
    match resolve(root, path).and_then(|real| Ok(fs::metadata(real)?)) {
        Ok(metadata) if metadata.is_file() => Kind::File,
        Ok(metadata) if metadata.is_dir() => Kind::Folder,
        _ => Kind::Other,
    }
}

/// What identifies one state of a file, so that a report can be told from the one that lay there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: (i64, i64),
    changed: (i64, i64),
    inode: u64,
    size: u64,
}

impl Stamp {
    fn new(metadata: &Metadata) -> Self {
        Self {
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            size: metadata.len(),
        }
    }

    /// The stamp of a file in the tree; `None` if it is not there or not in the tree.
    pub(super) fn of(root: &Path, path: &Path) -> Option<Self> {
        resolve(root, path).ok().and_then(|real| fs::metadata(real).ok()).map(|metadata| Self::new(&metadata))
    }

    /// Writes an empty file and takes its stamp: the file system's own idea of now, against which reports are held.
    pub(super) fn now(path: &Path) -> io::Result<Self> {
        fs::write(path, b"")?;
        Ok(Self::new(&fs::metadata(path)?))
    }

    /// Whether the content is dated before `start`. A file system that keeps whole seconds is compared by them.
    pub(super) fn is_dated_before(&self, start: &Self) -> bool {
        if self.modified.1 == 0 { self.modified.0 < start.modified.0 } else { self.modified < start.modified }
    }
}

/// Whether the file may be executed by its owner.
pub(super) fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

/// Writes a file below `root`, replacing what is there, and never through a symlink.
pub(super) fn place(root: &Path, path: &Path, bytes: &[u8], mode: u32) -> Result<(), ReadError> {
    let mut folder = root.canonicalize()?;
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return Err(ReadError::Outside) };
        folder.push(name);
        if parts.peek().is_none() {
            break;
        }
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) if metadata.is_symlink() => return Err(ReadError::Outside),
            Ok(_) => return Err(ReadError::NotAFile),
            Err(_) => fs::create_dir(&folder)?,
        }
    }
    match fs::remove_file(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&folder)?;
    Ok(file.write_all(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in ["src/a.ts", "src/deep/b.ts", "src/node_modules/c.ts", "app/[id]/page.tsx", "cache/x.ts"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        fs::write(dir.path().join("cache/CACHEDIR.TAG"), "").unwrap();
        dir
    }

    fn names(dir: &Path, base: &str, pattern: &str) -> Vec<String> {
        matching(dir, base, pattern).unwrap().iter().map(|found| found.path.display().to_string()).collect()
    }

    #[test]
    fn double_stars_cross_folders_and_single_ones_do_not() {
        let dir = tree();
        assert_eq!(names(dir.path(), "", "src/**/*.ts"), ["src/a.ts", "src/deep/b.ts"]);
        assert_eq!(names(dir.path(), "", "src/*.ts"), ["src/a.ts"]);
        assert_eq!(names(dir.path(), "src", "./*.ts"), ["a.ts"]);
        assert_eq!(names(dir.path(), "absent", "*.ts"), Vec::<String>::new());
    }

    #[test]
    fn dependencies_and_caches_are_entered_only_by_name() {
        let dir = tree();
        assert_eq!(names(dir.path(), "", "**/*.ts"), ["src/a.ts", "src/deep/b.ts"]);
        assert_eq!(names(dir.path(), "", "**/node_modules/*.ts"), ["src/node_modules/c.ts"]);
        assert_eq!(names(dir.path(), "", "cache/*.ts"), ["cache/x.ts"]);
    }

    #[test]
    fn a_name_with_brackets_is_found_literally() {
        assert_eq!(names(tree().path(), "", "app/[id]/page.tsx"), ["app/[id]/page.tsx"]);
    }

    #[test]
    fn a_link_out_of_the_tree_is_not_a_file() {
        let (dir, outside) = (tree(), tempfile::NamedTempFile::new().unwrap());
        std::os::unix::fs::symlink(outside.path(), dir.path().join("src/link.ts")).unwrap();
        std::os::unix::fs::symlink("a.ts", dir.path().join("src/inside.ts")).unwrap();
        let found = matching(dir.path(), "", "src/*.ts").unwrap();
        let kinds: Vec<_> = found.iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [Kind::File, Kind::File, Kind::Other]);
        assert!(matches!(read(dir.path(), Path::new("src/link.ts"), 9), Err(ReadError::Outside)));
        assert!(matches!(read(dir.path(), Path::new("../x"), 9), Err(ReadError::Missing | ReadError::Outside)));
        assert!(matches!(read(dir.path(), outside.path(), 9), Err(ReadError::Outside)));
    }

    #[test]
    fn nothing_is_read_beyond_the_cap() {
        let dir = tree();
        assert!(matches!(read(dir.path(), Path::new("src/a.ts"), 3), Err(ReadError::TooLarge { size: 4, cap: 3 })));
        assert_eq!(read(dir.path(), Path::new("src/a.ts"), 4).unwrap(), b"text");
    }

    #[test]
    fn placing_goes_through_no_link() {
        let (dir, outside) = (tree(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), dir.path().join("out")).unwrap();
        assert!(matches!(place(dir.path(), Path::new("out/x"), b"1", 0o600), Err(ReadError::Outside)));
        let target = outside.path().join("kept");
        fs::write(&target, "kept").unwrap();
        std::os::unix::fs::symlink(&target, dir.path().join(".env")).unwrap();
        place(dir.path(), Path::new(".env"), b"new", 0o600).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
        assert_eq!(fs::read_to_string(dir.path().join(".env")).unwrap(), "new");
    }
}
