//! Asks the manager what to do next.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::clock;
use super::perform::{Answer, Task, Tools, unfit};
use crate::manager::{Failed, Manager, Memory};
use crate::prompt::Made;
use crate::session::{Event, Fault, PlanAsk, Session};
use crate::words::{Hash, TreeId};

pub(super) async fn plan(task: &Task, ask: PlanAsk, heard: usize) -> Result<Answer, Fault> {
    let attempt = task.attempt;
    let session = Arc::clone(&task.session);
    let made = task.blocking(move |tools| made(tools, &session)).await?;
    let request = task.tools.manager.request(&task.mission, &task.session, ask, heard, &made)?;
    let paid = Paid::of(task);
    let event = match task.tools.manager.plan(&request, paid.memory(), clock::now()).await {
        Ok(planned) => {
            Event::Planned { attempt, plan: Box::new(planned.plan), source: planned.source, bill: planned.bill }
        }
        Err(Failed { fault, bill }) => Event::Failed { attempt, fault, bill },
    };
    Ok(Answer { event, mission: None })
}

/// The files that differ from where the mission began, with the ids of their blobs. Read from kept trees alone, so that the
/// question stays a function of what is journaled.
fn made(tools: &Tools, session: &Session) -> Result<Vec<Made>, Fault> {
    let (Manager::Model(_), Some(prepared), Some(tree)) = (&tools.manager, &session.prepared, &session.tree) else {
        return Ok(Vec::new());
    };
    let changed = |from: &TreeId| tools.repo.changed_paths(from, tree).map_err(|error| unfit(&error));
    let recent = &session.progress.recent;
    let before = recent.iter().rev().nth(1).map_or(&prepared.base_tree, |seen| &seen.tree);
    let last: BTreeSet<PathBuf> = changed(before)?.into_iter().map(|change| change.path).collect();
    let all: BTreeSet<PathBuf> = changed(&prepared.base_tree)?.into_iter().map(|change| change.path).collect();
    let entries = tools.repo.list_tree(tree).map_err(|error| unfit(&error))?;
    let made = entries.into_iter().filter(|entry| all.contains(&entry.path));
    Ok(made
        .map(|entry| Made {
            by_the_last: last.contains(&entry.path),
            path: entry.path.display().to_string(),
            blob: entry.id,
        })
        .collect())
}

/// The reply cache as the manager needs it: what was paid for is kept before it is used.
pub(super) struct Paid {
    recall: Box<crate::manager::Recall<'static>>,
    keep: Box<crate::manager::Keep<'static>>,
}

impl Paid {
    pub(super) fn of(task: &Task) -> Self {
        let (from, into) = (task.tools.caches.clone(), task.tools.caches.clone());
        let recall = move |key: &Hash| {
            from.reply(key).unwrap_or_else(|error| {
                tracing::warn!(%error, "a paid reply could not be looked up");
                None
            })
        };
        let keep = move |key: &Hash, bytes: &[u8]| into.keep_reply(key, bytes).map_err(|error| error.to_string());
        Self { recall: Box::new(recall), keep: Box::new(keep) }
    }

    pub(super) fn memory(&self) -> Memory<'_> {
        Memory { recall: self.recall.as_ref(), keep: self.keep.as_ref() }
    }
}
