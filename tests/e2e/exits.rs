//! The exit codes, a contract with scripts: each by the plainest way to it.

use nix::sys::signal::Signal;

use crate::support::Place;
use crate::world::{IDLE, ONE, RIGHT, STEPS, STUB, TWO, World, gated};

fn small(place: &Place) -> World<'_> {
    World::new(place, ONE, STUB, RIGHT)
}

#[test]
fn done_and_proven_is_0_and_so_is_starting_again_which_spends_nothing() {
    let place = Place::new();
    let world = small(&place);
    world.start([]).expect_code(0);
    let status = world.status();
    assert_eq!((status["stage"].as_str(), status["outcome"].as_str()), (Some("ended"), Some("done")), "{status}");
    assert_eq!(status["iterations"], 1);
    world.cco(["status", "--exit-code"]).run().expect_code(0);
    assert_eq!(world.repo.status(), "");
    assert_eq!(world.repo.git(["branch", "--show-current"]), "cco/one-file");
    let head = world.repo.head();
    world.cco(["resume", "--yes"]).run().expect_code(0);
    let again = world.start([]).expect_code(0);
    assert!(again.stderr.contains("done"), "{}", again.stderr);
    assert_eq!((world.repo.head(), &world.status()["run_id"]), (head, &status["run_id"]));
    world.nothing_runs();
}

#[test]
fn a_wrong_command_line_is_2() {
    let place = Place::new();
    let world = small(&place);
    for line in [vec![], vec!["frobnicate"], vec!["start", "--budget", "much"], vec!["start", "PLAN.md"], vec!["guide"]]
    {
        world.cco(line).run().expect_code(2);
    }
    let none = world.cco(["stop"]).run().expect_code(2);
    assert!(none.stderr.contains("CCO-E0421"), "{}", none.stderr);
    world.cco(["resume", "--yes"]).run().expect_code(2);
}

#[test]
fn not_done_is_3_for_who_asks_for_the_status() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.cco(["trust", "--yes"]).run().expect_code(0);
    world.cco(["next"]).run().expect_code(3);
    world.cco(["status", "--exit-code"]).run().expect_code(3);
    assert_eq!(world.status()["iterations"], 1);
    world.cco(["next"]).run().expect_code(0);
    world.cco(["status", "--exit-code"]).run().expect_code(0);
}

#[test]
fn out_of_iterations_is_6_and_more_of_them_go_on() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.start(["--max-iterations", "1"]).expect_code(6);
    assert_eq!(world.status()["needs"][0]["kind"], "iterations", "{}", world.status());
    world.cco(["resume", "--yes", "--max-iterations", "5"]).run().expect_code(0);
}

#[test]
fn a_person_is_needed_is_4() {
    let mission = "title: Looks\ndefinition_of_done:\n  - { criteria: It looks good, id: looks, validator: { manual: Look at it } }\n";
    let place = Place::new();
    let world = World::new(&place, mission, STUB, IDLE);
    world.start([]).expect_code(4);
    assert_eq!(world.status()["needs"][0]["kind"], "approval", "{}", world.status());
    world.cco(["status", "--exit-code"]).run().expect_code(4);
}

#[test]
fn a_used_up_budget_is_5_and_a_larger_one_goes_on() {
    let place = Place::new();
    let script = STEPS.replace("result: The first", "cost_usd: 0.5\n    result: The first");
    let world = World::new(&place, TWO, STUB, &script);
    world.start(["--budget", "0.4"]).expect_code(5);
    world.cco(["status", "--exit-code"]).run().expect_code(5);
    assert!(world.repo.has("first.txt") && !world.repo.has("second.txt"));
    world.cco(["resume", "--yes", "--no-wait", "--budget", "4"]).run().expect_code(0);
}

#[test]
fn stalled_with_on_stall_stop_is_6() {
    let place = Place::new();
    let config = "orchestrator: { manager: checklist, execution_mode: stub, stall_after: 2, on_stall: stop }\n";
    let world = World::new(&place, ONE, config, IDLE);
    world.start([]).expect_code(6);
    assert_eq!(world.status()["outcome"], "stalled");
    world.cco(["status", "--exit-code"]).run().expect_code(6);
}

#[test]
fn a_second_daemon_is_7_and_names_the_first() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, &gated("      - write: { path: made.txt, content: right }"));
    let first = world.live();
    world.wait_for_sign("begun");
    let second = world.start([]).expect_code(7);
    assert!(second.stderr.contains(&first.pid().to_string()), "{}", second.stderr);
    world.give_sign("go");
    first.wait().expect_code(0);
}

