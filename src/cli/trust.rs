//! Which inputs a person has seen: a hash over `.cco/` and the mission file, kept in the user's own state folder (design
//! section 9, Trust). A change of any of these files asks again, but for a lock of derived checks that cco wrote itself:
//! its checks come of words that were trusted.

#![expect(clippy::disallowed_methods, reason = "reads the files that are trusted and keeps their hash")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::Error;
use crate::repo::Repo;
use crate::store::StateDir;
use crate::words::Hash;

/// The checks that cco derived, relative to the repository.
const LOCK: &str = ".cco/mission.lock.yaml";
/// What a crash may leave of writing it; nobody ever reads it.
const PART: &str = ".cco/mission.lock.yaml.part";

/// What is trusted as one thing.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The repository in which the mission runs its commands.
    pub repo: &'a Repo,
    /// The mission file.
    pub mission: &'a Path,
    /// The configuration file, where it is not the repository's own and the command line does not name it.
    pub config: Option<&'a Path>,
}

/// Whether inputs are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A person has seen exactly these.
    Known,
    /// Nobody has.
    Unknown,
}

/// Hashes over what decides what runs.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    /// Every file but the lock.
    files: Hash,
    /// The lock, where there is one.
    lock: Option<Hash>,
}

/// Looks up whether the inputs of a repository are trusted.
///
/// # Errors
/// If they, or the record, cannot be read.
pub fn look(context: &Context<'_>, subject: Subject<'_>) -> Result<Trust, Error> {
    let record = record(context, subject)?;
    let kept = match fs::read_to_string(&record) {
        Ok(text) => Content::parse(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::file("read", &record, &error)),
    };
    let now = Content::of(subject)?;
    let known = match kept {
        Some(kept) if kept == now => true,
        Some(kept) => kept.files == now.files && is_own(subject, now.lock.as_ref())?,
        None => false,
    };
    Ok(if known { Trust::Known } else { Trust::Unknown })
}

/// Records that a person has seen the inputs of a repository.
///
/// # Errors
/// If they cannot be read or the record cannot be written.
pub fn record_trust(context: &Context<'_>, subject: Subject<'_>) -> Result<(), Error> {
    let record = record(context, subject)?;
    let content = Content::of(subject)?;
    let folder = record.parent().unwrap_or(&record);
    fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, &error))?;
    let part = record.with_extension("part");
    fs::write(&part, content.text()).map_err(|error| Error::file("write", &part, &error))?;
    fs::rename(&part, &record).map_err(|error| Error::file("write", &record, &error))
}

/// Whether a file is the lock exactly as cco wrote it.
///
/// # Errors
/// If it cannot be read.
pub fn is_own_lock(subject: Subject<'_>, file: &Path) -> Result<bool, Error> {
    if file != subject.repo.work_tree().join(LOCK) {
        return Ok(false);
    }
    let bytes = fs::read(file).map_err(|error| Error::file("read", file, &error))?;
    is_own(subject, Some(&Hash::of(&bytes)))
}

/// Whether this is the lock that cco wrote last.
fn is_own(subject: Subject<'_>, lock: Option<&Hash>) -> Result<bool, Error> {
    let pinned = StateDir::at(subject.repo.state_dir()).own_lock()?;
    Ok(lock.is_some() && pinned.as_ref() == lock)
}

/// Where trust is recorded: by repository and mission file, in the user's state folder.
fn record(context: &Context<'_>, subject: Subject<'_>) -> Result<PathBuf, Error> {
    let variable = |name: &str| context.environment.text(name).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    let state = state.ok_or_else(|| super::internal("neither XDG_STATE_HOME nor HOME is set"))?;
    let parts = [subject.repo.work_tree(), subject.mission].map(|path| path.as_os_str().as_encoded_bytes());
    Ok(state.join("cco/trust").join(Hash::of_parts(parts).to_string()))
}

impl Content {
    fn of(subject: Subject<'_>) -> Result<Self, Error> {
        let root = subject.repo.work_tree();
        let mut parts = Vec::new();
        let mut lock = None;
        for file in files(subject)? {
            let bytes = fs::read(&file).map_err(|error| Error::file("read", &file, &error))?;
            if file == root.join(LOCK) {
                lock = Some(Hash::of(&bytes));
            } else {
                parts.push(file.strip_prefix(root).unwrap_or(&file).as_os_str().as_encoded_bytes().to_vec());
                parts.push(bytes);
            }
        }
        Ok(Self { files: Hash::of_parts(parts.iter().map(Vec::as_slice)), lock })
    }

    fn text(&self) -> String {
        let lock = self.lock.as_ref().map_or_else(|| "none".to_owned(), Hash::to_string);
        format!("{}\n{lock}\n", self.files)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let files = lines.next()?.parse().ok()?;
        let lock = match lines.next()? {
            "none" => None,
            hash => Some(hash.parse().ok()?),
        };
        Some(Self { files, lock })
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::file("read", folder, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| Error::file("read", folder, &error))?;
        let kind = entry.file_type().map_err(|error| Error::file("read", &entry.path(), &error))?;
        if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Every file that decides what runs.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(subject: Subject<'_>) -> Result<Vec<PathBuf>, Error> {
    let root = subject.repo.work_tree();
    let mut files = Vec::new();
    walk(&root.join(".cco"), &mut files)?;
    files.retain(|file| *file != root.join(PART));
    files.push(subject.mission.to_owned());
    files.extend(subject.config.map(Path::to_owned));
    files.sort();
    files.dedup();
    Ok(files)
}

/// Whether a file holds exactly these bytes.
///
/// # Errors
/// If it cannot be read.
pub fn equals(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    Ok(fs::read(path).map_err(|error| Error::file("read", path, &error))? == bytes)
}

/// A JSON file; `None`: it cannot be read as one.
#[must_use]
pub fn json(path: &Path) -> Option<serde_json::Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
