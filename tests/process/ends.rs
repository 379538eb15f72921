//! How a tree comes to its end.

use std::time::{Duration, Instant};

use cco::process::{Error, Status, Stdin, Stop, Supervisor, finished};

use crate::support::{Bench, CCO, RUNAWAY_COUNT, RUNAWAYS, fifo, read, runaways_are_up};

#[tokio::test]
async fn the_exit_code_is_recorded_and_stays_readable() {
    let bench = Bench::new();
    let exit = bench.start(&bench.shell("echo out; echo err >&2; exit 7")).await.wait().await.unwrap();
    assert_eq!((exit.status, exit.timed_out, exit.swept, exit.output_cut), (Status::Code(7), false, 0, false));
    assert_eq!(std::fs::read_to_string(bench.attempt().join("stdout")).unwrap(), "out\n");
    assert_eq!(std::fs::read_to_string(bench.attempt().join("stderr")).unwrap(), "err\n");
    assert_eq!(finished(&bench.attempt()).unwrap(), Some(exit));
}

#[tokio::test]
async fn a_signal_is_not_an_exit_code() {
    let bench = Bench::new();
    let exit = bench.start(&bench.shell("kill -9 $$")).await.wait().await.unwrap();
    assert_eq!(exit.status, Status::Signal(9));
}

const COUNT: &str = "ls /proc/self/fd | wc -l";

#[tokio::test]
async fn nothing_is_inherited_but_what_was_given() {
    let bench = Bench::new();
    let mut command = bench.shell(&format!("env; cat; pwd; {COUNT}"));
    command.env.push(("GIVEN".into(), "yes".into()));
    std::fs::write(bench.dir.path().join("input"), "from the file\n").unwrap();
    command.stdin = Stdin::File(bench.dir.path().join("input"));
    bench.start(&command).await.wait().await.unwrap();
    let out = std::fs::read_to_string(bench.attempt().join("stdout")).unwrap();
    let names: Vec<&str> = out.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    for name in &names {
        assert!(["PATH", "GIVEN", "CCO_RUN", "PWD", "OLDPWD", "SHLVL", "_"].contains(name), "{name} leaked");
    }
    assert!(names.contains(&"GIVEN") && out.contains("from the file\n"));
    assert!(out.contains(&format!("\n{}\n", bench.dir.path().display())));
    // 0, 1, 2 and the one `ls` opens itself. This test is started by a build tool that leaves pipes open.
    assert!(out.ends_with("\n4\n"), "a descriptor leaked: {out}");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_that_names_it() {
    let bench = Bench::new();
    let mut command = bench.shell("");
    command.argv = vec!["no-such-program".into()];
    let error = Supervisor::new(CCO).spawn(&command).await.unwrap_err();
    assert!(matches!(&error, Error::Start { program, .. } if program == "no-such-program"), "{error}");
    command.argv = vec!["/etc/passwd".into()];
    let error = Supervisor::new(CCO).spawn(&command).await.unwrap_err();
    assert!(error.to_string().contains("ermission denied"), "{error}");
}

#[tokio::test]
async fn a_polite_stop_reaches_the_program_alone_and_lets_it_clean_up() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    let script = "trap 'echo cleaned; exit 3' TERM; echo up > ready; while :; do sleep 0.1; done";
    let mut process = bench.start(&bench.shell(script)).await;
    read(bench.dir.path().join("ready")).await;
    process.stop(Stop::Polite).await;
    let exit = process.wait().await.unwrap();
    assert_eq!(exit.status, Status::Code(3));
    assert_eq!(std::fs::read_to_string(process.stdout_path()).unwrap(), "cleaned\n");
}

#[tokio::test]
async fn a_program_that_ignores_the_polite_stop_is_killed_after_the_grace() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    let mut command = bench.shell("trap '' TERM; echo up > ready; while :; do sleep 0.1; done");
    command.grace = Duration::from_millis(300);
    let mut process = bench.start(&command).await;
    read(bench.dir.path().join("ready")).await;
    let asked = Instant::now();
    process.stop(Stop::Polite).await;
    let exit = process.wait().await.unwrap();
    assert_eq!(exit.status, Status::Signal(9));
    assert!(asked.elapsed() >= command.grace);
    assert_eq!(bench.carriers(), Vec::<u32>::new());
}

#[tokio::test]
async fn a_program_without_a_shell_is_started_with_no_signal_blocked() {
    // Shells clear the mask they inherit, so a mask that is passed on shows only in other programs.
    let bench = Bench::new();
    let mut command = bench.shell("");
    command.argv = ["grep", "SigBlk", "/proc/self/status"].map(Into::into).to_vec();
    let mut process = bench.start(&command).await;
    process.wait().await.unwrap();
    assert_eq!(std::fs::read_to_string(process.stdout_path()).unwrap(), "SigBlk:\t0000000000000000\n");
}

#[tokio::test]
async fn a_kill_waits_for_nothing() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    let mut command = bench.shell("trap '' TERM; echo up > ready; while :; do sleep 0.1; done");
    command.grace = Duration::from_secs(3600);
    let mut process = bench.start(&command).await;
    read(bench.dir.path().join("ready")).await;
    process.stop(Stop::Polite).await;
    process.stop(Stop::Kill).await;
    assert_eq!(process.wait().await.unwrap().status, Status::Signal(9));
}

#[tokio::test]
async fn time_up_is_recorded_as_such() {
    let bench = Bench::new();
    let mut command = bench.shell("sleep 1000");
    command.timeout = Some(Duration::from_millis(200));
    let exit = bench.start(&command).await.wait().await.unwrap();
    assert!(exit.timed_out);
    assert_eq!(exit.status, Status::Signal(15));
    assert_eq!(bench.carriers(), Vec::<u32>::new());
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    fifo(&bench.dir.path().join("go"));
    let script = format!("{RUNAWAYS}\n read _ < go; exit 0");
    let mut process = bench.start(&bench.shell(&script)).await;
    runaways_are_up(&bench).await;
    assert!(bench.carriers().len() > RUNAWAY_COUNT);
    std::fs::write(bench.dir.path().join("go"), "\n").unwrap();
    let exit = process.wait().await.unwrap();
    assert_eq!(exit.status, Status::Code(0));
    assert_eq!(exit.swept as usize, RUNAWAY_COUNT);
    assert_eq!(bench.carriers(), Vec::<u32>::new());
}

#[tokio::test]
async fn dropping_the_handle_ends_the_tree() {
    let bench = Bench::new();
    fifo(&bench.dir.path().join("ready"));
    fifo(&bench.dir.path().join("end"));
    // The writing end closes when the last process of the tree has ended, which is what the read waits for.
    let process = bench.start(&bench.shell("exec 3> end; echo up > ready; sleep 1000")).await;
    let ended = tokio::spawn(read(bench.dir.path().join("end")));
    read(bench.dir.path().join("ready")).await;
    drop(process);
    assert_eq!(ended.await.unwrap(), "");
}
