//! Keeps the tree after an action and tells what changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::audit::audit;
use super::perform::{Task, Tools, unfit};
use super::{pins, seal};
use crate::mission::Mission;
use crate::repo::{Change, ChangeKind, DiffStat, Snapshot, Standing, TakeOver};
use crate::session::{Event, Fault, Session, TreeChange};
use crate::words::TreeId;

pub(super) async fn snapshot(task: &Task) -> Result<Event, Fault> {
    let (mission, session) = (task.mission.clone(), task.session.clone());
    let (attempt, progress) = (task.attempt, task.progress());
    let taken = move |tools: &Tools| {
        let tampered = |paths: &[PathBuf], tree: &TreeId| {
            let paths = paths.iter().map(|path| path.display().to_string()).collect();
            progress(Event::Tampered { attempt, paths, tree: tree.clone() });
        };
        let taken = take(tools, &mission, &session, tampered)?;
        audit(tools, &session)?;
        Ok(taken)
    };
    let (tree, change) = task.blocking(taken).await?;
    Ok(Event::Snapshotted { attempt: task.attempt, tree, change })
}

/// Takes the tree; where the action has changed what is sealed, that is put back and the tree is taken again.
fn take(
    tools: &Tools,
    mission: &Mission,
    session: &Session,
    tampered: impl Fn(&[PathBuf], &TreeId),
) -> Result<(TreeId, TreeChange), Fault> {
    let (tree, changes) = take_once(tools, session)?;
    let Some(sealed) = session.sealed_tree() else {
        return Ok((tree, of(&changes)));
    };
    let broken = seal::broken(&tools.repo, mission, sealed, &changes)?;
    let lock = seal::changed_lock(tools, session.sealed.as_ref())?;
    let before = pins::take_over(tools, session.sealed.as_ref())?;
    let beside = before.as_deref().map(|before| tools.repo.changed_take_over(before)).transpose();
    let beside = beside.map_err(|error| unfit(&error))?.unwrap_or_default();
    let all: BTreeSet<PathBuf> = broken.iter().chain(&lock).chain(&beside).cloned().collect();
    if all.is_empty() {
        return Ok((tree, of(&changes)));
    }
    tampered(&all.into_iter().collect::<Vec<_>>(), &tree);
    // Whose it was cannot be known for sure, so nothing of it is lost.
    tools.repo.keep(&format!("tampered/{}", session.attempt.0), tree.as_str()).map_err(|error| unfit(&error))?;
    if !broken.is_empty() {
        tools.repo.put_back(sealed, &broken).map_err(|error| unfit(&error))?;
    }
    if lock.is_some() {
        seal::put_back_lock(tools, session.sealed.as_ref())?;
    }
    if let Some(before) = before.as_ref().filter(|_| !beside.is_empty()) {
        keep_changed(tools, &beside)?;
        tools.repo.put_back_take_over(before).map_err(|error| unfit(&error))?;
    }
    let (tree, changes) = take_once(tools, session)?;
    Ok((tree, of(&changes)))
}

/// Keeps what stands at paths that no snapshot holds, before it is put back: it may be a person's after all.
fn keep_changed(tools: &Tools, paths: &[PathBuf]) -> Result<(), Fault> {
    for TakeOver { path, standing } in tools.repo.take_over_files().map_err(|error| unfit(&error))? {
        if let (true, Standing::File { bytes, .. }) = (paths.contains(&path), standing) {
            let kept = tools.state.pin(&bytes).map_err(|error| unfit(&error))?;
            let file = tools.state.pins().join(kept.to_string());
            tools.observer.note(format!("{} as the action left it is kept in {}", path.display(), file.display()));
        }
    }
    Ok(())
}

/// The work tree as a person left it.
pub(super) fn as_it_is(tools: &Tools) -> Result<TreeId, Fault> {
    let snapshot = tools.repo.snapshot().map_err(|error| unfit(&error))?;
    tools.say_left_out(&snapshot.left_out);
    keep_out_of_submodules(tools, &snapshot)?;
    Ok(snapshot.tree)
}

/// The tree as it is now, and what differs from the one before the action.
fn take_once(tools: &Tools, session: &Session) -> Result<(TreeId, Vec<Change>), Fault> {
    let tree = as_it_is(tools)?;
    let changes = match session.tree.as_ref().filter(|before| **before != tree) {
        Some(before) => tools.repo.changed_paths(before, &tree).map_err(|error| unfit(&error))?,
        None => Vec::new(),
    };
    Ok((tree, changes))
}

/// What is done inside of a submodule is in no snapshot, so no check would see it and nothing would publish it: it is kept
/// as a patch, and a person is needed. The same is said again until it is undone there.
fn keep_out_of_submodules(tools: &Tools, snapshot: &Snapshot) -> Result<(), Fault> {
    let touched = tools.repo.touched_submodules(&snapshot.left_out).map_err(|error| unfit(&error))?;
    let mut told = Vec::new();
    for (path, patch) in touched {
        let kept = tools.state.pin(&patch).map_err(|error| unfit(&error))?;
        let file = tools.state.pins().join(kept.to_string());
        told.push(format!("`{}` (kept as a patch in {})", path.display(), file.display()));
    }
    if told.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the action changed what is inside of a submodule, which cco neither checks nor publishes: {}; take over there \
         what you want to keep, undo the rest with `git submodule update --force`, then `cco resume`",
        told.join(", ")
    );
    Err(unfit(&text))
}

fn of(changes: &[Change]) -> TreeChange {
    let stat = DiffStat::of(changes);
    let new_test = |change: &&Change| change.kind == ChangeKind::Added && looks_like_a_test(&change.path);
    TreeChange {
        files: stat.files as u64,
        added: stat.added,
        removed: stat.removed,
        tests_created: changes.iter().filter(new_test).count() as u64,
    }
}

/// By the habits of the common test runners: a `test` or `spec` word in the file name, or a folder of tests.
pub(super) fn looks_like_a_test(path: &Path) -> bool {
    let folder = path.parent().is_some_and(|parent| {
        parent
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("test" | "tests" | "__tests__" | "spec")))
    });
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    let word = name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "test" | "tests" | "spec"));
    folder || word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_by_name_or_folder() {
        for test in ["tests/a.rs", "src/__tests__/x.js", "pkg/a_test.go", "src/a.test.ts", "spec/a.rb", "test_a.py"] {
            assert!(looks_like_a_test(Path::new(test)), "{test}");
        }
        for other in ["src/latest.rs", "contest/a.py", "src/attestation.go"] {
            assert!(!looks_like_a_test(Path::new(other)), "{other}");
        }
    }
}
