//! Writes down the hashes of what the worker must not change (design section 9, What is sealed).

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::perform::{Task, Tools, unfit};
use super::{pins, snapshot, vacuous};
use crate::mission::Mission;
use crate::repo::{Change, Repo};
use crate::session::{Event, Fault, Seal, SealedPath, Session};
use crate::words::{Actor, Hash, TreeId};

/// Paths through which a worker could take over the next one; sealed as absent where they are absent (fault C7).
const TAKE_OVER: [&str; 3] = [".claude/settings.json", ".claude/settings.local.json", ".mcp.json"];

/// The lock of derived checks, relative to the repository.
const LOCK: &str = ".cco/mission.lock.yaml";

pub(super) async fn seal(task: &Task) -> Result<Event, Fault> {
    let attempt = task.attempt;
    let (mission, session) = (task.mission.clone(), task.session.clone());
    let mut seal = task.blocking(move |tools| take(tools, &mission, &session)).await?;
    seal.vacuous = vacuous::criteria(task).await?;
    for criterion in &seal.vacuous {
        task.tools.observer.note(format!(
            "warning: {criterion} proves nothing: all of its checks pass on a tree without a single file"
        ));
    }
    let actor = task.session.amended.as_ref().map_or(Actor::Cco, |amended| amended.actor.clone());
    Ok(Event::Sealed { attempt, seal, actor })
}

/// Seals the tree that the run began with; of a mission that was amended, the work tree as the person left it.
fn take(tools: &Tools, mission: &Mission, session: &Session) -> Result<Seal, Fault> {
    let anew = session.amended.as_ref().map(|_| snapshot::as_it_is(tools)).transpose()?;
    let tree = anew.as_ref().or(session.tree.as_ref()).ok_or_else(|| unfit(&"there is no tree to seal"))?;
    Ok(Seal {
        mission: tools.sealed.mission,
        config: tools.sealed.config,
        lock: super::inputs::lock_hash(tools.repo.work_tree()).map_err(|error| unfit(&error))?,
        prompts: tools.prompts.hash(),
        paths: paths(&tools.repo, mission, tree)?,
        pinned: Some(pins::pin(tools, mission, tree)?),
        vacuous: Vec::new(),
        tree: anew.clone(),
    })
}

/// Each sealed path of a tree with the hash of its bytes, and what must stay absent.
pub(super) fn paths(repo: &Repo, mission: &Mission, tree: &TreeId) -> Result<Vec<SealedPath>, Fault> {
    let wanted = globs(&patterns(mission))?;
    let given_up = globs(&mission.unprotect)?;
    let entries = repo.list_tree(tree).map_err(|error| unfit(&error))?;
    let mut sealed = Vec::new();
    for entry in &entries {
        if wanted.is_match(&entry.path) && !given_up.is_match(&entry.path) {
            let bytes = repo.read_blob(tree, &entry.path).map_err(|error| unfit(&error))?;
            let path = entry.path.display().to_string();
            sealed.push(SealedPath { path, content: Some(Hash::of(&bytes)) });
        }
    }
    for path in TAKE_OVER {
        if !entries.iter().any(|entry| entry.path == Path::new(path)) {
            sealed.push(SealedPath { path: path.to_owned(), content: None });
        }
    }
    sealed.sort_by(|a, b| a.path.cmp(&b.path));
    sealed.dedup();
    Ok(sealed)
}

/// Which of these changes touch what is sealed. The lock of derived checks is cco's own and is held against its hash when
/// a daemon takes over.
pub(super) fn broken(mission: &Mission, changes: &[Change]) -> Result<Vec<PathBuf>, Fault> {
    let sealed = globs(&patterns(mission))?;
    let given_up = globs(&mission.unprotect)?;
    let touched = changes.iter().map(|change| &change.path);
    let broken = touched.filter(|path| sealed.is_match(path) && !given_up.is_match(path) && **path != Path::new(LOCK));
    Ok(broken.cloned().collect())
}

/// What the mission and its checks protect, and cco's own inputs.
pub(super) fn patterns(mission: &Mission) -> Vec<String> {
    let checks = mission.criteria.iter().flat_map(|criterion| &criterion.checks);
    let mut patterns: Vec<String> = vec![".cco/**".to_owned()];
    patterns.extend(TAKE_OVER.map(str::to_owned));
    patterns.extend(mission.protect.iter().cloned());
    patterns.extend(checks.flat_map(|check| check.protect.iter().cloned()));
    patterns.extend(mission.constraints.iter().flat_map(|constraint| constraint.paths_denied.iter().cloned()));
    patterns
}

/// Globs as in the mission file: `*` stays within a folder, `**` crosses them.
pub(super) fn globs(patterns: &[String]) -> Result<GlobSet, Fault> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| unfit(&error))?);
    }
    set.build().map_err(|error| unfit(&error))
}
