//! A live daemon, steered from outside; a test waits for what it sees, never for time.

use std::fs;

use crate::manager::{config, plan, with_key};
use crate::openrouter::{OpenRouter, Reply};
use crate::support::{Place, wait_until};
use crate::world::{GATED_STEPS, ONE, RIGHT, STEPS, STUB, TWO, World, gated};

fn gated_one(place: &Place) -> World<'_> {
    World::new(place, ONE, STUB, &gated("      - write: { path: made.txt, content: right }"))
}

#[test]
fn pause_holds_before_the_next_step_and_resume_goes_on() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["pause"]).run().expect_code(0);
    assert!(world.status()["wish"].is_string());
    world.give_sign("go");
    let status = world.wait_for_stage("paused");
    assert_eq!((status["iterations"].as_u64(), world.repo.has("second.txt")), (Some(1), false));
    world.cco(["resume"]).run().expect_code(0);
    daemon.wait().expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
}

#[test]
fn a_pause_that_was_acknowledged_outlives_the_daemon() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["pause"]).run().expect_code(0);
    daemon.signal(nix::sys::signal::Signal::SIGKILL);
    daemon.wait().expect_code(137);
    world.nothing_runs();
    world.give_sign("go");
    // Whoever starts a daemon again and again does not undo it, whether it has taken hold already or not.
    for _ in 0..2 {
        world.start([]).expect_code(4);
        let status = world.status();
        assert_eq!((status["stage"].as_str(), world.repo.has("second.txt")), (Some("paused"), false), "{status}");
    }
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
}

#[test]
fn a_pause_asked_while_nobody_works_holds_the_next_daemon_back() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.cco(["pause"]).run().expect_code(2);
    world.start(["--max-iterations", "1"]).expect_code(6);
    world.cco(["pause"]).run().expect_code(0);
    world.start(["--max-iterations", "5"]).expect_code(4);
    assert!(!world.repo.has("second.txt"));
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert!(world.cco(["pause"]).run().expect_code(2).stderr.contains("done and proven"));
}

#[test]
fn a_limit_that_was_acknowledged_outlives_the_daemon_until_a_file_or_a_flag_says_otherwise() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["resume", "--max-iterations", "1", "--budget", "7"]).run().expect_code(0);
    daemon.signal(nix::sys::signal::Signal::SIGKILL);
    daemon.wait().expect_code(137);
    world.nothing_runs();
    world.give_sign("go");
    for _ in 0..2 {
        world.start([]).expect_code(6);
        assert_eq!((world.repo.has("second.txt"), &world.status()["cost"]["budget_usd"]), (false, &7.0.into()));
    }
    world.repo.write(".cco/mission.yaml", TWO);
    world.repo.write(".cco/config.yaml", &format!("{STUB}budget: {{ usd: 3 }}\n"));
    world.start([]).expect_code(8);
    world.cco(["amend", "--yes"]).run().expect_code(0);
    world.start([]).expect_code(6);
    assert_eq!(world.status()["cost"]["budget_usd"], 3.0, "the file was changed since");
    world.start(["--max-iterations", "5"]).expect_code(0);
    assert_eq!(world.status()["cost"]["budget_usd"], 3.0);
}

#[test]
fn a_killed_daemons_work_is_not_begun_anew_where_nothing_is_left_for_it() {
    let place = Place::new();
    let script = "\
scenes:
  - steps: [{ write: { path: first.txt, content: one } }]
    cost_usd: 0.3
    result: The first is there.
  - steps:
      - run: \"echo x >> ../begun; until [ -e ../go ]; do sleep 0.02; done\"
      - write: { path: second.txt, content: two }
    result: The second is there.
";
    let world = World::new(&place, TWO, STUB, script);
    let daemon = world.live();
    world.wait_for_sign("begun");
    daemon.signal(nix::sys::signal::Signal::SIGKILL);
    daemon.wait().expect_code(137);
    world.nothing_runs();
    world.give_sign("go");
    world.start(["--budget", "0.2"]).expect_code(5);
    assert_eq!(fs::read_to_string(world.sign("begun")).unwrap().lines().count(), 1, "the worker was not started");
    assert_eq!(world.status()["cost"]["total_usd"], 0.3);
    world.cco(["resume", "--yes", "--no-wait", "--budget", "1"]).run().expect_code(0);
}

