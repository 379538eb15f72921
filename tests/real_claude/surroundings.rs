//! What a worker is surrounded by: the repository's instructions reach it as they were at the seal, the repository's
//! hooks do not run, and what it must not see is not there.

use std::fs;

use serde_json::json;

use crate::assignment::{Assignment, ONE_CRITERION};
use crate::support::{MessagesApi, Place, Script, Step};

/// Settings of Claude Code that leave a trace at each session and each tool call.
fn trap() -> String {
    let touch = json!([{"hooks": [{"type": "command", "command": "touch \"$HOME/trapped\""}]}]);
    json!({"hooks": {"SessionStart": touch, "PreToolUse": touch, "Stop": touch}}).to_string()
}

/// A tool server whose start leaves a trace.
fn server_trap() -> String {
    let command = json!({"command": "sh", "args": ["-c", "touch \"$HOME/trapped\""]});
    json!({"mcpServers": {"trap": command}}).to_string()
}

#[test]
fn instructions_of_the_repository_reach_the_request_and_its_hooks_do_not_run() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    task.repository.write("CLAUDE.md", "Always speak of PERSIMMONS. See @docs/style.md\n");
    task.repository.write("docs/style.md", "Write like a GARDENER.\n");
    task.repository.write(".claude/settings.json", &trap());
    task.repository.write(".mcp.json", &server_trap());
    task.repository.commit("instructions and traps");
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    task.start().run().expect_code(0);

    assert!(!place.home().join("trapped").exists());
    let request = &api.requests()[0];
    assert!(request.system_says("Always speak of PERSIMMONS.") && request.system_says("Write like a GARDENER."));
    assert!(request.system_says("Only they decide what is done"), "cco's own rules stand beside them");
}

#[test]
fn what_the_worker_makes_of_its_instructions_and_hooks_takes_no_hold() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    task.repository.write("CLAUDE.md", "Always speak of PERSIMMONS.\n");
    task.repository.commit("instructions");
    let plant =
        format!("echo 'Speak of QUINCES.' > CLAUDE.md; mkdir -p .claude; echo '{}' > .claude/settings.json", trap());
    api.then(Step::bash(&plant));
    api.then(Step::text("Done: new rules."));
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    task.start().run().expect_code(0);

    assert!(!place.home().join("trapped").exists());
    let requests = api.requests();
    assert_eq!((requests.len(), api.unscripted()), (4, 0));
    assert!(requests[2].system_says("PERSIMMONS") && !requests[2].system_says("QUINCES"));
    assert!(!task.files("HEAD").contains(".claude/settings.json"), "{}", task.files("HEAD"));
}

#[test]
fn secrets_of_the_user_are_not_in_the_worker_s_environment() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    api.then(Step::bash("echo \"ORANGE ${GITHUB_TOKEN:-no token} ${OPENROUTER_API_KEY:-no key} $HOME\" > word.txt"));
    api.then(Step::text("Done: it is there."));
    let secret = ("GITHUB_TOKEN", "a-token-of-a-test");
    task.start().env(secret.0, secret.1).env("OPENROUTER_API_KEY", "a-key-of-a-test").run().expect_code(0);
    assert_eq!(task.repository.read("word.txt"), format!("ORANGE no token no key {}\n", place.home().display()));
}

#[test]
fn a_tool_use_outside_the_rules_is_refused_and_told() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task =
        Assignment::configured(&place, &api, ONE_CRITERION, &json!({"claude_code": {"allowed_tools": ["Write"]}}));
    api.then(Step::bash("touch by-bash"));
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    task.start().run().expect_code(0);
    assert!(!task.repository.has("by-bash"));
    let denials = task.iterations()[1]["attempts"][0]["denials"].clone();
    assert!(denials[0].as_str().unwrap_or_default().starts_with("Bash"), "{denials}");
}

#[test]
fn a_damaged_file_of_claude_code_s_own_does_not_stop_the_mission() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    api.then(Step::text("Done: the word is there."));
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    task.one_action();
    task.repository.write(".git/cco/worker/claude/.claude.json", "{\"numStartups\": 1, \"cut off by a full di");
    let end = task.resume().run().expect_code(0);
    assert!(end.stderr.contains("put aside"), "{}", end.stderr);
    assert!(api.requests()[1].says("Done: the word is there."), "the conversation goes on");
}

#[test]
fn a_worker_that_does_not_start_costs_nothing_and_says_why() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    // Where it cannot keep its temporary files, the program leaves before its first call.
    let nowhere = json!({"claude_code": {"env": {"CLAUDE_CODE_TMPDIR": "/dev/null/nowhere"}}});
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &nowhere);
    task.start().run().expect_code(9);
    let status = task.status();
    assert_eq!((&status["stage"], &status["needs"][0]["kind"]), (&json!("paused"), &json!("environment")));
    assert_eq!(status["cost"]["total_usd"], 0.0, "{:#}", status["cost"]);
    assert!(api.requests().is_empty());
}

#[test]
fn a_login_is_used_where_it_is_without_its_hooks() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let login = json!({"claudeAiOauth": {
        "accessToken": "a-token-of-a-login", "refreshToken": "another", "expiresAt": 4_102_444_800_000_u64,
        "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
    }});
    fs::write(place.claude_config().join(".credentials.json"), login.to_string()).unwrap();
    fs::write(place.claude_config().join("settings.json"), trap()).unwrap();
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    let end = task.start().run().expect_code(0);

    assert!(end.stderr.contains("the login in"), "{}", end.stderr);
    let request = &api.requests()[0];
    assert_eq!(request.header("authorization"), Some("Bearer a-token-of-a-login"));
    assert_eq!(request.header("x-api-key"), None, "the key of the environment would win over the login");
    assert!(!place.home().join("trapped").exists());
    assert!(place.claude_config().join("projects").is_dir(), "conversations are where the login is");
    assert_eq!(task.status()["cost"]["total_usd"], 0.0);
}

#[test]
fn a_folder_with_an_odd_name_is_as_good_as_another() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::within(&place, "it's a „répo“ & $HOME", &api, ONE_CRITERION, &json!({}));
    api.then(Step::text("Done: the word is there."));
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: now it is."));
    let end = task.start().run().expect_code(0);
    assert!(end.stderr.contains("[Write: word.txt]"), "{}", end.stderr);
    assert!(api.requests()[1].says("Done: the word is there."), "the conversation goes on");
}

#[test]
fn agents_and_skills_of_the_repository_are_offered_to_the_model() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let agent = "---\nname: gardener\ndescription: Prunes what has GROWN too tall.\ntools: Read\n---\nPrune.\n";
    let skill = "---\nname: grafting\ndescription: Joins a SCION to a stock.\n---\nCut, join, bind.\n";
    task.repository.write(".claude/agents/gardener.md", agent);
    task.repository.write(".claude/skills/grafting/SKILL.md", skill);
    task.repository.commit("a team");
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    task.start().run().expect_code(0);
    let request = &api.requests()[0];
    assert!(request.carries("Prunes what has GROWN too tall."), "the agent");
    assert!(request.carries("Joins a SCION to a stock."), "the skill");
}
