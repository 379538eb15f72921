//! Reports of *this* run: a file that lay there before, or that is dated before the start, is refused.
//!
//! Both are asked for. Without the first a report that the worker committed would count; without the second one that
//! is copied into place with its old date would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{self, Kind, READ_CAP, Stamp};
use super::finding::Finding;
use super::ground::Place;
use super::shell::Ran;

/// The state of the reports before a run.
#[derive(Debug)]
pub(super) struct Before {
    start: Stamp,
    known: BTreeMap<PathBuf, Stamp>,
}

/// A report that was written by the run.
pub(super) struct Fresh {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Takes the state before a run.
pub(super) fn before(place: &Place<'_>, pattern: &str) -> Result<Before, Finding> {
    let start = Stamp::now(&place.ground.spool_for("start"));
    let start = start.map_err(|error| Finding::inconclusive(format!("the spool cannot be written: {error}")))?;
    let stamp = |path: PathBuf| Stamp::of(&place.ground.dir, &path).map(|stamp| (path, stamp));
    Ok(Before { start, known: reports(place, pattern)?.into_iter().filter_map(stamp).collect() })
}

/// Reads what the run wrote, passing over what earlier runs left (a pattern may find reports of tests that are gone).
/// A run that failed and wrote none has failed; one that succeeded and wrote none has proved nothing.
pub(super) fn after(place: &Place<'_>, pattern: &str, before: &Before, ran: &Ran) -> Result<Vec<Fresh>, Finding> {
    let refuse = |text: String| {
        if ran.code == 0 { Finding::inconclusive(text) } else { Finding::fail(format!("exit {}; {text}", ran.code)) }
    };
    let paths = reports(place, pattern)?;
    if paths.is_empty() {
        return Err(refuse(format!("no report at `{pattern}`")));
    }
    let (mut fresh, mut old) = (Vec::new(), None);
    for path in paths {
        let name = path.display().to_string();
        let stamp = Stamp::of(&place.ground.dir, &path);
        let stale =
            stamp.is_none_or(|stamp| before.known.get(&path) == Some(&stamp) || stamp.is_dated_before(&before.start));
        if stale {
            old = Some(name);
            continue;
        }
        let bytes = files::read(&place.ground.dir, &path, READ_CAP);
        let bytes = bytes.map_err(|error| Finding::inconclusive(format!("the report `{name}` {error}")))?;
        fresh.push(Fresh { name, bytes });
    }
    match old {
        Some(name) if fresh.is_empty() => {
            Err(refuse(format!("the report `{name}` is older than the run, so it says nothing about it")))
        }
        _ => Ok(fresh),
    }
}

/// Reads the one report that the run wrote.
pub(super) fn one_after(place: &Place<'_>, path: &str, before: &Before, ran: &Ran) -> Result<Fresh, Finding> {
    let mut reports = after(place, path, before, ran)?;
    match (reports.pop(), reports.len()) {
        (Some(report), 0) => Ok(report),
        (_, more) => Err(Finding::inconclusive(format!("{} reports at `{path}`, asked for one", more + 1))),
    }
}

/// Paths of reports relative to the tree. A link out of the tree is none.
fn reports(place: &Place<'_>, pattern: &str) -> Result<Vec<PathBuf>, Finding> {
    let found = files::matching(&place.ground.dir, &place.check.cwd, pattern);
    let found = found.map_err(|error| Finding::inconclusive(format!("`{pattern}` {error}")))?;
    let files = found.into_iter().filter(|found| found.kind == Kind::File);
    Ok(files.map(|found| Path::new(&place.check.cwd).join(found.path)).collect())
}
