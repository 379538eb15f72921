//! What the API refuses, a mission survives: where it stands then, with what exit code cco leaves, what comes next.

use serde_json::{Value, json};

use crate::assignment::{Assignment, ONE_CRITERION};
use crate::support::{Finished, MessagesApi, Place, Script, Step};

/// Runs a mission against an API that always answers like this, to the exit of a `cco` that does not wait.
#[track_caller]
fn always(step: Step, code: i32) -> (Value, Finished, MessagesApi) {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]).otherwise(step));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let end = task.start().run().expect_code(code);
    let status = task.status();
    assert_eq!(status["cost"]["total_usd"], 0.0, "a refusal is free: {:#}", status["cost"]);
    (status, end, api)
}

/// The stage, and what it waits for or needs.
fn standing(status: &Value) -> (&str, &str) {
    let kind = status["waiting"]["kind"].as_str().or_else(|| status["needs"][0]["kind"].as_str());
    (status["stage"].as_str().unwrap(), kind.unwrap_or_default())
}

#[test]
fn a_key_that_is_not_accepted_needs_a_person_and_says_so() {
    let (status, end, api) = always(Step::http(401, "invalid x-api-key"), 9);
    assert_eq!(standing(&status), ("paused", "credentials"), "{status:#}");
    assert_eq!(status["then"], "working", "the action is not lost");
    assert!(end.stderr.contains("API key"), "{}", end.stderr);
    assert!(api.requests().len() <= 2);
}

#[test]
fn a_rate_limit_that_lasts_is_waited_for() {
    let (status, _, api) = always(Step::http(429, "slow down").header("retry-after", "3600"), 75);
    assert_eq!(standing(&status), ("waiting", "usage_window"), "{status:#}");
    assert_eq!(status["then"], "working");
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn an_overloaded_api_is_waited_for() {
    let (status, _, _) = always(Step::http(529, "Overloaded"), 75);
    assert_eq!(standing(&status), ("waiting", "provider"), "{status:#}");
}

#[test]
fn a_connection_that_breaks_is_waited_for_and_the_action_goes_on_in_its_conversation() {
    let place = Place::new();
    let cut = Step::text("This never arrives whole.").cut_after(3);
    let api = MessagesApi::start(Script::new([]).otherwise(cut));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    task.start().run().expect_code(75);
    let status = task.status();
    assert_eq!(standing(&status), ("waiting", "provider"), "{status:#}");
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    task.resume().run().expect_code(0);
    let status = task.status();
    assert_eq!((&status["outcome"], &status["iterations"]), (&json!("done"), &json!(1)));
}

#[test]
fn a_prompt_that_is_too_long_ends_its_conversation_and_not_the_mission() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([Step::http(400, "prompt is too long: 250000 tokens > 200000 maximum")]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    task.start().run().expect_code(0);
    let iterations = task.iterations();
    assert_eq!(iterations[1]["attempts"][0]["outcome"], "prompt_too_long", "{:#}", iterations[1]);
    let requests = api.requests();
    assert_ne!(requests[0].body["metadata"], requests[1].body["metadata"], "another conversation");
}

#[test]
fn an_action_that_runs_out_of_turns_is_judged_by_what_it_did() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let one_turn = json!({"claude_code": {"max_turns": 1}});
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &one_turn);
    api.then(Step::write(&task.path("word.txt"), "APPLE\n"));
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    task.start().run().expect_code(0);
    let outcomes = task.iterations().iter().map(|it| it["attempts"][0]["outcome"].clone()).collect::<Vec<_>>();
    assert_eq!(outcomes[1..], [json!("max_turns"), json!("max_turns")]);
    assert!(api.requests()[1].says("APPLE"), "the conversation goes on");
}

#[test]
fn a_closed_usage_window_is_waited_for_until_it_opens() {
    let place = Place::new();
    // Far in the future, so that it is not over yet whenever this runs.
    let api = MessagesApi::start(Script::new([]).otherwise(Step::usage_limit(4_102_444_800)));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let token = |cco: crate::support::program::Program| {
        cco.without("ANTHROPIC_API_KEY").env("CLAUDE_CODE_OAUTH_TOKEN", "a-token-of-a-test")
    };
    let end = token(task.start()).run().expect_code(75);
    assert!(end.stderr.contains("CLAUDE_CODE_OAUTH_TOKEN"), "which credential is in use: {}", end.stderr);
    let status = task.status();
    assert_eq!(standing(&status), ("waiting", "usage_window"), "{status:#}");
    assert!(status["waiting"]["until"].as_str().unwrap().starts_with("2100-01-01T00:00:"), "{}", status["waiting"]);

    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    api.then(Step::text("Done: it is there."));
    // By the clock the window is still closed: who says `resume` has it tried all the same.
    let end = token(task.resume()).run();
    assert_eq!(end.code(), 0, "{}", end.stderr);
    let cost = &task.status()["cost"];
    assert_eq!(cost["total_usd"], 0.0, "a subscription pays: {cost:#}");
    assert!(cost["equivalent_usd"].as_f64() > Some(0.0), "{cost:#}");
}

#[test]
fn a_model_that_does_not_exist_is_a_mistake_of_the_configuration() {
    let (status, _, _) = always(Step::http(404, "model: sonnet-99"), 9);
    assert_eq!(standing(&status), ("paused", "environment"), "{status:#}");
}

#[test]
fn a_budget_binds_the_worker_and_the_mission_and_can_be_raised() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    // One call costs a quarter of a cent: the second is beyond the budget, which claude sees after it.
    for step in [Step::bash("echo APPLE > word.txt"), Step::bash("echo PEAR > word.txt"), Step::text("Never asked.")] {
        api.then(step);
    }
    let frugal = ["start", "--yes", "--no-wait", "--budget", "0.004"];
    task.cco(frugal).run().expect_code(5);
    let status = task.status();
    assert_eq!(standing(&status), ("paused", "budget"), "{status:#}");
    assert_eq!(task.iterations()[1]["attempts"][0]["outcome"], "action_budget");
    assert_eq!(api.requests().len(), 2);
    assert!(task.is_what_was_reported(&status["cost"]["worker_usd"]), "{}", status["cost"]);
    task.cco(frugal).run().expect_code(5);
    assert_eq!(api.requests().len(), 2, "nothing is spent while nothing is left");

    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    task.cco(["start", "--yes", "--no-wait", "--budget", "1"]).run().expect_code(0);
    let status = task.status();
    assert!(task.is_what_was_reported(&status["cost"]["worker_usd"]), "{}", status["cost"]);
}

#[test]
fn a_worker_that_falls_silent_is_ended_and_the_next_action_goes_on() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([Step::hang()]));
    let impatient =
        json!({"orchestrator": {"idle_timeout": "2s"}, "claude_code": {"env": {"API_TIMEOUT_MS": "600000"}}});
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &impatient);
    api.then(Step::write(&task.path("word.txt"), "ORANGE\n"));
    task.start().run().expect_code(0);
    let iterations = task.iterations();
    assert_eq!(iterations[1]["attempts"][0]["outcome"], "hung", "{:#}", iterations[1]);
    assert_eq!(api.requests()[0].body["metadata"], api.requests()[1].body["metadata"], "the conversation goes on");
}
