//! Conversations over the iterations and over the ends of processes: carried on where they can be, opened anew and told
//! what came before where they cannot.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::{Value, json};

use crate::assignment::{Assignment, ONE_CRITERION, left_running};
use crate::support::messages_api::Request;
use crate::support::{Gate, MessagesApi, Place, Running, Script, Step, claude, wait_until};

/// How the prompt of a fresh conversation begins.
const TRANSITION: &str = "in a fresh conversation. This is what came before";

/// The conversation that a request belongs to, as Claude Code tells the API.
fn conversation(request: &Request) -> String {
    let user = request.body["metadata"]["user_id"].as_str().expect("a user id");
    let user: Value = serde_json::from_str(user).unwrap();
    user["session_id"].as_str().expect("a session id").to_owned()
}

/// Two actions of one mission: the first claims too much, the second writes the word.
fn two_actions(task: &Assignment<'_>) -> [Step; 3] {
    [
        Step::text("Done: the word is there."),
        Step::write(&task.path("word.txt"), "ORANGE\n"),
        Step::text("Done: now it is."),
    ]
}

fn scripted(api: &MessagesApi, steps: impl IntoIterator<Item = Step>) {
    steps.into_iter().for_each(|step| api.then(step));
}

#[test]
fn a_conversation_goes_on_after_a_clean_end_and_is_paid_for_once() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    scripted(&api, two_actions(&task));
    task.one_action();
    let first = task.status()["cost"]["worker_usd"].as_f64().unwrap();
    task.resume().run().expect_code(0);

    let requests = api.requests();
    assert_eq!((requests.len(), api.unscripted()), (3, 0));
    assert_eq!(conversation(&requests[0]), conversation(&requests[1]));
    let asked = task.iterations()[1]["prompt"].as_str().unwrap().to_owned();
    assert!(requests[1].says(&asked) && requests[1].says("Done: the word is there."), "{:#?}", requests[1].messages());
    let status = task.status();
    let all = &status["cost"]["worker_usd"];
    assert!(first > 0.0 && all.as_f64() > Some(first), "{first} then {all}");
    assert!(task.is_what_was_reported(all), "{all}");
    assert_eq!((&status["cost"]["estimated"], &status["outcome"]), (&json!(false), &json!("done")));
}

/// A worker's command that writes half of its work, then waits for `gate/pipe` to be read, then writes the rest.
const HALVES: &str = "printf OR > word.txt; touch gate/started; cat gate/pipe; printf 'ANGE\\n' >> word.txt";

fn gated<'a>(place: &'a Place, api: &MessagesApi) -> Assignment<'a> {
    let task = Assignment::new(place, api, ONE_CRITERION);
    task.repository.write(".git/info/exclude", "gate\n");
    task.repository.write("gate/pipe", "");
    task
}

/// Kills a cco alone, as the kernel does when memory is short, and gives how long what it had started lived on.
fn kill(place: &Place, cco: Running) -> Duration {
    let before = place.processes().len();
    assert!(before > 1, "the worker runs");
    cco.signal(Signal::SIGKILL);
    let killed = Instant::now();
    assert_eq!(cco.wait().code(), 137);
    wait_until("everything of the worker has ended", || place.processes().is_empty().then_some(()));
    killed.elapsed()
}

/// Two seconds are promised (invariant I8); the rest is for a machine that is busy with other tests.
const SWEPT: Duration = Duration::from_secs(15);

