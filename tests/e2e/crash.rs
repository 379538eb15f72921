//! The crash matrix, small: the daemon is killed on both sides of each record of its journal, and whoever resumes ends
//! where the uninterrupted run did.

use std::fs;
use std::thread;

use serde_json::Value;

use crate::manager::{config, plan, with_key};
use crate::openrouter::OpenRouter;
use crate::support::Place;
use crate::world::{ONE, RIGHT, STEPS, TWO, World};

const CONFIG: &str = "\
orchestrator: { manager: checklist, execution_mode: stub }
repository: { commit_frequency: per_iteration }
";

/// What must be the same however often the daemon died on the way.
#[derive(Debug, PartialEq)]
struct Outcome {
    tree: String,
    states: Vec<(String, String)>,
    iterations: u64,
    /// The iteration that each commit names, newest first.
    commits: Vec<String>,
    clean: bool,
    kept: bool,
}

/// Work that costs, so that there is a ledger to compare.
fn script() -> String {
    STEPS.replace("    result:", "    cost_usd: 0.25\n    result:")
}

fn outcome(world: &World<'_>, status: &Value) -> Outcome {
    let states = status["criteria"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let trailers = world.repo.git(["log", "--format=%(trailers:key=Cco-Iteration,valueonly)", "main..cco/two-files"]);
    Outcome {
        tree: world.repo.git(["rev-parse", "cco/two-files^{tree}"]),
        states: states.map(|one| (text(&one["id"]), text(&one["state"]))).collect(),
        iterations: status["iterations"].as_u64().unwrap(),
        commits: trailers.split_whitespace().map(str::to_owned).collect(),
        clean: world.repo.status().is_empty(),
        kept: status["outcome"] == "done",
    }
}

fn records(world: &World<'_>) -> usize {
    fs::read_to_string(world.state().join("journal")).unwrap().lines().count()
}

fn micros(status: &Value) -> u64 {
    (status["cost"]["total_usd"].as_f64().unwrap() * 1e6).round() as u64
}

/// Kills a daemon at a failpoint, resumes, and says what differs from the run that nobody killed.
fn killed_at(point: &str, whole: &Outcome, cost: u64) -> Option<String> {
    let place = Place::new();
    let world = World::new(&place, TWO, CONFIG, &script());
    let died = world.cco(["start", "--yes", "--no-wait"]).env("CCO_FAILPOINT", point).run();
    if died.code() != 137 {
        return Some(format!("{point}: it was not killed but ended with {}\n{}", died.code(), died.stderr));
    }
    world.nothing_runs();
    // The first record is written before the failpoint is armed: there is always a run to go on with.
    let resumed = world.cco(["resume", "--yes", "--no-wait"]).run();
    if resumed.code() != 0 {
        return Some(format!("{point}: resume ended with {}\n{}", resumed.code(), resumed.stderr));
    }
    let status = world.status();
    let now = outcome(&world, &status);
    world.nothing_runs();
    let spent = micros(&status);
    (now != *whole || spent < cost).then(|| format!("{point}: {now:?}, {spent} spent, not {whole:?} and {cost}"))
}

#[test]
fn killed_on_either_side_of_any_record_it_ends_as_it_would_have() {
    let place = Place::new();
    let world = World::new(&place, TWO, CONFIG, &script());
    world.start([]).expect_code(0);
    let status = world.status();
    let (whole, cost, records) = (outcome(&world, &status), micros(&status), records(&world));
    assert_eq!((whole.commits.as_slice(), cost), (["2".to_owned(), "1".to_owned()].as_slice(), 500_000));
    assert!(records > 15, "{records} records");
    let points = (2..=records).flat_map(|record| [format!("before:{record}"), format!("after:{record}")]);
    check_each(&points.collect::<Vec<_>>(), |point| killed_at(point, &whole, cost));
}

/// Checks every point, two at a time, and fails with all that is wrong.
fn check_each(points: &[String], wrong_at: impl Fn(&str) -> Option<String> + Sync) {
    let half =
        |which: usize| points.iter().skip(which).step_by(2).filter_map(|point| wrong_at(point)).collect::<Vec<_>>();
    let wrong = thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        [half(0), other.join().unwrap()].concat()
    });
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), points.len(), wrong.join("\n"));
}

/// A run of [`ONE`] under a model, perhaps killed on the way; the requests it made, and what it says of its cost.
fn paid(point: Option<&str>) -> Result<(usize, u64), String> {
    let place = Place::new();
    let server = OpenRouter::start(vec![plan("Write it")]);
    let world = World::new(&place, ONE, &config(&server), RIGHT);
    if let Some(point) = point {
        let died = with_key(world.cco(["start", "--yes", "--no-wait"]).env("CCO_FAILPOINT", point));
        if died.code() != 137 {
            return Err(format!("{point}: it was not killed but ended with {}", died.code()));
        }
    }
    let ended = with_key(world.cco(["start", "--yes", "--no-wait"]));
    if ended.code() != 0 || micros(&world.status()) != server.billed() {
        return Err(format!("{point:?}: {}, {} billed\n{}", ended.code(), server.billed(), ended.stderr));
    }
    Ok((server.chats().len(), records(&world) as u64))
}

#[test]
fn an_answer_that_was_paid_for_is_never_bought_twice() {
    let (requests, records) = paid(None).unwrap();
    assert_eq!(requests, 1);
    let points: Vec<String> = (2..=records).map(|record| format!("before:{record}")).collect();
    check_each(&points, |point| match paid(Some(point)) {
        Ok((1, _)) => None,
        Ok((requests, _)) => Some(format!("{point}: {requests} requests")),
        Err(wrong) => Some(wrong),
    });
}

#[test]
fn an_effect_that_breaks_ends_the_daemon_with_1_and_nothing_false_is_recorded() {
    for point in ["panic:snapshot", "panic:blocking", "panic:work"] {
        let place = Place::new();
        let world = World::new(&place, ONE, CONFIG, RIGHT);
        let told = world.cco(["start", "--yes", "--no-wait"]).env("CCO_FAILPOINT", point).run().expect_code(1);
        assert!(told.stderr.contains("the failpoint") && told.stderr.contains("cco resume"), "{}", told.stderr);
        let journal = fs::read_to_string(world.state().join("journal")).unwrap();
        assert!(!journal.contains("\"failed\"") && !journal.contains("\"cancelled\""), "{journal}");
        assert!(!world.socket().exists());
        world.nothing_runs();
        world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
        assert_eq!(world.status()["outcome"], "done");
    }
}
