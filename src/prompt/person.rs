//! What a person is asked to do who works in place of a worker (`execution_mode: in_session`): the same action in words
//! for people. No rules for models, no fences around data.

use super::brief::check_text;
use super::facts::standing;
use super::quote::{line, visible};
use super::work::{WorkFacts, protected};
use crate::mission::Criterion;
use crate::session::Standing;
use crate::words::Outcome;

/// The most of a failing check's output that is shown, in lines.
const TAIL: usize = 6;

/// The action as a person reads it. `advice` is what a manager model wrote for it, where one planned.
#[must_use]
pub fn person(facts: &WorkFacts<'_>, advice: Option<&str>) -> String {
    let order = facts.order;
    let mut text = format!("Iteration {} is yours: {}\n", order.iteration, line(&order.action.title, 120));
    let aims = facts.mission.criteria.iter().filter(|criterion| order.action.criteria.contains(&criterion.id));
    aims.for_each(|criterion| text.push_str(&aim(facts, criterion)));
    if let Some(advice) = advice.map(str::trim).filter(|advice| !advice.is_empty()) {
        text.push_str(&format!("\nThe manager suggests:\n{}\n", indented(&visible(advice))));
    }
    let paths = protected(facts.mission, facts.sealed).join(", ");
    text.push_str(&format!("\nLeave alone: {paths} (a change there is undone). cco makes the commits.\n"));
    text.push_str("In another terminal, when you are ready:  cco done\n");
    text.push_str("or, if you are stuck:  cco done --status blocked --reason \"why\"\n");
    text
}

/// A criterion with its checks and what they found last.
fn aim(facts: &WorkFacts<'_>, criterion: &Criterion) -> String {
    let mut text = format!("\n  {}\n", line(&criterion.text, 600));
    for check in &criterion.checks {
        text.push_str(&format!("    proven by  {}\n", check_text(check)));
    }
    let session = facts.session;
    let known = session.charter.criteria.iter().zip(&session.records).find(|(known, _)| known.id == criterion.id);
    let Some((known, record)) = known.filter(|(known, record)| standing(session, known, record) != Standing::Holds)
    else {
        return text;
    };
    let found = record.verdicts.values().filter(|verdict| {
        verdict.outcome != Outcome::Pass && known.checks.iter().any(|check| check.id == verdict.check)
    });
    for verdict in found {
        text.push_str(&format!("    found      {}\n", line(&verdict.evidence.summary, 200)));
        let tail = visible(verdict.evidence.tail.trim());
        let lines: Vec<&str> = tail.lines().collect();
        for said in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
            text.push_str(&format!("               {said}\n"));
        }
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
