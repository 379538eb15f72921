//! Takes the repository over: keeps what is there, then moves to the mission's branch.

use super::perform::{Task, Tools, unfit};
use crate::repo::BranchChoice;
use crate::session::{Event, Fault, Prepared};
use crate::words::TreeId;

/// The most uncommitted paths that are named.
const NAMED: usize = 5;

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
    tools.say_left_out(&snapshot.left_out);
    say_uncommitted(tools, &base_tree, &snapshot.tree)?;
    let branch = match (&tools.branch, head.branch) {
        (BranchChoice::Named(name), _) => name.clone(),
        (BranchChoice::Current, branch) => branch.unwrap_or_default(),
    };
    let differs = found.staged != found.base && found.staged != found.dirty.tree;
    let staged = differs.then_some(found.staged);
    Ok(Prepared { base: head.commit, base_tree, tree: snapshot.tree, branch, staged })
}

/// Uncommitted work is part of what is worked on, and so of what is published: that is said before it happens.
fn say_uncommitted(tools: &Tools, base: &TreeId, tree: &TreeId) -> Result<(), Fault> {
    if base == tree {
        return Ok(());
    }
    let changes = tools.repo.changed_paths(base, tree).map_err(|error| unfit(&error))?;
    let named: Vec<String> = changes.iter().take(NAMED).map(|change| change.path.display().to_string()).collect();
    let more = changes.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    tools.observer.note(format!(
        "uncommitted work is part of the mission and will be in its commits: {}{more} (kept as it is now as \
         refs/cco/start/dirty in cco's git dir)",
        named.join(", ")
    ));
    Ok(())
}
