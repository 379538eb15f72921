//! The ground that checks stand on: what is carried, how it is set up, and what it is compared with.

use std::fs;

use serde_json::Value;

use crate::support::Place;
use crate::world::{ONE, STUB, World, files};

const STALLS: &str = "orchestrator: { manager: checklist, execution_mode: stub, stall_after: 2, on_stall: stop }\n";

/// The newest evidence of a criterion's first check.
fn evidence(status: &Value, place: usize) -> &Value {
    &status["criteria"][place]["checks"][0]["evidence"]
}

/// What managers and workers were told in all attempts so far.
fn prompts(world: &World<'_>) -> String {
    let prompts = files(&world.state().join("attempts"));
    prompts.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

fn one_iteration(world: &World<'_>) {
    world.cco(["trust", "--yes"]).run().expect_code(0);
    world.cco(["next"]).run().expect_code(3);
}

const CARRYING: &str = "\
title: One file
carry: [local.conf]
definition_of_done:
  - criteria: The file is right by the local settings
    id: right
    validator: test -e made.txt && grep -qx sealed local.conf
";

/// Bends the settings by which it is judged.
const BENDING: &str = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: local.conf, content: \"bent\\n\" }
    result: Done.
";

fn carrying<'a>(place: &'a Place, script: &str) -> World<'a> {
    let world = World::new(place, CARRYING, STUB, script);
    world.repo.write(".gitignore", "local.conf\n");
    world.repo.commit("what is ignored");
    world.repo.write("local.conf", "sealed\n");
    world
}

#[test]
fn what_the_worker_does_to_a_carried_file_is_not_what_checks_see() {
    let place = Place::new();
    let world = carrying(&place, BENDING);
    world.start([]).expect_code(0);
    assert_eq!(world.repo.read("local.conf"), "bent\n", "it is the worker's to write");
    assert_eq!(world.repo.git(["diff", "--name-only", "main", "cco/one-file"]), "made.txt");
}

#[test]
fn a_run_does_not_go_on_with_other_carried_bytes_than_were_sealed() {
    let place = Place::new();
    let world = carrying(&place, "scenes: [{ result: Not yet. }]\n");
    one_iteration(&world);
    let pins = files(&world.state().join("pins"));
    let pin = pins.iter().find(|path| fs::read(path).unwrap() == b"sealed\n").unwrap();
    fs::write(pin, "forged\n").unwrap();
    let refused = world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(8);
    assert!(refused.stderr.contains("CCO-E0424") && refused.stderr.contains("was changed"), "{}", refused.stderr);
    fs::remove_file(pin).unwrap();
    let refused = world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(8);
    assert!(refused.stderr.contains("is gone"), "{}", refused.stderr);
}

/// A token that a check shows before it fails.
const SHOWING: &str = "\
title: One file
carry: [.env]
definition_of_done:
  - criteria: The file is there
    id: there
    validator: cat .env; test -e made.txt
";

