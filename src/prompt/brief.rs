//! The mission as plain texts, for the stable part of every prompt. Nothing of a check that may carry a secret is shown.

use super::quote::{line, visible};
use crate::mission::{Check, CheckKind, Criterion, FileCheck, GitCheck, MetricCheck, Mission, SarifCheck};

/// What is asked, for the stable part: title, description, context, rules.
#[must_use]
pub fn mission_text(mission: &Mission) -> String {
    let mut text = format!("{}\n\n{}", line(&mission.title, 300), visible(mission.description.trim()));
    if !mission.context.trim().is_empty() {
        text.push_str(&format!("\n\nAbout the repository: {}", visible(mission.context.trim())));
    }
    let rules = constraints(mission);
    if !rules.is_empty() {
        text.push_str(&format!("\n\nConstraints:\n{rules}"));
    }
    text
}

/// The rules of a mission, one a line.
pub(super) fn constraints(mission: &Mission) -> String {
    let lines = mission.constraints.iter().map(|constraint| {
        let paths = if constraint.paths_denied.is_empty() {
            String::new()
        } else {
            format!(" (do not touch: {})", constraint.paths_denied.join(", "))
        };
        format!("- {}{paths}", line(&constraint.rule, 2000))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The definition of done, for the stable part: each criterion with the checks that prove it.
#[must_use]
pub fn criteria_text(mission: &Mission) -> String {
    mission.criteria.iter().map(criterion_text).collect::<Vec<_>>().join("\n")
}

/// A criterion with the checks that prove it, as an item of a list.
#[must_use]
pub fn criterion_text(criterion: &Criterion) -> String {
    let optional = if criterion.required { "" } else { ", not required" };
    let mut text = format!("- `{}` ({}{optional}): {}", criterion.id, criterion.priority, line(&criterion.text, 4000));
    for check in &criterion.checks {
        text.push_str(&format!("\n  - proven by {}", check_text(check)));
    }
    text
}

/// A check in one line. Headers and bodies of requests stay out: they may carry secrets.
pub(super) fn check_text(check: &Check) -> String {
    let what = match &check.kind {
        CheckKind::Command(command) => format!("`{}` with exit code {}", line(&command.run, 300), command.exit_code),
        CheckKind::File(file) if !file.exists => format!("no file at `{}`", line(&file.path, 200)),
        CheckKind::File(file) => file_text(file),
        CheckKind::Http(http) => format!("{} {} with status {}", http.method, line(&http.url, 200), http.status),
        CheckKind::Tests(tests) => {
            format!(
                "`{}`: at least {} tests, at most {} failed",
                line(&tests.run, 300),
                tests.min_total,
                tests.max_failed
            )
        }
        CheckKind::Coverage(coverage) => {
            let bounds = coverage.bounds.iter().map(|(metric, bound)| format!("{} {}", metric.name(), bound.text));
            format!("`{}`: {}", line(&coverage.run, 300), bounds.collect::<Vec<_>>().join(", "))
        }
        CheckKind::Metric(metric) => metric_text(metric),
        CheckKind::Git(git) => git_text(git),
        CheckKind::Sarif(sarif) => sarif_text(sarif),
        CheckKind::Plugin(plugin) => format!("`{}`, which says whether it holds", line(&plugin.run, 300)),
        CheckKind::Judge(judge) => format!("a judge: {}", line(&judge.rubric, 600)),
        CheckKind::Manual(manual) => format!("a person: {}", line(&manual.instruction, 300)),
        CheckKind::All(checks) => format!("all of: {}", checks_text(checks)),
        CheckKind::Any(checks) => format!("any of: {}", checks_text(checks)),
        CheckKind::Not(inner) => format!("the opposite of: {}", check_text(inner)),
    };
    let folder = if check.cwd.is_empty() { String::new() } else { format!(" in `{}`", line(&check.cwd, 100)) };
    format!("{} {what}{folder}", check.kind.name())
}

fn file_text(file: &FileCheck) -> String {
    let mut text = format!("`{}`", line(&file.path, 200));
    let wanted = file.contains.iter().map(|part| format!("{:?}", line(part, 100)));
    let matched = file.matches.iter().map(|part| format!("/{}/", line(part, 100)));
    let wanted: Vec<String> = wanted.chain(matched).take(8).collect();
    if !wanted.is_empty() {
        text.push_str(&format!(" containing {}", wanted.join(", ")));
    }
    if file.min_count > 1 {
        text.push_str(&format!(" in at least {} files", file.min_count));
    }
    text
}

fn metric_text(metric: &MetricCheck) -> String {
    let least = metric.min.map(|least| format!("at least {least}"));
    let most = metric.max.map(|most| format!("at most {most}"));
    let change = metric.baseline.as_ref().map(|change| format!("changed by {} since the start", change.bound.text));
    let bounds: Vec<String> = [least, most, change].into_iter().flatten().collect();
    format!("`{}` prints a number, {}", line(&metric.run, 300), bounds.join(", "))
}

/// All of it is counted from the start of the mission.
fn git_text(git: &GitCheck) -> String {
    let paths =
        |globs: &[String]| globs.iter().map(|glob| format!("`{}`", line(glob, 200))).collect::<Vec<_>>().join(", ");
    let parts = [
        (!git.changed.is_empty()).then(|| format!("{} changed", paths(&git.changed))),
        (!git.unchanged.is_empty()).then(|| format!("{} not changed", paths(&git.unchanged))),
        git.max_diff.map(|most| format!("at most {most} lines added and removed")),
        git.conventional_commits.then(|| "titles of commits follow Conventional Commits".to_owned()),
        git.clean.then(|| "everything committed".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn sarif_text(sarif: &SarifCheck) -> String {
    let level = sarif.max_level.map(|level| format!("nothing worse than {}", level.name()));
    let findings = sarif.findings.map(|most| format!("at most {most} findings"));
    let bounds: Vec<String> = [level, findings].into_iter().flatten().collect();
    format!("`{}`: {}", line(&sarif.run, 300), bounds.join(", "))
}

fn checks_text(checks: &[Check]) -> String {
    checks.iter().map(check_text).collect::<Vec<_>>().join("; ")
}
