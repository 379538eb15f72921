//! Words become checks: the manager proposes, `mission` reads them, the lock file pins them.

use std::sync::Arc;

use super::inputs;
use super::perform::{Answer, Task, unfit};
use super::plan::Paid;
use super::{charter, clock};
use crate::manager::{Failed, Manager, ModelManager, Proposal};
use crate::mission::{self, LockEntry, Mission};
use crate::session::{Event, Fault, FaultKind};
use crate::words::CriterionId;

/// The most paths of the repository that the question shows.
const PATHS: usize = 400;

pub(super) async fn derive(task: &Task, criteria: &[CriterionId]) -> Result<Answer, Fault> {
    let Manager::Model(model) = &task.tools.manager else {
        let names = criteria.iter().map(CriterionId::as_str).collect::<Vec<_>>().join(", ");
        let text =
            format!("no manager model to derive checks for {names}: give each a `validator` in the mission file");
        return Err(Fault { kind: FaultKind::Mission, text });
    };
    match propose(task, model, criteria).await? {
        Err(Failed { fault, bill }) => {
            Ok(Answer { event: Event::Failed { attempt: task.attempt, fault, bill }, mission: None })
        }
        Ok(derived) => {
            for (criterion, why) in &derived.underivable {
                task.tools.observer.note(format!("{criterion}: no check was derived: {why}"));
            }
            let (attempt, bill) = (task.attempt, derived.bill);
            let mission = match pin(task, &derived.proposals).await {
                Ok(mission) => mission,
                Err(fault) => {
                    let event = Event::Failed { attempt, fault, bill: Some(bill) };
                    return Ok(Answer { event, mission: None });
                }
            };
            let pinned = mission.criteria.iter().filter(|criterion| criteria.contains(&criterion.id));
            let criteria = pinned
                .filter(|criterion| !criterion.checks.is_empty())
                .map(|criterion| (criterion.id.clone(), charter::checks(criterion)))
                .collect();
            let event = Event::Derived { attempt, criteria, bill };
            Ok(Answer { event, mission: Some(Arc::new(mission)) })
        }
    }
}

async fn propose(
    task: &Task,
    model: &ModelManager,
    criteria: &[CriterionId],
) -> Result<Result<crate::manager::Derived, Failed>, Fault> {
    let repository = listing(task).await?;
    let request = model.derive_request(&task.mission, &task.session, criteria, &repository, &[])?;
    let paid = Paid::of(task);
    Ok(model.derive(&request, paid.memory(), clock::now()).await)
}

/// The repository's paths, the shallow ones first.
async fn listing(task: &Task) -> Result<String, Fault> {
    let tree = task.session.tree.clone();
    let mut paths = task
        .blocking(move |tools| {
            let entries = match &tree {
                Some(tree) => tools.repo.list_tree(tree).map_err(|error| unfit(&error))?,
                None => Vec::new(),
            };
            Ok(entries.into_iter().map(|entry| entry.path).collect::<Vec<_>>())
        })
        .await?;
    paths.sort_by_key(|path| (path.components().count(), path.clone()));
    let more = paths.len().saturating_sub(PATHS);
    let mut lines: Vec<String> = paths.iter().take(PATHS).map(|path| path.display().to_string()).collect();
    if more > 0 {
        lines.push(format!("… and {more} more"));
    }
    Ok(lines.join("\n"))
}

/// Writes the proposals into the lock file and attaches them to the mission.
async fn pin(task: &Task, proposals: &[Proposal]) -> Result<Mission, Fault> {
    let mut mission = task.mission.as_ref().clone();
    let entries: Vec<LockEntry> = proposals.iter().filter_map(|proposal| entry(&mission, proposal)).collect();
    let root = task.tools.repo.work_tree().to_owned();
    let before = mission.clone();
    let lock = task.blocking(move |_| inputs::pin(&root, &before, entries).map_err(|error| unfit(&error))).await?;
    mission::apply_lock(&mut mission, &lock).map_err(|error| unfit(&error))?;
    Ok(mission)
}

fn entry(mission: &Mission, proposal: &Proposal) -> Option<LockEntry> {
    let criterion = mission.criteria.iter().find(|criterion| criterion.id == proposal.criterion)?;
    Some(LockEntry::new(criterion, proposal.checks.clone(), proposal.reason.clone()))
}
