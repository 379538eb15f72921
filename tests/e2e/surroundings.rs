//! What the machine does to a mission: full disks, readers that leave, a damaged journal, a `claude` of another kind.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};

use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::{Finished, Place};
use crate::world::{IDLE, ONE, STEPS, STUB, TWO, World};

/// A call of `cco` through a shell.
fn by_shell(world: &World<'_>, script: &str) -> Program {
    let script = script.replace("CCO", env!("CARGO_BIN_EXE_cco"));
    let bash = world.place.program("bash".as_ref()).args(["-c", &script]).within(world.repo.folder());
    let worker = world.place.root().join("worker.yaml");
    bash.env("CCO_STUB_SCRIPT", worker.to_str().unwrap()).env("CCO_STUB_PACE", "0")
}

#[test]
fn a_disk_that_takes_no_more_stops_it_without_harm() {
    // A limit on the size of files stands for the full disk: each write beyond it fails, and kills nobody.
    let mut codes = Vec::new();
    for blocks in [0, 1, 4, 8, 64] {
        let place = Place::new();
        let world = World::new(&place, TWO, STUB, STEPS);
        let told = by_shell(&world, &format!("trap '' XFSZ; ulimit -f {blocks}; CCO start --yes --no-wait")).run();
        assert!([0, 9].contains(&told.code()), "{blocks} KiB: {}\n{}", told.code(), told.stderr);
        codes.push(told.code());
        assert!(!told.stderr.contains("panicked"), "{}", told.stderr);
        world.nothing_runs();
        world.start([]).expect_code(0);
        assert_eq!(world.status()["outcome"], "done", "{blocks} KiB");
        assert_eq!(world.repo.status(), "");
    }
    assert!(codes.iter().filter(|code| **code == 9).count() > 1, "the limits were met: {codes:?}");
}

#[test]
fn an_init_that_cannot_write_leaves_nothing_and_can_be_repeated() {
    let place = Place::new();
    let world = World::around(&place, place.repository("project"), IDLE);
    by_shell(&world, "trap '' XFSZ; ulimit -f 0; CCO init --yes").run().expect_code(9);
    assert!(!world.repo.has(".cco/mission.yaml") && !world.repo.has(".cco/config.yaml"));
    world.cco(["init", "--yes"]).run().expect_code(0);
    assert!(world.repo.has(".cco/mission.yaml") && world.repo.has(".cco/config.yaml"));
    world.cco(["init", "--yes"]).run().expect_code(2);
    let told = world.cco(["start", "--no-wait"]).run();
    assert_ne!(told.code(), 1, "what init proposes can be read: {}", told.stderr);
}

#[test]
fn a_mission_goes_on_when_whoever_watched_it_leaves() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    let script = "{ CCO start --yes --no-wait; echo $? > ../code; } 2>&1 | head -n 1; cat ../code";
    let told = by_shell(&world, script).run().expect_code(0);
    assert_eq!(told.stdout.lines().last(), Some("0"), "{}", told.stdout);
    assert_eq!(world.status()["outcome"], "done");
}

#[test]
fn a_torn_end_of_the_journal_is_dropped_and_a_torn_middle_is_refused() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.start(["--max-iterations", "1"]).expect_code(6);
    let journal = world.state().join("journal");
    OpenOptions::new().append(true).open(&journal).unwrap().write_all(b"{\"v\":1,\"seq\":").unwrap();
    world.cco(["resume", "--yes", "--no-wait", "--max-iterations", "9"]).run().expect_code(0);

    let mut file = OpenOptions::new().write(true).open(&journal).unwrap();
    let middle = fs::metadata(&journal).unwrap().len() / 2;
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(b"#####").unwrap();
    for command in [vec!["start", "--yes"], vec!["resume", "--yes"], vec!["history"]] {
        let told = world.cco(command).run().expect_code(9);
        assert!(told.stderr.contains("CCO-E0560"), "{}", told.stderr);
    }
    assert!(world.repo.has("second.txt"));
}

