//! What a daemon holds on to over many iterations, and what it does while there is nothing to do.

use std::fs;
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::machine::Machine;
use crate::mission::{Checks, Mission};
use crate::table::Table;

const ITERATIONS: usize = 1_000;
/// When memory is looked at for the first time: caches are warm by then.
const EARLY: usize = 100;
/// How long an idle daemon is watched.
const IDLE: Duration = Duration::from_secs(10);

pub(crate) fn measure(table: &mut Table, _machine: &Machine) {
    let mission = Mission::new(20, Checks::One);
    let mut daemon = mission.start(ITERATIONS * 2, &[]);
    reach(&mission, &mut daemon, EARLY);
    let early = pss(&daemon);
    reach(&mission, &mut daemon, ITERATIONS);
    let late = pss(&daemon);
    table.row(
        "memory of the daemon (PSS) after 1,000 iterations",
        "≤ 24 MB, and flat",
        "11.6 MB",
        format!("{} MB; after {EARLY} iterations {} MB", mb(late), mb(early)),
    );
    mission.cco(&["pause"]);
    settled(&daemon);
    let before = ticks(&daemon);
    std::thread::sleep(IDLE);
    let spent = ticks(&daemon) - before;
    table.row(
        "an idle (paused) daemon's processor time",
        "none",
        "",
        format!("{spent} ticks of 10 ms in {} s", IDLE.as_secs()),
    );
    kill(pid(&daemon), Signal::SIGTERM).unwrap();
    daemon.wait().unwrap();
}

fn reach(mission: &Mission, daemon: &mut Child, iterations: usize) {
    while mission.stamps("ended").len() < iterations {
        assert!(daemon.try_wait().unwrap().is_none(), "{}", fs::read_to_string(mission.path("log")).unwrap());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the daemon has been quiet for a second.
fn settled(daemon: &Child) {
    let mut before = ticks(daemon);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = ticks(daemon);
        if now <= before {
            return;
        }
        before = now;
    }
}

fn pid(daemon: &Child) -> Pid {
    Pid::from_raw(daemon.id().cast_signed())
}

fn proc(daemon: &Child, file: &str) -> String {
    fs::read_to_string(format!("/proc/{}/{file}", daemon.id())).unwrap()
}

/// Kilobytes that are the daemon's, shared pages counted by share.
fn pss(daemon: &Child) -> u64 {
    let found = proc(daemon, "smaps_rollup");
    let line = found.lines().find(|line| line.starts_with("Pss:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn mb(kilobytes: u64) -> String {
    format!("{:.1}", kilobytes as f64 / 1024.0)
}

/// Processor time of all threads so far, user and system.
fn ticks(daemon: &Child) -> u64 {
    let stat = proc(daemon, "stat");
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    [11, 12].map(|at| fields[at].parse::<u64>().unwrap()).iter().sum()
}
