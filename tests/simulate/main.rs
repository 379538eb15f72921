//! The simulator: the pure core against a scripted, seeded world, with a crash at every step (design section 7).
//!
//! One seed is one history: worker, manager, checks, clock and operator draw everything from it. After every event the
//! session must equal the fold of the journal, and the invariants must hold; a failing seed prints the line that
//! replays it. `CCO_SIM_SEEDS` sets how many seeds run, `CCO_SIM_SEED` picks one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may unwrap, print and be told by the environment"
)]

#[path = "../support/draw.rs"]
mod draw;
mod invariants;
mod run;
mod world;

use run::{Crashes, Ending, simulate};
use world::Weather;

/// Seeds in an ordinary test run; a few seconds even without optimisation.
const SEEDS: u64 = 3_000;
/// Seeds whose every step is crashed once; each costs as many runs as it has steps.
const EXHAUSTIVE: u64 = 60;

fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("CCO_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CCO_SIM_SEEDS").unwrap_or(default),
    }
}

/// Runs one seed and, if it panics, says how to replay it.
fn replayable<T>(seed: u64, test: &str, body: impl FnOnce() -> T + std::panic::UnwindSafe) -> T {
    match std::panic::catch_unwind(body) {
        Ok(value) => value,
        Err(cause) => {
            eprintln!("replay with: CCO_SIM_SEED={seed} cargo test --test simulate {test} -- --nocapture");
            std::panic::resume_unwind(cause)
        }
    }
}

#[test]
fn every_history_keeps_the_invariants() {
    let mut done = 0;
    let all = seeds(SEEDS);
    let count = all.end - all.start;
    for seed in all {
        let end =
            replayable(seed, "every_history_keeps_the_invariants", || simulate(seed, Weather::Rough, &Crashes::None));
        done += u64::from(end.ending == Ending::Done);
    }
    // A world in which next to nothing is ever finished would test next to nothing.
    assert!(count < 100 || done * 2 > count, "only {done} of {count} histories end done");
}

#[test]
fn a_daemon_that_dies_now_and_then_loses_nothing() {
    for seed in seeds(SEEDS) {
        replayable(seed, "a_daemon_that_dies_now_and_then_loses_nothing", || {
            simulate(seed, Weather::Rough, &Crashes::Sometimes)
        });
    }
}

#[test]
fn criteria_that_contradict_each_other_are_never_done_and_mostly_found_out() {
    let mut stopped = 0;
    let all = seeds(SEEDS / 10);
    let count = all.end - all.start;
    for seed in all {
        let end = replayable(seed, "criteria_that_contradict_each_other", || {
            simulate(seed, Weather::Contradictory, &Crashes::Sometimes)
        });
        assert_ne!(end.ending, Ending::Done, "seed {seed}");
        stopped += u64::from(end.ending == Ending::Stopped);
    }
    // The others ran out of iterations, or of people.
    assert!(count < 100 || stopped * 2 > count, "only {stopped} of {count} histories are stopped");
}

#[test]
fn a_crash_at_any_one_step_ends_as_the_uninterrupted_run() {
    for seed in seeds(EXHAUSTIVE) {
        replayable(seed, "a_crash_at_any_one_step_ends_as_the_uninterrupted_run", || {
            let clean = simulate(seed, Weather::Calm, &Crashes::None);
            for step in 0..clean.steps {
                for crash in [Crashes::BeforeEffect(step), Crashes::DuringEffect(step), Crashes::AfterEffect(step)] {
                    let crashed = simulate(seed, Weather::Calm, &crash);
                    assert_eq!(crashed.ending, clean.ending, "seed {seed}, {crash:?}");
                    // Without a budget that the lost attempt could exhaust, the work itself is the same too (I7).
                    assert_eq!(crashed.tree, clean.tree, "seed {seed}, {crash:?}");
                    assert_eq!(crashed.held, clean.held, "seed {seed}, {crash:?}");
                }
            }
        });
    }
}
