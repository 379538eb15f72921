//! The embedded manager: no key, no network, no chance. The unmet criterion of highest priority, its failing evidence,
//! and a strategy that changes with repeated failure. A pure function of mission and session.

use crate::mission::Mission;
use crate::prompt::{criterion_text, data, visible};
use crate::session::{
    Action, CharterCriterion, ConversationWish, CriterionRecord, ModelTier, Plan, PlanAsk, Rung, Session, Standing,
    Strategy, TaskState, TaskUpdate, signature,
};
use crate::words::{Outcome, TaskId, Verdict};

/// The most pieces of evidence quoted.
const VERDICTS: usize = 4;
/// The most bytes of one of them.
const VERDICT_BYTES: usize = 4 << 10;
/// The most attempts listed.
const TRIED: usize = 6;
/// The most other criteria named.
const OTHERS: usize = 20;
/// The longest title, in characters.
const TITLE_CHARS: usize = 100;

/// A criterion with its record.
type Open<'a> = (&'a CharterCriterion, &'a CriterionRecord);

/// Plans the next action.
#[must_use]
pub fn checklist(mission: &Mission, session: &Session, ask: PlanAsk, heard: usize) -> Plan {
    let strategy = strategy(session);
    let open = open(session);
    let target = target(session, strategy, &open);
    let Some((criterion, record)) = target else {
        return nothing_open(session);
    };
    let fresh = strategy == Strategy::Alternative;
    let prompt = instruction(&Told { mission, session, criterion, record, strategy, ask, heard });
    let analysis =
        format!("`{}` is the most urgent criterion that does not hold; {} are open.", criterion.id, open.len());
    Plan {
        analysis,
        strategy,
        action: Action {
            title: title(strategy, criterion),
            prompt,
            criteria: vec![criterion.id.clone()],
            agent: None,
            tier: if fresh { ModelTier::Strong } else { ModelTier::Standard },
        },
        conversation: if fresh { ConversationWish::Fresh } else { ConversationWish::Continue },
        tasks: tasks(session),
        impossible: None,
        question: None,
    }
}

/// What the ladder says; a stall is answered by another approach.
fn strategy(session: &Session) -> Strategy {
    match session.progress.rung(&session.charter.limits) {
        Rung::Step(Strategy::Escalate) | Rung::Replan | Rung::Stalled(_) => Strategy::Alternative,
        Rung::Step(strategy) => strategy,
    }
}

/// The required criteria in work that do not hold: what regressed first, then the most urgent.
fn open(session: &Session) -> Vec<Open<'_>> {
    let all = session.charter.criteria.iter().zip(&session.records);
    let in_work = all.filter(|(criterion, _)| criterion.required && criterion.phase <= session.phase);
    let mut open: Vec<Open<'_>> = in_work
        .filter(|(criterion, record)| match standing(session, criterion, record) {
            Standing::Fails | Standing::Unknown => true,
            Standing::Holds | Standing::HoldsSoFar | Standing::AwaitsPerson => false,
        })
        .collect();
    // What held and was lost comes first, what cannot be met together last; a criterion that fails is worked on before one
    // that could not be decided.
    let given_up = session.progress.contradictory();
    open.sort_by_key(|(criterion, record)| {
        (
            given_up.is_some_and(|turns| turns.names(&criterion.id)),
            !record.regressed(),
            criterion.priority,
            standing(session, criterion, record) == Standing::Unknown,
        )
    });
    open
}

fn standing(session: &Session, criterion: &CharterCriterion, record: &CriterionRecord) -> Standing {
    session.tree.as_ref().map_or(Standing::Unknown, |tree| record.standing(criterion, tree))
}

/// The most urgent one; when the work is stuck on it, the next ones in turn. What cannot be met together is not among
/// them while there is anything else.
fn target<'a>(session: &Session, strategy: Strategy, open: &[Open<'a>]) -> Option<Open<'a>> {
    let given_up = session.progress.contradictory();
    let others = open.iter().take_while(|(criterion, _)| !given_up.is_some_and(|turns| turns.names(&criterion.id)));
    let open = match others.count() {
        0 => open,
        others => open.get(..others)?,
    };
    let place = if strategy == Strategy::Partial { session.progress.streak().saturating_sub(2) as usize } else { 0 };
    open.get(place.checked_rem(open.len())?).copied()
}

