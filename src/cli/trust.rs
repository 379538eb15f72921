//! Which inputs a person has seen: one hash over `.cco/` and the mission file, kept in the user's own state folder
//! (design section 9, Trust). A change of any of these files asks again.

#![expect(clippy::disallowed_methods, reason = "reads the files that are trusted and keeps their hash")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::Error;
use crate::words::Hash;

/// Whether inputs are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A person has seen exactly these.
    Known,
    /// Nobody has.
    Unknown,
}

/// Looks up whether the inputs of a repository are trusted.
///
/// # Errors
/// If they, or the record, cannot be read.
pub fn look(context: &Context<'_>, root: &Path, mission: &Path) -> Result<Trust, Error> {
    let record = record(context, root)?;
    let kept = match fs::read_to_string(&record) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Trust::Unknown),
        Err(error) => return Err(Error::file("read", &record, &error)),
    };
    let known = kept.trim() == content(root, mission)?.to_string();
    Ok(if known { Trust::Known } else { Trust::Unknown })
}

/// Records that a person has seen the inputs of a repository.
///
/// # Errors
/// If they cannot be read or the record cannot be written.
pub fn record_trust(context: &Context<'_>, root: &Path, mission: &Path) -> Result<(), Error> {
    let record = record(context, root)?;
    let content = content(root, mission)?;
    let folder = record.parent().unwrap_or(&record);
    fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, &error))?;
    let part = record.with_extension("part");
    fs::write(&part, format!("{content}\n")).map_err(|error| Error::file("write", &part, &error))?;
    fs::rename(&part, &record).map_err(|error| Error::file("write", &record, &error))
}

/// Where trust in a repository is recorded: by the path of its folder, in the user's state folder.
fn record(context: &Context<'_>, root: &Path) -> Result<PathBuf, Error> {
    let variable = |name: &str| context.environment.text(name).map(PathBuf::from);
    let state = variable("XDG_STATE_HOME").or_else(|| Some(variable("HOME")?.join(".local/state")));
    let state = state.ok_or_else(|| super::internal("neither XDG_STATE_HOME nor HOME is set"))?;
    let name = Hash::of(root.as_os_str().as_encoded_bytes());
    Ok(state.join("cco/trust").join(name.to_string()))
}

/// One hash over every file that decides what runs.
fn content(root: &Path, mission: &Path) -> Result<Hash, Error> {
    let mut parts = Vec::new();
    for file in files(root, mission)? {
        let bytes = fs::read(&file).map_err(|error| Error::file("read", &file, &error))?;
        parts.push(file.strip_prefix(root).unwrap_or(&file).as_os_str().as_encoded_bytes().to_vec());
        parts.push(bytes);
    }
    Ok(Hash::of_parts(parts.iter().map(Vec::as_slice)))
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
pub fn files(root: &Path, mission: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    walk(&root.join(".cco"), &mut files)?;
    files.push(mission.to_owned());
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
