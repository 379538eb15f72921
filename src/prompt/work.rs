//! What the worker is told: the stable words appended to its system prompt, and the action with its preface.

use super::quote::{data, line, visible};
use super::template::{Error, Prompts, Values};
use super::{brief, facts};
use crate::mission::{Check, Mission};
use crate::session::{Preface, Session, WorkOrder};

/// The most sealed paths listed; a glob says more than its files.
const PATHS: usize = 60;

/// What a worker's prompt is made of.
#[derive(Clone, Copy, Debug)]
pub struct WorkFacts<'a> {
    /// The mission.
    pub mission: &'a Mission,
    /// The session as it is when the worker starts.
    pub session: &'a Session,
    /// The order.
    pub order: &'a WorkOrder,
    /// Paths that are sealed by inference, beside those the mission names.
    pub sealed: &'a [String],
}

/// What a worker is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkPrompt {
    /// The instruction, for stdin.
    pub prompt: String,
    /// What is appended to the system prompt: the same in every action, so that the worker's cache hits.
    pub append_system: String,
}

impl Prompts {
    /// Tells the worker what to do.
    ///
    /// # Errors
    /// [`Error::Template`] where an override fails on the values.
    pub fn work(&self, facts: &WorkFacts<'_>) -> Result<WorkPrompt, Error> {
        let name = match facts.order.preface {
            Preface::None => "action",
            Preface::Transition => "transition",
            Preface::Interrupted => "interrupted",
            Preface::Continue => "continue",
        };
        let values = Values::from([
            ("title", line(&facts.order.action.title, 120)),
            ("action", action(facts)),
            ("aims", aims(facts)),
            ("summary", summary(facts.session)),
        ]);
        Ok(WorkPrompt { prompt: self.render(name, &values)?, append_system: self.append_system(facts)? })
    }

    fn append_system(&self, facts: &WorkFacts<'_>) -> Result<String, Error> {
        let mission = facts.mission;
        let mut about = visible(mission.description.trim());
        if !mission.context.trim().is_empty() {
            about.push_str(&format!("\n\nAbout the repository: {}", visible(mission.context.trim())));
        }
        let about = format!("{about}\n\nIt is done when all of this holds:\n{}", brief::criteria_text(mission));
        let values = Values::from([
            ("title", line(&mission.title, 300)),
            ("mission", about),
            ("constraints", brief::constraints(mission)),
            ("protected", listed(&protected(mission, facts.sealed))),
            ("repository_path", self.repository.clone()),
        ]);
        self.render("worker", &values)
    }
}

/// The instruction, after a word on what was undone of the last one's work.
fn action(facts: &WorkFacts<'_>) -> String {
    let action = visible(facts.order.action.prompt.trim());
    match facts::sealed_and_put_back(facts.session) {
        paths if paths.is_empty() => action,
        paths => format!(
            "The last action changed paths that are sealed: {paths}. The change was undone. Leave them as they are.\n\n\
             {action}"
        ),
    }
}

fn aims(facts: &WorkFacts<'_>) -> String {
    let known = facts.order.action.criteria.iter().filter_map(|id| facts.session.charter.criterion(id));
    known
        .map(|criterion| format!("- `{}`: {}", criterion.id, line(&criterion.text, 600)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What came before, for a conversation that does not know it.
fn summary(session: &Session) -> String {
    let mut parts = vec![facts::progress_summary(session), facts::standings(session)];
    let mut named = |title: &str, text: String| {
        if !text.is_empty() {
            parts.push(format!("{title}:\n{text}"));
        }
    };
    let last = facts::last_action(session);
    named("Done so far, newest first", if last.is_empty() { last } else { format!("- {last}") });
    named("Before that", facts::history(session, 5));
    let claim = session.history.back().map(|note| note.claim.as_str()).unwrap_or_default();
    named("The last words of the earlier conversation", quoted("the earlier conversation", claim, 1500));
    named("Errors that last", quoted("errors and attempts", &facts::lessons(session, 3), 3000));
    named("Tasks", facts::tasks(session, 12));
    parts.join("\n\n")
}

fn quoted(label: &str, text: &str, max: usize) -> String {
    if text.is_empty() { String::new() } else { data(label, text, max) }
}

/// Everything the worker must leave alone, each path once.
pub(super) fn protected(mission: &Mission, sealed: &[String]) -> Vec<String> {
    let mut paths: Vec<&str> = Vec::new();
    let denied = mission.constraints.iter().flat_map(|constraint| &constraint.paths_denied);
    let checks = mission.criteria.iter().flat_map(|criterion| &criterion.checks);
    let guards = mission.constraints.iter().filter_map(|constraint| constraint.check.as_ref());
    let of_checks = checks.chain(guards).flat_map(check_paths);
    let named = mission.protect.iter().chain(denied).map(String::as_str).chain(of_checks);
    let own = [".cco/"].into_iter();
    for path in own.chain(named).chain(sealed.iter().map(String::as_str)) {
        let covered = path.starts_with(".cco/") && !paths.is_empty();
        if !covered && !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths.into_iter().map(str::to_owned).collect()
}

fn listed(paths: &[String]) -> String {
    let mut lines: Vec<String> = paths.iter().take(PATHS).map(|path| format!("  - `{}`", line(path, 200))).collect();
    if paths.len() > PATHS {
        lines.push(format!("  - and {} more", paths.len() - PATHS));
    }
    lines.join("\n")
}

fn check_paths(check: &Check) -> Vec<&str> {
    let inner = check.parts().iter().flat_map(check_paths);
    check.protect.iter().map(String::as_str).chain(inner).collect()
}
