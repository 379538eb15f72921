//! Mission and configuration in the words of the core.

use std::time::Duration;

use super::judging;
use crate::config::{self, Config};
use crate::mission::{Check, CheckKind, Criterion, Mission};
use crate::session::{
    Charter, CharterCheck, CharterCriterion, CommitFrequency, Commits, Limits, OnStall, Reserves, WorkerDollars,
};
use crate::words::{CheckId, Money, PhaseId};

/// How long a person is waited for before the wait is renewed with a notice.
const HUMAN_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The mission as the core sees it.
pub(super) fn charter(
    mission: &Mission,
    config: &Config,
    reserves: Reserves,
    worker_dollars: WorkerDollars,
) -> Charter {
    Charter {
        mission: mission.id.clone(),
        title: mission.title.clone(),
        criteria: mission.criteria.iter().map(|criterion| criterion_of(mission, criterion)).collect(),
        phases: mission.phases.iter().map(|phase| phase.id.clone()).collect(),
        limits: limits(mission, config),
        commits: Commits {
            auto: config.repository.auto_commit,
            frequency: match config.repository.commit_frequency {
                config::CommitFrequency::PerIteration => CommitFrequency::PerIteration,
                config::CommitFrequency::PerSession => CommitFrequency::PerSession,
                config::CommitFrequency::PerPhase => CommitFrequency::PerPhase,
                config::CommitFrequency::OnCompletion => CommitFrequency::OnCompletion,
            },
        },
        reserves,
        worker_dollars,
        context_window: config.claude_code.context_window,
    }
}

/// What of the inputs differs from the charter of a run that was not sealed yet. Limits, reserves and what the worker's
/// dollars mean may change: each change is an event of its own. The checks of a criterion that had none are not looked
/// at: a daemon may have pinned them and died before it could say so.
pub(super) fn differs(charter: &Charter, now: &Charter) -> Option<&'static str> {
    let same = |(old, new): (&CharterCriterion, &CharterCriterion)| {
        let new = new.clone();
        *old == if old.checks.is_empty() { CharterCriterion { checks: Vec::new(), derived: false, ..new } } else { new }
    };
    let criteria = charter.criteria.len() == now.criteria.len() && charter.criteria.iter().zip(&now.criteria).all(same);
    if !criteria || (&charter.mission, &charter.title, &charter.phases) != (&now.mission, &now.title, &now.phases) {
        return Some("the mission");
    }
    let configured = |charter: &Charter| (charter.commits, charter.context_window);
    (configured(charter) != configured(now)).then_some("the configuration")
}

/// What differs between two charters of the same mission, in words for people.
pub(super) fn what_changed(old: &Charter, new: &Charter) -> Vec<String> {
    let mut told = Vec::new();
    let mut differs = |what: &str, old: String, new: String| {
        if old != new {
            told.push(format!("{what}: {old} → {new}"));
        }
    };
    differs("title", format!("“{}”", old.title), format!("“{}”", new.title));
    let phases = |charter: &Charter| charter.phases.iter().map(PhaseId::as_str).collect::<Vec<_>>().join(", ");
    differs("phases", phases(old), phases(new));
    let (before, after) = (&old.limits, &new.limits);
    let count = |limit: Option<u64>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    differs("limit of iterations", count(before.max_iterations), count(after.max_iterations));
    differs("limit of tokens", count(before.tokens), count(after.tokens));
    let usd = |limit: Option<Money>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    differs("budget", usd(before.usd), usd(after.usd));
    differs("stall after", before.stall_after.to_string(), after.stall_after.to_string());
    let gone = old.criteria.iter().filter(|criterion| new.criterion(&criterion.id).is_none());
    told.extend(gone.map(|criterion| format!("{} is not asked for any more: {}", criterion.id, criterion.text)));
    for criterion in &new.criteria {
        match old.criterion(&criterion.id) {
            None => told.push(format!("{} is new: {} ({})", criterion.id, criterion.text, proven_by(criterion))),
            Some(before) => told.extend(criterion_changed(old, before, new, criterion)),
        }
    }
    told
}

fn criterion_changed(old: &Charter, before: &CharterCriterion, new: &Charter, after: &CharterCriterion) -> Vec<String> {
    let id = &after.id;
    let mut told = Vec::new();
    let mut differs = |what: &str, old: String, new: String| {
        if old != new {
            told.push(format!("{id}: {what} {old} → {new}"));
        }
    };
    differs("is now worded", format!("“{}”", before.text), format!("“{}”", after.text));
    differs("priority", before.priority.to_string(), after.priority.to_string());
    let required =
        |criterion: &CharterCriterion| if criterion.required { "required" } else { "not required" }.to_owned();
    differs("is", required(before), required(after));
    let phase = |charter: &Charter, criterion: &CharterCriterion| {
        charter.phases.get(criterion.phase).map(ToString::to_string).unwrap_or_default()
    };
    differs("moves from phase", phase(old, before), phase(new, after));
    let hashes = |criterion: &CharterCriterion| criterion.checks.iter().map(|check| check.hash).collect::<Vec<_>>();
    if hashes(before) != hashes(after) {
        told.push(format!("{id}: its checks change: {} → {}", proven_by(before), proven_by(after)));
    }
    told
}

/// The kinds of a criterion's checks.
fn proven_by(criterion: &CharterCriterion) -> String {
    let kinds: Vec<&str> = criterion.checks.iter().map(|check| check.kind.as_str()).collect();
    if kinds.is_empty() { "words only: checks are derived".to_owned() } else { kinds.join(", ") }
}

/// The limits of a run: the mission's own budget before the configuration's.
pub(super) fn limits(mission: &Mission, config: &Config) -> Limits {
    let warn_at = if mission.budget.warn_at.is_empty() { &config.budget.warn_at } else { &mission.budget.warn_at };
    Limits {
        max_iterations: config.orchestrator.max_iterations,
        stall_after: config.orchestrator.stall_after,
        on_stall: match config.orchestrator.on_stall {
            config::OnStall::Replan => OnStall::Replan,
            config::OnStall::Escalate => OnStall::Escalate,
            config::OnStall::Pause => OnStall::Pause,
            config::OnStall::Stop => OnStall::Stop,
        },
        checkpoint_interval: config.orchestrator.checkpoint_interval,
        usd: config.budget.usd.into_iter().chain(mission.budget.usd).min(),
        tokens: config.budget.tokens.into_iter().chain(mission.budget.tokens).min(),
        warn_at: warn_at.clone(),
        human_wait: HUMAN_WAIT,
        written: None,
    }
}

fn criterion_of(mission: &Mission, criterion: &Criterion) -> CharterCriterion {
    let phase = mission.phases.iter().position(|phase| phase.criteria.contains(&criterion.id)).unwrap_or(0);
    CharterCriterion {
        id: criterion.id.clone(),
        text: criterion.text.clone(),
        priority: criterion.priority,
        required: criterion.required,
        phase,
        checks: checks(criterion),
        derived: criterion.derived,
    }
}

fn asks_person(check: &Check) -> bool {
    matches!(check.kind, CheckKind::Manual(_)) || check.parts().iter().any(asks_person)
}

/// A criterion's checks as the core sees them.
pub(super) fn checks(criterion: &Criterion) -> Vec<CharterCheck> {
    let check = |(at, check): (usize, &Check)| CharterCheck {
        id: CheckId::new(format!("{}/{at}", criterion.id)),
        kind: check.kind.name().to_owned(),
        every: check.every,
        hash: check.hash(),
        votes: judging::votes(check),
        person: asks_person(check),
    };
    criterion.checks.iter().enumerate().map(check).collect()
}
