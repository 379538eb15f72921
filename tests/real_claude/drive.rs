//! Ordinary turns: tools run, a session is carried on, what is in the repository reaches the request.

use nix::sys::signal::Signal;
use serde_json::json;
use uuid::Uuid;

use crate::support::claude::{self, headless};
use crate::support::{Gate, MessagesApi, Place, Repository, Script, Step, When, wait_until};

#[test]
fn the_program_is_the_pinned_version() {
    let place = Place::new();
    let answer = place.program(&claude::program()).args(["--version"]).run().expect_code(0);
    assert_eq!(answer.stdout.trim(), format!("{} (Claude Code)", claude::version()));
}

#[test]
fn a_turn_writes_a_file_and_runs_a_command() {
    let place = Place::new();
    let repository = place.repository("repo");
    let api = MessagesApi::start(Script::new([
        Step::write(&repository.folder().join("greeting.txt"), "hello\n"),
        Step::bash("cp greeting.txt copy.txt && echo copied").when(When::Last("greeting.txt".to_owned())),
        Step::text("Both files are there.").when(When::Last("copied".to_owned())),
    ]));
    let end = headless(&place, repository.folder(), &api, "write a greeting and copy it").run().expect_code(0);

    let result = end.last_event("result").expect("a result line");
    assert_eq!(result["subtype"], "success");
    assert_eq!(result["is_error"], false);
    assert_eq!(result["result"], "Both files are there.");
    assert_eq!(repository.read("copy.txt"), "hello\n");
    assert_eq!(repository.status(), "?? copy.txt\n?? greeting.txt");
    assert_eq!((api.requests().len(), api.unscripted(), api.steps_left()), (3, 0, 0));
    assert!(api.requests()[0].says("write a greeting and copy it"));
}

#[test]
fn a_resumed_session_carries_the_first_turn_in_its_request() {
    let place = Place::new();
    let repository = place.repository("repo");
    let api = MessagesApi::start(Script::new([Step::text("The word is ORANGE."), Step::text("It was ORANGE.")]));
    let session = Uuid::new_v4().to_string();
    let first = headless(&place, repository.folder(), &api, "think of a word").args(["--session-id", &session]);
    assert_eq!(first.run().expect_code(0).last_event("result").unwrap()["session_id"], session);
    let second = headless(&place, repository.folder(), &api, "which word was it?").args(["--resume", &session]);
    second.run().expect_code(0);

    let requests = api.requests();
    assert_eq!(requests.len(), 2);
    assert!(!requests[0].says("which word was it?"));
    for text in ["think of a word", "The word is ORANGE.", "which word was it?"] {
        assert!(requests[1].says(text), "the second request lacks {text:?}: {:#}", json!(requests[1].messages()));
    }
}

#[test]
fn the_instructions_of_the_repository_reach_the_request() {
    let place = Place::new();
    let repository = place.repository("repo");
    repository.write("CLAUDE.md", "Always speak of PERSIMMONS.\n");
    let api = MessagesApi::start(Script::new([Step::text("Persimmons.")]));
    headless(&place, repository.folder(), &api, "speak").run().expect_code(0);
    assert!(api.requests()[0].carries("Always speak of PERSIMMONS."));
}

/// A repository whose Claude Code settings run a command at the start of each session.
fn with_a_hook(place: &Place) -> Repository<'_> {
    let repository = place.repository("repo");
    let hook = json!({"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "touch trapped"}]}]}});
    repository.write(".claude/settings.json", &hook.to_string());
    repository.write("CLAUDE.md", "Always speak of PERSIMMONS.\n");
    repository
}

#[test]
fn a_hook_of_the_repository_runs_unless_its_settings_are_left_out() {
    let place = Place::new();
    let repository = with_a_hook(&place);
    let api = MessagesApi::start(Script::new([]));
    headless(&place, repository.folder(), &api, "speak").run().expect_code(0);
    assert!(repository.has("trapped"), "the trap of the next test is armed");
}

#[test]
fn without_setting_sources_hooks_stay_out_and_instructions_come_by_a_file() {
    let place = Place::new();
    let repository = with_a_hook(&place);
    let instructions = repository.folder().join("CLAUDE.md").display().to_string();
    let api = MessagesApi::start(Script::new([]));
    let session = Uuid::new_v4().to_string();
    let bare = |prompt| headless(&place, repository.folder(), &api, prompt).args(["--setting-sources", ""]);
    bare("speak").args(["--session-id", &session]).run().expect_code(0);
    let carried = ["--append-system-prompt-file", &instructions, "--system-prompt-snapshot", "off"];
    bare("speak again").args(["--resume", &session]).args(carried).run().expect_code(0);

    assert!(!repository.has("trapped"));
    let requests = api.requests();
    assert!(!requests[0].carries("PERSIMMONS"));
    assert!(requests[1].system_says("Always speak of PERSIMMONS."));
}

#[test]
fn a_session_killed_while_a_tool_runs_is_resumed() {
    let place = Place::new();
    let repository = place.repository("repo");
    // The tool waits on a pipe that nobody writes to, so the kill cannot come too late.
    let api = MessagesApi::start(Script::new([
        Step::bash("mkfifo never; touch started; cat never"),
        Step::text("Where were we?").when(When::Last("go on".to_owned())),
    ]));
    let session = Uuid::new_v4().to_string();
    let first = headless(&place, repository.folder(), &api, "start").args(["--session-id", &session]).start();
    wait_until("the tool has started", || repository.has("started").then_some(()));
    first.signal(Signal::SIGKILL);
    assert_eq!(first.wait().code(), 137);
    assert!(!place.processes().is_empty(), "the tool outlives a killed claude; that is why cco sweeps");

    let second = headless(&place, repository.folder(), &api, "go on").args(["--resume", &session]).run();
    assert_eq!(second.expect_code(0).last_event("result").unwrap()["result"], "Where were we?");
    assert!(api.requests()[1].says("Tool call interrupted"));
}

#[test]
fn an_answer_can_be_held_until_the_test_lets_it_go() {
    let place = Place::new();
    let repository = place.repository("repo");
    let gate = Gate::new();
    let api = MessagesApi::start(Script::new([Step::text("At last.").held_by(&gate)]));
    let running = headless(&place, repository.folder(), &api, "wait for it").env("API_TIMEOUT_MS", "600000").start();
    gate.wait_reached();
    assert!(!running.stdout().contains("At last."));
    gate.open();
    assert_eq!(running.wait().expect_code(0).last_event("result").unwrap()["result"], "At last.");
}