#[test]
fn a_wrong_mission_is_8_with_its_place() {
    let place = Place::new();
    let world = small(&place);
    for (text, place) in [
        ("title: x\npriorty: high\ndefinition_of_done: []\n", "mission.yaml:2:1"),
        ("title: [\n", "mission.yaml:1:8"),
        ("just words\n", "mission.yaml:1:1"),
        ("", "mission.yaml:1:1"),
        ("title: x\ndefinition_of_done: []\n", "mission.yaml:2:21"),
    ] {
        world.repo.write(".cco/mission.yaml", text);
        let told = world.start([]).expect_code(8);
        assert!(told.stderr.contains(place), "{text:?}: {}", told.stderr);
        assert!(!world.state().join("journal").exists());
    }
    let told = world.cco(["start", "--mission", "nowhere.yaml"]).run().expect_code(8);
    assert!(told.stderr.contains("CCO-E0410") && told.stderr.contains("nowhere.yaml"), "{}", told.stderr);
}

#[test]
fn a_missing_claude_is_9_and_says_how_to_get_it() {
    let place = Place::new();
    let config = "orchestrator: { manager: checklist }\nclaude_code: { path: no-such-claude }\n";
    let world = World::new(&place, ONE, config, IDLE);
    let told = world.cco(["start", "--yes", "--no-wait"]).env("ANTHROPIC_API_KEY", "sk-test").run().expect_code(9);
    assert!(told.stderr.contains("no-such-claude") && told.stderr.contains("npm install"), "{}", told.stderr);
    let told = world.start([]).expect_code(9);
    assert!(told.stderr.contains("ANTHROPIC_API_KEY"), "{}", told.stderr);
}

#[test]
fn a_repository_without_a_commit_is_9() {
    let place = Place::new();
    let folder = place.root().join("empty");
    std::fs::create_dir_all(folder.join(".cco")).unwrap();
    std::fs::write(folder.join(".cco/mission.yaml"), ONE).unwrap();
    std::fs::write(folder.join(".cco/config.yaml"), STUB).unwrap();
    let start = || place.cco(["start", "--yes", "--no-wait"]).within(&folder).run().expect_code(9);
    assert!(start().stderr.contains("CCO-E0520"), "no repository at all");
    place.program("git".as_ref()).args(["init", "--quiet"]).within(&folder).run().expect_code(0);
    let told = start();
    assert!(told.stderr.contains("CCO-E0521") && told.stderr.contains("git commit"), "{}", told.stderr);
}

#[test]
fn an_untrusted_mission_is_9_and_shows_what_it_would_run() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    let told = world.cco(["start", "--no-wait"]).run().expect_code(9);
    assert!(told.stderr.contains("test -e first.txt") && told.stderr.contains("cco trust"), "{}", told.stderr);
    assert!(!world.state().join("journal").exists());
    world.cco(["trust", "--yes"]).run().expect_code(0);
    world.cco(["start", "--no-wait"]).run().expect_code(0);
    world.repo.write(".cco/config.yaml", &format!("{STUB}verify: {{ jobs: 2 }}\n"));
    world.cco(["start", "--no-wait"]).run().expect_code(9);
}

#[test]
fn the_end_of_a_time_slice_is_75_and_resume_ends_done() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, &gated("      - write: { path: made.txt, content: right }"));
    let slice = world.cco(["start", "--yes", "--time-limit", "1s"]).start();
    slice.wait().expect_code(75);
    world.nothing_runs();
    world.give_sign("go");
    world.cco(["resume", "--yes"]).run().expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
}

#[test]
fn a_signal_is_128_and_its_number_and_resume_ends_done() {
    for (signals, code) in [(vec![Signal::SIGINT, Signal::SIGINT], 130), (vec![Signal::SIGTERM], 143)] {
        let place = Place::new();
        let world = World::new(&place, ONE, STUB, &gated("      - write: { path: made.txt, content: right }"));
        let daemon = world.live();
        world.wait_for_sign("begun");
        for (number, signal) in signals.into_iter().enumerate() {
            daemon.signal(signal);
            if number == 0 && signal == Signal::SIGINT {
                crate::support::wait_until("the first Ctrl-C is said", || {
                    daemon.stderr().contains("again to stop now").then_some(())
                });
            }
        }
        daemon.wait().expect_code(code);
        world.nothing_runs();
        assert_eq!(world.status()["outcome"], serde_json::Value::Null);
        world.give_sign("go");
        world.cco(["resume", "--yes"]).run().expect_code(0);
    }
}

#[test]
fn one_ctrl_c_finishes_the_iteration_first() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - run: \"touch ../begun; until [ -e ../go ]; do sleep 0.02; done\"
      - write: { path: first.txt, content: one }
    result: The first is there.
  - steps: [{ write: { path: second.txt, content: two } }]
    result: The second is there.
