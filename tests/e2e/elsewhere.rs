//! A mission that works on another repository than the one it lies in: every command finds the same one.

use crate::support::{Place, wait_until};
use crate::world::{ONE, RIGHT, STUB, World, gated};

/// A repository of missions beside the one that is worked on.
fn control<'a>(place: &'a Place, mission: &str, script: &str) -> World<'a> {
    let world = World::around(place, place.repository("control"), script);
    world.repo.write("mission.yaml", mission);
    world.repo.commit("a mission for another repository");
    world
}

#[test]
fn everything_is_that_of_the_repository_which_the_mission_names() {
    let place = Place::new();
    let project = place.repository("project");
    project.write(".cco/config.yaml", STUB);
    project.commit("its configuration");
    let world = control(&place, &format!("repository: ../project\n{ONE}"), RIGHT);
    let told = world.cco(["start", "--no-wait"]).run().expect_code(9);
    assert!(told.stderr.contains("CCO-E0510"), "{}", told.stderr);
    world.cco(["trust", "--yes"]).run().expect_code(0);
    let told = world.cco(["start", "--no-wait"]).run().expect_code(0);
    assert!(told.stderr.contains("working on") && told.stderr.contains("/project"), "{}", told.stderr);
    assert_eq!((project.read("made.txt"), world.repo.has("made.txt")), ("right\n".to_owned(), false));
    assert!(project.has(".git/cco/journal") && !world.repo.has(".git/cco"));
    assert_eq!(world.status()["outcome"], "done");
    for command in [vec!["history"], vec!["logs"], vec!["show", "1"], vec!["diff", "0.."], vec!["validate"]] {
        world.cco(command).run().expect_code(0);
    }
    project.write(".cco/config.yaml", &format!("{STUB}# another word\n"));
    let told = world.cco(["start", "--no-wait"]).run().expect_code(9);
    assert!(told.stderr.contains("CCO-E0510"), "the configuration there is trusted, not one here: {}", told.stderr);
    // Who says which repository is not overruled by a mission.
    world.cco(["status", "--repo", "."]).run().expect_code(2);
}

#[test]
fn a_live_mission_elsewhere_is_steered_from_where_it_was_started() {
    let place = Place::new();
    let project = place.repository("project");
    let world = control(&place, ONE, &gated("      - write: { path: made.txt, content: right }"));
    world.repo.write(".cco/config.yaml", &format!("{STUB}repository: {{ path: ../project }}\n"));
    let shown = world.cco(["config", "show"]).run().expect_code(0);
    assert!(shown.stdout.contains("stub"), "{}", shown.stdout);
    let daemon = world.cco(["start", "--yes"]).start();
    world.wait_for_sign("begun");
    assert_eq!(world.status()["stage"], "working");
    world.cco(["guide", "be quick"]).run().expect_code(0);
    world.cco(["pause"]).run().expect_code(0);
    world.cco(["resume"]).run().expect_code(0);
    world.repo.write("mission.yaml", &format!("{ONE}wrong: 1\n"));
    assert_eq!(world.status()["stage"], "working", "a mission in the middle of an edit hides nothing");
    world.give_sign("go");
    daemon.wait().expect_code(0);
    assert!(project.has("made.txt") && !world.repo.has(".git/cco"));
}

#[test]
fn a_mission_is_named_from_the_current_folder_by_every_command_that_takes_one() {
    let place = Place::new();
    let world = World::around(&place, place.repository("project"), RIGHT);
    world.repo.write(".cco/config.yaml", STUB);
    world.repo.write("plans/one.yaml", ONE);
    let within = |arguments: &[&str]| {
        let cco = world.cco(arguments.iter().copied()).within(&world.repo.folder().join("plans"));
        cco.run()
    };
    within(&["trust", "--mission", "one.yaml", "--yes"]).expect_code(0);
    within(&["next", "--mission", "one.yaml"]).expect_code(0);
    world.repo.write("plans/two.yaml", &ONE.replace("right]", "left]"));
    within(&["start", "--mission", "two.yaml", "--no-wait"]).expect_code(9);
    within(&["start", "--mission", "two.yaml", "--yes", "--no-wait", "--max-iterations", "1"]).expect_code(6);
    within(&["resume", "--mission", "one.yaml", "--no-wait"]).expect_code(8);
    within(&["resume", "--mission", "two.yaml", "--no-wait", "--max-iterations", "1"]).expect_code(6);
    wait_until("the state is of two.yaml", || (world.status()["criteria"][0]["state"] == "failing").then_some(()));
}
