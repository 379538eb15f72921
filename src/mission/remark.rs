//! What can be said against a check before anything runs: that it cannot fail, that it passes when it selects no tests,
//! that the worker may change what decides it. Remarks, not mistakes: the author may have meant it.
//!
//! Commands are read as far as their words tell; what is not understood is not remarked on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{Check, CheckKind, CommandCheck};
use super::line::{Line, Operator};
use super::mission::{Criterion, Mission};
use crate::words::CriterionId;

/// Something an author should look at before a mission starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    /// The criterion it is about.
    pub criterion: CriterionId,
    /// What kind of thing it is.
    pub kind: RemarkKind,
    /// One sentence.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

/// Kinds of remarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkKind {
    /// It passes whatever the repository holds.
    CannotFail,
    /// It passes when no test is selected.
    MaySelectNothing,
    /// What decides it is not sealed.
    Influenced,
    /// It holds on the tree as it is.
    HoldsAlready,
    /// It passed, and its output says that no test ran.
    RanNothing,
}

/// Files of the repository that no seal covers.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// All of them, relative to the root.
    pub files: Vec<String>,
    /// Those that look like tests or fixtures.
    pub deciding: Vec<String>,
}

/// Programs that run a script named behind them.
const INTERPRETERS: [&str; 10] = ["sh", "bash", "dash", "zsh", "python", "python3", "node", "ruby", "perl", "tsx"];
/// Ends of a pipe that pass whatever comes in.
const PASSING: [&str; 9] = ["tee", "cat", "tail", "head", "sort", "uniq", "wc", "less", "nl"];
/// Programs and the file that says what they run.
const MANIFESTS: [(&str, &str); 7] = [
    ("npm", "package.json"),
    ("pnpm", "package.json"),
    ("yarn", "package.json"),
    ("make", "Makefile"),
    ("just", "justfile"),
    ("task", "Taskfile.yml"),
    ("tox", "tox.ini"),
];
/// Words of a command that runs a project's tests.
const RUNNERS: [&str; 8] = ["test", "tests", "pytest", "jest", "vitest", "mocha", "nextest", "unittest"];
/// Options of `cargo test` that take a value.
const VALUED: [&str; 11] = [
    "-p",
    "--package",
    "--test",
    "--bench",
    "--bin",
    "--example",
    "--features",
    "-F",
    "--manifest-path",
    "--target",
    "-j",
];

/// Remarks on the checks of a mission, in the order of its criteria.
#[must_use]
pub fn remarks(mission: &Mission, open: &Open) -> Vec<Remark> {
    mission.criteria.iter().flat_map(|criterion| of_criterion(criterion, open)).collect()
}

fn of_criterion(criterion: &Criterion, open: &Open) -> Vec<Remark> {
    let remark = |kind, text: String, help: String| Remark { criterion: criterion.id.clone(), kind, text, help };
    let mut remarks = Vec::new();
    for check in criterion.checks.iter().flat_map(plain_parts) {
        if let Some(why) = cannot_fail(check) {
            let help = "let the exit code of the program that decides be the last word".to_owned();
            remarks.push(remark(RemarkKind::CannotFail, format!("cannot fail: {why}"), help));
        }
        if let Some(why) = may_select_nothing(check) {
            let help = "count them: `tests: { run: …, report: junit.xml, min_total: N }`".to_owned();
            remarks.push(remark(RemarkKind::MaySelectNothing, format!("passes when no test is selected: {why}"), help));
        }
        let decided_by = influences(check, open);
        if !decided_by.is_empty() {
            let (names, globs) = told(&decided_by);
            let text = format!("the worker may change what decides it: {names}");
            let help = format!("where that is not wanted: `protect: [{globs}]`");
            remarks.push(remark(RemarkKind::Influenced, text, help));
        }
    }
    remarks
}

/// A check, or the parts that it combines. The opposite of a check is read by nobody yet.
fn plain_parts(check: &Check) -> Vec<&Check> {
    match &check.kind {
        CheckKind::All(parts) | CheckKind::Any(parts) => parts.iter().flat_map(plain_parts).collect(),
        CheckKind::Not(_) => Vec::new(),
        _ => vec![check],
    }
}

fn cannot_fail(check: &Check) -> Option<String> {
    // Reports are counted, numbers compared and files looked for: the readers of these see to it that they can fail.
    if let CheckKind::Command(command) = &check.kind { passes_always(command) } else { None }
}

