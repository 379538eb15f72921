//! Words become checks: the manager proposes, `mission` reads them, the lock file pins them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::inputs;
use super::perform::{Answer, Task, Tools, unfit};
use super::plan::Paid;
use super::{charter, clock, vacuous};
use crate::manager::{Failed, Manager, ModelManager, Proposal, judged_instead, total};
use crate::mission::{self, Check, CheckKind, Criterion, LockEntry, Mission};
use crate::prompt::Refused;
use crate::session::{Bill, CharterCheck, Event, Fault, FaultKind, Role};
use crate::verify::Item;
use crate::words::{CheckId, CriterionId, Priority};

/// The most paths of the repository that the question shows.
const PATHS: usize = 400;

pub(super) async fn derive(task: &Task, criteria: &[CriterionId]) -> Result<Answer, Fault> {
    let Manager::Model(model) = &task.tools.manager else {
        let names = criteria.iter().map(CriterionId::as_str).collect::<Vec<_>>().join(", ");
        let text =
            format!("no manager model to derive checks for {names}: give each a `validator` in the mission file");
        return Err(Fault { kind: FaultKind::Mission, text });
    };
    let (attempt, mut bills) = (task.attempt, Vec::new());
    match derive_and_pin(task, model, criteria, &mut bills).await {
        Ok((criteria, mission)) => {
            let event = Event::Derived { attempt, criteria, bill: total(Role::Manager, &bills) };
            Ok(Answer { event, mission: Some(Arc::new(mission)) })
        }
        Err(fault) => {
            let bill = (!bills.is_empty()).then(|| total(Role::Manager, &bills));
            Ok(Answer { event: Event::Failed { attempt, fault, bill }, mission: None })
        }
    }
}

/// The criteria that have checks now, and the mission with them. What was asked leaves its bill, whatever comes of it.
async fn derive_and_pin(
    task: &Task,
    model: &ModelManager,
    criteria: &[CriterionId],
    bills: &mut Vec<Bill>,
) -> Result<(Vec<(CriterionId, Vec<CharterCheck>)>, Mission), Fault> {
    let sound = propose_sound(task, model, criteria, bills).await?;
    for (criterion, why) in &sound.underivable {
        task.tools.observer.note(format!("{criterion}: no check was derived: {why}"));
    }
    let mission = pin(task, &sound.proposals).await?;
    let pinned = mission.criteria.iter().filter(|criterion| criteria.contains(&criterion.id));
    let with_checks = pinned
        .filter(|criterion| !criterion.checks.is_empty())
        .map(|criterion| (criterion.id.clone(), charter::checks(criterion)))
        .collect();
    Ok((with_checks, mission))
}

/// Proposals none of which passes on an emptied tree.
#[derive(Default)]
struct Sound {
    proposals: Vec<Proposal>,
    underivable: Vec<(CriterionId, String)>,
}

/// Has checks proposed. What proves nothing is refused and proposed anew once, with the reason; what then still proves
/// nothing is left out, and a criterion of which nothing is left goes to a judge.
async fn propose_sound(
    task: &Task,
    model: &ModelManager,
    criteria: &[CriterionId],
    bills: &mut Vec<Bill>,
) -> Result<Sound, Fault> {
    let mut sound = propose(task, model, criteria, &[], bills).await?;
    let vacuous = proving_nothing(task, &sound.proposals).await?;
    if vacuous.is_empty() {
        return Ok(sound);
    }
    let (again, kept): (Vec<_>, Vec<_>) =
        sound.proposals.drain(..).partition(|proposal| of(&vacuous, proposal).next().is_some());
    sound.proposals = kept;
    let refused: Vec<Refused> = again.iter().map(|proposal| refusal(&vacuous, proposal)).collect();
    for refused in &refused {
        task.tools.observer.note(format!("{}: {}", refused.criterion, refused.why));
    }
    let ids: Vec<CriterionId> = again.into_iter().map(|proposal| proposal.criterion).collect();
    let mut second = propose(task, model, &ids, &refused, bills).await?;
    sound.underivable.append(&mut second.underivable);
    settle(task, second.proposals, &mut sound).await?;
    Ok(sound)
}

/// Asks once. A failed question leaves its bill too.
async fn propose(
    task: &Task,
    model: &ModelManager,
    criteria: &[CriterionId],
    refused: &[Refused],
    bills: &mut Vec<Bill>,
) -> Result<Sound, Fault> {
    let repository = listing(task).await?;
    let request = model.derive_request(&task.mission, &task.session, criteria, &repository, refused)?;
    let paid = Paid::of(task);
    match model.derive(&request, paid.memory(), clock::now()).await {
        Ok(derived) => {
            bills.push(derived.bill);
            Ok(Sound { proposals: derived.proposals, underivable: derived.underivable })
        }
        Err(Failed { fault, bill }) => {
            bills.extend(bill);
            Err(fault)
        }
    }
}

