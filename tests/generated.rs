//! What is generated from the types, or is read by them, and is committed: it must agree with the code.
//! `CCO_UPDATE=1 cargo test --test generated` writes the generated files anew.
#![expect(clippy::unwrap_used, reason = "this is a test")]
#![expect(clippy::disallowed_methods, reason = "tests read and write files of the repository")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cco::reading::render;
use cco::{config, mission};

/// Every kind of check.
const KINDS: [&str; 14] = [
    "all", "any", "command", "coverage", "file", "git", "http", "judge", "manual", "metric", "not", "plugin", "sarif",
    "tests",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_in(folder: &str) -> Vec<PathBuf> {
    let entries = root().join(folder).read_dir().unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    // `*.worker.yaml` are scripts of the stub worker.
    files.retain(|path| path.to_string_lossy().ends_with(".yaml") && !path.to_string_lossy().ends_with(".worker.yaml"));
    files.sort();
    files
}

fn assert_committed(path: &str, schema: &serde_json::Value) {
    let generated = serde_json::to_string_pretty(schema).unwrap() + "\n";
    let file = root().join(path);
    if std::env::var_os("CCO_UPDATE").is_some() {
        std::fs::write(&file, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == generated, "{path} is not what the types say; run CCO_UPDATE=1 cargo test --test generated");
}

#[test]
fn the_committed_mission_schema_is_the_generated_one() {
    assert_committed("schema/mission.json", &mission::schema());
}

#[test]
fn the_committed_config_schema_is_the_generated_one() {
    assert_committed("schema/config.json", &config::schema());
}

#[test]
fn every_mission_that_is_shipped_has_no_mistake_no_warning_and_nothing_that_is_not_obeyed() {
    let files = files_in("missions");
    assert!(files.len() >= 9, "{files:?}");
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let read = mission::read(&name, std::fs::read(&path).unwrap());
        let file = read.unwrap_or_else(|found| panic!("{}", render(&found)));
        assert!(file.warnings.is_empty(), "{}", render(&file.warnings));
        assert!(file.unsupported.is_empty(), "{name}: {:?}", file.unsupported);
    }
}

#[test]
fn the_shipped_missions_show_every_kind_of_check() {
    fn kinds(check: &mission::Check, found: &mut BTreeMap<&'static str, usize>) {
        *found.entry(check.kind.name()).or_default() += 1;
        match &check.kind {
            mission::CheckKind::All(checks) | mission::CheckKind::Any(checks) => {
                checks.iter().for_each(|check| kinds(check, found));
            }
            mission::CheckKind::Not(check) => kinds(check, found),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for path in files_in("missions") {
        let mission = mission::read("m", std::fs::read(&path).unwrap()).unwrap().mission;
        mission.criteria.iter().flat_map(|criterion| &criterion.checks).for_each(|check| kinds(check, &mut found));
    }
    let shown: Vec<&str> = found.into_keys().collect();
    assert_eq!(shown, KINDS);
}

/// A mission around some lines of documentation: a piece of a mission, or a check.
fn around(piece: &str) -> String {
    if piece.contains("definition_of_done:") {
        return format!("title: t\n{piece}");
    }
    let indented: String = piece.lines().map(|line| format!("      {line}\n")).collect();
    format!("title: t\ndefinition_of_done:\n  - criteria: c\n    validator:\n{indented}")
}

#[track_caller]
fn assert_read(piece: &str) -> mission::Mission {
    let read = mission::read("an example", around(piece));
    let read = read.map_err(|found| format!("{piece}\n{}", render(&found))).unwrap();
    assert!(read.warnings.is_empty() && read.unsupported.is_empty(), "{piece}");
    read.mission
}

#[test]
fn every_example_of_the_documentation_of_checks_is_read() {
    for page in ["docs/checks.md", "docs/plugins.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let examples: Vec<&str> =
            text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
        assert!(!examples.is_empty(), "{page}");
        for example in examples {
            assert_read(example);
        }
    }
}

#[test]
fn the_table_of_checks_has_every_kind_with_an_example_that_is_one() {
    let text = std::fs::read_to_string(root().join("docs/checks.md")).unwrap();
    let table = text.split("| a worked example |\n|---|---|---|\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut kinds = Vec::new();
    for row in table.lines() {
        let row = row.replace("\\|", "\u{0}");
        let example = row.rsplit_once("| `").unwrap().1.trim_end_matches("` |").replace('\u{0}', "|");
        let check = assert_read(&example).criteria.remove(0).checks.remove(0);
        assert!(row.split('|').nth(1).unwrap().contains(&format!("`{}`", check.kind.name())), "{row}");
        let named = row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2);
        kinds.extend(named.map(str::to_owned));
    }
    kinds.sort();
    assert_eq!(kinds, KINDS);
}
