//! The crowd: a seeded population of workers, honest and not, each on a mission of its own with the whole real program,
//! and a judge who shares nothing with the checks.
//!
//! The one law that is tested: **whenever cco says done, it is true.** And the others: who works gets there, who does not
//! is not waited for without end. `CCO_CROWD` sets how many missions run, `CCO_CROWD_SEED` picks one; a failing one
//! prints the line that replays it. The figures stand in `docs/trust.md`; `CCO_UPDATE=1` writes them anew.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may unwrap and print, and it owns the programs, files and environment it needs"
)]

#[path = "../support/draw.rs"]
mod draw;
#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, unused_imports, reason = "each test binary uses its own part of the support")]
#[path = "../support/mod.rs"]
mod support;

mod figures;
mod run;
mod task;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use run::Told;

/// Missions of an ordinary test run, and of the figures.
const MISSIONS: u64 = 208;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// Runs the missions of these seeds, a few at a time; those that failed are named at the end, all of them.
fn run_all(seeds: std::ops::Range<u64>) -> Vec<Told> {
    let next = AtomicU64::new(seeds.start);
    let told = Mutex::new(Vec::new());
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from) + 1;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| run::mission(seed))) {
                        Ok(one) => told.lock().unwrap().push(one),
                        Err(_) => failed.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    for seed in &failed {
        eprintln!("replay with: CCO_CROWD_SEED={seed} cargo test --test crowd -- --nocapture");
    }
    assert!(failed.is_empty(), "{} missions failed: {failed:?}", failed.len());
    told.into_inner().unwrap()
}

#[test]
fn whenever_cco_says_done_it_is_true() {
    if let Some(seed) = number("CCO_CROWD_SEED") {
        eprintln!("{:?}", run::mission(seed));
        return;
    }
    let count = number("CCO_CROWD").unwrap_or(MISSIONS);
    let told = run_all(0..count);
    let table = figures::table(&told);
    eprintln!("{table}");
    if count == MISSIONS {
        figures::assert_committed(&table);
    }
}
