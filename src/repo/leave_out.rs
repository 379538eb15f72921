//! What a snapshot leaves out of the untracked files, and why (design section 9, "Private git dir").
//!
//! The judgement is made anew for each snapshot from what is on disk, so that the same work tree gives the same tree.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::{Error, files};

/// Files larger than this, in bytes, are not taken into a snapshot unless they are part of the last commit.
pub(super) const BIG: u64 = 50 * 1_000_000;

/// Untracked folders of these names hold what a tool can fetch or build again.
pub(super) const CACHES: [&str; 5] = ["node_modules", ".venv", "__pycache__", ".gradle", ".next"];

/// The start of a file that marks its folder as a cache (<https://bford.info/cachedir/>).
const CACHEDIR_TAG: &str = "CACHEDIR.TAG";

/// A path that is in the work tree and not, or not as it stands, in the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The path from the root of the work tree.
    pub path: PathBuf,
    /// The reason.
    pub why: Why,
}

/// Why a path was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// An untracked folder of dependencies or build outputs. It belongs into `.gitignore`.
    Cache,
    /// A file over 50 MB that the last commit does not hold.
    Big {
        /// Its size.
        bytes: u64,
    },
    /// A file that the mission carries for its checks: as often as not a secret, and never committed.
    Carried,
    /// A git repository within, not registered as a submodule. Its content is its own.
    NestedRepository,
    /// A submodule whose checked-out commit is not the recorded one, or cannot be read.
    SubmoduleMoved,
    /// A submodule with changes that its own commit does not hold.
    SubmoduleChanged,
    /// Git could not read it or refuses the name. A tracked one stays in the snapshot as it was last seen.
    Refused {
        /// What git said.
        reason: String,
    },
    /// The last commit holds a file here, and now there is a named pipe, socket or device.
    Special,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cache => f.write_str("dependencies or build outputs that git does not ignore yet"),
            Self::Big { bytes } => write!(f, "{} MB, over the limit of {} MB", bytes / 1_000_000, BIG / 1_000_000),
            Self::Carried => f.write_str("a carried file, which is never committed; keep it in `.gitignore`"),
            Self::NestedRepository => f.write_str("a git repository of its own"),
            Self::SubmoduleMoved => f.write_str("the submodule is not at its recorded commit"),
            Self::SubmoduleChanged => f.write_str("the submodule holds changes of its own"),
            Self::Refused { reason } => write!(f, "git cannot take it: {reason}"),
            Self::Special => f.write_str("a pipe, socket or device in the place of a file"),
        }
    }
}

/// Judges what git lists as untracked: files, and folders (with a `/` at the end) of which nothing is tracked.
pub(super) fn among(root: &Path, untracked: &[PathBuf], carried: &BTreeSet<PathBuf>) -> Result<Vec<LeftOut>, Error> {
    let mut judging = Judging { root, carried, found: Vec::new() };
    for listed in untracked {
        if listed.as_os_str().as_encoded_bytes().ends_with(b"/") {
            judging.folder(&without_slash(listed))?;
        } else {
            judging.file(listed)?;
        }
    }
    Ok(judging.found)
}

/// Judges a path that an earlier snapshot took and the last commit does not hold: would it be taken today?
/// `committed` says whether the last commit holds anything below a folder.
pub(super) fn is_out_today(
    root: &Path,
    path: &Path,
    carried: &BTreeSet<PathBuf>,
    committed: impl Fn(&Path) -> Result<bool, Error>,
) -> Result<bool, Error> {
    for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
        if is_cache(root, folder)? && !committed(folder)? {
            return Ok(true);
        }
    }
    if is_carried(path, carried) {
        return Ok(true);
    }
    Ok(files::look(&root.join(path))?.is_some_and(|found| found.is_file() && found.len() > BIG))
}

/// A judgement of untracked paths under way.
struct Judging<'a> {
    root: &'a Path,
    carried: &'a BTreeSet<PathBuf>,
    found: Vec<LeftOut>,
}

impl Judging<'_> {
    fn leave(&mut self, path: &Path, why: Why) {
        self.found.push(LeftOut { path: path.to_owned(), why });
    }

    fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        if files::look(&self.root.join(folder).join(".git"))?.is_some() {
            self.leave(folder, Why::NestedRepository);
            return Ok(());
        }
        if is_cache(self.root, folder)? {
            self.leave(folder, Why::Cache);
            return Ok(());
        }
        let names = match files::names(&self.root.join(folder)) {
            Ok(names) => names,
            Err(Error::Io { source, .. }) => {
                self.leave(folder, Why::Refused { reason: source.to_string() });
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for name in names {
            let Ok(inside) = name.strip_prefix(self.root) else { continue };
            match files::look(&name)? {
                Some(entry) if entry.is_dir() => self.folder(inside)?,
                Some(_) => self.file(inside)?,
                None => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Path) -> Result<(), Error> {
        if is_carried(file, self.carried) {
            self.leave(file, Why::Carried);
        } else if let Some(entry) = files::look(&self.root.join(file))?
            && entry.is_file()
            && entry.len() > BIG
        {
            self.leave(file, Why::Big { bytes: entry.len() });
        }
        Ok(())
    }
}

/// Whether the path is a carried one, or lies below what has become a folder in its place.
fn is_carried(path: &Path, carried: &BTreeSet<PathBuf>) -> bool {
    !carried.is_empty() && path.ancestors().any(|above| carried.contains(above))
}

/// Whether the folder is a cache by its name, by its tag, or as Cargo's `target`.
fn is_cache(root: &Path, folder: &Path) -> Result<bool, Error> {
    let Some(name) = folder.file_name().and_then(OsStr::to_str) else { return Ok(false) };
    if CACHES.contains(&name) || files::look(&root.join(folder).join(CACHEDIR_TAG))?.is_some() {
        return Ok(true);
    }
    Ok(name == "target" && files::look(&root.join(folder).with_file_name("Cargo.toml"))?.is_some())
}

/// Whether the path is neither file, link nor folder: nothing git can hold.
pub(super) fn is_special(root: &Path, path: &Path) -> Result<bool, Error> {
    Ok(files::look(&root.join(path))?.is_some_and(|found| {
        let kind = found.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
    }))
}

fn without_slash(path: &Path) -> PathBuf {
    path.components().collect()
}
