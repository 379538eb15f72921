//! The death of the daemon, of the supervisor, and what the next daemon does.
//!
//! The daemon that dies is this test binary itself, started again for the one ignored test that plays it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use cco::process::{Error, Status, Supervisor, settle, sweep};

use crate::support::{Bench, CCO, RUNAWAY_COUNT, RUNAWAYS, fifo, read, runaways_are_up};

const ROLE: &str = "CCO_TEST_DAEMON";

/// Plays a daemon: starts the script it is given and waits for its death.
#[tokio::test]
#[ignore = "a role that other tests start"]
async fn play_the_daemon() {
    let role = std::env::var(ROLE).unwrap();
    let [dir, marker, grace_ms, script] = role.splitn(4, '\n').collect::<Vec<_>>().try_into().unwrap();
    let bench = Bench::new();
    let mut command = bench.shell(script);
    command.cwd = dir.into();
    command.dir = std::path::Path::new(dir).join("attempt");
    command.marker = marker.to_owned();
    command.orphan_grace = Duration::from_millis(grace_ms.parse().unwrap());
    let mut process = Supervisor::new(CCO).durable().spawn(&command).await.unwrap();
    process.wait().await.unwrap();
}

fn daemon(bench: &Bench, orphan_grace: Duration, script: &str) -> Child {
    let role =
        [bench.dir.path().to_str().unwrap(), &bench.marker, &orphan_grace.as_millis().to_string(), script].join("\n");
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["daemon::play_the_daemon", "--exact", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn nothing_runs_on_two_seconds_after_the_daemon_was_killed() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    let mut daemon =
        daemon(&bench, Duration::ZERO, &format!("{RUNAWAYS}\n trap '' TERM; while :; do sleep 0.05; done"));
    runaways_are_up(&bench).await;
    let before = bench.carriers().len();
    assert!(before > RUNAWAY_COUNT + 1, "the supervisor, the program and its tools carry the marker: {before}");
    kill(&mut daemon);
    let killed = Instant::now();
    while !bench.carriers().is_empty() {
        assert!(killed.elapsed() < Duration::from_secs(20), "{:?} are left", bench.carriers());
        tokio::task::yield_now().await;
    }
    // Two seconds is the promise (I8); a machine under load gets more before the test calls it broken.
    assert!(killed.elapsed() < Duration::from_secs(8), "{:?}", killed.elapsed());
    let exit = settle(&bench.attempt()).await.unwrap().unwrap();
    assert_eq!(exit.status, Status::Signal(9));
    assert!(exit.swept as usize >= RUNAWAY_COUNT);
}

#[tokio::test]
async fn a_result_that_comes_after_the_daemons_death_is_there_for_the_next_one() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    fifo(&bench.dir.path().join("go"));
    let mut daemon = daemon(&bench, Duration::from_secs(600), "echo up > ready; read _ < go; echo result; exit 5");
    read(bench.dir.path().join("ready")).await;
    kill(&mut daemon);
    let attempt = bench.attempt();
    let settled = tokio::spawn(async move { settle(&attempt).await });
    let go = bench.dir.path().join("go");
    tokio::task::spawn_blocking(move || std::fs::write(go, "\n").unwrap()).await.unwrap();
    let exit = settled.await.unwrap().unwrap().unwrap();
    assert_eq!(exit.status, Status::Code(5));
    assert_eq!(std::fs::read_to_string(bench.attempt().join("stdout")).unwrap(), "result\n");
}

#[tokio::test]
async fn a_killed_supervisor_is_noticed_and_its_tree_swept() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    let mut process = bench.start(&bench.shell(&format!("{RUNAWAYS}\n sleep 1000"))).await;
    runaways_are_up(&bench).await;
    let supervisor = nix::unistd::Pid::from_raw(process.supervisor_pid().unwrap().cast_signed());
    nix::sys::signal::kill(supervisor, nix::sys::signal::Signal::SIGKILL).unwrap();
    let error = process.wait().await.unwrap_err();
    assert!(matches!(error, Error::Lost { swept, .. } if swept as usize > RUNAWAY_COUNT), "{error}");
    assert_eq!(bench.carriers(), Vec::<u32>::new());
}

#[tokio::test]
async fn a_sweep_ends_what_a_dead_supervisor_left_and_nothing_else() {
    let (bench, other) = (Bench::new(), Bench::new());
    for bench in [&bench, &other] {
        fifo(&bench.dir.path().join("ready"));
    }
    let _dead = bench.start(&bench.shell("echo up > ready; sleep 1000")).await;
    let mut living = other.start(&other.shell("echo up > ready; sleep 1000")).await;
    read(bench.dir.path().join("ready")).await;
    read(other.dir.path().join("ready")).await;
    let marker = bench.marker.clone();
    assert!(tokio::task::spawn_blocking(move || sweep(&marker)).await.unwrap().unwrap() >= 2);
    assert_eq!(bench.carriers(), Vec::<u32>::new());
    assert!(!other.carriers().is_empty());
    living.stop(cco::process::Stop::Kill).await;
    living.wait().await.unwrap();
}

#[tokio::test]
async fn an_identity_of_another_process_is_left_alone() {
    let bench = Bench::new();
    std::fs::create_dir(bench.attempt()).unwrap();
    // The pid is alive (it is this test), the start time is not its own: a recycled pid.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let identity = format!(
        r#"{{"version":1,"boot_id":"{}","pid":{},"start":1,"marker":"{}"}}"#,
        boot.trim(),
        std::process::id(),
        bench.marker
    );
    std::fs::write(bench.attempt().join("identity.json"), identity).unwrap();
    assert_eq!(settle(&bench.attempt()).await.unwrap(), None);
}
