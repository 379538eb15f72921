//! Finished runs: each moved as a whole to `runs/<id>`, where it stays readable.
//!
//! The move is a list of renames with a note of intent before the first and none after the last: whoever takes the
//! lock next finishes what a crash cut short. The journal goes last, so that a reader always finds it.

use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

use super::dir::StateDir;
use super::durable;
use super::error::Error;
use super::journal::{Mark, Records};
use super::lock::Lock;
use crate::session::Event;
use crate::words::RunId;

/// One run of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// When it began.
    pub started: Timestamp,
    /// The mission's title.
    pub title: String,
    /// Its journal, attempts and reports.
    pub dir: StateDir,
}

/// All runs that left a journal, the newest first.
///
/// # Errors
/// If a folder cannot be listed. A run whose first record cannot be read is left out with a warning in the log.
pub fn runs(dir: &StateDir) -> Result<Vec<Run>, Error> {
    let mut runs: Vec<Run> = Vec::new();
    let folders = durable::list(&dir.runs())?.into_iter().map(StateDir::at);
    for place in std::iter::once(dir.clone()).chain(folders) {
        match run_in(&place) {
            Ok(Some(run)) if runs.iter().all(|known| known.id != run.id) => runs.push(run),
            Ok(_) => {}
            Err(error) => tracing::warn!(folder = %place.root().display(), %error, "a run cannot be read"),
        }
    }
    runs.sort_by_key(|run| std::cmp::Reverse((run.started, run.id)));
    Ok(runs)
}

/// The run whose journal stands in the state folder itself: the one under way, or the newest.
///
/// # Errors
/// If its first record cannot be read.
pub fn current_run(dir: &StateDir) -> Result<Option<Run>, Error> {
    run_in(dir)
}

/// Where a run is; `None` names the current one.
pub(super) fn find(dir: &StateDir, run: Option<RunId>) -> Result<StateDir, Error> {
    let Some(run) = run else {
        let current = current_run(dir)?.ok_or_else(|| Error::NoRun { path: dir.root().to_owned() })?;
        return Ok(current.dir);
    };
    // A finished run is readable whatever became of the current one.
    let archived = dir.run(run);
    if archived.journal().exists() {
        return Ok(archived);
    }
    let current = current_run(dir)?.filter(|current| current.id == run);
    current.map(|current| current.dir).ok_or_else(|| Error::UnknownRun { run, path: dir.root().to_owned() })
}

/// Moves the current run to `runs/<id>`: journal, attempts, pins, reports, database and cached files. Safe to call again
/// after a crash. The caller has closed the store and kept its lock.
///
/// # Errors
/// [`Error::NoRun`] if there is none.
pub fn archive_run(dir: &StateDir, lock: &Lock) -> Result<RunId, Error> {
    finish_archive(dir, lock)?;
    let run = current_run(dir)?.ok_or_else(|| Error::NoRun { path: dir.root().to_owned() })?.id;
    durable::write_whole(&dir.archiving(), run.to_string().as_bytes())?;
    finish_archive(dir, lock)?;
    Ok(run)
}

/// Goes on with a move that a crash cut short, if there is one.
pub(super) fn finish_archive(dir: &StateDir, _held: &Lock) -> Result<(), Error> {
    let Some(note) = durable::read_if_there(&dir.archiving())? else {
        return Ok(());
    };
    let id = std::str::from_utf8(&note).ok().and_then(|text| Uuid::try_parse(text.trim()).ok());
    if let Some(id) = id {
        let to = dir.run(RunId(id));
        durable::private_dir(to.root())?;
        for (from, to) in parts(dir).into_iter().zip(parts(&to)) {
            durable::rename_if_there(&from, &to)?;
        }
        durable::sync_dir(to.root())?;
        durable::sync_dir(&dir.runs())?;
    }
    durable::remove_if_there(&dir.archiving())?;
    durable::sync_dir(dir.root())
}

/// What belongs to a run, in the order in which it is moved.
fn parts(dir: &StateDir) -> [PathBuf; 7] {
    [dir.attempts(), dir.pins(), dir.report_text(), dir.report_json(), dir.db(), dir.cache(), dir.journal()]
}

fn run_in(dir: &StateDir) -> Result<Option<Run>, Error> {
    let path = dir.journal();
    if !path.exists() {
        return Ok(None);
    }
    let Some(record) = Records::after(&path, &Mark::ORIGIN)?.next()? else {
        return Ok(None);
    };
    match record.event(&path)? {
        Event::RunStarted { run, charter, .. } => {
            Ok(Some(Run { id: run, started: record.at, title: charter.title, dir: dir.clone() }))
        }
        _ => Ok(None),
    }
}
