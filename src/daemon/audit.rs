//! What an action did to the repository beside its files: its configuration, and branches and tags of the user's.

use super::perform::{Tools, unfit};
use crate::repo::RefChange;
use crate::session::{Fault, Session};

/// Says which refs were moved, and fails where a setting was planted that runs programs: the user's next `git status`
/// would run them (faults D1 and D3).
pub(super) fn audit(tools: &Tools, session: &Session) -> Result<(), Fault> {
    let branch = session.prepared.as_ref().map(|prepared| prepared.branch.as_str()).unwrap_or_default();
    for change in tools.repo.moved_refs(branch).map_err(|error| unfit(&error))? {
        tools.observer.note(told(&change));
    }
    let planted = tools.repo.planted_settings().map_err(|error| unfit(&error))?;
    if planted.is_empty() {
        return Ok(());
    }
    Err(unfit(&format!(
        "the git configuration has new settings that run programs: {}; look where they come from with `git config \
         --show-origin --get-all NAME`, remove them with `git config --unset-all NAME`, then `cco resume`",
        planted.join(", ")
    )))
}

fn told(change: &RefChange) -> String {
    let RefChange { name, before, after } = change;
    match (before, after) {
        (Some(before), Some(after)) => format!("{name} was moved from {before} to {after} while the worker acted"),
        (Some(before), None) => format!("{name} was deleted while the worker acted; it was at {before}"),
        (None, Some(after)) => format!("{name} was made at {after} while the worker acted"),
        (None, None) => format!("{name} is as it was"),
    }
}
