//! What checks cost that need not run, and what it takes to bring the kept checkout to the next tree.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use cco::repo::{Environment, Options, Repo};

use crate::machine::Machine;
use crate::mission::{Checks, Mission, Works};
use crate::table::{Table, ms, spread};

/// Iterations that are measured; the first ones run the checks.
const ITERATIONS: usize = 12;
/// Files of the repository whose checks name their inputs.
const FILES: usize = 1_000;
/// Files of the large one.
const MANY: usize = 50_000;

pub(crate) fn measure(table: &mut Table, _machine: &Machine) {
    let same = found(Works::Nothing);
    table.row("50 checks where the tree did not change", "≤ 5 ms in all", "", same);
    let other = found(Works::File);
    table.row("50 checks where the tree changed and their inputs did not, 1,000 files", "≤ 50 ms in all", "", other);
    kept_checkout(table);
}

/// What fifty checks take beyond one.
fn found(works: Works) -> String {
    let [one, fifty] = [Checks::OneOfInputs, Checks::FiftyOfInputs].map(|checks| {
        let mission = Mission::new(FILES, checks);
        mission.work_so(&[], works);
        mission.run(ITERATIONS);
        let times = mission.between("snapshotted", "verified");
        spread(times.into_iter().skip(2).collect()).0
    });
    format!("{} beyond one check's {}", ms(fifty.saturating_sub(one)), ms(one))
}

/// After a change of ten files, beside what git's own second work tree takes in the same run.
fn kept_checkout(table: &mut Table) {
    let mission = Mission::new(MANY, Checks::One);
    let environment = Environment::select(std::env::vars_os());
    let repo = Repo::open(&Options { start: &mission.repo(), environment }).unwrap();
    repo.prepare().unwrap();
    let kept = mission.path("kept");
    repo.update_kept(&repo.snapshot().unwrap().tree, &kept).unwrap();
    let times: Vec<Duration> = (0..7)
        .map(|n| {
            for file in 0..10 {
                fs::write(mission.repo().join(format!("src/{file:03}/{}.txt", file * 100)), format!("{n}\n")).unwrap();
            }
            let tree = repo.snapshot().unwrap().tree;
            let begun = Instant::now();
            repo.update_kept(&tree, &kept).unwrap();
            begun.elapsed()
        })
        .collect();
    let worktrees: Vec<Duration> = (0..3)
        .map(|n| {
            let begun = Instant::now();
            let into = mission.path(&format!("worktree{n}"));
            let mut git = Command::new("git");
            git.args(["worktree", "add", "-q", "--detach"]).arg(into).current_dir(mission.repo());
            assert!(git.status().unwrap().success());
            begun.elapsed()
        })
        .collect();
    let (half, worktree) = (spread(times).0, spread(worktrees).0);
    let share = half.as_secs_f64() / worktree.as_secs_f64();
    table.row(
        "bringing the kept checkout of 50,000 files to the next tree after a change of 10",
        "≤ 400 ms and ≤ 0.33 of `git worktree add`",
        "",
        format!("{}, {share:.2} of {}", ms(half), ms(worktree)),
    );
}
