//! The stub worker and the demo's script.

use std::process::Command;

use cco::process::Stop;
use cco::words::IterationNumber;
use cco::words::Money;
use cco::worker::{Control, Kind, Outcome, Stub};

use crate::support::{Bench, CCO};

fn stub(script: Option<std::path::PathBuf>) -> Kind {
    let path = ("PATH".into(), std::env::var_os("PATH").unwrap());
    Kind::Stub(Stub { program: CCO.into(), script, pace: 0, environment: vec![path] })
}

/// Whether the demo's criteria hold: by name, the world, the documentation, at least three tests.
fn holds(bench: &Bench) -> [bool; 4] {
    let says = |script: &str, expected: &str| {
        let out = Command::new("sh").args(["-c", script]).current_dir(bench.dir.path()).output().unwrap();
        String::from_utf8(out.stdout).unwrap().contains(expected)
    };
    let readme = std::fs::read_to_string(bench.path("README.md")).unwrap();
    [
        says("sh greet.sh Ada", "Hello, Ada!"),
        says("sh greet.sh", "Hello, world!"),
        readme.contains("sh greet.sh NAME"),
        says("sh test.sh | grep -c '^ok'", "3") && !says("sh test.sh", "not ok"),
    ]
}

#[tokio::test]
async fn the_demo_claims_too_early_then_breaks_something_then_gets_it_right() {
    let bench = Bench::new();
    let worker = bench.of_kind(stub(None));
    let expected = [[true, false, true, false], [false, true, true, false], [true, true, true, true]];
    for (number, expected) in (1..).zip(expected) {
        let mut request = bench.request();
        request.iteration = IterationNumber(number);
        request.dir = bench.path(&format!("attempt-{number}"));
        let report = worker.act(&request, &Control::default(), |_| {}).await.unwrap();
        assert_eq!(report.outcome, Outcome::Finished);
        assert_eq!(report.own_cost, Some(Money::ZERO));
        assert_eq!(holds(&bench), expected, "after action {number}");
        assert!(report.chips.iter().any(|chip| chip == "[Write: greet.sh]"), "{:?}", report.chips);
    }
}

#[tokio::test]
async fn a_script_that_cannot_be_read_is_a_failed_start() {
    let bench = Bench::new();
    std::fs::write(bench.path("script.yaml"), "scenes: []").unwrap();
    let worker = bench.of_kind(stub(Some(bench.path("script.yaml"))));
    let report = worker.act(&bench.request(), &Control::default(), |_| {}).await.unwrap();
    assert!(matches!(report.outcome, Outcome::StartupFailed { message } if message.contains("no scenes")));
}

#[tokio::test]
async fn a_command_that_fails_is_an_error_of_its_tool_and_a_stop_ends_the_scene() {
    let bench = Bench::new();
    let script = "scenes: [{result: done, steps: [{run: 'echo oops; exit 3'}, {say: now}, {run: 'sleep 1000'}]}]";
    std::fs::write(bench.path("script.yaml"), script).unwrap();
    let control = Control::default();
    let stopper = control.clone();
    let worker = bench.of_kind(stub(Some(bench.path("script.yaml"))));
    let request = bench.request();
    let report = worker.act(&request, &control, move |news| {
        if matches!(&news, cco::worker::Live::Chip(chip) if chip == "[Bash: sleep 1000]") {
            stopper.stop(Stop::Polite);
        }
    });
    let report = report.await.unwrap();
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(report.errors, ["Exit code 3 oops"]);
}

#[tokio::test]
async fn a_command_of_the_script_reads_the_prompt_each_time_it_is_run() {
    let bench = Bench::new();
    let script = "scenes: [{result: done, steps: [{run: 'cat > one'}, {run: 'true'}, {run: 'cat > two'}]}]";
    std::fs::write(bench.path("script.yaml"), script).unwrap();
    let worker = bench.of_kind(stub(Some(bench.path("script.yaml"))));
    let mut request = bench.request();
    request.prompt = "do this\n".repeat(40_000);
    worker.act(&request, &Control::default(), |_| {}).await.unwrap();
    for copy in ["one", "two"] {
        assert_eq!(std::fs::read_to_string(bench.path(copy)).unwrap(), request.prompt);
    }
}
