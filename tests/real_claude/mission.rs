//! Whole missions: tool calls of the real `claude` change the repository, checks decide, commits are published.

use serde_json::json;

use crate::assignment::{Assignment, ONE_CRITERION, TWO_CRITERIA, left_running};
use crate::support::{MessagesApi, Place, Script, Step};

#[test]
fn two_criteria_are_done_in_three_iterations_with_one_false_claim_in_between() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, TWO_CRITERIA);
    let script = task.path("greet.sh");
    let edit = json!({"file_path": script, "old_string": "Good bye", "new_string": "Hello"});
    for step in [
        Step::write(&script, "echo 'Good bye, world!'\n"),
        Step::text("Done: all criteria are met and every test passes. The mission is complete."),
        Step::tool("Edit", &edit),
        Step::text("Done: it says hello."),
        Step::bash("sh greet.sh && echo 'Call it: sh greet.sh' > GREETING.md"),
        Step::text("Done: it is described."),
    ] {
        api.then(step);
    }
    let end = task.start().run().expect_code(0);

    assert_eq!((api.requests().len(), api.unscripted(), api.steps_left()), (6, 0, 0));
    let requests = api.requests();
    assert!(requests[2].says("The mission is complete.") && requests[2].says("stdout lacks"), "claim and evidence");
    let status = task.status();
    assert_eq!((&status["outcome"], &status["iterations"]), (&json!("done"), &json!(3)), "{status:#}");
    assert_eq!(task.repository.read("greet.sh"), "echo 'Hello, world!'\n");
    assert_eq!(
        (task.repository.status(), task.repository.git(["branch", "--show-current"])),
        (String::new(), "cco/greeting".to_owned())
    );
    let iterations = task.iterations();
    let held: Vec<_> = iterations.iter().map(|iteration| iteration["held"].clone()).collect();
    assert_eq!(held, [0, 0, 1, 2].map(|held| json!(held)), "{iterations:#?}");
    assert!(iterations[1]["attempts"][0]["claim"].as_str().unwrap().contains("The mission is complete"));
    for chip in ["[Write: greet.sh]", "[Edit: greet.sh]", "[Bash: sh greet.sh"] {
        assert!(end.stderr.contains(chip), "no {chip} in: {}", end.stderr);
    }
}

#[test]
fn a_worker_that_commits_by_itself_does_not_break_publishing() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let before = task.repository.head();
    api.then(Step::bash("echo APPLE > word.txt; git add word.txt; git commit --quiet --message 'my own commit'"));
    api.then(Step::text("Done: committed."));
    api.then(Step::bash(
        "echo ORANGE > word.txt; git commit --quiet --all --message 'another'; git switch --quiet main; echo ORANGE > word.txt",
    ));
    api.then(Step::text("Done: committed."));
    task.start().run().expect_code(0);

    assert_eq!(task.repository.git(["rev-parse", "main"]), before, "the user's branch is as it was");
    assert_eq!(task.repository.git(["branch", "--show-current"]), "cco/word");
    assert_eq!((task.repository.status(), task.repository.read("word.txt").as_str()), (String::new(), "ORANGE\n"));
    let log = task.repository.git(["log", "--format=%(trailers:key=Cco-Mission,valueonly)", "-1", "cco/word"]);
    assert_eq!(log.trim(), "word", "what is published is cco's own commit");
    assert_eq!(task.status()["head"], task.repository.head());
}

#[test]
fn nothing_that_a_tool_left_running_outlives_its_action() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let leave = "setsid sleep 1000 >/dev/null 2>&1 & echo $! > pids; nohup sleep 1000 >/dev/null 2>&1 & echo $! >> pids; \
                 kill -0 $(cat pids) && echo alive > first.txt";
    let look = "for pid in $(cat pids); do kill -0 $pid && echo alive; done > second.txt; echo ORANGE > word.txt";
    for step in [Step::bash(leave), Step::text("Done."), Step::bash(look), Step::text("Done.")] {
        api.then(step);
    }
    task.start().run().expect_code(0);
    assert_eq!(
        (task.repository.read("first.txt").as_str(), task.repository.read("second.txt").as_str()),
        ("alive\n", "")
    );
    assert_eq!(left_running(&place), Vec::<String>::new());
}

#[test]
fn a_line_of_three_megabytes_in_the_stream_is_one_event_like_another() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let big = task.path("big.txt");
    let content = format!("{}APPLE\n", "a line of no interest\n".repeat(140_000));
    let edit = json!({"file_path": big, "old_string": "APPLE", "new_string": "ORANGE"});
    for step in [
        Step::write(&big, &content),
        Step::tool("Edit", &edit),
        Step::bash("tail -n 1 big.txt > word.txt"),
        Step::text("Done: it is there."),
    ] {
        api.then(step);
    }
    let end = task.start().run().expect_code(0);
    assert!(end.stderr.contains("[Edit: big.txt]"), "{}", end.stderr);
    assert_eq!(task.repository.read("word.txt"), "ORANGE\n");
    assert_eq!(task.iterations()[1]["attempts"][0]["tool_calls"], 3);
}

#[test]
fn what_a_subagent_does_is_seen_and_paid_for() {
    let place = Place::new();
    let api = MessagesApi::start(Script::new([]));
    let task = Assignment::new(&place, &api, ONE_CRITERION);
    let errand =
        json!({"description": "fetch the word", "prompt": "Write it down.", "subagent_type": "general-purpose"});
    for step in [
        Step::tool("Agent", &errand),
        Step::bash("echo ORANGE > word.txt"),
        Step::text("I wrote it down."),
        Step::text("Done: it is there."),
    ] {
        api.then(step);
    }
    let end = task.start().run().expect_code(0);
    assert!(end.stderr.contains("[Agent: fetch the word]"), "{}", end.stderr);
    let status = task.status();
    assert_eq!((api.requests().len(), &status["iterations"]), (4, &json!(1)));
    assert!(task.is_what_was_reported(&status["cost"]["worker_usd"]), "{}", status["cost"]);
    let attempt = &task.iterations()[1]["attempts"][0];
    assert_eq!((&attempt["tool_calls"], &attempt["claim"]), (&json!(2), &json!("Done: it is there.")), "{attempt:#}");
}
