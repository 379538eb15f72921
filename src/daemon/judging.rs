//! Carries a judge's questions to the model and its answers back: what they are worth, `verify` decides by looking
//! the citations up.

use std::collections::BTreeMap;
use std::path::Path;

use super::clock;
use super::perform::{Task, unfit};
use super::plan::Paid;
use crate::manager::{Failed, Judging, Manager, ModelManager, Place, total};
use crate::mission::{Check, CheckKind};
use crate::prompt::Asking;
use crate::session::{Bill, Fault, Role};
use crate::verify::{self, Answer, Item, Question};
use crate::words::CheckId;

/// What judges answered, and what it cost.
pub(super) struct Judged {
    pub(super) answers: BTreeMap<CheckId, Vec<Answer>>,
    pub(super) bill: Option<Bill>,
}

/// Asks as many times as the check with the most votes wants; all judged criteria of one tree go into one request a vote.
pub(super) async fn ask(task: &Task, dir: &Path, items: &[Item], hidden: &[String]) -> Result<Judged, Fault> {
    let mut judged = Judged { answers: BTreeMap::new(), bill: None };
    let votes = items.iter().map(|item| votes(&item.check)).max().unwrap_or(0);
    let Manager::Model(model) = &task.tools.manager else { return Ok(judged) };
    if votes == 0 {
        return Ok(judged);
    }
    let questions = verify::questions(dir, items, hidden);
    let rules = task.tools.prompts.judge_rules().map_err(|error| unfit(&error))?;
    let mut bills = Vec::new();
    for vote in 1..=votes {
        match ask_once(task, model, &questions, &rules, vote).await {
            Ok((answers, bill)) => {
                for (check, answer) in answers {
                    judged.answers.entry(check).or_default().push(answer);
                }
                bills.push(bill);
            }
            // Without an answer the verdict is inconclusive; the loop goes on and asks again when the tree changes.
            Err(Failed { fault, bill }) => {
                task.tools.observer.note(format!("the judge did not answer: {}", fault.text));
                bills.extend(bill);
                break;
            }
        }
    }
    judged.bill = (!bills.is_empty()).then(|| total(Role::Judge, &bills));
    Ok(judged)
}

async fn ask_once(
    task: &Task,
    model: &ModelManager,
    questions: &[Question],
    rules: &str,
    vote: u32,
) -> Result<(Vec<(CheckId, Answer)>, Bill), Failed> {
    let judging = Judging {
        place: Place::of(&task.session),
        vote,
        asking: Asking { system: rules.to_owned(), user: verify::request(questions) },
        schema: verify::schema(),
        models: task.tools.judges.clone(),
    };
    let accept = |answer: &serde_json::Value| verify::parse(&answer.to_string(), questions).map(drop);
    let paid = Paid::of(task);
    let judged = model.judge(&judging, paid.memory(), clock::now(), accept).await?;
    let answers = verify::parse(&judged.answer.to_string(), questions).unwrap_or_default();
    Ok((answers, judged.bill))
}

/// How many times a judge is asked for a check, the parts of a combination included.
pub(super) fn votes(check: &Check) -> u32 {
    let own = if let CheckKind::Judge(judge) = &check.kind { judge.votes.max(1) } else { 0 };
    check.parts().iter().map(votes).chain([own]).max().unwrap_or(own)
}