fn passes_always(command: &CommandCheck) -> Option<String> {
    let only_the_code = command.exit_code == 0
        && command.stdout_contains.is_empty()
        && command.stdout_matches.is_empty()
        && command.json.is_none()
        && command.numbers.is_empty()
        && !command.stderr_empty;
    if !only_the_code || command.run.contains("pipefail") {
        return None;
    }
    let line = Line::read(&command.run);
    let (last, operator) = line.last()?;
    let words = last.words();
    let program = words.first().map(String::as_str)?;
    let passes = matches!(program, "true" | ":" | "echo" | "printf") || words == ["exit", "0"];
    match operator {
        None if passes => Some(format!("`{program}` always passes")),
        Some(Operator::Or) if passes => Some(format!("`|| {}` turns every failure into a pass", words.join(" "))),
        Some(Operator::Then) if passes => Some(format!("it ends with `{}`, whatever came before", words.join(" "))),
        Some(Operator::Pipe) if PASSING.contains(&program) => {
            Some(format!("the exit code of a pipe is that of its last program, `{program}`"))
        }
        None | Some(Operator::Or | Operator::Then | Operator::Pipe | Operator::And) => None,
    }
}

fn may_select_nothing(check: &Check) -> Option<String> {
    let CheckKind::Command(command) = &check.kind else { return None };
    for simple in Line::read(&command.run).commands() {
        let words = simple.words();
        let word = |at: usize| words.get(at).map(String::as_str);
        if words.iter().any(|word| word == "--passWithNoTests") {
            return Some("`--passWithNoTests`".to_owned());
        }
        if word(0) == Some("cargo") && word(1) == Some("test") {
            let options: Vec<&str> =
                words.iter().skip(2).map(String::as_str).take_while(|word| *word != "--").collect();
            let filter = options.iter().enumerate().find(|(at, word)| {
                let of_option =
                    at.checked_sub(1).and_then(|before| options.get(before)).is_some_and(|word| VALUED.contains(word));
                !word.starts_with('-') && !of_option
            });
            if let Some((_, filter)) = filter {
                return Some(format!("`cargo test {filter}` passes where nothing is called so"));
            }
        }
        if word(0) == Some("go") && word(1) == Some("test") && words.iter().any(|word| word.starts_with("-run")) {
            return Some("`go test -run` passes where nothing is called so".to_owned());
        }
    }
    None
}