#[test]
fn guidance_is_in_the_next_prompt_of_the_worker() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["guide", "listen on", "port 31337"]).run().expect_code(0);
    world.give_sign("go");
    daemon.wait().expect_code(0);
    let attempts = crate::world::files(&world.state().join("attempts"));
    let prompts = attempts.iter().filter_map(|path| fs::read_to_string(path).ok());
    assert!(prompts.into_iter().any(|text| text.contains("listen on port 31337")));
}

#[test]
fn a_person_rejects_with_a_reason_and_approves_what_came_of_it() {
    rejects_and_approves("{ manual: Look at it }");
}

#[test]
fn a_person_is_asked_by_a_part_of_a_combination_too() {
    rejects_and_approves("{ any: [ { command: \"false\" }, { manual: Look at it } ] }");
}

fn rejects_and_approves(validator: &str) {
    let mission = format!(
        "title: Looks\ndefinition_of_done:\n  - {{ criteria: It looks good, id: looks, validator: {validator} }}\n"
    );
    let script = "scenes: [{ steps: [{ write: { path: page.html, content: bright } }], result: Brighter now. }]\n";
    let place = Place::new();
    let world = World::new(&place, &mission, STUB, script);
    let daemon = world.live();
    world.wait_for_stage("awaiting_human");
    let told = world.cco(["approve", "nonsense"]).run().expect_code(2);
    assert!(told.stderr.contains("nonsense"), "{}", told.stderr);
    assert_eq!(world.status()["stage"], "awaiting_human");
    world.cco(["reject", "looks", "-m", "too dark"]).run().expect_code(0);
    world.wait_for_status("a second question", |status| {
        status["stage"] == "awaiting_human" && status["iterations"] == 1
    });
    assert_eq!(world.repo.read("page.html"), "bright");
    world.cco(["approve", "looks"]).run().expect_code(0);
    daemon.wait().expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
}

#[test]
fn who_rejects_may_change_their_mind_while_the_worker_is_at_it() {
    let place = Place::new();
    let mission = "title: Looks\ndefinition_of_done:\n  - { criteria: It looks good, id: looks, validator: { manual: Look at it } }\n";
    let script = "scenes: [{ steps: [{ run: \"touch ../begun; until [ -e ../go ]; do sleep 0.02; done\" }], result: Nothing to do. }]\n";
    let world = World::new(&place, mission, STUB, script);
    let daemon = world.live();
    world.wait_for_stage("awaiting_human");
    world.cco(["reject", "looks", "-m", "oops"]).run().expect_code(0);
    world.wait_for_sign("begun");
    world.cco(["approve", "looks"]).run().expect_code(0);
    world.give_sign("go");
    daemon.wait().expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
}

#[test]
fn stop_finishes_the_iteration_and_stop_now_does_not() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["stop"]).run().expect_code(0);
    world.give_sign("go");
    daemon.wait().expect_code(3);
    assert_eq!((world.repo.has("first.txt"), world.repo.has("second.txt")), (true, false));
    world.nothing_runs();
    world.cco(["resume", "--yes"]).run().expect_code(0);

    let place = Place::new();
    let world = gated_one(&place);
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["stop", "--now"]).run().expect_code(0);
    daemon.wait().expect_code(3);
    assert!(!world.repo.has("made.txt"));
    world.nothing_runs();
    world.give_sign("go");
    world.cco(["resume", "--yes"]).run().expect_code(0);
}

