//! `cco validate`: every check once, on the tree as it is, without a run.

use super::support::Place;
use super::{MISSION, cco, json, repository};

#[test]
fn a_mission_is_run_only_when_it_is_trusted() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    let refused = cco(&place, &repository, ["validate"]).run().expect_code(9);
    assert!(refused.stderr.contains("CCO-E0510") && refused.stderr.contains("test -f done.txt"), "{}", refused.stderr);
    let shown = cco(&place, &repository, ["validate", "--dry-run"]).run().expect_code(0);
    assert!(shown.stdout.contains("test -f done.txt"), "{}", shown.stdout);
    cco(&place, &repository, ["validate", "--yes"]).run().expect_code(3);
    cco(&place, &repository, ["validate"]).run().expect_code(3);
}

#[test]
fn the_exit_code_tells_whether_all_holds_on_the_dirty_tree() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    let head = repository.head();
    let open = json(&cco(&place, &repository, ["validate", "--yes", "--json"]).run().expect_code(3));
    assert_eq!(open["schema"], "cco.validation");
    assert_eq!(open["criteria"][0]["state"], "holds");
    assert_eq!(open["criteria"][1]["state"], "failing");
    assert!(open["criteria"][1]["checks"][0]["evidence"]["tail"].as_str().unwrap().contains("looked at"), "{open}");
    cco(&place, &repository, ["validate", "readme"]).run().expect_code(0);
    let unknown = cco(&place, &repository, ["validate", "nothing"]).run().expect_code(2);
    assert!(unknown.stderr.contains("it has done, readme"), "{}", unknown.stderr);
    repository.write("done.txt", "");
    let held = cco(&place, &repository, ["validate"]).run().expect_code(0);
    assert!(held.stdout.contains("2 of 2 required criteria hold"), "{}", held.stdout);
    assert_eq!(repository.head(), head);
    assert_eq!(repository.status(), "?? done.txt", "nothing of the user's was touched");
}

#[test]
fn a_wrong_file_and_words_only_exit_with_8_and_say_what_to_do() {
    let place = Place::new();
    let repository = repository(&place, "titel: x\n");
    let wrong = cco(&place, &repository, ["validate", "--yes"]).run().expect_code(8);
    assert!(wrong.stderr.contains(".cco/mission.yaml:1:1") && wrong.stderr.contains("title"), "{}", wrong.stderr);
    repository.write(".cco/mission.yaml", "title: x\ndescription: y\ndefinition_of_done: [ It is beautiful ]\n");
    let words = cco(&place, &repository, ["validate", "--yes"]).run().expect_code(8);
    assert!(words.stderr.contains("It is beautiful") && words.stderr.contains("validator"), "{}", words.stderr);
}

#[test]
fn what_needs_a_model_or_a_person_is_undecided_and_says_so() {
    let place = Place::new();
    let mission = "\
title: Opinions
description: None.
definition_of_done:
  - criteria: A model likes it
    validator: { judge: { rubric: It is nice, evidence: [README.md] } }
  - criteria: A person likes it
    validator: { manual: Look at it }
";
    let repository = repository(&place, mission);
    let told = cco(&place, &repository, ["validate", "--yes"]).run().expect_code(3);
    assert!(told.stdout.contains("no model is asked here"), "{}", told.stdout);
    assert!(told.stdout.contains("waits for a person"), "{}", told.stdout);
}

#[test]
fn the_check_tree_is_set_up_once_and_again_when_the_set_up_changes() {
    let place = Place::new();
    let mission = |command: &str| {
        format!(
            "title: Set up\ndescription: x\nsetup: ['{command}']\ndefinition_of_done:\n  \
             - {{ criteria: Once, validator: 'test \"$(cat count)\" = 1' }}\n"
        )
    };
    let repository = repository(&place, &mission("echo 1 >> count"));
    repository.write(".gitignore", "count\n");
    cco(&place, &repository, ["validate", "--yes"]).run().expect_code(0);
    let again = cco(&place, &repository, ["validate", "--yes"]).run().expect_code(0);
    assert!(!again.stderr.contains("setting up"), "{}", again.stderr);
    repository.write(".cco/mission.yaml", &mission("echo 2 >> count"));
    cco(&place, &repository, ["validate", "--yes"]).run().expect_code(3);
}

#[test]
fn a_check_that_must_pass_in_a_row_tells_how_each_run_ended() {
    let place = Place::new();
    let count = place.root().join("count");
    let flaky = format!("echo x >> {0}; test $(wc -l < {0}) -ne 2", count.display());
    let mission = format!(
        "title: Flaky\ndescription: x\ndefinition_of_done:\n  - {{ criteria: Stable, stable_for: 4, validator: \"{flaky}\" }}\n"
    );
    let repository = repository(&place, &mission);
    let open = json(&cco(&place, &repository, ["validate", "--yes", "--json"]).run().expect_code(3));
    let evidence = &open["criteria"][0]["checks"][0]["evidence"];
    let summary = evidence["summary"].as_str().unwrap();
    assert!(summary.starts_with("flaky: passed 3 of 4 runs"), "{evidence}");
    let tail = evidence["tail"].as_str().unwrap();
    assert!(tail.contains("[run 2: fail") && tail.contains("[run 4: pass"), "{tail}");
    let rate = evidence["measures"].as_array().unwrap().iter().find(|measure| measure["name"] == "flake_rate");
    assert_eq!(rate.unwrap()["value"], 25.0);
    cco(&place, &repository, ["validate"]).run().expect_code(0);
}