/// The open files that decide a check: the script that it runs, the manifest that says what is run, the tests.
fn influences(check: &Check, open: &Open) -> Vec<String> {
    let (run, counts) = match &check.kind {
        CheckKind::Command(command) => (&command.run, false),
        CheckKind::Tests(tests) => (&tests.run, true),
        CheckKind::Coverage(coverage) => (&coverage.run, true),
        CheckKind::Metric(metric) => (&metric.run, false),
        CheckKind::Sarif(sarif) => (&sarif.run, false),
        CheckKind::Plugin(plugin) => (&plugin.run, false),
        CheckKind::File(_)
        | CheckKind::Http(_)
        | CheckKind::Git(_)
        | CheckKind::Judge(_)
        | CheckKind::Manual(_)
        | CheckKind::All(_)
        | CheckKind::Any(_)
        | CheckKind::Not(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut runs_tests = counts;
    for simple in Line::read(run).commands() {
        let words = simple.words();
        let Some(program) = words.first() else { continue };
        let script = if INTERPRETERS.contains(&program.as_str()) { words.get(1) } else { Some(program) };
        let manifest = MANIFESTS.iter().find(|(name, _)| name == program).map(|(_, file)| (*file).to_owned());
        let named =
            script.map(|script| inside(check, script)).into_iter().chain(manifest.map(|file| inside(check, &file)));
        found.extend(named.filter(|path| open.files.contains(path)));
        let paths: Vec<String> = words.iter().skip(1).map(|word| inside(check, word)).collect();
        found.extend(open.deciding.iter().filter(|file| paths.iter().any(|path| is_at(file, path))).cloned());
        runs_tests |= words.iter().any(|word| RUNNERS.contains(&word.as_str()));
    }
    let names_tests = found.iter().any(|file| open.deciding.contains(file));
    if runs_tests && !names_tests {
        found.extend(open.deciding.iter().cloned());
    }
    found.sort();
    found.dedup();
    found
}

/// A word of a command as a path of the repository.
fn inside(check: &Check, word: &str) -> String {
    let path = word.trim_start_matches("./").trim_end_matches('/');
    if check.cwd.is_empty() { path.to_owned() } else { format!("{}/{path}", check.cwd.trim_end_matches('/')) }
}

fn is_at(file: &str, path: &str) -> bool {
    file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Files as people read them, whole folders in one, and as globs.
fn told(files: &[String]) -> (String, String) {
    const MOST: usize = 4;
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files {
        folders.entry(file.split_once('/').map_or("", |(folder, _)| folder)).or_default().push(file);
    }
    let (mut names, mut globs) = (Vec::new(), Vec::new());
    for (folder, files) in folders {
        if folder.is_empty() || files.len() < 3 {
            names.extend(files.iter().map(|file| (*file).to_owned()));
            globs.extend(files.iter().map(|file| format!("{file:?}")));
        } else {
            names.push(format!("{folder}/ ({} files)", files.len()));
            globs.push(format!("{:?}", common(&files)));
        }
    }
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    globs.truncate(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (format!("{}{more}", names.join(", ")), globs.join(", "))
}

/// A glob over the deepest folder that holds all of them.
fn common(files: &[&str]) -> String {
    let mut folder = files.first().and_then(|file| file.rsplit_once('/')).map_or("", |(folder, _)| folder);
    while !folder.is_empty() && !files.iter().all(|file| is_at(file, folder)) {
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    format!("{folder}/**")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kinds of remarks on one command, in a repository with these open files.
    fn on(run: &str, files: &[&str]) -> Vec<(RemarkKind, String)> {
        let run = serde_json::to_string(run).unwrap();
        on_check(&format!("{{ command: {run} }}"), files)
    }

    fn on_check(validator: &str, files: &[&str]) -> Vec<(RemarkKind, String)> {
        let text = format!("title: x\ndefinition_of_done:\n  - {{ criteria: c, validator: {validator} }}\n");
        let mission = super::super::read("mission.yaml", text).unwrap().mission;
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let deciding = files.iter().filter(|file| file.contains("test")).cloned().collect();
        remarks(&mission, &Open { files, deciding }).into_iter().map(|remark| (remark.kind, remark.text)).collect()
    }

    fn cannot_fail(run: &str) -> bool {
        on(run, &[]).iter().any(|(kind, _)| *kind == RemarkKind::CannotFail)
    }

    #[test]
    fn what_passes_whatever_happens_is_seen_and_what_may_fail_is_not() {
        for run in [
            "true",
            ":",
            "echo done",
            "npm test || true",
            "npm test || echo failed",
            "npm test; true",
            "npm test | tee log",
            "make a && make b | tail -5",
            "npm test\nexit 0",
        ] {
            assert!(cannot_fail(run), "{run}");
        }
        for run in [
            "npm test",
            "npm test && echo fine",
            "npm test && true",
            "sh -c 'npm test || true; false'",
            "npm test | grep -q passed",
            "set -o pipefail; npm test | tee log",
            "echo \"$(cat x | tee y)\" | grep z",
            "! grep -q later src || false",
        ] {
            assert!(!cannot_fail(run), "{run}");
        }
        assert!(on_check("{ command: { run: 'npm test | tee log', stdout_contains: [passed] } }", &[]).is_empty());
        assert_eq!(
            on_check("{ any: [ { command: 'false' }, { command: 'true' } ] }", &[])[0].0,
            RemarkKind::CannotFail
        );
        assert!(on_check("{ not: { command: 'true' } }", &[]).is_empty());
    }

    #[test]
    fn a_run_that_passes_without_tests_is_seen() {
        let kinds = |run: &str| on(run, &[]).iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
        for run in [
            "cargo test parser",
            "cargo test -p x parser -- --nocapture",
            "go test ./... -run X",
            "npx jest --passWithNoTests",
        ] {
            assert_eq!(kinds(run), [RemarkKind::MaySelectNothing], "{run}");
        }
        for run in
            ["cargo test", "cargo test -p x --test parser", "cargo test -- parser", "go test ./...", "pytest tests"]
        {
            assert!(kinds(run).is_empty(), "{run}");
        }
    }

    #[test]
    fn files_that_decide_and_are_open_are_named_with_the_seal_for_them() {
        let texts = |run: &str, files: &[&str]| on(run, files).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        let files =
            ["check.sh", "Makefile", "src/a.py", "tests/v1/a.py", "tests/v2/a.py", "tests/v2/b.py", "tests/v2/c.py"];
        assert_eq!(texts("sh ./check.sh", &files), ["the worker may change what decides it: check.sh"]);
        assert_eq!(texts("pytest tests/v1", &files), ["the worker may change what decides it: tests/v1/a.py"]);
        assert_eq!(texts("pytest tests/v2/", &files), ["the worker may change what decides it: tests/ (3 files)"]);
        assert_eq!(texts("make test", &files), ["the worker may change what decides it: Makefile, tests/ (4 files)"]);
        assert!(texts("grep -q x src/a.py", &files).is_empty(), "what is to be made is not what decides");
    }
}