#[test]
fn in_session_mode_a_person_works_and_says_done() {
    let place = Place::new();
    let config = "orchestrator: { manager: checklist, execution_mode: in_session }\n";
    let world = World::new(&place, ONE, config, RIGHT);
    let daemon = world.live();
    world.wait_for_stage("working");
    wait_until("the instruction is shown", || daemon.stderr().contains("cco done").then_some(()));
    let told = daemon.stderr();
    assert!(told.contains("\n    proven by  ") && told.contains("Leave alone: "), "{told}");
    assert!(!told.contains("<<<data") && !told.contains("End your turn"), "words for a model: {told}");
    let told = world.cco(["done", "--phase", "nonsense"]).run().expect_code(2);
    assert!(told.stderr.contains("main"), "{}", told.stderr);
    assert_eq!(world.status()["stage"], "working");
    world.repo.write("made.txt", "right\n");
    world.cco(["done", "--phase", "main", "--reason", "it is written"]).run().expect_code(0);
    daemon.wait().expect_code(0);
    assert_eq!(world.status()["iterations"], 1);
    let told = world.cco(["logs"]).run().expect_code(0).stdout + &world.cco(["show", "1"]).run().expect_code(0).stdout;
    assert!(told.contains("completed: it is written"), "{told}");
}

#[test]
fn the_worker_may_say_done_and_steer_nothing() {
    let place = Place::new();
    let cco = env!("CARGO_BIN_EXE_cco");
    // Asked directly, and by a descendant that left its session and its parents.
    let script = format!(
        "scenes:
  - steps:
      - run: \"{cco} pause 2> ../pause.said; echo $? > ../pause.code\"
      - run: \"setsid sh -c '{cco} stop --now 2> ../stop.said; echo $? > ../stop.code' > /dev/null 2>&1 &\"
      - run: \"until [ -s ../stop.code ]; do sleep 0.02; done\"
      - run: \"{cco} done 2> ../done.said; echo $? > ../done.code\"
      - write: {{ path: made.txt, content: right }}
    result: I tried.
"
    );
    let world = World::new(&place, ONE, STUB, &script);
    world.start([]).expect_code(0);
    let read = |name: &str| fs::read_to_string(world.sign(name)).unwrap();
    for name in ["pause", "stop"] {
        assert_ne!(read(&format!("{name}.code")).trim(), "0");
        assert!(read(&format!("{name}.said")).contains("CCO-E0703"), "{}", read(&format!("{name}.said")));
    }
    assert_eq!(read("done.code").trim(), "0");
    assert!(read("done.said").contains("the checks decide"), "{}", read("done.said"));
}

#[test]
fn a_detached_daemon_outlives_its_caller_and_stop_ends_it() {
    let place = Place::new();
    let world = gated_one(&place);
    let told = world.cco(["start", "--yes", "--detach"]).run().expect_code(0);
    assert!(told.stderr.contains("One file"), "{}", told.stderr);
    world.wait_for_sign("begun");
    assert_eq!(world.status()["stage"], "working");
    world.start([]).expect_code(7);
    world.cco(["stop", "--now"]).run().expect_code(0);
    world.nothing_runs();
    assert!(!world.socket().exists());
    world.give_sign("go");
    world.cco(["resume", "--yes", "--detach"]).run().expect_code(0);
    world.wait_for_status("the end", |status| status["outcome"] == "done");
    world.nothing_runs();
}

#[test]
fn a_detached_start_that_cannot_begin_says_why() {
    let place = Place::new();
    let config = "orchestrator: { manager: checklist }\nclaude_code: { path: no-such-claude }\n";
    let world = World::new(&place, ONE, config, RIGHT);
    let told = world.cco(["start", "--yes", "--detach"]).env("ANTHROPIC_API_KEY", "sk-test").run().expect_code(9);
    assert!(told.stderr.contains("no-such-claude"), "{}", told.stderr);
}

#[test]
fn what_is_shown_of_a_live_mission_is_the_daemons_own_word() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    let status = world.wait_for_stage("working");
    assert_eq!(status["daemon"]["pid"].as_i64(), Some(i64::from(daemon.pid().as_raw())), "{status}");
    world.cco(["status", "--exit-code"]).run().expect_code(3);
    world.give_sign("go");
    daemon.wait().expect_code(0);
    assert_eq!(world.status()["daemon"], serde_json::Value::Null);
}

