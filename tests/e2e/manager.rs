//! What goes wrong with the manager: what no model can help with pauses, all else is planned around.

use serde_json::{Value, json};

use crate::openrouter::{OpenRouter, Reply};
use crate::support::program::Program;
use crate::support::{Finished, Place};
use crate::world::{ONE, RIGHT, World};

const KEY: &str = "sk-or-v1-e2e-canary-4711";

pub(crate) fn config(server: &OpenRouter) -> String {
    format!(
        "orchestrator: {{ manager: openrouter, execution_mode: stub }}
openrouter: {{ base_url: \"{}\", model: test/first, fallback_models: [test/second] }}
",
        server.url()
    )
}

pub(crate) fn plan(title: &str) -> Reply {
    Reply::says(
        json!({
            "analysis": "as expected", "strategy": "proceed", "conversation": "continue", "impossible": null,
            "question": null, "tasks": [],
            "action": { "title": title, "prompt": "Write made.txt.", "criteria": ["right"], "agent": null,
                "tier": "standard" },
        })
        .to_string(),
    )
}

/// Runs a program that knows the key, and tells nobody.
pub(crate) fn with_key(program: Program) -> Finished {
    let told = program.env("OPENROUTER_API_KEY", KEY).run();
    assert!(!told.stderr.contains(KEY) && !told.stdout.contains(KEY));
    told
}

fn start(world: &World<'_>) -> Finished {
    with_key(world.cco(["start", "--yes", "--no-wait"]))
}

fn models(server: &OpenRouter) -> Vec<Value> {
    server.chats().iter().map(|chat| chat["model"].clone()).collect()
}

#[test]
fn a_refused_key_and_missing_credit_pause_and_a_better_answer_goes_on() {
    for refusal in [Reply::error(401, "No auth credentials found"), Reply::error(402, "Insufficient credits")] {
        let place = Place::new();
        let server = OpenRouter::start(vec![refusal]);
        let world = World::new(&place, ONE, &config(&server), RIGHT);
        let told = start(&world).expect_code(9);
        let status = world.status();
        assert_eq!(status["stage"], "paused", "{status}");
        assert_eq!(status["needs"][0]["kind"], "credentials", "{status}");
        assert!(told.stderr.contains("OpenRouter"), "{}", told.stderr);
        assert_eq!((server.chats().len(), world.repo.has("made.txt")), (1, false));
        server.script([plan("Write it")]);
        with_key(world.cco(["resume", "--yes", "--no-wait"])).expect_code(0);
        assert_eq!(server.chats().len(), 2);
    }
}

#[test]
fn a_key_that_is_not_set_is_9_and_named() {
    let place = Place::new();
    let server = OpenRouter::start(vec![]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    let told = world.start([]).expect_code(9);
    assert!(told.stderr.contains("OPENROUTER_API_KEY"), "{}", told.stderr);
    assert!(server.seen().is_empty());
}

#[test]
fn a_mission_that_is_done_already_asks_nobody() {
    let place = Place::new();
    let server = OpenRouter::start(vec![plan("Write it")]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    start(&world).expect_code(0);
    let asked = server.seen().len();
    start(&world).expect_code(0);
    assert_eq!(server.seen().len(), asked, "{:?}", server.seen());
    // Not even the key has to be there.
    world.start([]).expect_code(0);
}

#[test]
fn other_prices_are_a_record_of_the_run_that_goes_on_with_them() {
    let place = Place::new();
    let server = OpenRouter::start(vec![plan("Write it")]);
    let priced = |dollars: &str| {
        let pricing = json!({ "prompt": dollars, "completion": dollars });
        json!({ "data": [{ "id": "test/first", "pricing": pricing }, { "id": "test/second", "pricing": pricing }] })
    };
    server.reads("/models", priced("0.000001"));
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    with_key(world.cco(["start", "--yes", "--no-wait"]).env("CCO_FAILPOINT", "after:2")).expect_code(137);
    server.reads("/models", priced("0.000002"));
    with_key(world.cco(["resume", "--yes", "--no-wait"])).expect_code(0);
    let journal = std::fs::read_to_string(world.state().join("journal")).unwrap();
    assert_eq!(journal.matches("\"terms_set\"").count(), 1, "{journal}");
    let logs = world.cco(["logs"]).run().expect_code(0).stdout;
    assert!(logs.contains("what calls cost changed"), "{logs}");
}

#[test]
fn a_list_of_prices_that_does_not_come_is_done_without() {
    let place = Place::new();
    let server = OpenRouter::start(vec![plan("Write it")]);
    server.hangs("/models");
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    let told = start(&world).expect_code(0);
    assert!(told.stderr.contains("prices are not known (no answer within"), "{}", told.stderr);
}

#[test]
fn babble_is_repaired_once_and_then_used() {
    let place = Place::new();
    let server = OpenRouter::start(vec![Reply::says("Sure! Here is the plan:"), plan("Repaired")]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    start(&world).expect_code(0);
    let status = world.status();
    assert_eq!(status["recent"][0]["title"], "Repaired");
    assert_eq!(models(&server), ["test/first", "test/first"]);
    assert_eq!((status["cost"]["manager_usd"].as_f64().unwrap() * 1e6).round() as u64, server.billed());
}

#[test]
fn a_model_that_is_gone_is_replaced_by_its_fallback() {
    let place = Place::new();
    let server = OpenRouter::start(vec![Reply::error(404, "No endpoints found"), plan("By the second")]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    start(&world).expect_code(0);
    assert_eq!(models(&server), ["test/first", "test/second"]);
    assert_eq!(world.status()["recent"][0]["title"], "By the second");
}

#[test]
fn an_error_of_the_server_is_tried_again() {
    let place = Place::new();
    let server = OpenRouter::start(vec![Reply::error(500, "oops"), Reply::Close, plan("After all")]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    start(&world).expect_code(0);
    assert_eq!(models(&server), ["test/first", "test/first", "test/first"]);
    assert_eq!(world.status()["recent"][0]["title"], "After all");
}

#[test]
fn where_no_model_helps_the_checklist_plans_and_says_so() {
    let place = Place::new();
    let garbage = || Reply::raw(200, "<html>gateway</html>");
    let server = OpenRouter::start(vec![garbage(), garbage(), Reply::says("{}"), Reply::says("{}")]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    let told = start(&world).expect_code(0);
    assert_eq!(models(&server), ["test/first", "test/first", "test/second", "test/second"]);
    assert!(told.stderr.contains("checklist"), "{}", told.stderr);
    let shown = world.cco(["show", "1"]).run().expect_code(0);
    assert!(shown.stdout.contains("checklist"), "{}", shown.stdout);
    assert_eq!((world.status()["cost"]["manager_usd"].as_f64().unwrap() * 1e6).round() as u64, server.billed());
}
