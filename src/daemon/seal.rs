//! Writes down the hashes of what the worker must not change (design section 9, What is sealed).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::perform::{Task, Tools, unfit};
use super::{inputs, pins, snapshot, vacuous};
use crate::mission::{self, Mission};
use crate::repo::{Change, Repo};
use crate::session::{Event, Fault, Seal, SealMark, SealedPath, Session};
use crate::words::{Actor, Hash, TreeId};

/// Paths through which a worker could take over the next one; git's hooks are looked after by `repo` (fault C7).
const TAKE_OVER: [&str; 2] = [".claude/settings*.json", ".mcp.json"];

/// Of these the ones that are sealed as absent where they are absent.
const ABSENT: [&str; 3] = [".claude/settings.json", ".claude/settings.local.json", ".mcp.json"];

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
        lock: pin_lock(tools)?,
        prompts: tools.sealed.prompts,
        paths: paths(&tools.repo, mission, tree)?,
        pinned: Some(pins::pin(tools, mission, tree)?),
        vacuous: Vec::new(),
        tree: anew.clone(),
    })
}

/// The bytes are kept, so that the lock can be put back; git may not have them, for checks are derived after the start.
fn pin_lock(tools: &Tools) -> Result<Option<Hash>, Fault> {
    let bytes = inputs::lock_bytes(tools.repo.work_tree()).map_err(|error| unfit(&error))?;
    bytes.map(|bytes| tools.state.pin(&bytes).map_err(|error| unfit(&error))).transpose()
}

/// Each sealed path of a tree with the hash of its bytes, and what must stay absent.
pub(super) fn paths(repo: &Repo, mission: &Mission, tree: &TreeId) -> Result<Vec<SealedPath>, Fault> {
    let guard = Guard::of(repo, mission, tree)?;
    let entries = repo.list_tree(tree).map_err(|error| unfit(&error))?;
    let mut sealed = Vec::new();
    for entry in entries.iter().filter(|entry| guard.covers(&entry.path)) {
        let bytes = repo.read_blob(tree, &entry.path).map_err(|error| unfit(&error))?;
        let path = entry.path.display().to_string();
        sealed.push(SealedPath { path, content: Some(Hash::of(&bytes)) });
    }
    for path in ABSENT {
        if !entries.iter().any(|entry| entry.path == Path::new(path)) {
            sealed.push(SealedPath { path: path.to_owned(), content: None });
        }
    }
    sealed.sort_by(|a, b| a.path.cmp(&b.path));
    sealed.dedup();
    Ok(sealed)
}

/// Which of these changes touch what is sealed. The lock of derived checks is cco's own: see [`changed_lock`].
pub(super) fn broken(
    repo: &Repo,
    mission: &Mission,
    start: &TreeId,
    changes: &[Change],
) -> Result<Vec<PathBuf>, Fault> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let guard = Guard::of(repo, mission, start)?;
    let touched = changes.iter().map(|change| &change.path);
    let broken = touched.filter(|path| guard.covers(path) && **path != Path::new(LOCK));
    Ok(broken.cloned().collect())
}

/// The path of the lock of derived checks where it is not what it was at the seal.
pub(super) fn changed_lock(tools: &Tools, sealed: Option<&SealMark>) -> Result<Option<PathBuf>, Fault> {
    // A seal that pins nothing does not have the lock's bytes.
    let Some(SealMark { lock, pinned: Some(_), .. }) = sealed else { return Ok(None) };
    let now = inputs::lock_hash(tools.repo.work_tree()).map_err(|error| unfit(&error))?;
    Ok((now != *lock).then(|| PathBuf::from(LOCK)))
}

/// Puts the lock of derived checks back to what it was at the seal.
pub(super) fn put_back_lock(tools: &Tools, sealed: Option<&SealMark>) -> Result<(), Fault> {
    let lock = sealed.and_then(|mark| mark.lock);
    let bytes = lock.map(|hash| tools.state.pinned(&hash).map_err(|error| unfit(&error))).transpose()?;
    inputs::restore_lock(tools.repo.work_tree(), bytes.as_deref()).map_err(|error| unfit(&error))
}

/// What is sealed, as a question to ask of a path.
pub(super) struct Guard {
    wanted: GlobSet,
    given_up: GlobSet,
    /// Those that checks run and that were there at the start.
    scripts: BTreeSet<PathBuf>,
}

impl Guard {
    /// For a mission that starts from a tree.
    pub(super) fn of(repo: &Repo, mission: &Mission, start: &TreeId) -> Result<Self, Fault> {
        let (wanted, given_up) = (globs(&patterns(mission))?, globs(&mission.unprotect)?);
        let mut scripts = BTreeSet::new();
        for script in mission::scripts(mission) {
            if !given_up.is_match(&script) && repo.contains(start, &script).map_err(|error| unfit(&error))? {
                scripts.insert(script);
            }
        }
        Ok(Self { wanted, given_up, scripts })
    }

    /// Whether the worker must leave a path as it is.
    pub(super) fn covers(&self, path: &Path) -> bool {
        self.scripts.contains(path) || self.wanted.is_match(path) && !self.given_up.is_match(path)
    }

    /// What is sealed though nobody said so.
    pub(super) fn inferred(&self) -> Vec<String> {
        self.scripts.iter().map(|path| path.display().to_string()).collect()
    }
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
