//! The specification's own mission, which is only words: a model proposes checks and judges, a scripted worker works.

use std::fs;

use serde_json::{Value, json};

use crate::openrouter::{OpenRouter, Reply};
use crate::support::Place;
use crate::world::{World, files};

const MISSION: &str = include_str!("../../missions/specification.yaml");
const KEY: &str = "sk-or-v1-e2e-canary-4711";

const SCRIPT: &str = "\
scenes:
  - steps:
      - write: { path: src/routes.ts, content: \"post get put delete\\n\" }
      - write: { path: src/validation.ts, content: \"export const validate = true\\n\" }
      - write: { path: Dockerfile, content: \"FROM node:22\\n\" }
    result: Everything is done.
  - steps:
      - write: { path: test.sh, content: \"echo lines 81\\n\" }
      - write: { path: docs/api.md, content: \"# The API\\n\\nGET /tasks lists the tasks.\\n\" }
    result: Now it is.
";

fn config(server: &OpenRouter) -> String {
    format!(
        "orchestrator: {{ execution_mode: stub }}
openrouter: {{ base_url: \"{}\", model: test/first, judge_model: test/judge }}
repository: {{ commit_frequency: per_iteration }}
",
        server.url()
    )
}

fn command(run: &str) -> Value {
    json!({ "command": { "run": run, "exit_code": null, "stdout_contains": null, "stdout_matches": null } })
}

fn file(path: &str, contains: &str) -> Value {
    json!({ "file": { "path": path, "exists": null, "min_count": null, "contains": [contains], "matches": null } })
}

/// Checks for every criterion; the documentation is also judged.
fn derived() -> Reply {
    let of = |id: &str, checks: Value, judge: Value| json!({ "id": id, "reason": "it shows", "checks": checks, "judge": judge });
    let judge = json!({ "rubric": "The listing of tasks is documented", "evidence": ["docs/**"] });
    let criteria = json!([
        of("all-crud-endpoints-implemented", json!([command("grep -q delete src/routes.ts")]), Value::Null),
        of("input-validation-on-all-endpoints", json!([file("src/validation.ts", "validate")]), Value::Null),
        of("unit-tests-with-80-coverage", json!([command("sh test.sh | grep -q 'lines 8'")]), Value::Null),
        of("api-documentation-generated", json!([]), judge),
        of("docker-containerization-complete", json!([file("Dockerfile", "FROM")]), Value::Null),
    ]);
    Reply::Says { content: json!({ "criteria": criteria }).to_string(), micros: 3_001 }
}

fn plan(prompt: &str, micros: u64) -> Reply {
    Reply::Says { content: planned(prompt, "all-crud-endpoints-implemented"), micros }
}

fn plan_for(criterion: &str) -> Reply {
    Reply::says(planned("Do it.", criterion))
}

fn planned(prompt: &str, criterion: &str) -> String {
    let answer = json!({
        "analysis": "as expected", "strategy": "proceed", "conversation": "continue", "impossible": null,
        "question": null, "tasks": [],
        "action": { "title": "Go on", "prompt": prompt, "criteria": [criterion], "agent": null,
            "tier": "standard" },
    });
    answer.to_string()
}

fn judged(pass: bool, micros: u64) -> Reply {
    let citation = json!({ "path": "docs/api.md", "line_start": 3, "line_end": 3, "quote": "GET /tasks lists" });
    let answer = json!({
        "criterion": "api-documentation-generated/0", "pass": pass, "score": if pass { 1 } else { 0 },
        "reason": "so it is", "citations": if pass { json!([citation]) } else { json!([]) },
    });
    Reply::Says { content: json!({ "answers": [answer] }).to_string(), micros }
}

/// What a chat was for, by the name of its schema.
fn kind(chat: &Value) -> &str {
    chat["response_format"]["json_schema"]["name"].as_str().unwrap_or("?")
}

#[test]
fn the_specifications_words_become_checks_and_end_proven() {
    let place = Place::new();
    let server = OpenRouter::start(vec![
        derived(),
        judged(false, 11),
        plan("Write the routes.", 2_003),
        judged(false, 13),
        plan("Write the tests.", 2_005),
        judged(true, 17),
        judged(true, 19),
    ]);
    let world = World::new(&place, MISSION, &config(&server), SCRIPT);
    let told = world.cco(["start", "--yes", "--no-wait"]).env("OPENROUTER_API_KEY", KEY).run();
    let chats = server.chats();
    let kinds: Vec<&str> = chats.iter().map(kind).collect();
    assert_eq!(told.code(), 0, "{kinds:?}\n{}", told.stderr);
    assert!(told.stderr.contains("task-api-repo does not exist: working on"), "{}", told.stderr);
    assert_eq!(kinds, ["checks", "judgement", "plan", "judgement", "plan", "judgement", "judgement"]);
    assert!(
        chats.iter().all(|chat| chat["model"] == if kind(chat) == "judgement" { "test/judge" } else { "test/first" })
    );

    let status = world.status();
    assert_eq!((status["outcome"].as_str(), status["iterations"].as_u64()), (Some("done"), Some(2)));
    let micros = |name: &str| (status["cost"][name].as_f64().unwrap() * 1e6).round() as u64;
    assert_eq!((micros("manager_usd"), micros("judge_usd")), (3_001 + 2_003 + 2_005, 11 + 13 + 17 + 19));
    assert_eq!((micros("total_usd"), micros("estimated_usd")), (server.billed(), 0));
    assert!(status["criteria"].as_array().unwrap().iter().all(|one| one["derived"] == true));

    let branch = world.repo.git(["branch", "--show-current"]);
    let lock = world.repo.git(["show", &format!("{branch}:.cco/mission.lock.yaml")]);
    assert_eq!(lock.trim_end(), world.repo.read(".cco/mission.lock.yaml").trim_end());
    assert!(lock.contains("grep -q delete src/routes.ts"), "{lock}");
    assert_eq!(world.repo.status(), "");

    let again = world.cco(["start", "--yes", "--no-wait"]).env("OPENROUTER_API_KEY", KEY).run();
    again.expect_code(0);
    assert_eq!(server.chats().len(), 7, "starting again asks nobody");

    let outputs = format!("{}{}", told.stdout, told.stderr);
    assert!(!outputs.contains(KEY));
    for path in files(place.root()) {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(KEY.len()).any(|part| part == KEY.as_bytes()), "the key is in {}", path.display());
    }
}

#[test]
fn a_critical_criterion_that_only_a_judge_could_decide_is_8_after_one_repair() {
    let place = Place::new();
    let proposal = || {
        let judge = json!({ "rubric": "It is good", "evidence": [] });
        let one = json!({ "id": "good", "reason": "taste", "checks": [], "judge": judge });
        Reply::says(json!({ "criteria": [one] }).to_string())
    };
    let server = OpenRouter::start(vec![proposal(), proposal()]);
    let mission = "title: Taste\ndefinition_of_done:\n  - { criteria: It is good, id: good, priority: critical }\n";
    let world = World::new(&place, mission, &config(&server), SCRIPT);
    let told = world.cco(["start", "--yes", "--no-wait"]).env("OPENROUTER_API_KEY", KEY).run().expect_code(8);
    assert_eq!(server.chats().len(), 2, "proposed, and once more with the reason");
    assert!(told.stderr.contains("good") && told.stderr.contains("validator"), "{}", told.stderr);
}

#[test]
fn words_without_a_model_are_8_before_anything_is_begun() {
    let place = Place::new();
    let world = World::new(&place, MISSION, "orchestrator: { execution_mode: stub }\n", SCRIPT);
    let told = world.start([]).expect_code(8);
    assert!(told.stderr.contains("OPENROUTER_API_KEY") && told.stderr.contains("validator"), "{}", told.stderr);
    assert!(!world.state().join("journal").exists());
}

#[test]
fn a_judge_that_cites_what_is_not_there_proves_nothing() {
    let place = Place::new();
    let mission = "\
title: Documented
definition_of_done:
  - criteria: The API is documented
    id: docs
    validator: { judge: { rubric: The listing is documented, evidence: [\"docs/**\"] } }
";
    let invented = || {
        let citation = json!({ "path": "docs/api.md", "line_start": 1, "line_end": 1, "quote": "never written" });
        let answer =
            json!({ "criterion": "docs/0", "pass": true, "score": 1, "reason": "fine", "citations": [citation] });
        Reply::says(json!({ "answers": [answer] }).to_string())
    };
    let server = OpenRouter::start(vec![invented(), plan_for("docs"), invented()]);
    let script = "scenes: [{ steps: [{ write: { path: docs/api.md, content: \"# API\" } }], result: Done. }]\n";
    let world = World::new(&place, mission, &config(&server), script);
    let start = world.cco(["start", "--yes", "--no-wait", "--max-iterations", "1"]);
    start.env("OPENROUTER_API_KEY", KEY).run().expect_code(6);
    let status = world.status();
    assert_eq!(status["tally"]["met"], 0, "{status}");
    let summary = status["criteria"][0]["checks"][0]["evidence"]["summary"].as_str().unwrap();
    assert!(summary.contains("does not exist"), "{summary}");
}

#[test]
fn a_lock_that_cco_wrote_asks_nobody_again_and_one_that_was_touched_does() {
    let place = Place::new();
    let one = |id: &str| {
        let checks = json!([command("test -e second.txt")]);
        json!({ "criteria": [{ "id": id, "reason": "it shows", "checks": checks, "judge": null }] }).to_string()
    };
    let server = OpenRouter::start(vec![Reply::says(one("there")), plan_for("there"), plan_for("there")]);
    let mission = "title: Words\ndefinition_of_done:\n  - { criteria: The second file is there, id: there }\n";
    let world = World::new(&place, mission, &config(&server), "scenes: [{ result: Nothing. }]\n");
    let cco = |arguments: &[&str]| world.cco(arguments.iter().copied()).env("OPENROUTER_API_KEY", KEY).run();
    cco(&["start", "--ci", "--max-iterations", "1"]).expect_code(6);
    assert!(world.repo.has(".cco/mission.lock.yaml"));
    cco(&["start", "--ci", "--max-iterations", "1"]).expect_code(6);
    cco(&["resume", "--ci", "--max-iterations", "1"]).expect_code(6);

    std::fs::remove_file(world.repo.folder().join(".cco/mission.lock.yaml")).unwrap();
    cco(&["trust", "--yes"]).expect_code(0);
    server.script([Reply::says(one("there")), plan_for("there")]);
    cco(&["start", "--fresh", "--no-wait", "--max-iterations", "1"]).expect_code(6);
    cco(&["resume", "--no-wait", "--max-iterations", "1"]).expect_code(6);
    let lock = world.repo.read(".cco/mission.lock.yaml");
    world.repo.write(".cco/mission.lock.yaml", &format!("{lock}# touched\n"));
    for arguments in [["resume", "--no-wait"], ["resume", "--ci"]] {
        let told = cco(&arguments).expect_code(9);
        assert!(told.stderr.contains("CCO-E0510"), "{}", told.stderr);
    }
    world.repo.write(".cco/mission.lock.yaml", &lock);
    world.repo.write(".cco/config.yaml", &format!("{}# another word\n", config(&server)));
    let told = cco(&["resume", "--no-wait"]).expect_code(9);
    assert!(told.stderr.contains("CCO-E0510"), "the rest must be what was trusted: {}", told.stderr);
}

#[test]
fn a_lock_that_the_worker_bends_is_put_back_before_the_next_start_reads_it() {
    for bend in ["echo '{{' > .cco/mission.lock.yaml", "rm .cco/mission.lock.yaml", "rm -r .cco && ln -s ../away .cco"]
    {
        let place = Place::new();
        std::fs::create_dir(place.root().join("away")).unwrap();
        let one =
            json!({ "id": "there", "reason": "it shows", "checks": [command("test -e second.txt")], "judge": null });
        let answers = json!({ "criteria": [one] }).to_string();
        let server = OpenRouter::start(vec![Reply::says(answers), plan_for("there"), plan_for("there")]);
        let mission = "title: Words\ndefinition_of_done:\n  - { criteria: The second file is there, id: there }\n";
        let script = format!(
            "scenes:\n  - steps: [{{ run: \"{bend}\" }}]\n    result: Bent.\n  - steps: [{{ write: {{ path: second.txt, \
             content: two }} }}]\n    result: Done.\n"
        );
        let world = World::new(&place, mission, &config(&server), &script);
        let cco = |arguments: &[&str]| world.cco(arguments.iter().copied()).env("OPENROUTER_API_KEY", KEY).run();
        let told = cco(&["start", "--yes", "--no-wait", "--max-iterations", "1"]).expect_code(6);
        assert!(told.stderr.contains(".cco/mission.lock.yaml"), "{bend}: {}", told.stderr);
        assert!(world.repo.read(".cco/mission.lock.yaml").contains("second.txt"), "{bend}");
        cco(&["resume", "--yes", "--no-wait", "--max-iterations", "9"]).expect_code(0);
        assert_eq!(world.repo.status(), "", "{bend}");
        assert_eq!(std::fs::read_dir(place.root().join("away")).unwrap().count(), 0, "{bend}");
    }
}

#[test]
fn a_mission_with_a_judge_does_not_go_on_without_a_model() {
    let place = Place::new();
    let mission = "\
title: Documented
definition_of_done:
  - criteria: The API is documented
    id: docs
    validator: { judge: { rubric: The listing is documented, evidence: [\"docs/**\"] } }
";
    let server = OpenRouter::start(vec![]);
    let world = World::new(&place, mission, &config(&server), SCRIPT);
    let start = world.cco(["start", "--yes", "--no-wait", "--max-wait", "1s"]);
    assert_ne!(start.env("OPENROUTER_API_KEY", KEY).run().code(), 0);
    let told = world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(8);
    assert!(told.stderr.contains("judge") && told.stderr.contains("OPENROUTER_API_KEY"), "{}", told.stderr);
}

#[test]
fn derived_checks_that_prove_nothing_are_refused_once_and_then_a_judge_decides() {
    let place = Place::new();
    let proposal = |of_made: &str, of_told: &str| {
        let of =
            |id: &str, run: &str| json!({ "id": id, "reason": "it shows", "checks": [command(run)], "judge": null });
        Reply::says(json!({ "criteria": [of("made", of_made), of("told", of_told)] }).to_string())
    };
    let second = |run: &str| {
        let one = json!({ "id": "told", "reason": "it shows", "checks": [command(run)], "judge": null });
        let made =
            json!({ "id": "made", "reason": "it shows", "checks": [command("grep -q right made.txt")], "judge": null });
        Reply::says(json!({ "criteria": [made, one] }).to_string())
    };
    let judged = |pass: bool| {
        let citation = json!({ "path": "docs/api.md", "line_start": 1, "line_end": 1, "quote": "It is told" });
        let answer = json!({ "criterion": "told/0", "pass": pass, "score": if pass { 1 } else { 0 }, "reason": "so it is",
            "citations": if pass { json!([citation]) } else { json!([]) } });
        Reply::says(json!({ "answers": [answer] }).to_string())
    };
    let server = OpenRouter::start(vec![
        proposal("true", "test ! -e missing"),
        second("echo told"),
        judged(false),
        plan_for("made"),
        judged(true),
        judged(true),
    ]);
    let mission = "title: Two\ndefinition_of_done:\n  - { criteria: It is made, id: made, priority: critical }\n  \
                   - { criteria: It is told, id: told }\n";
    let script = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: docs/api.md, content: \"It is told here.\\n\" }
    result: Done.
";
    let world = World::new(&place, mission, &config(&server), script);
    let told = world.cco(["start", "--yes", "--no-wait"]).env("OPENROUTER_API_KEY", KEY).run();
    let chats = server.chats();
    let kinds: Vec<&str> = chats.iter().map(kind).collect();
    assert_eq!(told.code(), 0, "{kinds:?}\n{}", told.stderr);
    assert_eq!(kinds, ["checks", "checks", "judgement", "plan", "judgement", "judgement"]);
    let asked = chats[1]["messages"].to_string();
    for refused in ["proves nothing: command `true`", "command `test ! -e missing`"] {
        assert!(asked.contains(refused), "{refused}: {asked}");
    }
    let lock = world.repo.read(".cco/mission.lock.yaml");
    assert!(lock.contains("grep -q right made.txt") && lock.contains("rubric: \"It is told\""), "{lock}");
    assert!(!lock.contains("echo told"), "{lock}");
    let micros = (world.status()["cost"]["manager_usd"].as_f64().unwrap() * 1e6).round() as u64;
    assert_eq!(micros, 3 * 2100, "both rounds and the plan are on the bill");
}
