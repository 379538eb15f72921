//! Asks the manager what to do next.

use super::clock;
use super::perform::{Answer, Task};
use crate::manager::{Failed, Memory};
use crate::session::{Event, Fault, PlanAsk};
use crate::words::Hash;

pub(super) async fn plan(task: &Task, ask: PlanAsk, heard: usize) -> Result<Answer, Fault> {
    let attempt = task.attempt;
    let request = task.tools.manager.request(&task.mission, &task.session, ask, heard)?;
    let paid = Paid::of(task);
    let event = match task.tools.manager.plan(&request, paid.memory(), clock::now()).await {
        Ok(planned) => {
            Event::Planned { attempt, plan: Box::new(planned.plan), source: planned.source, bill: planned.bill }
        }
        Err(Failed { fault, bill }) => Event::Failed { attempt, fault, bill },
    };
    Ok(Answer { event, mission: None })
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