/// Takes the rules away that keep the token out of git, and does the work an action later.
const UNCOVERING: &str = "\
scenes:
  - steps: [{ run: \"rm .gitignore\" }]
    result: Not yet.
  - steps: [{ write: { path: made.txt, content: \"made\\n\" } }]
    result: Done.
";

#[test]
fn a_carried_secret_gets_into_no_commit_and_no_text() {
    let place = Place::new();
    let world = World::new(&place, SHOWING, STUB, UNCOVERING);
    world.repo.write(".gitignore", ".env\n");
    world.repo.commit("what is ignored");
    world.repo.write(".env", "# for tests\nAPI_TOKEN=\"tok-8fb1c2\"\nP=80\n");
    let told = world.start([]).expect_code(0);
    assert_eq!(world.repo.git(["log", "--all", "--format=%h", "--", ".env"]), "");
    assert_eq!(world.repo.git(["diff", "--name-only", "main", "cco/one-file"]), ".gitignore\nmade.txt");
    assert!(told.stderr.contains("left out of snapshots: .env (a carried file"), "{}", told.stderr);
    let told_of_check = |path: &std::path::PathBuf| !path.components().any(|part| part.as_os_str() == "checks");
    let mut texts = files(&world.state().join("attempts"));
    texts.retain(told_of_check);
    texts.extend([world.state().join("journal"), world.state().join("report.md"), world.state().join("report.json")]);
    for path in texts {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains("tok-8fb1c2"), "{}", path.display());
    }
    assert!(fs::read_to_string(world.state().join("journal")).unwrap().contains("P=80"), "the rest is told");
}

/// `requirements.txt` is one of the files by which a set-up is due again.
const SET_UP: &str = "\
title: Set up
setup: [\"sh install.sh\"]
definition_of_done:
  - criteria: It is installed
    id: installed
    validator: test -e made.txt && test -e installed
  - criteria: The file is there
    id: made
    validators:
      - file: { path: made.txt, contains: [right] }
";

#[test]
fn a_set_up_that_the_worker_broke_is_told_and_repaired() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: requirements.txt, content: \"more\\n\" }
      - write: { path: install.sh, content: \"echo cannot install more; exit 3\\n\" }
    result: Done.
  - steps:
      - write: { path: install.sh, content: \"touch installed\\n\" }
    result: Repaired.
";
    let world = World::new(&place, SET_UP, STUB, script);
    world.repo.write("install.sh", "touch installed\n");
    world.repo.write(".gitignore", "installed\n");
    world.repo.commit("a set-up");
    one_iteration(&world);
    let status = world.status();
    assert_eq!(
        (status["iterations"].as_u64(), status["needs"][0]["kind"].as_str()),
        (Some(1), Some("resume")),
        "{status}"
    );
    let found = evidence(&status, 0);
    assert!(found["summary"].as_str().unwrap().contains("`sh install.sh` exits 3"), "{found}");
    assert!(found["tail"].as_str().unwrap().contains("cannot install more"), "{found}");
    assert_eq!(status["criteria"][0]["state"], "failing", "{status}");
    assert_eq!(status["criteria"][1]["state"], "holds", "what only reads the tree needs no set-up");
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert_eq!(world.status()["iterations"], 2);
    assert!(prompts(&world).contains("cannot install more"), "the worker was told");
}

#[test]
fn where_there_is_nothing_to_set_up_yet_nothing_is_decided_and_work_begins() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - write: { path: .gitignore, content: \"installed\\n\" }
      - write: { path: install.sh, content: \"touch installed\\n\" }
      - write: { path: made.txt, content: \"right\\n\" }
    result: Done.
";
    let world = World::new(&place, SET_UP, STUB, script);
    world.start([]).expect_code(0);
    let journal = fs::read_to_string(world.state().join("journal")).unwrap();
    let baseline = journal.lines().find(|line| line.contains("verdict_recorded")).unwrap();
    assert!(baseline.contains(r#""outcome":"inconclusive""#), "{baseline}");
}

const TESTED: &str = "\
title: Tested
definition_of_done:
  - criteria: The tests pass
    id: tests
    validators:
      - tests: { run: cat report.tap, no_regression: true }
  - criteria: The file is there
    id: made
    validator: test -e made.txt
";

/// Forgets a test on the way.
const FORGETTING: &str = "\
scenes:
  - result: Not yet.
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: report.tap, content: \"1..1\\nok 1 - new\\n\" }
    result: Done.
";

/// Kills a daemon at a record, loses the database later, and expects the baseline to be known all the same.
fn baseline_outlives(point: &str) {
    let place = Place::new();
    let world = World::new(&place, TESTED, STALLS, FORGETTING);
    world.repo.write("report.tap", "1..2\nok 1 - old\nok 2 - new\n");
    world.repo.commit("two tests");
    world.cco(["start", "--yes", "--no-wait"]).env("CCO_FAILPOINT", point).run().expect_code(137);
    world.nothing_runs();
    one_iteration(&world);
    assert_eq!(world.status()["iterations"], 1);
    for lost in ["db", "cache"] {
        fs::remove_dir_all(world.state().join(lost)).unwrap();
    }
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(6);
    let status = world.status();
    let found = evidence(&status, 0)["summary"].as_str().unwrap().to_owned();
    assert!(found.contains("passed at the baseline and do not now: old"), "{point}: {found}");
}

#[test]
fn the_baseline_outlives_a_crash_while_it_is_found_and_the_loss_of_the_database() {
    // Records 5 and 6 are the baseline's verdicts, 7 tells its end.
    for point in ["before:5", "after:5", "after:6"] {
        baseline_outlives(point);
    }
}

/// What is built stays in the kept check tree, and hides that its builder is gone.
const BUILT: &str = "\
title: Built
definition_of_done:
  - criteria: It builds
    id: builds
    validator: test -e built || { test -e builder && touch built; }
  - criteria: The file is there
    id: made
    validator: test -e made.txt
";

#[test]
fn after_a_proof_that_failed_nothing_of_the_kept_check_tree_counts_any_more() {
    let place = Place::new();
    let script = "\
scenes:
  - steps: [{ write: { path: builder, content: \"\" } }]
    result: It builds.
  - steps:
      - run: rm builder
      - write: { path: made.txt, content: \"\" }
    result: All is there.
  - result: It all holds.
  - steps: [{ write: { path: builder, content: \"\" } }]
    result: It builds again.
";
    let world = World::new(&place, BUILT, STUB, script);
    world.repo.write(".gitignore", "built\n");
    world.repo.commit("what is ignored");
    world.start([]).expect_code(0);
    let journal = fs::read_to_string(world.state().join("journal")).unwrap();
    let proofs = journal.lines().filter(|line| line.contains(r#"{"proved":"#)).count();
    assert_eq!((proofs, world.status()["iterations"].as_u64()), (2, Some(4)));
}

#[test]
fn a_criterion_that_holds_on_nothing_is_warned_of_and_counts() {
    let place = Place::new();
    let mission = "\
title: Nothing
definition_of_done:
  - criteria: Whatever
    id: whatever
    validators: [\"true\", { file: { path: README.md } }]
  - criteria: It is so by nature
    id: nature
    validators: [{ file: { path: bad.txt, exists: false } }]
  - criteria: Nothing is asked
    id: nothing
    validators: [\"true\", \"test ! -e made.txt\"]
";
    let world = World::new(&place, mission, STUB, "scenes: [{ result: Nothing. }]\n");
    let told = world.start([]).expect_code(0);
    let warnings: Vec<&str> = told.stderr.lines().filter(|line| line.contains("proves nothing")).collect();
    assert_eq!(warnings.len(), 1, "{}", told.stderr);
    assert!(warnings[0].contains("nothing proves nothing"), "{warnings:?}");
    let report = fs::read_to_string(world.state().join("report.md")).unwrap();
    assert!(report.contains("on a tree without a single file: nothing."), "{report}");
    let trees = files(&place.root().join("cache/cco/trees"));
    assert!(trees.iter().any(|path| path.ends_with("check/.git/HEAD")), "{trees:?}");
    assert!(trees.iter().all(|path| !path.components().any(|part| part.as_os_str() == "emptied")), "{trees:?}");
}

#[test]
fn work_inside_of_a_submodule_is_kept_as_a_patch_and_pauses_until_it_is_undone() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: sub/README.md, content: \"bent inside\\n\" }
    result: Done.
";
    let inner = place.repository("inner");
    let world = World::new(&place, ONE, STUB, script);
    let from = inner.folder().to_str().unwrap();
    world.repo.git(["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"]);
    world.repo.commit("a submodule");
    for _ in 0..2 {
        let told = world.start([]).expect_code(9);
        assert!(told.stderr.contains("inside of a submodule") && told.stderr.contains("`sub`"), "{}", told.stderr);
    }
    let pins = files(&world.state().join("pins"));
    let patches = pins.iter().filter(|path| fs::read_to_string(path).unwrap().contains("+bent inside"));
    assert_eq!(patches.count(), 1, "the same patch is kept once");
    world.repo.git(["submodule", "--quiet", "update", "--force"]);
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert_eq!(world.status()["iterations"], 1);
}

/// A program of the worker's that the first check and the set-up run, and that writes what the others look at.
const MEDDLING: &str = "\
scenes:
  - steps:
      - write: { path: run.sh, content: \"echo true > sealed/check.sh; echo hello > doc.md; echo bent > local.conf; touch left\\n\" }
    result: Done.
";

#[test]
fn what_one_check_or_the_set_up_writes_is_not_what_the_next_check_finds() {
    for first in ["setup: cat run.sh | sh\n", ""] {
        let place = Place::new();
        let mission = format!(
            "title: Five\n{first}protect: [\"sealed/**\"]\ncarry: [local.conf]\ndefinition_of_done:\n\
             - {{ criteria: It runs, id: runs, validator: \"cat run.sh | sh && test -e left\" }}\n\
             - {{ criteria: It is checked, id: checked, validator: sh sealed/check.sh }}\n\
             - {{ criteria: It is told, id: told, validator: {{ file: doc.md }} }}\n\
             - {{ criteria: It is set, id: set, validator: grep -q bent local.conf }}\n\
             - {{ criteria: It is tidy, id: tidy, validator: test -e run.sh && test ! -e left }}\n"
        );
        let world = World::new(&place, &mission, STALLS, MEDDLING);
        world.repo.write("sealed/check.sh", "false\n");
        world.repo.write("run.sh", "true\n");
        world.repo.write(".gitignore", "local.conf\n");
        world.repo.commit("what is sealed");
        world.repo.write("local.conf", "sealed\n");
        world.start(["--max-iterations", "2"]).expect_code(6);
        let status = world.status();
        let states: Vec<_> = (0..5).map(|place| status["criteria"][place]["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["holds", "failing", "failing", "failing", "holds"], "{status}");
    }
}
