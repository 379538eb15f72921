//! What the worker is given, and when and how it is ended.

use std::time::Duration;

use cco::process::Stop;
use cco::worker::{ApiKind, Control, Live, Outcome};
use serde_json::{Value, json};

use crate::support::{Bench, transcript};

fn init() -> Value {
    json!({"line": {"type": "system", "subtype": "init", "session_id": "s", "model": "m"}})
}

fn tool_call() -> Value {
    json!({"line": {"type": "assistant", "message": {"id": "m1", "content": [
        {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "make"}}]}}})
}

fn tool_result() -> Value {
    json!({"line": {"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "t1", "content": "ok"}]}}})
}

#[tokio::test]
async fn the_worker_is_given_the_prompt_on_stdin_and_a_clean_environment() {
    let bench = Bench::new();
    let mut request = bench.request();
    request.prompt = "x".repeat(3 << 20);
    request.system_prompt = "The rules.".into();
    request.agents = Some(json!({"reviewer": {"description": "reviews", "prompt": "Review."}}));
    let steps = json!([{"record": bench.path("given.json")}, {"replay": transcript("rec_first")}]);
    let report = bench.worker(&steps).act(&request, &Control::default(), |_| {}).await.unwrap();
    assert_eq!(report.outcome, Outcome::Finished);
    let given: Value = serde_json::from_slice(&std::fs::read(bench.path("given.json")).unwrap()).unwrap();
    assert_eq!(given["stdin"], Value::String(request.prompt));
    assert_eq!(given["env"]["CCO_RUN"], Value::String(bench.marker.clone()));
    assert_eq!(given["env"]["ANTHROPIC_API_KEY"], "key");
    assert_eq!(given["env"]["SECRET_TOKEN"], Value::Null, "the user's secrets stay with cco");
    let argv: Vec<&str> = given["argv"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let after = |flag: &str| argv[argv.iter().position(|arg| *arg == flag).unwrap() + 1];
    assert_eq!(std::fs::read_to_string(after("--append-system-prompt-file")).unwrap(), "The rules.");
    assert!(std::fs::read_to_string(after("--agents")).unwrap().contains("reviewer"));
    assert!(!argv.iter().any(|arg| arg.contains("key")), "no secret in the argument vector");
}

#[tokio::test]
async fn a_stop_is_passed_on_and_is_the_outcome() {
    let bench = Bench::new();
    let worker = bench.worker(&json!([init(), tool_call(), {"hang": null}]));
    let control = Control::default();
    let stopper = control.clone();
    let stop_at_the_chip = move |news| {
        if matches!(news, Live::Chip(_)) {
            stopper.stop(Stop::Polite);
        }
    };
    let report = worker.act(&bench.request(), &control, stop_at_the_chip).await.unwrap();
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(report.own_cost, None);
}

#[tokio::test]
async fn a_stop_before_the_start_is_not_lost_and_a_kill_beats_a_deaf_worker() {
    let bench = Bench::new();
    let control = Control::default();
    control.stop(Stop::Polite);
    control.stop(Stop::Kill);
    let report =
        bench.worker(&json!(["ignore_term", {"hang": null}])).act(&bench.request(), &control, |_| {}).await.unwrap();
    assert_eq!(report.outcome, Outcome::Stopped);
}

#[tokio::test]
async fn a_worker_that_says_nothing_hangs_at_its_start_and_one_that_falls_silent_idles() {
    let mut bench = Bench::new();
    bench.limits.first_event = Duration::from_millis(200);
    let (report, _) = bench.play(&json!([{"hang": null}])).await;
    assert_eq!(report.outcome, Outcome::HungAtStart);

    let mut bench = Bench::new();
    bench.limits.idle = Duration::from_millis(200);
    let (report, _) = bench.play(&json!([init(), {"hang": null}])).await;
    assert_eq!(report.outcome, Outcome::HungIdle);
}

#[tokio::test]
async fn silence_during_a_tool_call_is_work() {
    let mut bench = Bench::new();
    bench.limits.idle = Duration::from_millis(100);
    let (ready, go) = (bench.fifo("ready"), bench.fifo("go"));
    let steps = json!([init(), tool_call(), {"tell": ready}, {"await": go}, tool_result(), {"replay": transcript("rec_first")}]);
    let worker = bench.worker(&steps);
    let request = bench.request();
    let acting = tokio::spawn(async move { worker.act(&request, &Control::default(), |_| {}).await });
    let wait = tokio::task::spawn_blocking(move || std::fs::read(ready).unwrap());
    wait.await.unwrap();
    // The one place where time has to pass: longer than the idle time-out, while the tool call is open.
    tokio::time::sleep(Duration::from_millis(500)).await;
    tokio::task::spawn_blocking(move || std::fs::write(go, "x").unwrap()).await.unwrap();
    assert_eq!(acting.await.unwrap().unwrap().outcome, Outcome::Finished);
}

#[tokio::test]
async fn the_slice_ends_a_talkative_worker_between_tool_calls() {
    let mut bench = Bench::new();
    bench.limits.slice = Duration::from_millis(300);
    let (report, _) = bench.play(&json!([init(), {"hang": null}])).await;
    assert_eq!(report.outcome, Outcome::Sliced);
    let mut bench = Bench::new();
    bench.limits.slice = Duration::from_millis(200);
    let (report, _) = bench.play(&json!([init(), tool_call(), {"hang": null}])).await;
    assert_eq!(report.outcome, Outcome::Sliced);
    assert!(report.duration >= 2 * bench.limits.slice, "an open tool call gets twice the slice");
}

#[tokio::test]
async fn a_result_without_an_exit_is_accepted_and_the_tree_ended() {
    let mut bench = Bench::new();
    bench.limits.after_result = Duration::from_millis(200);
    bench.grace = Duration::from_millis(200);
    let steps = json!([{"replay": transcript("rec_first")}, {"run": "setsid sleep 1000 >/dev/null 2>&1 &"}, "ignore_term", {"hang": null}]);
    let (report, _) = bench.play(&steps).await;
    assert_eq!((report.outcome, report.text.as_str(), report.swept), (Outcome::Finished, "done", 1));
}

#[tokio::test]
async fn a_refused_credential_is_not_tried_for_minutes() {
    let retry = |attempt: u64| {
        json!({"line": {"type": "system", "subtype": "api_retry", "attempt": attempt, "max_retries": 10,
            "error_status": 401, "error": "authentication_failed"}})
    };
    let (report, _) = Bench::new().play(&json!([init(), retry(1), retry(2), {"hang": null}])).await;
    let Outcome::Api(fault) = report.outcome else { panic!("{:?}", report.outcome) };
    assert_eq!((fault.kind, fault.status), (ApiKind::Unauthorized, Some(401)));
}

#[tokio::test]
async fn noise_and_floods_do_not_hide_the_result() {
    let steps = json!([{"text": "\u{1b}[33mwarn\u{1b}[0m"}, {"text": "{\"type\":\"assis"}, {"flood": 20000}, {"replay": transcript("rec_first")}]);
    let (report, _) = Bench::new().play(&steps).await;
    assert_eq!(report.outcome, Outcome::Finished);
    assert_eq!(report.chips[0], "warn");
}

#[tokio::test]
async fn a_person_is_asked_and_believed_only_about_being_done() {
    let bench = Bench::new();
    let worker = bench.of_kind(cco::worker::Kind::Human);
    let control = Control::default();
    let person = control.clone();
    let mut asked = String::new();
    let request = bench.request();
    let report = worker.act(&request, &control, |news| {
        if let Live::Instruction(text) = news {
            asked = text;
            person.done();
        }
    });
    assert_eq!(report.await.unwrap().outcome, Outcome::Finished);
    assert!(asked.contains("Do it."), "{asked}");
}