#[test]
fn a_daemon_killed_while_a_tool_runs_is_resumed_to_the_tree_of_an_uninterrupted_run() {
    let uninterrupted = {
        let place = Place::new();
        let api = MessagesApi::start(Script::new([Step::bash(HALVES), Step::text("Done.")]));
        let task = gated(&place, &api);
        task.start().run().expect_code(0);
        task.files("HEAD")
    };
    let place = Place::new();
    let api = MessagesApi::start(Script::new([Step::bash(HALVES), Step::bash(HALVES), Step::text("Done.")]));
    let task = gated(&place, &api);
    block(&task.path("gate/pipe"));
    let cco = task.start().start();
    wait_until("the tool has started", || task.repository.has("gate/started").then_some(()));
    let alive = kill(&place, cco);
    assert!(alive < SWEPT, "the worker lived on for {alive:?}");
    assert_eq!(task.repository.read("word.txt"), "OR", "the tool was in the middle of its work");

    fs::remove_file(task.path("gate/pipe")).unwrap();
    task.repository.write("gate/pipe", "");
    task.resume().run().expect_code(0);
    assert_eq!(task.files("HEAD"), uninterrupted);
    let requests = api.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(conversation(&requests[0]), conversation(&requests[1]));
    assert!(requests[1].says("Your last turn was cut off from outside"));
    let cost = &task.status()["cost"];
    assert!(task.is_what_was_reported(&cost["worker_usd"]), "the killed process told its cost in its end: {cost:#}");
    assert_eq!((&cost["estimated"], &cost["lost_attempts"]), (&json!(false), &json!(0)), "{cost:#}");
}

#[test]
fn a_daemon_killed_with_its_supervisor_and_its_worker_leaves_nothing_that_a_resumed_one_does_not_end() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([Step::bash(HALVES), Step::bash(HALVES), Step::text("Done.")]));
    let task = gated(&place, &api);
    block(&task.path("gate/pipe"));
    let cco = task.start().start();
    wait_until("the tool has started", || task.repository.has("gate/started").then_some(()));
    kill_all_but_the_tool(&place, cco);
    resume_beside_the_orphan(&place, &task);
}

#[test]
fn a_daemon_killed_while_it_stops_its_worker_leaves_nothing_that_a_resumed_one_does_not_end() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([Step::bash(HALVES), Step::bash(HALVES), Step::text("Done.")]));
    let task = gated(&place, &api);
    block(&task.path("gate/pipe"));
    let cco = task.start().start();
    wait_until("the tool has started", || task.repository.has("gate/started").then_some(()));
    // A supervisor that does not answer keeps the daemon in the middle of stopping for as long as this takes.
    let own = running(&place, Path::new(env!("CARGO_BIN_EXE_cco")));
    let supervisors: Vec<_> = own.into_iter().filter(|pid| *pid != cco.pid()).collect();
    supervisors.iter().for_each(|pid| signal::kill(*pid, Signal::SIGSTOP).unwrap());
    cco.signal(Signal::SIGTERM);
    wait_until("it is stopping", || (task.status()["stage"] == "stopping").then_some(()));
    kill_all_but_the_tool(&place, cco);
    resume_beside_the_orphan(&place, &task);
}

/// Kills a cco, its supervisor and its worker, so that nobody is left to end what the worker's tool started.
fn kill_all_but_the_tool(place: &Place, cco: Running) {
    let own = running(place, Path::new(env!("CARGO_BIN_EXE_cco")));
    let workers = running(place, &claude::program());
    assert!(own.len() >= 2, "daemon, supervisor, and perhaps one that waits for its first order");
    assert_eq!(workers.len(), 1);
    // The supervisors first: one would sweep.
    let all =
        own.iter().filter(|pid| **pid != cco.pid()).chain([&cco.pid()]).chain(&workers).copied().collect::<Vec<_>>();
    all.into_iter().for_each(|pid| signal::kill(pid, Signal::SIGKILL).unwrap());
    assert_eq!(cco.wait().code(), 137);
    wait_until("the killed ones are gone", || running(place, &claude::program()).is_empty().then_some(()));
    assert!(!place.processes().is_empty(), "the tool is nobody's any more");
}

/// The processes of a place that run this program.
fn running(place: &Place, program: &Path) -> Vec<Pid> {
    let runs = |pid: &Pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|running| running == program);
    place.processes().into_iter().filter(runs).collect()
}

