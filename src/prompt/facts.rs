//! The session as plain texts, one function for each thing a template can be given.
//!
//! Nothing here reads what a crash changes (attempt, epoch, open and lost reserves, times): a question that is asked
//! again after a restart is byte for byte the same.

use super::quote::{line, visible};
use crate::session::{CharterCriterion, CriterionRecord, Lesson, Rung, Session, Standing, Strategy, TaskState, morale};
use crate::words::{Money, Outcome, Verdict};

/// The most tasks shown.
const TASKS: usize = 40;
/// The most errors shown.
const LESSONS: usize = 6;

/// A criterion that is worked on: not of a later phase.
pub(super) fn in_work(session: &Session) -> impl Iterator<Item = (&CharterCriterion, &CriterionRecord)> {
    let phase = session.phase;
    session.charter.criteria.iter().zip(&session.records).filter(move |(criterion, _)| criterion.phase <= phase)
}

/// How a criterion stands on the newest tree.
pub(super) fn standing(session: &Session, criterion: &CharterCriterion, record: &CriterionRecord) -> Standing {
    session.tree.as_ref().map_or(Standing::Unknown, |tree| record.standing(criterion, tree))
}

const fn standing_word(standing: Standing, regressed: bool) -> &'static str {
    match standing {
        Standing::Fails if regressed => "regressed: it held and does not any more",
        Standing::Holds => "holds",
        Standing::HoldsSoFar => "holds so far; a check of it runs later",
        Standing::AwaitsPerson => "waits for a person",
        Standing::Fails => "does not hold",
        Standing::Unknown => "not decided",
    }
}