fn title(strategy: Strategy, criterion: &CharterCriterion) -> String {
    let begin = match strategy {
        Strategy::Proceed | Strategy::Escalate => "Meet",
        Strategy::RetryModified => "Retry",
        Strategy::Alternative => "Another way to",
        Strategy::Partial => "In between:",
    };
    let text = visible(&format!("{begin} “{}”", criterion.text)).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(TITLE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// What an instruction is made of.
struct Told<'a> {
    mission: &'a Mission,
    session: &'a Session,
    criterion: &'a CharterCriterion,
    record: &'a CriterionRecord,
    strategy: Strategy,
    ask: PlanAsk,
    heard: usize,
}

fn instruction(told: &Told<'_>) -> String {
    let parts = [goal(told), situation(told), evidence(told), tried(told), guidance(told), keep(told)];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let end = "Run the check yourself before you end your turn, and fix what it shows. End with one line on what works now \
               and what does not.";
    parts.chain([end.to_owned()]).collect::<Vec<_>>().join("\n\n")
}

fn goal(told: &Told<'_>) -> String {
    let known = told.mission.criteria.iter().find(|criterion| criterion.id == told.criterion.id);
    let text = known.map_or_else(|| format!("- {}", visible(&told.criterion.text)), criterion_text);
    format!("Bring the repository to where this criterion holds:\n\n{text}")
}

/// What is different this time, by the ladder and by how the last action ended.
fn situation(told: &Told<'_>) -> String {
    let ladder = match told.strategy {
        Strategy::Proceed | Strategy::Escalate => "",
        Strategy::RetryModified => {
            "The last attempt changed nothing that the checks see. Read the evidence line by line, find the first cause, and \
             change that; do not repeat the last attempt."
        }
        Strategy::Alternative => {
            "The approach so far does not lead there. Question the assumption it rests on, think of two other ways, and take \
             the simpler one; undo what the old one left behind."
        }
        Strategy::Partial => {
            "Another criterion is stuck; this one comes first now. Take the smallest part of it that can be finished and \
             finish that."
        }
    };
    let ended = match told.ask {
        PlanAsk::DodValidation => {
            "Everything seemed to hold, but not on a fresh checkout of the commit. Look for what is there only by chance: \
             ignored files, build outputs, tools installed by hand, an order of steps."
        }
        PlanAsk::SessionTransition if told.session.iteration.0 > 0 => {
            "You begin afresh: look at what is in the repository before you change it."
        }
        PlanAsk::TaskInitiation
        | PlanAsk::ProgressCheck
        | PlanAsk::MotivationalBoost
        | PlanAsk::ErrorRecovery
        | PlanAsk::SessionTransition => "",
    };
    let turns = crate::prompt::takes_turns(told.session).unwrap_or_default();
    let back = crate::prompt::rolled_back(told.session).unwrap_or_default();
    let last = told.session.history.back().filter(|note| !matches!(note.outcome.as_str(), "" | "finished"));
    let last = last.map_or_else(String::new, |note| {
        let how = note.outcome.replace('_', " ");
        format!("The last action did not come to its end ({how}). Go on from what it left, in smaller steps.")
    });
    let all = [ladder.to_owned(), ended.to_owned(), turns, back, last];
    all.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The verdicts of this criterion that are not passes, on the newest tree.
fn failing<'a>(told: &'a Told<'_>) -> impl Iterator<Item = &'a Verdict> {
    let on_tree = |verdict: &&Verdict| Some(&verdict.tree) == told.session.tree.as_ref();
    told.record.verdicts.values().filter(on_tree).filter(|verdict| verdict.outcome != Outcome::Pass)
}

fn evidence(told: &Told<'_>) -> String {
    let blocks: Vec<String> = failing(told).take(VERDICTS).map(quoted).collect();
    if blocks.is_empty() {
        return "It was not checked yet on this state of the repository.".to_owned();
    }
    format!("This is what its checks found:\n\n{}", blocks.join("\n\n"))
}

fn quoted(verdict: &Verdict) -> String {
    let label = crate::prompt::verdict_label(verdict);
    data(&label, &crate::prompt::verdict_text(verdict), VERDICT_BYTES)
}

/// What was tried against the same errors.
fn tried(told: &Told<'_>) -> String {
    let signatures: Vec<String> = failing(told)
        .map(|verdict| {
            let tail = &verdict.evidence.tail;
            signature(if tail.is_empty() { &verdict.evidence.summary } else { tail })
        })
        .collect();
    let known = told.session.lessons.by_signature.iter().filter(|(name, _)| signatures.contains(name));
    let attempts: Vec<&(Strategy, String)> = known.flat_map(|(_, lesson)| &lesson.tried).collect();
    let newest = attempts.iter().rev().take(TRIED).map(|(_, title)| format!("- {}", visible(title)));
    let mut lines: Vec<String> = Vec::new();
    for line in newest {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    format!("Tried already, without success, newest first:\n{}", lines.join("\n"))
}

/// The operator's words, as they were said.
fn guidance(told: &Told<'_>) -> String {
    let said: Vec<String> = told
        .session
        .guidance
        .iter()
        .take(told.heard)
        .map(|said| format!("{}: {}", said.actor, said.text.trim()))
        .collect();
    if said.is_empty() { String::new() } else { format!("The operator says:\n\n{}", said.join("\n\n")) }
}

/// What holds and must go on holding.
fn keep(told: &Told<'_>) -> String {
    let all = told.session.charter.criteria.iter().zip(&told.session.records);
    let held: Vec<String> =
        all.filter(|(_, record)| record.holding).map(|(criterion, _)| format!("`{}`", criterion.id)).collect();
    if held.is_empty() {
        return String::new();
    }
    let more = held.len().saturating_sub(OTHERS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = held.iter().take(OTHERS).map(String::as_str).collect::<Vec<_>>().join(", ");
    format!("These hold now and must still hold afterwards: {named}{more}.")
}

/// One task a criterion; only what changed is told.
fn tasks(session: &Session) -> Vec<TaskUpdate> {
    let all = session.charter.criteria.iter().zip(&session.records);
    let updates = all.map(|(criterion, record)| TaskUpdate {
        id: TaskId::new(criterion.id.as_str()),
        text: visible(&criterion.text),
        state: if record.holding { TaskState::Completed } else { TaskState::Pending },
    });
    updates
        .filter(|update| {
            let known = session.tasks.iter().find(|task| task.id == update.id);
            known.is_none_or(|task| task.state != update.state || task.text != update.text)
        })
        .collect()
}

/// A plan for a state that the core does not plan in: everything holds or waits for a person.
fn nothing_open(session: &Session) -> Plan {
    let text = "Look through the repository for what the mission asks and the checks do not see, and put it right. Change \
                nothing else.";
    Plan {
        analysis: "No criterion is open.".to_owned(),
        strategy: Strategy::Proceed,
        action: Action {
            title: "Look it over once more".to_owned(),
            prompt: text.to_owned(),
            criteria: Vec::new(),
            agent: None,
            tier: ModelTier::Standard,
        },
        conversation: ConversationWish::Continue,
        tasks: tasks(session),
        impossible: None,
        question: None,
    }
}