";
    let world = World::new(&place, TWO, STUB, script);
    let daemon = world.live();
    world.wait_for_sign("begun");
    daemon.signal(Signal::SIGINT);
    crate::support::wait_until("the signal is heard", || daemon.stderr().contains("again to stop").then_some(()));
    world.give_sign("go");
    daemon.wait().expect_code(130);
    let status = world.status();
    assert_eq!(status["iterations"], 1, "{status}");
    assert!(world.repo.has("first.txt") && !world.repo.has("second.txt"));
    world.cco(["status", "--exit-code"]).run().expect_code(3);
    world.cco(["resume", "--yes"]).run().expect_code(0);
}

#[test]
fn what_is_not_trusted_neither_goes_on_nor_does_one_iteration_nor_checks() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.start(["--max-iterations", "1"]).expect_code(6);
    world.repo.write(".cco/config.yaml", &format!("{STUB}# another word\n"));
    for command in [vec!["resume", "--no-wait"], vec!["next"], vec!["validate"]] {
        let told = world.cco(command.clone()).run().expect_code(9);
        assert!(told.stderr.contains("CCO-E0510"), "{command:?}: {}", told.stderr);
    }
    assert_eq!(world.status()["iterations"], 1);
}

#[test]
fn a_runner_trusts_only_what_is_checked_out() {
    let place = Place::new();
    let world = small(&place);
    world.repo.write(".cco/config.yaml", &format!("{STUB}# another word\n"));
    let told = world.cco(["start", "--ci"]).run().expect_code(9);
    assert!(told.stderr.contains(".cco/config.yaml differs from the checked-out commit"), "{}", told.stderr);
    world.repo.commit("said");
    let cco = || world.cco(["start", "--ci"]);
    cco().env("GITHUB_EVENT_NAME", "pull_request_target").run().expect_code(9);
    let event = world.sign("event.json");
    let pull = |from: &str| {
        let event = serde_json::json!({"pull_request": {"head": {"repo": {"full_name": from}},
            "base": {"repo": {"full_name": "us/it"}}}});
        event.to_string()
    };
    std::fs::write(&event, pull("stranger/it")).unwrap();
    let with = |cco: crate::support::program::Program| {
        let cco = cco.env("GITHUB_EVENT_NAME", "pull_request").env("GITHUB_HEAD_REF", "topic");
        cco.env("GITHUB_EVENT_PATH", event.to_str().unwrap())
    };
    let told = with(cco()).run().expect_code(9);
    assert!(told.stderr.contains("forks"), "{}", told.stderr);
    std::fs::write(&event, pull("us/it")).unwrap();
    with(cco()).run().expect_code(0);
}

#[test]
fn the_final_status_is_json_where_that_is_asked_for() {
    let place = Place::new();
    let world = small(&place);
    let told = world.start(["--json"]).expect_code(0);
    let status: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&status["outcome"], &status["run_id"]), (&serde_json::json!("done"), &world.status()["run_id"]));
    world.cco(["start", "--yes", "--quiet", "--fresh"]).run().expect_code(0);
}

#[test]
fn dry_run_shows_everything_and_begins_nothing() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    let told = world.cco(["start", "--dry-run"]).run().expect_code(0);
    assert!(told.stdout.contains("test -e first.txt") && told.stdout.contains("second.txt"), "{}", told.stdout);
    assert!(!world.state().join("journal").exists());
    assert_eq!(world.repo.git(["branch", "--list"]), "* main");
}

/// What is shipped to show it: two criteria that contradict each other, and one that does not.
#[test]
fn criteria_that_contradict_each_other_are_6_with_the_reason_once_the_rest_is_finished() {
    let shipped = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("missions");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let place = Place::new();
    let world = World::new(&place, &shipped("impossible.yaml"), STUB, &shipped("impossible.worker.yaml"));
    let told = world.start([]).expect_code(6);
    let status = world.status();
    assert_eq!(status["outcome"], "impossible", "{status}");
    assert!(status["iterations"].as_u64().unwrap() <= 7, "{status}");
    let state = |id: &str| {
        let criteria = status["criteria"].as_array().unwrap();
        criteria.iter().find(|criterion| criterion["id"] == id).unwrap()["state"].clone()
    };
    assert_eq!(state("explained"), "holds", "what can be finished is finished: {status}");
    let why = "says-no and says-yes never held together";
    let printed: Vec<&str> = told.stderr.lines().collect();
    let lasts = printed[printed.len().saturating_sub(40)..].join("\n");
    for (where_, text) in [
        ("status --json", status["ended"]["why"].as_str().unwrap()),
        ("status", &world.cco(["status"]).run().expect_code(0).stdout),
        ("report", &world.repo.read(".git/cco/report.md")),
        ("the last lines of start", &lasts),
    ] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(why), "{where_} does not say why:\n{text}");
    }
    // It ended, and can be taken up again by someone who knows better.
    world.cco(["status", "--exit-code"]).run().expect_code(6);
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(6);
}
