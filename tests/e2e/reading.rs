//! Commands that only read: what they print of a run that is over.

use serde_json::Value;

use crate::support::Place;
use crate::world::{STEPS, STUB, TWO, World};

fn over(place: &Place) -> World<'_> {
    let world = World::new(place, TWO, STUB, STEPS);
    world.start([]).expect_code(0);
    world
}

#[test]
fn a_run_is_told_by_status_history_show_diff_and_config() {
    let place = Place::new();
    let world = over(&place);
    let read = |arguments: &[&str]| {
        let told = world.cco(arguments.iter().copied()).run().expect_code(0);
        assert!(!told.stdout.contains('\u{1b}'), "no escapes in a pipe");
        told.stdout
    };
    let status = world.status();
    assert_eq!((status["schema"].as_str(), status["version"].as_u64()), (Some("cco.status"), Some(1)));
    let keys =
        ["run_id", "mission", "stage", "outcome", "criteria", "tally", "cost", "branch", "head", "metrics", "daemon"];
    for key in keys {
        assert!(status.get(key).is_some(), "{key}");
    }
    let plain = read(&["status"]);
    assert!(plain.contains("Two files") && plain.contains("done and proven"), "{plain}");
    let history: Value = serde_json::from_str(&read(&["history", "--json"])).unwrap();
    let numbers: Vec<_> = history["iterations"].as_array().unwrap().iter().map(|one| one["number"].as_u64()).collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(2)], "the baseline, then the iterations");
    assert!(read(&["history"]).contains("Meet “The second"));
    assert!(read(&["show", "1"]).contains("first.txt"));
    let one: Value = serde_json::from_str(&read(&["show", "1", "--json"])).unwrap();
    assert!(one.is_object());
    world.cco(["show", "9"]).run().expect_code(2);
    let whole = read(&["diff", "0.."]);
    assert!(whole.contains("first.txt") && whole.contains("second.txt"), "{whole}");
    let second = read(&["diff", "2"]);
    assert!(!second.contains("first.txt") && second.contains("+two"), "{second}");
    let origin = read(&["config", "show", "--origin"]);
    let line = origin.lines().find(|line| line.contains("execution_mode")).unwrap();
    assert!(line.contains("stub") && line.contains("config.yaml"), "{line}");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::new();
    let world = over(&place);
    let cco = env!("CARGO_BIN_EXE_cco");
    for command in ["status --json", "history", "config show --origin", "man", "diff 0.."] {
        // The pipe is closed before a byte is read, and whoever writes must not die of it.
        let script = format!("{{ {cco} {command}; echo $? > ../code; }} | true; sleep 0; cat ../code");
        let sh = place.program("bash".as_ref()).args(["-c", &script]).within(world.repo.folder());
        let told = sh.run().expect_code(0);
        assert_eq!((told.stdout.trim(), told.stderr.as_str()), ("0", ""), "{command}");
    }
}

#[test]
fn before_anything_was_started_there_is_nothing_to_tell() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    for command in [vec!["status"], vec!["history"], vec!["show", "1"], vec!["diff", "0.."]] {
        let told = world.cco(command).run().expect_code(2);
        assert!(told.stderr.contains("CCO-E0420"), "{}", told.stderr);
    }
    assert!(!world.state().join("journal").exists());
}
