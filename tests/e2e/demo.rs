//! `cco demo`: the first thing that people see.

use std::path::Path;

use crate::support::Place;

#[test]
fn the_demo_ends_proven_and_leaves_its_repository_when_asked() {
    let place = Place::new();
    let told = place.cco(["demo", "--keep"]).env("CCO_STUB_PACE", "0").run().expect_code(0);
    let text = &told.stderr;
    for words in [
        "held before · greet.sh greets a person by name",
        "4 of 4",
        "cco init",
        "OPENROUTER_API_KEY",
        "The commits it made:",
    ] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert!(!text.contains('\u{1b}') && !told.stdout.contains('\u{1b}'), "no escapes where nobody looks");
    let kept = told.stdout.trim();
    let log = place.program("git".as_ref()).args(["log", "--format=%s"]).within(Path::new(kept)).run().expect_code(0);
    assert!(log.stdout.lines().count() >= 4, "{}", log.stdout);
    let run = place.program("sh".as_ref()).args(["greet.sh", "Ada"]).within(Path::new(kept)).run().expect_code(0);
    assert_eq!(run.stdout, "Hello, Ada!\n");
    let status = place.cco(["status", "--exit-code"]).within(Path::new(kept)).run().expect_code(0);
    assert!(status.stdout.contains("A greeting that can be trusted"), "{}", status.stdout);
}

#[test]
fn without_keep_nothing_of_it_stays() {
    let place = Place::new();
    place.cco(["demo"]).env("CCO_STUB_PACE", "0").run().expect_code(0);
    assert_eq!(std::fs::read_dir(place.root().join("tmp")).unwrap().count(), 0);
}
