//! A mission that is changed while it is under way goes on only by `cco amend`.

use crate::support::Place;
use crate::world::{GATED_STEPS, STUB, TWO, World, files};

/// [`TWO`] with a second criterion that asks for something else.
fn changed() -> String {
    TWO.replace("contains: [two]", "contains: [deux]")
}

/// The first action waits for a sign; the second does what [`TWO`] asks, and the third what [`changed`] does.
fn script() -> String {
    format!(
        "{GATED_STEPS}  - steps: [{{ write: {{ path: second.txt, content: deux }} }}]\n    result: In French now.\n"
    )
}

/// Stops after the first iteration.
fn stopped(world: &World<'_>) {
    let daemon = world.live();
    world.wait_for_sign("begun");
    world.cco(["stop"]).run().expect_code(0);
    world.give_sign("go");
    daemon.wait().expect_code(3);
}

#[test]
fn a_changed_mission_is_refused_until_it_is_amended_and_then_proven_by_the_new_check() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, &script());
    stopped(&world);
    world.repo.write(".cco/mission.yaml", &changed());
    let told = world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(8);
    assert!(told.stderr.contains("cco amend") && told.stderr.contains("--fresh"), "{}", told.stderr);

    let told = world.cco(["amend", "--dry-run"]).run().expect_code(0);
    assert!(told.stdout.contains("second: its checks change: file → file"), "{}", told.stdout);
    assert!(told.stdout.contains("contains: [deux]") && told.stdout.contains("[two]"), "{}", told.stdout);
    // Nobody can answer here, and nothing is recorded.
    world.cco(["amend"]).run().expect_code(2);
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(8);
    world.cco(["amend", "--yes", "-m", "the customer is French"]).run().expect_code(0);
    let status = world.status();
    assert_eq!(status["amended"]["reason"], "the customer is French");
    assert_eq!((status["amended"]["times"].as_u64(), status["iterations"].as_u64()), (Some(1), Some(1)));
    let again = world.cco(["amend", "--yes"]).run().expect_code(0);
    assert!(again.stderr.contains("nothing to amend"), "{}", again.stderr);

    let trusted = world.cco(["trust"]).run().expect_code(0);
    assert!(trusted.stderr.contains("trusted already"), "{}", trusted.stderr);

    // Another edit after it is another amendment.
    world.repo.write(".cco/mission.yaml", &format!("{}# more\n", changed()));
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(8);
    world.repo.write(".cco/mission.yaml", &changed());
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    let status = world.status();
    assert_eq!((status["outcome"].as_str(), status["iterations"].as_u64()), (Some("done"), Some(3)));
    assert_eq!(world.repo.read("second.txt"), "deux");
    assert_eq!(world.repo.git(["show", "cco/two-files:.cco/mission.yaml"]), changed().trim_end());
    assert_eq!(world.repo.status(), "");
    for command in ["history", "logs"] {
        let told = world.cco([command]).run().expect_code(0).stdout;
        let shown = world.cco(["show", "1"]).run().expect_code(0).stdout;
        assert!(format!("{told}{shown}").contains("the customer is French"), "{command}: {told}{shown}");
    }
    let report = std::fs::read_to_string(world.state().join("report.md")).unwrap();
    assert!(report.contains("the customer is French"), "{report}");
}

#[test]
fn protected_files_as_the_operator_left_them_are_what_is_put_back_from_then_on() {
    let place = Place::new();
    let guarded = format!("protect: [\"contract/**\"]\n{TWO}");
    let script = GATED_STEPS.replace(
        "{ write: { path: second.txt, content: two } }",
        "{ write: { path: second.txt, content: two } }, { write: { path: contract/a.txt, content: bent } }",
    );
    let world = World::new(&place, &guarded, STUB, &script);
    world.repo.write("contract/a.txt", "as agreed\n");
    world.repo.commit("the contract");
    stopped(&world);
    world.repo.write("contract/a.txt", "as agreed anew\n");
    let told = world.cco(["amend", "--yes"]).run().expect_code(0);
    assert!(told.stderr.contains("contract/a.txt, which is protected, has other bytes"), "{}", told.stderr);
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert_eq!(world.status()["tampered"], 1);
    assert_eq!(world.repo.git(["show", "cco/two-files:contract/a.txt"]), "as agreed anew");
}

#[test]
fn a_worker_cannot_amend_and_what_it_forged_is_not_gone_on_with() {
    let place = Place::new();
    let cco = env!("CARGO_BIN_EXE_cco");
    let script = format!(
        "scenes:
  - steps:
      - run: \"printf 'title: Nothing\\\\ndefinition_of_done: [{{criteria: yes, validator: {{command: \\\"true\\\"}}}}]\\\\n' \
> .cco/mission.yaml; {cco} amend --yes > ../told 2>&1; echo $? >> ../told\"
      - write: {{ path: first.txt, content: one }}
    result: Amended.
  - steps: [{{ write: {{ path: second.txt, content: two }} }}]
    result: The second is there.
"
    );
    let world = World::new(&place, TWO, STUB, &script);
    world.start([]).expect_code(0);
    let told = std::fs::read_to_string(world.sign("told")).unwrap();
    assert!(told.contains("cco is running here") && told.trim_end().ends_with('7'), "{told}");
    let status = world.status();
    assert_eq!((status["tampered"].as_u64(), status["amended"].is_null()), (Some(1), true));
    assert_eq!(world.repo.read(".cco/mission.yaml"), TWO);
    assert!(!files(&world.state()).is_empty());
}
