//! Writes `report.md` and `report.json` when the daemon leaves, whatever the end.
//!
//! The journal is read once as a stream; what is kept of it is bounded, so that the report of a run of weeks needs no
//! more memory than that of an hour.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use jiff::Timestamp;

use super::error::Error;
use super::snapshot::looks_like_a_test;
use crate::repo::{self, Change, Repo};
use crate::report::{Artifact, ChangeKind, Commit, Report, Sources};
use crate::session::{Event, Session};
use crate::store::{self, Mark, StateDir};
use crate::view::{Chronicle, Iteration, Moment};
use crate::words::CriterionId;

/// The newest iterations that a report holds.
const ITERATIONS: usize = 1000;

/// Writes both reports of the current run.
pub(super) fn write(state: &StateDir, repo: &Repo, session: &Session, now: Timestamp) -> Result<(), Error> {
    let told = Told::read(state)?;
    let entries = match &session.tree {
        Some(tree) => repo.list_tree(tree)?,
        None => Vec::new(),
    };
    let blobs: BTreeMap<&Path, &str> = entries.iter().map(|entry| (entry.path.as_path(), entry.id.as_str())).collect();
    let changes = match (&session.prepared, &session.tree) {
        (Some(start), Some(tree)) => repo.changed_paths(&start.base_tree, tree)?,
        _ => Vec::new(),
    };
    let commits: Vec<Commit> = match (&session.prepared, &session.head) {
        (Some(start), Some(head)) => repo.commits_between(&start.base, head)?.into_iter().map(commit).collect(),
        _ => Vec::new(),
    };
    let artifacts: Vec<Artifact> = changes.iter().map(|change| artifact(change, &blobs)).collect();
    let influenced = influenced(&changes, &told.sealed);
    let (iterations, earlier_iterations) = (Vec::from(told.iterations), told.earlier);
    let report = Report::new(&Sources {
        session,
        iterations: &iterations,
        earlier_iterations,
        artifacts: &artifacts,
        commits: &commits,
        influenced: &influenced,
        vacuous: &told.vacuous,
        now,
    });
    let json = serde_json::to_vec_pretty(&report)
        .map_err(|error| store::Error::Unwritable { what: "a report", why: error.to_string() })?;
    Ok(state.write_reports(&report.to_markdown(), &json)?)
}

/// What the journal tells beyond the session.
#[derive(Default)]
struct Told {
    iterations: VecDeque<Iteration>,
    earlier: u64,
    sealed: BTreeSet<String>,
    vacuous: Vec<CriterionId>,
}

impl Told {
    fn read(state: &StateDir) -> Result<Self, Error> {
        let mut told = Self::default();
        let mut chronicle = Chronicle::default();
        for record in store::read_events(state, None, &Mark::ORIGIN)? {
            let (seq, at, event) = record?;
            told.iterations.extend(chronicle.take(Moment { seq, at, event: &event }).map(without_outputs));
            if told.iterations.len() > ITERATIONS {
                told.iterations.pop_front();
                told.earlier += 1;
            }
            if let Event::Sealed { seal, .. } = event {
                told.vacuous = seal.vacuous;
                told.sealed = seal.paths.into_iter().map(|sealed| sealed.path).collect();
            }
        }
        told.iterations.extend(chronicle.finish().map(without_outputs));
        Ok(told)
    }
}

/// The report leaves outputs to the journal; a thousand of them need not be held until then.
fn without_outputs(mut iteration: Iteration) -> Iteration {
    iteration.checks.iter_mut().for_each(|check| check.evidence.tail = String::new());
    iteration
}

fn commit(logged: repo::Logged) -> Commit {
    Commit { id: logged.id, subject: logged.subject, iteration: logged.iteration, at: logged.at }
}

fn artifact(change: &Change, blobs: &BTreeMap<&Path, &str>) -> Artifact {
    let kind = match change.kind {
        repo::ChangeKind::Added => ChangeKind::Added,
        repo::ChangeKind::Deleted => ChangeKind::Removed,
        repo::ChangeKind::Modified | repo::ChangeKind::TypeChanged => ChangeKind::Changed,
    };
    let blob = blobs.get(change.path.as_path()).map(|blob| (*blob).to_owned());
    Artifact::new(change.path.display().to_string(), blob, kind)
}

/// What was there at the start, what a check may rest on, and what the worker changed without breaking a seal (design
/// section 9, What is sealed).
fn influenced(changes: &[Change], sealed: &BTreeSet<String>) -> Vec<String> {
    let existed = |change: &&Change| change.kind != repo::ChangeKind::Added;
    let paths = changes
        .iter()
        .filter(existed)
        .filter(|change| decides(&change.path))
        .map(|change| change.path.display().to_string());
    paths.filter(|path| !sealed.contains(path)).collect()
}

/// Whether a check may rest on a file, by its name.
pub(super) fn decides(path: &Path) -> bool {
    looks_like_a_test(path) || looks_like_a_fixture(path)
}

/// A folder whose name says that its files are what tests are held against.
fn looks_like_a_fixture(path: &Path) -> bool {
    let names = ["fixture", "fixtures", "testdata", "test-data", "__snapshots__", "snapshots", "golden", "goldens"];
    path.parent().is_some_and(|folder| {
        folder.components().any(|part| part.as_os_str().to_str().is_some_and(|part| names.contains(&part)))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn influenced_is_what_was_there_and_decides_and_is_not_sealed() {
        let change = |path: &str, kind| Change { path: PathBuf::from(path), kind, lines: None };
        let changes = [
            change("tests/new.rs", repo::ChangeKind::Added),
            change("tests/old.rs", repo::ChangeKind::Modified),
            change("tests/gone.rs", repo::ChangeKind::Deleted),
            change("tests/sealed.rs", repo::ChangeKind::Modified),
            change("src/lib.rs", repo::ChangeKind::Modified),
            change("pkg/testdata/rows.csv", repo::ChangeKind::TypeChanged),
        ];
        let sealed = BTreeSet::from(["tests/sealed.rs".to_owned()]);
        assert_eq!(influenced(&changes, &sealed), ["tests/old.rs", "tests/gone.rs", "pkg/testdata/rows.csv"]);
    }
}
