//! The API fails: how the real `claude` says so, which is what the outcome rules of the worker rest on.

use serde_json::Value;

use crate::support::claude::headless;
use crate::support::{Finished, MessagesApi, Place, Script, Step};

/// Runs one turn against an API that always answers like this.
fn always(step: Step) -> (Finished, MessagesApi) {
    let place = Place::new();
    let repository = place.repository("repo");
    let api = MessagesApi::start(Script::new([]).otherwise(step));
    (headless(&place, repository.folder(), &api, "do something").run(), api)
}

/// The result of a turn that failed; the API's failures come as `subtype: success` with exit 1.
#[track_caller]
fn failure(end: Finished) -> Value {
    let end = end.expect_code(1);
    let result = end.last_event("result").unwrap_or_else(|| panic!("no result line in: {}", end.stdout));
    assert_eq!((&result["subtype"], &result["is_error"]), (&Value::from("success"), &Value::from(true)), "{result:#}");
    result
}

#[test]
fn a_key_that_is_not_accepted_is_told_with_its_status() {
    let (end, api) = always(Step::http(401, "invalid x-api-key"));
    let result = failure(end);
    assert_eq!(result["api_error_status"], 401);
    assert_eq!(result["api_error_type"], "authentication_error");
    assert_eq!(api.requests().len(), 2, "one try and one more, as the environment allows");
    assert_eq!(api.requests()[0].header("x-api-key"), Some("sk-test-not-a-key"));
}

#[test]
fn a_limit_that_lasts_long_is_told_at_once() {
    let (end, api) = always(Step::http(429, "slow down").header("retry-after", "3600"));
    assert_eq!(failure(end)["api_error_status"], 429);
    assert_eq!(api.requests().len(), 1);
}

#[test]
fn an_overloaded_api_is_told_after_few_tries() {
    let (end, api) = always(Step::http(529, "Overloaded"));
    assert_eq!(failure(end)["api_error_status"], 529);
    assert!(api.requests().len() <= 3);
}

#[test]
fn a_stream_that_is_cut_is_a_failed_connection() {
    let (end, api) = always(Step::text("This never arrives whole.").cut_after(3));
    let result = failure(end);
    assert_eq!(result["api_error_status"], Value::Null);
    assert_eq!(result["api_error"], "connection_failed");
    assert!(api.requests().iter().any(|request| !request.is_streamed()), "a cut stream is followed by a whole call");
}

#[test]
fn a_connection_closed_without_a_word_is_a_failed_connection() {
    let (end, _api) = always(Step::close());
    assert_eq!(failure(end)["api_error"], "connection_failed");
}

#[test]
fn an_api_that_never_answers_is_given_up_after_the_time_that_the_environment_sets() {
    let (end, api) = always(Step::hang());
    assert_eq!(failure(end)["api_error_status"], Value::Null);
    assert_eq!(api.requests().len(), 2);
}

#[test]
fn an_error_event_within_the_stream_is_an_overloaded_api() {
    let (end, _api) = always(Step::text("Half of it.").error_after(3, "overloaded_error", "Overloaded"));
    assert_eq!(failure(end)["api_error_status"], 529);
}

#[test]
fn a_page_of_a_proxy_is_told_as_an_empty_answer() {
    let (end, _api) = always(Step::garbage("<html>502</html>"));
    let result = failure(end);
    assert!(result["result"].as_str().unwrap().contains("HTTP 200"), "{result:#}");
}

#[test]
fn a_prompt_too_long_has_a_reason_of_its_own() {
    let (end, _api) = always(Step::http(400, "prompt is too long: 250000 tokens > 200000 maximum"));
    assert_eq!(failure(end)["terminal_reason"], "prompt_too_long");
}

#[test]
fn a_closed_usage_window_is_told_with_the_time_of_its_opening() {
    let place = Place::new();
    let repository = place.repository("repo");
    // Far in the future, so that it is not over yet whenever this runs.
    let resets_at = 4_102_444_800;
    let api = MessagesApi::start(Script::new([]).otherwise(Step::usage_limit(resets_at)));
    let claude = headless(&place, repository.folder(), &api, "do something");
    let end = claude.without("ANTHROPIC_API_KEY").env("CLAUDE_CODE_OAUTH_TOKEN", "a-token-of-a-test").run();
    let limit = end.last_event("rate_limit_event").expect("an event that tells the limit");
    assert_eq!(limit["rate_limit_info"]["status"], "rejected");
    assert_eq!(limit["rate_limit_info"]["resetsAt"], resets_at);
    assert_eq!(failure(end)["api_error"], "usage_limit_reached");
    assert_eq!(api.requests().len(), 1);
}
