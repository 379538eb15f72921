//! The proof: every check on a fresh checkout of the published commit, with nothing taken over.

use super::ground::SetUp;
use super::perform::{Task, unfit};
use super::verify::{Keep, run};
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
    let ground = task.checking().prepare(tree, dir.clone(), SetUp::Always).await.map_err(|error| unfit(&error))?;
    let check_hash = crate::mission::Check::hash;
    let items = verify::items(&task.mission.criteria, verify::Scope::All, Occasion::Proof, check_hash);
    let attempt = task.attempt;
    let proved = match run(task, &ground, items, Keep::Nothing).await {
        Ok(bill) => Event::Proved { attempt, bill },
        Err(Failed { fault, bill }) => return Ok(Event::Failed { attempt, fault, bill }),
    };
    // What cannot be tidied away now is before the next proof; the judges are paid all the same.
    if let Err(fault) = task.blocking(move |tools| tools.repo.discard(&dir).map_err(|error| unfit(&error))).await {
        task.tools.observer.note(fault.text);
    }
    Ok(proved)
}
