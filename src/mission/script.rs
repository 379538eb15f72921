//! The scripts of the repository that checks run: whoever may change them decides (design section 9, What is sealed).
//!
//! Left out is a command whose output is held against what is asked: there the script is the work, as often as not, and
//! to seal it would forbid the work.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::check::{Check, CheckKind, CommandCheck};
use super::line::Line;
use super::mission::Mission;

/// Programs that run a shell script named behind them.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", ".", "source"];

/// Paths from the root of the repository, whether or not there is something at them.
#[must_use]
pub fn scripts(mission: &Mission) -> BTreeSet<PathBuf> {
    let of_constraints = mission.constraints.iter().filter_map(|constraint| constraint.check.as_ref());
    let checks = mission.criteria.iter().flat_map(|criterion| &criterion.checks).chain(of_constraints);
    checks.flat_map(of_check).collect()
}

fn of_check(check: &Check) -> Vec<PathBuf> {
    let own = decider(check).map(|run| named(&check.cwd, run)).unwrap_or_default();
    own.into_iter().chain(check.parts().iter().flat_map(of_check)).collect()
}

/// The line of a check whose own word decides: its exit code, or what it reports.
fn decider(check: &Check) -> Option<&str> {
    match &check.kind {
        CheckKind::Command(command) if judges_by_output(command) => None,
        CheckKind::Command(command) => Some(&command.run),
        CheckKind::Tests(tests) => Some(&tests.run),
        CheckKind::Coverage(coverage) => Some(&coverage.run),
        CheckKind::Metric(metric) => Some(&metric.run),
        CheckKind::Sarif(sarif) => Some(&sarif.run),
        CheckKind::Plugin(plugin) => Some(&plugin.run),
        CheckKind::File(_)
        | CheckKind::Http(_)
        | CheckKind::Git(_)
        | CheckKind::Judge(_)
        | CheckKind::Manual(_)
        | CheckKind::All(_)
        | CheckKind::Any(_)
        | CheckKind::Not(_) => None,
    }
}

const fn judges_by_output(command: &CommandCheck) -> bool {
    !command.stdout_contains.is_empty()
        || !command.stdout_matches.is_empty()
        || !command.numbers.is_empty()
        || command.json.is_some()
}

/// What the commands of a line name: their program, if it is a path, or the script behind a shell.
fn named(cwd: &str, run: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for simple in Line::read(run).commands() {
        let words = simple.words();
        let mut words = words.iter().map(String::as_str);
        let script = match words.next() {
            Some(shell) if SHELLS.contains(&shell) => words.find(|word| !word.starts_with('-')),
            program => program.filter(|program| program.contains('/')),
        };
        found.extend(script.and_then(|script| inside(cwd, script)));
    }
    found
}

/// A word as a path from the root; `None` where it leads out of the repository, or is made up only when the line runs.
fn inside(cwd: &str, word: &str) -> Option<PathBuf> {
    if word.contains(['$', '*', '?', '`', '{']) {
        return None;
    }
    let mut path = PathBuf::new();
    for part in Path::new(cwd).join(word).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (path.file_name().is_some()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(validator: &str) -> Vec<String> {
        let text = format!("title: x\ndefinition_of_done:\n  - {{ criteria: c, validator: {validator} }}\n");
        let mission = super::super::read("mission.yaml", text).unwrap().mission;
        scripts(&mission).into_iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_script_behind_a_shell_and_the_program_that_is_a_path_decide() {
        for (run, found) in [
            ("sh check.sh", &["check.sh"][..]),
            ("bash -eu ./tools/../check.sh all && ./other --fast", &["check.sh", "other"]),
            ("A=1 . ./lib.sh; npm test | sh tools/count", &["lib.sh", "tools/count"]),
            ("check.sh", &[]),
            ("pytest tests/a.py", &[]),
            ("/usr/bin/make && sh /etc/x && sh ../x && sh $HOME/x && sh -c 'sh y'", &["sh"]),
        ] {
            let run = serde_json::to_string(run).unwrap();
            let mut wanted: Vec<&str> = found.to_vec();
            // What `-c` is given is a word like any other here; nothing is at such a path.
            wanted.retain(|path| *path != "sh");
            let told = of(&format!("{{ command: {run} }}"));
            assert_eq!(told.iter().filter(|path| *path != "sh").collect::<Vec<_>>(), wanted, "{run}");
        }
        assert_eq!(of("{ tests: { run: sh run.sh, report: a.xml }, cwd: pkg }"), ["pkg/run.sh"]);
        assert_eq!(of("{ any: [ { command: ./a }, { not: { command: ./b } } ] }"), ["a", "b"]);
    }

    #[test]
    fn a_script_whose_output_is_looked_at_is_the_work() {
        assert!(of("{ command: { run: ./greet Ada, stdout_contains: [Ada] } }").is_empty());
        assert_eq!(of("{ metric: { run: ./bench.sh, max: 3 } }"), ["bench.sh"]);
    }
}