/// All criteria in work with their state, one a line; none is ever left out.
pub(super) fn standings(session: &Session) -> String {
    let lines = in_work(session).map(|(criterion, record)| {
        let word = standing_word(standing(session, criterion, record), record.regressed());
        let lost = match record.regressions {
            0 => String::new(),
            times => format!("; was lost again {times} times"),
        };
        let person = record.answer.as_ref().filter(|answer| !answer.approved && !answer.note.is_empty());
        let person = person
            .map_or_else(String::new, |answer| format!("; rejected by {}: {}", answer.actor, line(&answer.note, 600)));
        format!("- `{}` ({}): {word}{lost}{person}", criterion.id, criterion.priority)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The failing and undecided verdicts on the newest tree: what regressed first, then the most urgent criterion.
pub(super) fn failing(session: &Session) -> Vec<&Verdict> {
    let mut open: Vec<_> = in_work(session)
        .filter(|(criterion, record)| {
            let standing = standing(session, criterion, record);
            matches!(standing, Standing::Fails | Standing::Unknown)
        })
        .collect();
    open.sort_by_key(|(criterion, record)| (!criterion.required, !record.regressed(), criterion.priority));
    let verdicts = open.into_iter().flat_map(|(_, record)| record.verdicts.values());
    verdicts
        .filter(|verdict| Some(&verdict.tree) == session.tree.as_ref() && verdict.outcome != Outcome::Pass)
        .collect()
}

/// What a check is called above its evidence.
#[must_use]
pub fn verdict_label(verdict: &Verdict) -> String {
    let word = match verdict.outcome {
        Outcome::Pass => "passed",
        Outcome::Fail => "failed",
        Outcome::Inconclusive => "could not be decided",
    };
    format!("check {} ({}) {word}", verdict.check, verdict.kind)
}

/// What a verdict says, in full; to be quoted as data.
#[must_use]
pub fn verdict_text(verdict: &Verdict) -> String {
    let evidence = &verdict.evidence;
    let mut text = format!("{}\nchecked: {}", evidence.summary, evidence.subject);
    if let Some(code) = evidence.exit_code {
        text.push_str(&format!("\nexit code: {code}"));
    }
    for measure in &evidence.measures {
        text.push_str(&format!("\n{}: {} {}", measure.name, measure.value, measure.bound));
    }
    for citation in evidence.citations.iter().take(12) {
        text.push_str(&format!("\nseen at {citation}"));
    }
    if !evidence.tail.is_empty() {
        text.push_str(&format!("\noutput:\n{}", evidence.tail));
    }
    text
}

/// The last finished action in a line.
pub(super) fn last_action(session: &Session) -> String {
    let undone = undone(session);
    session.history.back().map_or_else(String::new, |note| format!("{}{undone}", note_text(note)))
}

/// What the newest action did to sealed paths.
fn undone(session: &Session) -> String {
    match sealed_and_put_back(session) {
        paths if paths.is_empty() => String::new(),
        paths => format!("; it changed what is sealed, which was put back: {paths}"),
    }
}

/// The sealed paths that the newest action changed.
pub(super) fn sealed_and_put_back(session: &Session) -> String {
    let paths = session.tamper.iter().flat_map(|tamper| &tamper.paths);
    paths.map(|path| format!("`{}`", line(path, 200))).collect::<Vec<_>>().join(", ")
}

/// The finished actions before the last one, newest first, one a line.
pub(super) fn history(session: &Session, most: usize) -> String {
    let notes = session.history.iter().rev().skip(1).take(most);
    notes.map(|note| format!("- {}", note_text(note))).collect::<Vec<_>>().join("\n")
}

fn note_text(note: &crate::session::IterationNote) -> String {
    let change = note.change;
    let outcome = if note.outcome.is_empty() { "cut off" } else { &note.outcome };
    format!(
        "iteration {} ({}): “{}”; the worker {}; {} files changed (+{} −{} lines); criteria holding after it: {}",
        note.number,
        note.strategy.name(),
        line(&note.title, 120),
        outcome.replace('_', " "),
        change.files,
        change.added,
        change.removed,
        note.held
    )
}

/// The manager's tasks: those to do, then the newest of the others.
pub(super) fn tasks(session: &Session, most: usize) -> String {
    let most = most.min(TASKS);
    let (pending, other): (Vec<_>, Vec<_>) = session.tasks.iter().partition(|task| task.state == TaskState::Pending);
    let shown = pending.iter().chain(other.iter().rev()).take(most);
    let mut text: Vec<String> = shown
        .map(|task| format!("- `{}` ({}): {}", line(task.id.as_str(), 64), task.state.name(), line(&task.text, 200)))
        .collect();
    if session.tasks.len() > most {
        text.push(format!("- and {} more", session.tasks.len() - most));
    }
    text.join("\n")
}

/// The errors that last, newest first, each with what was tried.
pub(super) fn lessons(session: &Session, most: usize) -> String {
    let mut open: Vec<(&String, &Lesson)> =
        session.lessons.by_signature.iter().filter(|(_, lesson)| lesson.ended_by.is_none()).collect();
    open.sort_by(|(name, one), (other_name, other)| (other.last, name).cmp(&(one.last, other_name)));
    let lines = open.into_iter().take(most.min(LESSONS)).map(|(signature, lesson)| {
        let mut text = format!("{}\n  seen {} times", line(signature, 160), lesson.seen);
        for (strategy, title) in &lesson.tried {
            text.push_str(&format!("\n  tried ({}): {}", strategy.name(), line(title, 120)));
        }
        text
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What people said and no action has heard yet, word for word.
pub(super) fn guidance(session: &Session, heard: usize) -> String {
    let said = session.guidance.iter().take(heard).map(|said| format!("{}: {}", said.actor, visible(said.text.trim())));
    said.collect::<Vec<_>>().join("\n\n")
}

/// How far the mission is, in one paragraph.
pub(super) fn progress_summary(session: &Session) -> String {
    let (held, total) = session.held();
    let made = session.history.back().map_or(0, |note| note.number.0);
    let mut text = format!("{held} of {total} required criteria hold; iterations made so far: {made}.");
    if let Some(milestone) = &session.milestone {
        text.push_str(&format!(" {}", line(milestone, 300)));
    }
    let since = session.progress.since_forward;
    if since > 1 {
        text.push_str(&format!(" The last step forward was {since} iterations ago."));
    }
    text
}

/// How the worker's conversation stands.
pub(super) fn cc_status(session: &Session) -> String {
    let last = session.history.back().filter(|note| !note.outcome.is_empty());
    let last =
        last.map_or_else(String::new, |note| format!("; its last action ended: {}", note.outcome.replace('_', " ")));
    match &session.conversation {
        None => format!("idle, no conversation open{last}"),
        Some(conversation) => {
            let window = session.charter.context_window.max(1);
            let share = conversation.context_tokens.saturating_mul(100) / window;
            format!("idle, its conversation is open and uses {share} % of its window{last}")
        }
    }
}

/// Phase, ladder, morale and money.
pub(super) fn footing(session: &Session) -> String {
    let level = morale::assess(&session.progress, session.iteration.0);
    let mut lines = vec![progress_summary(session), format!("Morale: {}. {}", level.name(), ladder(session))];
    if session.charter.phases.len() > 1 {
        let name = session.charter.phases.get(session.phase).map(ToString::to_string).unwrap_or_default();
        let number = session.phase + 1;
        lines.push(format!("Phase {number} of {}: {name}.", session.charter.phases.len()));
    }
    lines.extend(budget(session));
    lines.extend(conversation(session));
    lines.join("\n")
}

/// What the ladder asks of the next step.
pub(super) fn ladder(session: &Session) -> String {
    let step = match session.progress.rung(&session.charter.limits) {
        Rung::Step(strategy) => strategy_text(strategy).to_owned(),
        Rung::Replan | Rung::Stalled(_) => {
            "Nothing has moved for long: make a new plan from the criteria alone (`alternative`).".to_owned()
        }
    };
    let all = [Some(step), takes_turns(session), rolled_back(session)];
    all.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Criteria that were seen to take turns, and what to make of it.
#[must_use]
pub fn takes_turns(session: &Session) -> Option<String> {
    let pair = session.progress.suspected()?;
    let then = match session.progress.contradictory() {
        Some(_) => "Put both aside and finish what else is open",
        None => "Find one way that meets both at once; where there is none, say that they contradict",
    };
    Some(format!("{}. {then}.", pair.why()))
}

/// That the repository is not as the last action left it.
#[must_use]
pub fn rolled_back(session: &Session) -> Option<String> {
    let last = session.progress.recent.back()?;
    let back = session.progress.best_tree.is_some()
        && session.tree == session.progress.best_tree
        && session.tree.as_ref() != Some(&last.tree);
    back.then(|| {
        "The repository was put back to the best state so far: what came after it is not there any more.".to_owned()
    })
}

const fn strategy_text(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Proceed => "The work moves: `proceed`.",
        Strategy::RetryModified => {
            "The last step changed nothing that is verified: `retry_modified`, with the failing evidence in the action."
        }
        Strategy::Alternative => "The approach does not work: `alternative`, another way to the same goal.",
        Strategy::Partial => "This goal is stuck: `partial`, another criterion or a smaller part first.",
        Strategy::Escalate => "Only a person can go on: `escalate`.",
    }
}

/// What is left of the budget. Lost attempts are left out: they appear by a crash alone, which must not change a prompt.
fn budget(session: &Session) -> Option<String> {
    let usd = session.charter.limits.usd?;
    let spent: Money = session.ledger.accounts().values().map(crate::session::Account::billed).sum();
    Some(format!("Budget: {} of {usd} left.", usd.saturating_sub(spent)))
}

fn conversation(session: &Session) -> Option<String> {
    let fresh = session.fresh_next || session.conversation.is_none() && session.conversations > 0;
    fresh.then(|| "The worker's next action starts a fresh conversation.".to_owned())
}

/// What is in the way, for the encouraging sentence.
pub(super) fn blockers(session: &Session) -> String {
    let open = in_work(session).filter(|(criterion, record)| {
        criterion.required && matches!(standing(session, criterion, record), Standing::Fails | Standing::Unknown)
    });
    let names: Vec<String> = open.map(|(criterion, _)| format!("`{}`", criterion.id)).collect();
    morale::handle_frustration(&names, session.progress.streak()).unwrap_or_default()
}