/// Goes on while a tool of the killed worker still reads the old pipe; it must not get to write its second half.
fn resume_beside_the_orphan(place: &Place, task: &Assignment<'_>) {
    let old = fs::OpenOptions::new().read(true).write(true).open(task.path("gate/pipe")).unwrap();
    fs::remove_file(task.path("gate/pipe")).unwrap();
    task.repository.write("gate/pipe", "");
    task.resume().run().expect_code(0);
    assert_eq!(left_running(place), Vec::<String>::new());
    drop(old);
    assert_eq!(task.repository.read("word.txt"), "ORANGE\n");
}

/// Puts a pipe that nobody writes to in the place of a file.
fn block(path: &Path) {
    fs::remove_file(path).unwrap();
    mkfifo(path, Mode::S_IRWXU).unwrap();
}

#[test]
fn a_daemon_killed_while_the_model_thinks_is_resumed_in_the_same_conversation() {
    let place = Place::new();
    let gate = Gate::new();
    let api = MessagesApi::start(Script::new([Step::text("Too late.").held_by(&gate)]));
    let patient = json!({"claude_code": {"env": {"API_TIMEOUT_MS": "600000"}}});
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &patient);
    scripted(&api, [Step::write(&task.path("word.txt"), "ORANGE\n"), Step::text("Done: it is there.")]);
    let cco = task.start().start();
    gate.wait_reached();
    let alive = kill(&place, cco);
    assert!(alive < SWEPT, "the worker lived on for {alive:?}");
    gate.open();

    task.resume().run().expect_code(0);
    let requests = api.requests();
    assert_eq!((requests.len(), api.unscripted()), (3, 0));
    assert_eq!(conversation(&requests[0]), conversation(&requests[1]));
    assert!(!requests[1].says("Too late."));
    assert_eq!(task.status()["iterations"], 1, "the same action under another attempt");
}

#[test]
fn a_daemon_told_to_end_stops_its_worker_and_is_resumed_in_the_same_conversation() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([Step::bash(HALVES), Step::bash(HALVES), Step::text("Done.")]));
    let task = gated(&place, &api);
    block(&task.path("gate/pipe"));
    let cco = task.start().start();
    wait_until("the tool has started", || task.repository.has("gate/started").then_some(()));
    cco.signal(Signal::SIGTERM);
    let end = cco.wait();
    assert_eq!(end.code(), 143, "{}", end.stderr);
    assert_eq!(left_running(&place), Vec::<String>::new(), "what it started ended before it");
    let status = task.status();
    assert_eq!((&status["stage"], &status["then"]), (&json!("paused"), &json!("working")));

    fs::remove_file(task.path("gate/pipe")).unwrap();
    task.repository.write("gate/pipe", "");
    task.resume().run().expect_code(0);
    assert_eq!(task.repository.read("word.txt"), "ORANGE\n");
    let requests = api.requests();
    assert_eq!(conversation(&requests[0]), conversation(&requests[1]));
    let status = task.status();
    assert_eq!(status["iterations"], 1, "an operator's stop costs no rung of the ladder");
    assert!(task.is_what_was_reported(&status["cost"]["worker_usd"]), "{}", status["cost"]);
}

#[test]
fn a_conversation_whose_file_is_gone_is_opened_anew_and_told_what_came_before() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    scripted(&api, two_actions(&task));
    task.one_action();
    let stored = task.conversations();
    assert_eq!(stored.len(), 1, "{stored:?}");
    fs::remove_file(&stored[0]).unwrap();
    task.resume().run().expect_code(0);

    let requests = api.requests();
    assert_eq!((requests.len(), api.unscripted()), (3, 0));
    assert_ne!(conversation(&requests[0]), conversation(&requests[1]));
    assert!(requests[1].says(TRANSITION) && requests[1].says("ORANGE"), "{:#?}", requests[1].messages());
    let status = task.status();
    assert_eq!(
        (&status["outcome"], &status["cost"]["estimated"]),
        (&json!("done"), &json!(false)),
        "{:#}",
        status["cost"]
    );
}

