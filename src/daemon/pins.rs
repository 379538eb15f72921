//! What a run relies on and git does not hold, pinned at the seal: carried files and what the repository tells the
//! worker. From the seal on nothing of it is read from the work tree again.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::perform::{Tools, unfit};
use crate::mission::Mission;
use crate::repo::{Repo, Standing, TakeOver};
use crate::session::{Fault, Pinned, SealMark};
use crate::store::StateDir;
use crate::verify::{self, Carried};
use crate::words::{Hash, TreeId};
use crate::worker::Project;

/// One carried file in the pinned list.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    hash: Hash,
    executable: bool,
}

/// Pins all of it.
pub(super) fn pin(tools: &Tools, mission: &Mission, tree: &TreeId) -> Result<Pinned, Fault> {
    let carried = live(&tools.repo, mission, tree).map_err(|error| unfit(&error))?;
    // A secret as often as not, and no longer safe by `.gitignore` once a worker may write that.
    let paths: Vec<PathBuf> = carried.iter().map(|file| PathBuf::from(&file.path)).collect();
    tools.repo.leave_out_carried(&paths).map_err(|error| unfit(&error))?;
    let carried = pin_carried(&tools.state, &carried).map_err(|error| unfit(&error))?;
    Ok(Pinned { carried, project: pin_project(tools)?, take_over: Some(pin_take_over(tools)?) })
}

/// The carried files as the work tree has them now; what the tree holds by itself is not carried.
pub(super) fn live(repo: &Repo, mission: &Mission, tree: &TreeId) -> Result<Vec<Carried>, Error> {
    if mission.carry.is_empty() {
        return Ok(Vec::new());
    }
    let entries = repo.list_tree(tree)?;
    let tracked = |path: &Path| entries.iter().any(|entry| entry.path == path);
    Ok(verify::gather(repo.work_tree(), &mission.carry, tracked)?)
}

fn pin_carried(state: &StateDir, carried: &[Carried]) -> Result<Hash, Error> {
    let mut list = Vec::new();
    for file in carried {
        list.push(Entry { path: file.path.clone(), hash: state.pin(&file.bytes)?, executable: file.executable });
    }
    let bytes = serde_json::to_vec(&list).map_err(|error| Error::Broke(error.to_string()))?;
    Ok(state.pin(&bytes)?)
}

/// The carried files as they were sealed.
///
/// # Errors
/// If what was pinned is gone or was changed.
pub(super) fn carried(state: &StateDir, sealed: Option<&SealMark>) -> Result<Vec<Carried>, Error> {
    let Some(Pinned { carried, .. }) = sealed.and_then(|mark| mark.pinned) else { return Ok(Vec::new()) };
    let list: Vec<Entry> =
        serde_json::from_slice(&state.pinned(&carried)?).map_err(|error| Error::Broke(error.to_string()))?;
    let file = |entry: Entry| {
        let bytes = state.pinned(&entry.hash)?;
        Ok(Carried { path: entry.path, bytes, executable: entry.executable })
    };
    list.into_iter().map(file).collect()
}

/// Whether all that a seal has pinned is there as it was.
///
/// # Errors
/// If it is not: a run does not go on with other bytes.
pub(super) fn hold(state: &StateDir, sealed: &SealMark) -> Result<(), Error> {
    carried(state, Some(sealed))?;
    if let Some(Pinned { project, take_over, .. }) = sealed.pinned {
        state.pinned(&project)?;
        take_over.map(|hash| state.pinned(&hash)).transpose()?;
    }
    Ok(())
}

/// One file through which others could be taken over, in the pinned list.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beside {
    path: PathBuf,
    standing: Stands,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Stands {
    File { bytes: Vec<u8>, executable: bool },
    Link { target: PathBuf },
    Other,
}

fn pin_take_over(tools: &Tools) -> Result<Hash, Fault> {
    let found = tools.repo.take_over_files().map_err(|error| unfit(&error))?;
    let list: Vec<Beside> = found
        .into_iter()
        .map(|TakeOver { path, standing }| Beside {
            path,
            standing: match standing {
                Standing::File { bytes, executable } => Stands::File { bytes, executable },
                Standing::Link { target } => Stands::Link { target },
                Standing::Other => Stands::Other,
            },
        })
        .collect();
    let bytes = serde_json::to_vec(&list).map_err(|error| unfit(&error))?;
    tools.state.pin(&bytes).map_err(|error| unfit(&error))
}

/// The files of that kind as they were sealed; `None` where no seal has noted them.
pub(super) fn take_over(tools: &Tools, sealed: Option<&SealMark>) -> Result<Option<Vec<TakeOver>>, Fault> {
    let Some(hash) = sealed.and_then(|mark| mark.pinned?.take_over) else { return Ok(None) };
    let bytes = tools.state.pinned(&hash).map_err(|error| unfit(&error))?;
    let list: Vec<Beside> = serde_json::from_slice(&bytes).map_err(|error| unfit(&error))?;
    let was = list.into_iter().map(|Beside { path, standing }| TakeOver {
        path,
        standing: match standing {
            Stands::File { bytes, executable } => Standing::File { bytes, executable },
            Stands::Link { target } => Standing::Link { target },
            Stands::Other => Standing::Other,
        },
    });
    Ok(Some(was.collect()))
}

/// Pins the prompts that people wrote; the hash is what a seal names.
pub(super) fn pin_prompts(state: &StateDir, prompts: &BTreeMap<String, String>) -> Result<Hash, Error> {
    let bytes = serde_json::to_vec(prompts).map_err(|error| Error::Broke(error.to_string()))?;
    Ok(state.pin(&bytes)?)
}

/// The prompts as they were sealed.
///
/// # Errors
/// If what was pinned is gone or was changed.
pub(super) fn prompts(state: &StateDir, sealed: &Hash) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_slice(&state.pinned(sealed)?).map_err(|error| Error::Broke(error.to_string()))
}

fn pin_project(tools: &Tools) -> Result<Hash, Fault> {
    let copy = tools.state.worker().join("plugin");
    let project = Project::read(tools.repo.work_tree(), &copy).map_err(|error| unfit(&error))?;
    if !project.loaded.is_empty() {
        tools.observer.note(format!("the worker is told: {}", project.loaded.join(", ")));
    }
    for left_out in &project.left_out {
        tools.observer.note(format!("not told to the worker: {left_out}"));
    }
    let bytes = serde_json::to_vec(&project).map_err(|error| unfit(&error))?;
    tools.state.pin(&bytes).map_err(|error| unfit(&error))
}

/// What the repository told the worker at the seal; nothing where there is no seal.
pub(super) fn project(tools: &Tools, sealed: Option<&SealMark>) -> Result<Project, Fault> {
    let Some(Pinned { project, .. }) = sealed.and_then(|mark| mark.pinned) else { return Ok(Project::default()) };
    let bytes = tools.state.pinned(&project).map_err(|error| unfit(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| unfit(&error))
}
