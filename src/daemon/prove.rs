//! The proof: every check on a fresh checkout of the published commit, with nothing taken over.

use super::baseline;
use super::ground::SetUp;
use super::perform::{Task, Tools, unfit};
use super::verify::{Keep, prepare, run};
use crate::manager::Failed;
use crate::session::{Event, Fault};
use crate::verify::{self, Occasion};
use crate::words::{CommitId, TreeId};

pub(super) async fn prove(task: &Task, commit: CommitId, tree: TreeId) -> Result<Event, Fault> {
    let dir = task.tools.state.proof_tree();
    let fresh = dir.clone();
    let held = task
        .blocking(move |tools| {
            // What an interrupted proof left says nothing.
            tools.repo.discard(&fresh).map_err(|error| unfit(&error))?;
            tools.repo.checkout_fresh(&commit, &fresh).map_err(|error| unfit(&error))
        })
        .await?;
    if held.tree != tree {
        return Err(unfit(&format!("the published commit holds the tree {} and not {tree}", held.tree)));
    }
    let ground = prepare(task, tree, dir.clone(), SetUp::Always).await?;
    let compared = baseline::found(task)?;
    let check_hash = crate::mission::Check::hash;
    let items = verify::items(&task.mission.criteria, verify::Scope::All, Occasion::Proof, check_hash);
    let attempt = task.attempt;
    let found = match run(task, &ground, items, Some(compared), Keep::Nothing).await {
        Ok(found) => found,
        Err(Failed { fault, bill }) => return Ok(Event::Failed { attempt, fault, bill }),
    };
    if found.open > 0
        && let Err(fault) = task.blocking(wipe_kept).await
    {
        return Ok(Event::Failed { attempt, fault, bill: found.bill });
    }
    // What cannot be tidied away now is before the next proof.
    if let Err(fault) = task.blocking(move |tools| tools.repo.discard(&dir).map_err(|error| unfit(&error))).await {
        task.tools.observer.note(fault.text);
    }
    Ok(Event::Proved { attempt, bill: found.bill })
}

/// What checks left in the kept tree made them pass there, and so may they again: it is made anew.
fn wipe_kept(tools: &Tools) -> Result<(), Fault> {
    tools.state.forget_set_up().map_err(|error| unfit(&error))?;
    tools.repo.discard(&tools.state.check_tree()).map_err(|error| unfit(&error))
}