#[test]
fn a_conversation_that_is_nearly_full_is_followed_by_one_that_is_told_what_came_before() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &json!({"claude_code": {"context_window": 20_000}}));
    let [claim, write, end] = two_actions(&task);
    scripted(&api, [claim.usage(json!({"input_tokens": 16_500})), write, end]);
    task.start().run().expect_code(0);

    let requests = api.requests();
    assert_eq!((requests.len(), api.unscripted()), (3, 0));
    assert_ne!(conversation(&requests[0]), conversation(&requests[1]));
    assert!(requests[1].says(TRANSITION) && requests[1].says("Done: the word is there."));
    assert_eq!(task.status()["conversation"], Value::Null, "the mission is over");
}

#[test]
fn a_worker_that_is_killed_is_started_again_in_its_conversation() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = gated(&place, &api);
    block(&task.path("gate/pipe"));
    scripted(&api, [Step::bash(HALVES), Step::bash("printf 'ANGE\\n' >> word.txt"), Step::text("Done: it is there.")]);
    let cco = task.cco(["start", "--yes", "--no-wait", "--max-wait", "1m"]).start();
    wait_until("the tool has started", || task.repository.has("gate/started").then_some(()));
    // What the conversation's file does not hold yet, nobody could go on with.
    wait_until("the call is in the conversation", || task.stored().contains("gate/started").then_some(()));
    running(&place, &claude::program()).iter().for_each(|pid| signal::kill(*pid, Signal::SIGKILL).unwrap());
    cco.wait().expect_code(0);
    assert_eq!(task.repository.read("word.txt"), "ORANGE\n", "the killed worker's tool did not go on");
    assert_eq!(left_running(&place), Vec::<String>::new());
    let requests = api.requests();
    assert_eq!((requests.len(), api.unscripted()), (3, 0));
    assert_eq!(conversation(&requests[0]), conversation(&requests[1]));
    let iterations = task.iterations();
    let outcomes = iterations[1]["attempts"].as_array().unwrap().iter().map(|attempt| attempt["outcome"].clone());
    assert_eq!(outcomes.collect::<Vec<_>>(), ["crashed", "finished"]);
    assert_eq!(task.status()["cost"]["estimated"], true, "what a killed process spent is not known");
}

#[test]
fn the_first_interrupt_lets_the_iteration_end() {
    let place = Place::new();
    let gate = Gate::new();
    let api = MessagesApi::start(Script::new([Step::text("Done: the word is there.").held_by(&gate)]));
    let patient = json!({"claude_code": {"env": {"API_TIMEOUT_MS": "600000"}}});
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &patient);
    scripted(&api, [Step::write(&task.path("word.txt"), "ORANGE\n"), Step::text("Done: now it is.")]);
    let cco = task.start().start();
    gate.wait_reached();
    cco.signal(Signal::SIGINT);
    wait_until("it says that it will stop", || cco.stderr().contains("stopping after this iteration").then_some(()));
    gate.open();
    assert_eq!(cco.wait().code(), 130);
    let iterations = task.iterations();
    assert_eq!((iterations.len(), &iterations[1]["attempts"][0]["outcome"]), (2, &json!("finished")));
    task.resume().run().expect_code(0);
    assert!(api.requests()[1].says("Done: the word is there."));
}

#[test]
fn a_time_slice_ends_between_tool_calls_and_the_conversation_goes_on_in_the_same_iteration() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let slices =
        json!({"orchestrator": {"iteration_timeout": "2s"}, "claude_code": {"env": {"API_TIMEOUT_MS": "600000"}}});
    let task = Assignment::configured(&place, &api, ONE_CRITERION, &slices);
    let halves = [Step::bash("printf OR > word.txt"), Step::hang(), Step::bash("printf 'ANGE\\n' >> word.txt")];
    scripted(&api, halves);
    task.start().run().expect_code(0);
    assert_eq!(task.repository.read("word.txt"), "ORANGE\n");
    let requests = api.requests();
    assert_eq!(conversation(&requests[0]), conversation(&requests[2]));
    assert_eq!(task.status()["iterations"], 1, "a slice costs no attempt");
}
