//! Takes the repository over: keeps what is there, then moves to the mission's branch.

use super::perform::{Task, Tools, unfit};
use crate::repo::BranchChoice;
use crate::session::{Event, Fault, Prepared};

pub(super) async fn prepare(task: &Task) -> Result<Event, Fault> {
    let attempt = task.attempt;
    let prepared = task.blocking(take_over).await?;
    Ok(Event::Prepared { attempt, prepared })
}

fn take_over(tools: &Tools) -> Result<Prepared, Fault> {
    let found = tools.repo.prepare().map_err(|error| unfit(&error))?;
    let head = tools.repo.enter_branch(&tools.branch).map_err(|error| unfit(&error))?;
    let base_tree = tools.repo.tree_of(&head.commit).map_err(|error| unfit(&error))?;
    // Entering an existing branch may have moved the work tree; a new one is where HEAD was.
    let moved = head.commit != found.head.commit;
    let snapshot = if moved { tools.repo.snapshot().map_err(|error| unfit(&error))? } else { found.dirty.clone() };
    for left in &snapshot.left_out {
        tools.observer.note(format!("left out of snapshots: {} ({})", left.path.display(), left.why));
    }
    let branch = match (&tools.branch, head.branch) {
        (BranchChoice::Named(name), _) => name.clone(),
        (BranchChoice::Current, branch) => branch.unwrap_or_default(),
    };
    let differs = found.staged != found.base && found.staged != found.dirty.tree;
    let staged = differs.then_some(found.staged);
    Ok(Prepared { base: head.commit, base_tree, tree: snapshot.tree, branch, staged })
}