#[test]
fn a_killed_daemon_takes_its_worker_with_it_and_resume_ends_done() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, GATED_STEPS);
    let daemon = world.live();
    world.wait_for_sign("begun");
    daemon.signal(nix::sys::signal::Signal::SIGKILL);
    daemon.wait().expect_code(137);
    world.nothing_runs();
    assert_eq!(world.status()["daemon"], serde_json::Value::Null);
    let told = world.cco(["status"]).run().expect_code(0).stdout;
    assert!(told.contains("no cco is running here"), "{told}");
    world.give_sign("go");
    world.cco(["resume", "--yes"]).run().expect_code(0);
    assert_eq!(world.status()["iterations"], 2);
}

#[test]
fn an_unfinished_run_with_another_mission_is_8_and_fresh_puts_it_aside() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.start(["--max-iterations", "1"]).expect_code(6);
    let old = world.status();
    world.repo.write(".cco/mission.yaml", ONE);
    let told = world.start([]).expect_code(8);
    assert!(told.stderr.contains("--fresh") && told.stderr.contains("the mission"), "{}", told.stderr);
    world.cco(["resume", "--yes"]).run().expect_code(8);
    fs::write(place.root().join("worker.yaml"), RIGHT).unwrap();
    world.start(["--fresh"]).expect_code(0);
    let new = world.status();
    assert_eq!((new["outcome"].as_str(), new["mission"]["title"].as_str()), (Some("done"), Some("One file")));
    let id = old["run_id"].as_str().unwrap();
    let shown = world.cco(["status", "--json", "--run", id]).run().expect_code(0);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((&shown["run_id"], &shown["mission"]["title"]), (&old["run_id"], &old["mission"]["title"]));
    let history = world.cco(["history", "--json", "--run", id]).run().expect_code(0);
    assert!(history.stdout.contains("The first file is there"), "{}", history.stdout);
    world.cco(["status", "--run", "ffffffff"]).run().expect_code(2);
}

#[test]
fn a_run_that_was_killed_before_its_seal_does_not_go_on_with_another_mission() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.cco(["start", "--yes", "--no-wait"]).env("CCO_FAILPOINT", "after:2").run().expect_code(137);
    assert_eq!(world.status()["stage"], "preparing");
    let reworded = TWO.replace("test -e first.txt", "test -d .");
    for (mission, config, what) in [
        (ONE, STUB.to_owned(), "the mission"),
        (&reworded, STUB.to_owned(), "the mission"),
        (TWO, format!("{STUB}repository: {{ commit_frequency: per_phase }}\n"), "the configuration"),
    ] {
        world.repo.write(".cco/mission.yaml", mission);
        world.repo.write(".cco/config.yaml", &config);
        let told = world.start([]).expect_code(8);
        assert!(told.stderr.contains("--fresh") && told.stderr.contains(what), "{}", told.stderr);
    }
    world.repo.write(".cco/mission.yaml", TWO);
    world.repo.write(".cco/config.yaml", STUB);
    world.start([]).expect_code(0);
}

#[test]
fn a_stop_while_a_check_runs_ends_the_check_and_resume_runs_it_again() {
    let mission = "\
title: Slow
definition_of_done:
  - criteria: The slow check passes
    id: slow
    validator: \"test -e README.md || exit 1; touch $HOME/../begun; until [ -e $HOME/../go ]; do sleep 0.02; done; test -e made.txt\"
";
    let place = Place::new();
    let world = World::new(&place, mission, STUB, RIGHT);
    let daemon = world.live();
    world.wait_for_sign("begun");
    assert_eq!(world.status()["stage"], "verifying");
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    daemon.wait().expect_code(143);
    world.nothing_runs();
    world.give_sign("go");
    world.cco(["resume", "--yes"]).run().expect_code(0);
    assert_eq!(world.status()["iterations"], 1);
}

