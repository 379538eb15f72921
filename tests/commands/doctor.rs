//! `cco doctor` and `cco init`: whether a mission can start here, and the first files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json as value};

use super::openrouter::OpenRouter;
use super::support::Place;
use super::{MISSION, cco, json, repository};

/// The findings of one name, each as health and text.
fn found(examination: &Value, name: &str) -> Vec<(String, String)> {
    let findings = examination["findings"].as_array().unwrap().iter().filter(|finding| finding["name"] == name);
    findings
        .map(|one| (one["health"].as_str().unwrap().to_owned(), one["found"].as_str().unwrap().to_owned()))
        .collect()
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_is_missing_is_told_with_what_to_do_and_exits_with_9() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    repository.write(".cco/config.yaml", "claude_code: { path: ./no-claude }\n");
    let told = cco(&place, &repository, ["doctor"]).run().expect_code(9);
    assert!(told.stdout.contains("no mission can start: 2 to mend"), "{}", told.stdout);
    let examination = json(&cco(&place, &repository, ["doctor", "--json"]).run().expect_code(9));
    assert_eq!(found(&examination, "claude")[0].0, "broken");
    assert_eq!(found(&examination, "login")[0].0, "broken");
    assert_eq!(found(&examination, "trust")[0].0, "doubtful");
    assert_eq!(found(&examination, "git")[0].0, "fine");
    assert!(found(&examination, "sandbox")[0].1.starts_with("off: "));
}

#[test]
fn the_credential_in_use_is_named_and_never_shown() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    program(&repository.folder().join("fake"), "#!/bin/sh\necho '2.0.1 (Claude Code)'\n");
    repository.write(".cco/config.yaml", "orchestrator: { manager: checklist }\nclaude_code: { path: ./fake }\n");
    repository.write("CLAUDE.md", "Be brief.\n");
    let secret = "sk-ant-never-shown";
    let told = cco(&place, &repository, ["doctor", "--json"]).env("ANTHROPIC_API_KEY", secret).run().expect_code(0);
    assert!(!told.stdout.contains(secret) && !told.stderr.contains(secret));
    let examination = json(&told);
    assert_eq!(found(&examination, "login"), [("fine".to_owned(), "the API key of ANTHROPIC_API_KEY".to_owned())]);
    let (health, text) = found(&examination, "claude").remove(0);
    assert!(health == "doubtful" && text.starts_with("2.0.1 at "), "{text}");
    assert!(found(&examination, "instructions")[0].1.contains("CLAUDE.md"));
}

#[test]
fn programs_that_the_checks_begin_with_are_looked_for() {
    let place = Place::new();
    let mission = "title: T\ndescription: D\ndefinition_of_done:\n  - { criteria: A, validator: 'no-such-tool --run' }\n  \
                   - { criteria: B, validator: 'git status' }\n";
    let repository = repository(&place, mission);
    let examination = json(&cco(&place, &repository, ["doctor", "--json"]).run().expect_code(0));
    let tools = found(&examination, "tools");
    assert_eq!(tools[0], ("doubtful".to_owned(), "`no-such-tool` is not on PATH".to_owned()));
    assert_eq!(tools[1], ("fine".to_owned(), "git".to_owned()));
}

#[test]
fn a_damaged_journal_is_found_and_mended_only_when_asked() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    repository.write("done.txt", "");
    cco(&place, &repository, ["start", "--yes", "--no-wait"]).run().expect_code(0);
    let journal = repository.folder().join(".git/cco/journal");
    let whole = fs::read(&journal).unwrap();
    let mut damaged = whole;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&journal, &damaged).unwrap();
    let told = cco(&place, &repository, ["doctor"]).run().expect_code(9);
    assert!(told.stdout.contains("doctor --fix"), "{}", told.stdout);
    cco(&place, &repository, ["doctor", "--fix"]).run().expect_code(2);
    assert_eq!(fs::read(&journal).unwrap(), damaged, "nobody said yes");
    let mended = cco(&place, &repository, ["doctor", "--fix", "--yes"]).run().expect_code(0);
    assert!(mended.stderr.contains("kept up to record"), "{}", mended.stderr);
    cco(&place, &repository, ["logs"]).run().expect_code(0);
}

#[test]
fn init_trusts_what_it_wrote_and_nothing_that_was_there_before() {
    let place = Place::new();
    let repository = place.repository("project");
    repository.write("CLAUDE.md", "Be brief.\n");
    repository.write("sub/x", "");
    let init = place.cco(["init"]).within(&repository.folder().join("sub")).run().expect_code(0);
    assert!(init.stderr.contains("the worker will be told: CLAUDE.md"), "{}", init.stderr);
    assert!(repository.has(".cco/mission.yaml"), "at the root of the repository");
    let examination = json(&cco(&place, &repository, ["doctor", "--json"]).run());
    assert_eq!(found(&examination, "trust")[0].0, "fine");

    fs::remove_file(repository.folder().join(".cco/config.yaml")).unwrap();
    repository.write(".cco/mission.yaml", MISSION);
    let init = cco(&place, &repository, ["init"]).run().expect_code(0);
    assert!(init.stderr.contains("cco trust"), "{}", init.stderr);
    let examination = json(&cco(&place, &repository, ["doctor", "--json"]).run());
    assert_eq!(found(&examination, "trust")[0].0, "doubtful");
}

#[test]
fn the_managers_key_is_tried_and_its_models_are_looked_up() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    let server = OpenRouter::start(vec![]);
    let price = value!({ "prompt": "0.000003", "completion": "0.000015" });
    server.reads("/models", value!({ "data": [{ "id": "a/served", "context_length": 200_000, "pricing": price }] }));
    server.reads("/key", value!({ "data": { "limit_remaining": 12.5, "usage": 1.0, "is_free_tier": false } }));
    let doctor = |model: &str| {
        let config = format!(
            "orchestrator: {{ execution_mode: stub }}\nopenrouter: {{ base_url: '{}', model: {model}, \
             fallback_models: [b/gone] }}\n",
            server.url()
        );
        repository.write(".cco/config.yaml", &config);
        let told = cco(&place, &repository, ["doctor", "--json"]).env("OPENROUTER_API_KEY", "sk-or-never-shown").run();
        assert!(!told.stdout.contains("never-shown"), "{}", told.stdout);
        (told.code(), json(&told))
    };
    let (code, examination) = doctor("a/served");
    assert_eq!(code, 0, "{examination}");
    assert_eq!(found(&examination, "openrouter")[0].1, "reached; $12.50 left on the key");
    assert_eq!(found(&examination, "model"), [("doubtful".to_owned(), "b/gone is not served".to_owned())]);
    let (code, examination) = doctor("a/other");
    assert_eq!((code, found(&examination, "model")[0].0.as_str()), (9, "broken"));
    server.reads("/key", value!({ "data": { "limit_remaining": 0.0 } }));
    assert_eq!(doctor("a/served").0, 9, "nothing is left");
}
