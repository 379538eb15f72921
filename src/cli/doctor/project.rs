//! What the mission needs of the machine, and what the repository tells Claude Code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{broken, doubtful, fine};
use crate::cli::code::Code;
use crate::cli::command::doctor::Finding;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::place::Place;
use crate::cli::trust::{self, Subject, Trust};
use crate::daemon::{Inputs, access};
use crate::mission::{Check, CheckKind, Mission};
use crate::worker::Project;

/// What a shell does by itself; no program of that name is needed.
const SHELL: &str = "if for while until case function export set unset cd exec eval true false test [ [[ echo printf \
                     ! . source trap exit return read wait ulimit umask command type alias time {";

pub(super) fn mission(context: &Context<'_>, place: &Place, inputs: &Result<Inputs, Error>) -> Vec<Finding> {
    let inputs = match inputs {
        Ok(inputs) => inputs,
        Err(error) if error.code == Code::NoMission => {
            return vec![doubtful("mission", "none yet", "`cco init` writes one")];
        }
        Err(error) => return vec![broken("mission", error)],
    };
    let count = inputs.mission.criteria.len();
    let criteria = if count == 1 { "criterion" } else { "criteria" };
    let mut findings = vec![fine("mission", format!("{count} {criteria} in {}", inputs.mission_path.display()))];
    let trusted = place.repo().and_then(|repo| {
        let config = place.config.as_deref().filter(|_| context.global.config.is_none());
        trust::look(context, Subject { repo: &repo, mission: &inputs.mission_path, config })
    });
    findings.push(match trusted {
        Ok(Trust::Known) => fine("trust", "this mission may run its commands here"),
        Ok(Trust::Unknown) => doubtful("trust", "this mission is not trusted yet", "read it, then `cco trust`"),
        Err(error) => broken("trust", &error),
    });
    findings.extend(tools(context, &place.root, &inputs.mission));
    findings
}

/// The programs that checks, set-up and services begin with, as far as the text of a command tells.
fn tools(context: &Context<'_>, root: &Path, mission: &Mission) -> Vec<Finding> {
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut want = |by: &'static str, line| {
        if let Some(program) = program_of(line) {
            wanted.entry(program).or_default().insert(by);
        }
    };
    mission.setup.iter().flatten().for_each(|line| want("setup", line));
    mission.services.iter().for_each(|service| want("services", &service.run));
    let checks = mission.criteria.iter().flat_map(|criterion| &criterion.checks).flat_map(lines);
    checks.for_each(|line| want("checks", line));
    let is_here = |program: &str| access::program(program, root, context.variables()).is_ok();
    let (here, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(program, _)| is_here(program));
    let mut findings: Vec<Finding> = missing
        .into_iter()
        .map(|(program, by)| {
            let by: Vec<&str> = by.into_iter().collect();
            let found = format!("`{program}` is not on PATH");
            doubtful("tools", found, format!("{} of the mission begin with it", by.join(" and ")))
        })
        .collect();
    if !here.is_empty() {
        let names: Vec<&str> = here.into_iter().map(|(program, _)| program).collect();
        findings.push(fine("tools", names.join(", ")));
    }
    findings
}

/// The command lines of a check and its parts.
fn lines(check: &Check) -> Vec<&str> {
    match &check.kind {
        CheckKind::Command(command) => vec![command.run.as_str()],
        CheckKind::Tests(tests) => vec![tests.run.as_str()],
        CheckKind::Coverage(coverage) => vec![coverage.run.as_str()],
        CheckKind::Metric(metric) => vec![metric.run.as_str()],
        CheckKind::Sarif(sarif) => vec![sarif.run.as_str()],
        CheckKind::Plugin(plugin) => vec![plugin.run.as_str()],
        CheckKind::All(parts) | CheckKind::Any(parts) => parts.iter().flat_map(lines).collect(),
        CheckKind::Not(part) => lines(part),
        CheckKind::File(_) | CheckKind::Http(_) | CheckKind::Git(_) | CheckKind::Judge(_) | CheckKind::Manual(_) => {
            Vec::new()
        }
    }
}

/// The program that a command line begins with; `None` where that is not plain from its first words. A path is one of
/// the tree's own.
fn program_of(line: &str) -> Option<&str> {
    let is_assignment = |word: &&str| word.split_once('=').is_some_and(|(name, _)| is_name(name));
    let word = line.split_whitespace().find(|word| !is_assignment(word))?;
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
    (plain && !SHELL.split(' ').any(|known| known == word)).then_some(word)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// CLAUDE.md and its kin, as a start would load them (design section 9, CLAUDE.md).
pub(super) fn told_to_the_worker(root: &Path) -> Finding {
    match loaded(root) {
        Ok(project) => of_project(&project),
        Err(error) => broken("instructions", &error),
    }
}

/// What the repository tells Claude Code; what would be copied for it is copied to a place that goes away.
pub(crate) fn loaded(root: &Path) -> Result<Project, Error> {
    let copy = tempfile::tempdir();
    let copy = copy.map_err(|error| Error::file("create", "a temporary folder".as_ref(), &error))?;
    Ok(Project::read(root, &copy.path().join("plugin"))?)
}

fn of_project(project: &Project) -> Finding {
    let found = if project.loaded.is_empty() {
        "the repository has none for Claude Code".to_owned()
    } else {
        format!("the worker is told: {}", project.loaded.join(", "))
    };
    if project.left_out.is_empty() {
        fine("instructions", found)
    } else {
        doubtful("instructions", found, format!("left out: {}", project.left_out.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_line_is_told_only_where_it_is_plain() {
        for (line, program) in [
            ("npm test -- crud", Some("npm")),
            ("CI=1 RUST_LOG=x cargo test", Some("cargo")),
            ("python3.12 -m pytest", Some("python3.12")),
            ("test -f a", None),
            ("./run.sh", None),
            ("$TOOL x", None),
            ("(cd a && make)", None),
            ("if true; then x; fi", None),
            ("", None),
        ] {
            assert_eq!(program_of(line), program, "{line}");
        }
    }
}
