//! Checks over the iterations of a run: how often they run, what they are compared with, what they see of the history.

use nix::sys::signal::Signal;

use crate::support::Place;
use crate::world::{IDLE, STEPS, STUB, World};

/// A check that leaves its name behind each time it runs.
fn leaves(world: &std::path::Path, name: &str, more: &str) -> String {
    let log = world.join("ran");
    format!("    - {{ command: \"echo {name} >> {}\"{more} }}\n", log.display())
}

/// How often each check ran.
fn ran(world: &World<'_>, name: &str) -> usize {
    std::fs::read_to_string(world.sign("ran")).unwrap_or_default().lines().filter(|line| *line == name).count()
}

/// Two criteria that take an action each, and checks beside them.
fn mission(checks: &str) -> String {
    format!(
        "title: Two files\ndefinition_of_done:\n- criteria: The first file is there\n  id: first\n  priority: high\n  \
         validators:\n    - command: test -e first.txt\n{checks}- criteria: The second file is there\n  id: second\n  \
         validators:\n    - file: {{ path: second.txt, contains: [two] }}\n"
    )
}

#[test]
fn a_check_runs_as_often_as_it_says_and_when_its_inputs_changed() {
    let place = Place::new();
    let root = place.root();
    let checks = [
        leaves(root, "iteration", ", cache: false"),
        leaves(root, "phase", ", cache: false, every: phase"),
        leaves(root, "final", ", cache: false, every: final"),
        leaves(root, "all-inputs", ""),
        leaves(root, "narrow-inputs", ", inputs: [\"second.*\"]"),
    ];
    let world = World::new(&place, &mission(&checks.concat()), STUB, STEPS);
    world.start([]).expect_code(0);
    // All: on an emptied tree, at the baseline and in the proof. Beside that after each action, at the end of the phase,
    // or not at all.
    assert_eq!((ran(&world, "iteration"), ran(&world, "phase"), ran(&world, "final")), (5, 4, 3));
    // Without a change of its inputs a verdict is taken over; never in the proof.
    assert_eq!((ran(&world, "all-inputs"), ran(&world, "narrow-inputs")), (5, 4));
}

#[test]
fn what_is_compared_with_the_start_holds_once_it_has_changed() {
    let place = Place::new();
    let checks = "    - metric: { run: \"ls *.txt 2>/dev/null | wc -l\", baseline: \"== 2\" }
    - git: { changed: [first.txt, second.txt], unchanged: README.md, max_diff: 2 }
    - git: { clean: true }
    - plugin: \"grep -q cco-plugin/1 && echo '{\\\"outcome\\\": \\\"pass\\\", \\\"summary\\\": \\\"was asked\\\"}'\"
    - sarif: { run: \"echo '{\\\"version\\\": \\\"2.1.0\\\", \\\"runs\\\": [{\\\"tool\\\": {\\\"driver\\\": {}}, \\\"results\\\": []}]}' > a.sarif\", report: a.sarif }
";
    let world = World::new(&place, &mission(checks), STUB, STEPS);
    world.repo.write("untracked.txt.old", "was there at the start, so it is no change\n");
    world.start([]).expect_code(0);
    let status = world.status();
    assert_eq!((status["outcome"].as_str(), status["iterations"].as_u64()), (Some("done"), Some(2)), "{status}");
}

#[test]
fn a_change_that_must_not_be_is_seen_and_keeps_the_mission_from_its_end() {
    let place = Place::new();
    let checks = "    - git: { unchanged: \"second.*\" }\n";
    let world = World::new(&place, &mission(checks), STUB, STEPS);
    let ended = world.start(["--max-iterations", "2"]);
    assert_ne!(ended.code(), 0);
    let told = world.cco(["status"]).run().expect_code(0);
    assert!(told.stdout.contains("changed at `second.*`: second.txt"), "{}", told.stdout);
}

#[test]
fn a_test_that_is_lost_is_missed_where_several_passes_are_asked_for_too() {
    let place = Place::new();
    let mission = "\
title: Tests
definition_of_done:
- criteria: The tests pass
  stable_for: 2
  validator: { tests: { run: cat tests.tap, no_regression: true } }
- { criteria: The file is there, validator: { file: made.txt } }
";
    let script = "\
scenes:
  - steps:
      - { write: { path: tests.tap, content: \"1..1\\nok 1 - easy\\n\" } }
      - { write: { path: made.txt, content: \"made\\n\" } }
    result: Made, and the tests pass.
";
    let world = World::new(&place, mission, STUB, script);
    world.repo.write("tests.tap", "1..2\nok 1 - easy\nok 2 - hard\n");
    world.repo.commit("tests");
    assert_ne!(world.start(["--max-iterations", "1"]).code(), 0);
    let told = world.cco(["status"]).run().expect_code(0);
    assert!(told.stdout.contains("passed 0 of 2 runs; 1 tests passed at the baseline"), "{}", told.stdout);
}

#[test]
fn what_passes_only_with_ignored_files_of_the_work_tree_is_told_as_that() {
    let mission = "\
title: Settings
definition_of_done:
  - criteria: The settings are read
    id: settings
    validators:
      - command: test -e made.txt && grep -q right .env
  - criteria: Nothing explains this
    id: other
    validators:
      - command: test -e never.txt
";
    let script = "\
scenes:
  - steps: [{ write: { path: made.txt, content: \"right\\n\" } }, { write: { path: .env, content: \"right\\n\" } }]
    result: It works here.
";
    let place = Place::new();
    let world = World::new(&place, mission, STUB, script);
    world.repo.write(".gitignore", ".env\n");
    world.repo.commit("rules");
    world.start(["--max-iterations", "1"]);
    let status = world.status();
    let summary = |n: usize| status["criteria"][n]["checks"][0]["evidence"]["summary"].as_str().unwrap().to_owned();
    assert_eq!(status["criteria"][0]["checks"][0]["verdict"], "fail", "{status}");
    let told = "passes with the ignored files of the work tree: .env (not in the check tree: name them under `carry:`";
    assert!(summary(0).contains(told), "{}", summary(0));
    assert!(!summary(1).contains("ignored"), "{}", summary(1));
    assert!(!world.state().join("trees/with-ignored").exists());
    assert_eq!((world.repo.read(".env"), world.repo.status()), ("right\n".to_owned(), "?? made.txt".to_owned()));
}

/// A service whose end waits for a sign, beside a check that does not end by itself.
const SERVED: &str = "\
title: Served
services:
  - name: api
    run: sleep 600
    ready: { command: \"true\" }
    teardown: \"touch $SIGNS/tearing; until [ -e $SIGNS/go ]; do sleep 0.02; done; touch $SIGNS/torn\"
definition_of_done:
  - criteria: It answers
    id: answers
    validators:
      - command: \"touch $SIGNS/checking; sleep 600\"
        service: api
";

#[test]
fn a_daemon_that_is_stopped_amid_a_check_leaves_when_its_service_is_torn_down() {
    let place = Place::new();
    let mission = SERVED.replace("$SIGNS", place.root().to_str().unwrap());
    let world = World::new(&place, &mission, STUB, IDLE);
    let running = world.live();
    world.wait_for_sign("checking");
    running.signal(Signal::SIGTERM);
    world.wait_for_sign("tearing");
    world.give_sign("go");
    running.wait().expect_code(143);
    assert!(world.sign("torn").exists());
    world.nothing_runs();
}