#[test]
fn lost_restore_points_are_made_anew_from_the_journal() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    world.start(["--max-iterations", "1"]).expect_code(6);
    fs::remove_dir_all(world.state().join("db")).unwrap();
    world.cco(["resume", "--yes", "--no-wait", "--max-iterations", "9"]).run().expect_code(0);
    assert_eq!(world.status()["iterations"], 2);
}

/// Runs [`ONE`] with a `claude` that does these steps.
fn with_claude(world: &World<'_>, steps: &Value, command: &str, more: &[&str]) -> Finished {
    let script = world.sign("claude.json");
    fs::write(&script, steps.to_string()).unwrap();
    let cco = world.cco([command, "--yes", "--no-wait"]).args(more.iter().copied());
    let cco = cco.env("FAKE_CLAUDE", script.to_str().unwrap()).env("OPENROUTER_API_KEY", "");
    cco.env("ANTHROPIC_API_KEY", "sk-ant-canary").env("GITHUB_TOKEN", "ghp-canary").run()
}

fn claude_config() -> String {
    let fake = env!("CARGO_BIN_EXE_fake-claude");
    format!("orchestrator: {{ manager: checklist }}\nclaude_code: {{ path: {fake}, pass_env: [FAKE_CLAUDE] }}\n")
}

fn transcript(name: &str) -> Value {
    json!({ "replay": format!("{}/tests/fixtures/transcripts/{name}.ndjson", env!("CARGO_MANIFEST_DIR")) })
}

#[test]
fn a_claude_that_does_the_work_gets_what_it_needs_and_no_secret_of_others() {
    let place = Place::new();
    let world = World::new(&place, ONE, &claude_config(), IDLE);
    let given = world.sign("given.json");
    let steps = json!([{ "record": given }, { "run": "echo right > made.txt" }, transcript("t1_basic")]);
    with_claude(&world, &steps, "start", &[]).expect_code(0);
    assert_eq!(world.status()["outcome"], "done");
    let given: Value = serde_json::from_slice(&fs::read(given).unwrap()).unwrap();
    assert_eq!(given["env"]["ANTHROPIC_API_KEY"], "sk-ant-canary");
    for name in ["GITHUB_TOKEN", "OPENROUTER_API_KEY"] {
        assert!(given["env"].get(name).is_none(), "{name}");
    }
    assert!(given["stdin"].as_str().unwrap().contains("The file is right"));
    assert!(!given["argv"].to_string().contains("canary"));
}

#[test]
fn a_claude_whose_key_is_refused_pauses_with_9() {
    let place = Place::new();
    let world = World::new(&place, ONE, &claude_config(), IDLE);
    with_claude(&world, &json!([transcript("f_401"), { "exit": 1 }]), "start", &[]).expect_code(9);
    let status = world.status();
    assert_eq!(status["needs"][0]["kind"], "credentials", "{status}");
}

#[test]
fn a_claude_that_only_says_it_is_done_is_not_believed() {
    let place = Place::new();
    let config = claude_config().replace("checklist }", "checklist, stall_after: 2, on_stall: stop }");
    let world = World::new(&place, ONE, &config, IDLE);
    with_claude(&world, &json!([transcript("t1_basic")]), "start", &[]).expect_code(6);
    assert_eq!(world.status()["tally"]["met"], 0);
}

#[test]
fn a_closed_usage_window_is_waited_for_and_with_no_wait_it_is_75() {
    let place = Place::new();
    let world = World::new(&place, ONE, &claude_config(), IDLE);
    let limited = transcript("g_oauth_limit");
    with_claude(&world, &json!([limited, { "exit": 1 }]), "start", &["--max-wait", "1s"]).expect_code(75);
    let status = world.status();
    assert_eq!(status["stage"], "waiting", "{status}");
    assert!(status["waiting"]["seconds_left"].as_u64().is_some(), "{status}");
    assert_eq!(status["iterations"], 1);
    // A person who resumes does not wait for the clock: the window may have been opened by hand.
    let works = json!([{ "run": "echo right > made.txt" }, transcript("t1_basic")]);
    with_claude(&world, &works, "resume", &["--max-wait", "1s"]).expect_code(0);
    assert_eq!(world.status()["iterations"], 1, "a wait is no iteration");
}