#[test]
fn a_stop_while_the_manager_is_asked_does_not_wait_for_the_answer() {
    let place = Place::new();
    let server = OpenRouter::start(vec![Reply::Hang]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    let daemon = world.cco(["start", "--yes"]).env("OPENROUTER_API_KEY", "sk-or-test").start();
    wait_until("the manager is asked", || (server.chats().len() == 1).then_some(()));
    world.cco(["stop", "--now"]).run().expect_code(0);
    daemon.wait().expect_code(3);
    server.script([plan("Asked again")]);
    with_key(world.cco(["resume", "--yes"])).expect_code(0);
    assert_eq!(world.status()["recent"][0]["title"], "Asked again");
}

#[test]
fn a_second_start_in_the_background_is_7_and_leaves_the_log_of_the_first() {
    let place = Place::new();
    let world = gated_one(&place);
    world.cco(["start", "--yes", "--detach"]).run().expect_code(0);
    world.wait_for_sign("begun");
    let log = || fs::read_to_string(world.state().join("daemon.log")).unwrap();
    let pid = world.wait_for_stage("working")["daemon"]["pid"].to_string();
    wait_until("the log tells of the work", || log().contains("working").then_some(()));
    let told = world.cco(["start", "--yes", "--detach"]).run().expect_code(7);
    assert!(told.stderr.contains(&pid) && told.stderr.contains("since 2"), "{}", told.stderr);
    assert!(log().contains("working"), "{}", log());
    world.cco(["stop", "--now"]).run().expect_code(0);
    world.nothing_runs();
}

#[test]
fn more_money_reaches_a_running_cco_and_a_mission_that_set_itself_a_budget() {
    let place = Place::new();
    let script = STEPS.replace("result: The first", "cost_usd: 0.5\n    result: The first");
    let world = World::new(&place, &format!("{TWO}budget: {{ usd: 0.4 }}\n"), STUB, &script);
    let daemon = world.live();
    let status = world.wait_for_stage("paused");
    assert_eq!(status["needs"][0]["commands"][0], "cco resume --budget DOLLARS", "{status}");
    let told = world.cco(["start", "--yes", "--budget", "4"]).run().expect_code(7);
    assert!(told.stderr.contains("cco resume --budget"), "{}", told.stderr);
    world.cco(["resume", "--time-limit", "1h"]).run().expect_code(2);
    world.cco(["resume", "--budget", "4"]).run().expect_code(0);
    daemon.wait().expect_code(0);
    assert_eq!(world.status()["cost"]["budget_usd"], 4.0);

    world.start(["--fresh"]).expect_code(0);
    let place = Place::new();
    let world = World::new(&place, &format!("{TWO}budget: {{ usd: 0.4 }}\n"), STUB, &script);
    world.start([]).expect_code(5);
    world.cco(["resume", "--yes", "--no-wait", "--budget", "4"]).run().expect_code(0);
}

#[test]
fn what_is_said_while_nobody_works_waits_in_the_journal_for_the_next_start() {
    let mission = "\
title: Looks
definition_of_done:
  - { criteria: It looks good, id: looks, validator: { manual: Look at it } }
";
    let place = Place::new();
    let script = "scenes: [{ steps: [{ write: { path: page.html, content: bright } }], result: Brighter now. }]\n";
    let world = World::new(&place, mission, STUB, script);
    world.cco(["guide", "too early"]).run().expect_code(2);
    world.start([]).expect_code(4);
    let cost = world.status()["cost"].clone();
    let told = world.cco(["reject", "looks", "-m", "too dark"]).run().expect_code(0);
    assert!(told.stderr.contains("cco resume"), "{}", told.stderr);
    world.cco(["guide", "listen on port 31337"]).run().expect_code(0);
    world.cco(["approve", "nonsense"]).run().expect_code(2);
    assert_eq!(world.status()["cost"], cost, "nothing is reserved for what nobody does");
    world.start([]).expect_code(4);
    assert_eq!(world.repo.read("page.html"), "bright");
    let attempts = crate::world::files(&world.state().join("attempts"));
    let prompts: Vec<_> = attempts.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    for said in ["too dark", "port 31337"] {
        assert!(prompts.iter().any(|text| text.contains(said)), "{said}");
    }
    world.cco(["approve", "looks"]).run().expect_code(0);
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
    let done = world.cco(["guide", "one more thing"]).run().expect_code(2);
    assert!(done.stderr.contains("done and proven"), "{}", done.stderr);
}
