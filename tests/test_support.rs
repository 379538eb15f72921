//! The support of the other tests, tested: a scripted API that answered wrongly, or a kill that missed, would make
//! them lie.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may unwrap, and it owns the programs, files and clock it needs"
)]

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, unused_imports, reason = "each test binary uses its own part of the support")]
#[path = "support/mod.rs"]
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use support::messages_api::Outcome;
use support::{Gate, MessagesApi, Place, Script, Step, When, wait_until};

/// A connection to the scripted API on which one request has been sent.
fn ask(api: &MessagesApi, body: &Value) -> TcpStream {
    let mut stream = TcpStream::connect(api.url().trim_start_matches("http://")).unwrap();
    let body = body.to_string();
    let head = "POST /v1/messages?beta=true HTTP/1.1\r\nhost: test\r\nx-api-key: k\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    stream
}

/// The answer to one request, up to the end of the connection.
fn answer(api: &MessagesApi, body: &Value) -> std::io::Result<String> {
    let mut stream = ask(api, body);
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).map(|_| String::from_utf8(text).unwrap())
}

fn asking(text: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": text}]})
}

fn streaming(text: &str) -> Value {
    let mut body = asking(text);
    body["stream"] = json!(true);
    body
}

/// The JSON after the head of an answer that is not chunked.
fn message(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The events of a streamed answer.
fn events(answer: &str) -> Vec<Value> {
    answer
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

#[test]
fn steps_are_used_in_order_and_the_fallback_answers_after_them() {
    let api = MessagesApi::start(Script::new([Step::text("one"), Step::text("two").times(2)]));
    let texts: Vec<Value> =
        (0..4).map(|_| message(&answer(&api, &asking("go")).unwrap())["content"][0]["text"].clone()).collect();
    assert_eq!(texts, ["one", "two", "two", "Done."]);
    assert_eq!((api.unscripted(), api.steps_left()), (1, 0));
}

#[test]
fn a_step_waits_for_the_request_that_its_conditions_name() {
    let api = MessagesApi::start(Script::new([
        Step::text("for b").when(When::Last("b".to_owned())).when(When::Model("m".to_owned())),
        Step::text("for anyone"),
    ]));
    assert!(answer(&api, &asking("a")).unwrap().contains("for anyone"));
    assert_eq!(api.steps_left(), 1);
    assert!(answer(&api, &asking("b")).unwrap().contains("for b"));
    let steps: Vec<Option<usize>> = api.requests().iter().map(|request| request.step).collect();
    assert_eq!(steps, [Some(1), Some(0)]);
}

#[test]
fn requests_are_recorded_with_their_headers_and_whole_body() {
    let api = MessagesApi::start(Script::new([]));
    answer(&api, &asking("hello")).unwrap();
    let request = &api.wait_for_requests(1)[0];
    assert_eq!(request.header("X-Api-Key"), Some("k"));
    assert_eq!(request.body, asking("hello"));
    assert!(request.says("hello") && !request.says("goodbye") && !request.system_says("hello"));
}

#[test]
fn a_streamed_answer_adds_up_to_the_scripted_message() {
    let input = json!({"command": "é".repeat(5000)});
    let step = Step::text("grüße").and_tool("Bash", &input).usage(json!({"output_tokens": 7}));
    let api = MessagesApi::start(Script::new([step]));
    let events = events(&answer(&api, &streaming("go")).unwrap());
    let joined = |kind: &str, field: &str| -> String {
        let deltas = events.iter().filter(|event| event["delta"]["type"] == kind);
        deltas.map(|event| event["delta"][field].as_str().unwrap()).collect()
    };
    assert_eq!(joined("text_delta", "text"), "grüße");
    assert_eq!(serde_json::from_str::<Value>(&joined("input_json_delta", "partial_json")).unwrap(), input);
    let end = events.iter().find(|event| event["type"] == "message_delta").unwrap();
    assert_eq!((&end["delta"]["stop_reason"], &end["usage"]["output_tokens"]), (&json!("tool_use"), &json!(7)));
    assert_eq!(events.last().unwrap()["type"], "message_stop");
}

#[test]
fn an_http_error_has_its_status_headers_and_error_type() {
    let api = MessagesApi::start(Script::new([Step::http(429, "slow down").header("retry-after", "9")]));
    let answer = answer(&api, &asking("go")).unwrap();
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(answer.contains("\r\nretry-after: 9\r\n"), "{answer}");
    assert_eq!(message(&answer)["error"], json!({"type": "rate_limit_error", "message": "slow down"}));
}

#[test]
fn a_cut_stream_is_reset_after_its_events() {
    let api = MessagesApi::start(Script::new([Step::text("never whole").cut_after(3)]));
    let mut stream = ask(&api, &streaming("go"));
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(events(&String::from_utf8(bytes).unwrap()).len(), 3);
}

#[test]
fn a_closed_connection_is_reset_without_a_byte() {
    let api = MessagesApi::start(Script::new([Step::close()]));
    let mut bytes = Vec::new();
    assert_eq!(ask(&api, &asking("go")).read_to_end(&mut bytes).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(bytes.is_empty());
}

#[test]
fn an_error_event_ends_a_stream_and_is_a_status_for_a_whole_call() {
    let step = || Step::text("half").error_after(2, "overloaded_error", "Overloaded");
    let api = MessagesApi::start(Script::new([step(), step()]));
    let events = events(&answer(&api, &streaming("go")).unwrap());
    assert_eq!((events.len(), &events[2]["error"]["type"]), (3, &json!("overloaded_error")));
    assert!(answer(&api, &asking("go")).unwrap().starts_with("HTTP/1.1 529 "));
}

#[test]
fn a_page_of_a_proxy_is_no_json() {
    let api = MessagesApi::start(Script::new([Step::garbage("<html>")]));
    assert!(answer(&api, &asking("go")).unwrap().ends_with("\r\n\r\n<html>"));
}

#[test]
fn a_gate_holds_the_answer_and_says_that_the_request_came() {
    let gate = Gate::new();
    let api = MessagesApi::start(Script::new([Step::text("now").held_by(&gate)]));
    let mut stream = ask(&api, &asking("go"));
    gate.wait_reached();
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(api.requests()[0].outcome, Outcome::Open);
    stream.set_nonblocking(false).unwrap();
    gate.open();
    let mut bytes = vec![0; 8];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, b"HTTP/1.1");
}

#[test]
fn dropping_the_server_ends_what_hangs_stalls_and_is_held() {
    let gate = Gate::new();
    let api = MessagesApi::start(Script::new([
        Step::hang(),
        Step::text("silent").stall_after(2),
        Step::text("held").held_by(&gate),
    ]));
    let streams = [(); 3].map(|()| ask(&api, &streaming("go")));
    api.wait_for_requests(3);
    // The drop joins every thread of the server; were one left hanging, this would not return.
    let dropped = thread::spawn(move || drop(api));
    for mut stream in streams {
        // A reset ends the connection as well as an orderly close.
        drop(stream.read_to_end(&mut Vec::new()));
    }
    dropped.join().unwrap();
}

#[test]
fn a_step_can_be_added_while_the_server_runs() {
    let api = MessagesApi::start(Script::new([]));
    api.then(Step::text("added"));
    assert!(answer(&api, &asking("go")).unwrap().contains("added"));
    assert_eq!(api.unscripted(), 0);
}

#[test]
fn a_program_inherits_nothing_but_the_path() {
    let place = Place::new();
    let end = place.program(Path::new("env")).env("EXTRA", "1").run().expect_code(0);
    let value =
        |name: &str| end.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).map(str::to_owned);
    assert_eq!(value("HOME"), Some(place.home().display().to_string()));
    assert_eq!(value("EXTRA"), Some("1".to_owned()));
    assert_eq!(value("PATH"), std::env::var("PATH").ok());
    // Cargo sets this one for the test itself.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert_eq!(value("CARGO_MANIFEST_DIR"), None);
}

#[test]
fn a_program_reads_its_input_and_tells_its_code_and_both_outputs() {
    let place = Place::new();
    let end = place.program(Path::new("sh")).args(["-c", "cat; echo wrong >&2; exit 3"]).input(b"in").run();
    let end = end.expect_code(3);
    assert_eq!((end.stdout.as_str(), end.stderr.as_str()), ("in", "wrong\n"));
}

#[test]
fn a_dropped_program_ends_with_its_group() {
    let place = Place::new();
    let script = "mkfifo never; cat never & touch started; cat never";
    let running = place.program(Path::new("sh")).args(["-c", script]).start();
    wait_until("both have started", || place.root().join("started").exists().then_some(()));
    drop(running);
    wait_until("the whole group has ended", || place.processes().is_empty().then_some(()));
}

#[test]
fn a_dropped_place_ends_what_has_left_its_group() {
    let place = Place::new();
    // It keeps nothing of the place but where it stands.
    let script = "env -i PATH=$PATH setsid sh -c 'echo $$ > pid; mkfifo never; touch started; cat never' &";
    let end = place.program(Path::new("sh")).args(["-c", script]).run();
    end.expect_code(0);
    let started = place.root().join("started");
    wait_until("the daemon has started", || started.exists().then_some(()));
    let pid = std::fs::read_to_string(place.root().join("pid")).unwrap();
    let process = format!("/proc/{}/environ", pid.trim());
    assert!(!place.processes().is_empty());
    drop(place);
    // A killed process keeps its entry until its parent has reaped it, but its environment is gone at once.
    wait_until("the daemon has ended", || std::fs::read(&process).unwrap_or_default().is_empty().then_some(()));
}

#[test]
fn a_repository_has_one_commit_and_a_clean_tree() {
    let place = Place::new();
    let repository = place.repository("repo");
    assert_eq!(repository.git(["rev-list", "--count", "HEAD"]), "1");
    assert_eq!(repository.status(), "");
    repository.write("src/new.txt", "new");
    assert_eq!(repository.status(), "?? src/");
}

#[test]
fn the_cco_of_this_build_runs_in_a_place() {
    let place = Place::new();
    place.cco(["--version"]).run().expect_code(0);
}