/// Takes what is sound of the second proposals; where nothing is, a judge takes their place.
async fn settle(task: &Task, proposals: Vec<Proposal>, sound: &mut Sound) -> Result<(), Fault> {
    let vacuous = proving_nothing(task, &proposals).await?;
    for mut proposal in proposals {
        let left_out: BTreeSet<usize> = of(&vacuous, &proposal).map(|(place, _)| place).collect();
        let mut place = 0..;
        proposal.checks.retain(|_| place.next().is_none_or(|place| !left_out.contains(&place)));
        if left_out.is_empty() || decides(task, &proposal) {
            sound.proposals.push(proposal);
            continue;
        }
        let criterion = task.mission.criteria.iter().find(|criterion| criterion.id == proposal.criterion);
        match criterion.map(|one| judged_instead(&one.id, &one.text, one.priority)) {
            Some(Ok(judged)) => sound.proposals.push(judged),
            Some(Err(why)) => {
                sound.underivable.push((proposal.criterion, format!("its checks pass on an emptied tree; {why}")));
            }
            None => {}
        }
    }
    Ok(())
}

/// Whether what is left of a proposal may decide its criterion: something must be, and more than a judge where it is
/// critical.
fn decides(task: &Task, proposal: &Proposal) -> bool {
    let critical = |one: &Criterion| one.id == proposal.criterion && one.priority == Priority::Critical;
    let more_than_a_judge = proposal.checks.iter().any(|check| !matches!(check.kind, CheckKind::Judge(_)));
    more_than_a_judge || !proposal.checks.is_empty() && !task.mission.criteria.iter().any(critical)
}

/// The proposed checks that pass on an emptied tree.
async fn proving_nothing(task: &Task, proposals: &[Proposal]) -> Result<BTreeSet<CheckId>, Fault> {
    let items: Vec<Item> = proposals.iter().flat_map(items).collect();
    vacuous::among(task, &items).await
}

fn items(proposal: &Proposal) -> Vec<Item> {
    let item = |(place, check): (usize, &Check)| Item {
        criterion: proposal.criterion.clone(),
        id: CheckId::new(format!("{}/{place}", proposal.criterion)),
        check_hash: check.hash(),
        check: check.clone(),
    };
    proposal.checks.iter().enumerate().map(item).collect()
}

/// A proposal's vacuous checks with their places.
fn of<'a>(vacuous: &'a BTreeSet<CheckId>, proposal: &'a Proposal) -> impl Iterator<Item = (usize, Item)> + 'a {
    items(proposal).into_iter().enumerate().filter(|(_, item)| vacuous.contains(&item.id))
}

fn refusal(vacuous: &BTreeSet<CheckId>, proposal: &Proposal) -> Refused {
    let named: Vec<String> = of(vacuous, proposal).map(|(_, item)| named(&item.check)).collect();
    let why = format!("passes on a repository without a single file, so it proves nothing: {}", named.join("; "));
    Refused { criterion: proposal.criterion.clone(), why }
}

/// A check in a few words, so that it is known which was meant.
fn named(check: &Check) -> String {
    let what = match &check.kind {
        CheckKind::Command(command) => command.run.as_str(),
        CheckKind::File(file) => file.path.as_str(),
        CheckKind::Http(http) => http.url.as_str(),
        CheckKind::Tests(tests) => tests.run.as_str(),
        CheckKind::Coverage(coverage) => coverage.run.as_str(),
        CheckKind::Metric(metric) => metric.run.as_str(),
        CheckKind::Sarif(sarif) => sarif.run.as_str(),
        CheckKind::Plugin(plugin) => plugin.run.as_str(),
        CheckKind::Git(_) | CheckKind::Judge(_) | CheckKind::Manual(_) => "",
        CheckKind::All(_) | CheckKind::Any(_) | CheckKind::Not(_) => "a combination",
    };
    format!("{} `{what}`", check.kind.name())
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
    let before = mission.clone();
    let pin = move |tools: &Tools| {
        inputs::pin(tools.repo.work_tree(), &tools.state, &before, entries).map_err(|error| unfit(&error))
    };
    let lock = task.blocking(pin).await?;
    mission::apply_lock(&mut mission, &lock).map_err(|error| unfit(&error))?;
    Ok(mission)
}

fn entry(mission: &Mission, proposal: &Proposal) -> Option<LockEntry> {
    let criterion = mission.criteria.iter().find(|criterion| criterion.id == proposal.criterion)?;
    Some(LockEntry::new(criterion, proposal.checks.clone(), proposal.reason.clone()))
}
