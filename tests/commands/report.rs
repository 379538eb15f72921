//! The report that is there after every end.

use serde_json::Value;

use super::support::{Place, Repository};
use super::{MISSION, cco, repository};

fn report(repository: &Repository<'_>) -> Value {
    serde_json::from_str(&repository.read(".git/cco/report.json")).unwrap()
}

/// A worker that makes one file in one action; its script is part of the repository.
fn script(repository: &Repository<'_>, file: &str) -> String {
    let write = format!("scenes: [ {{ steps: [ {{ write: {{ path: {file}, content: x }} }} ], result: Made it. }} ]\n");
    repository.write("script.yaml", &write);
    repository.commit("a script");
    repository.folder().join("script.yaml").display().to_string()
}

#[test]
fn a_proven_mission_leaves_what_was_made_and_by_which_commits() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    let script = script(&repository, "done.txt");
    let base = repository.head();
    let start = cco(&place, &repository, ["start", "--yes", "--no-wait"]).env("CCO_STUB_SCRIPT", &script);
    let ended = start.run().expect_code(0);
    assert!(ended.stderr.contains("Report    ") && ended.stderr.contains("cco/report.md"), "{}", ended.stderr);
    let report = report(&repository);
    assert_eq!((&report["schema"], &report["ending"]["word"]), (&"cco.report".into(), &"done".into()));
    assert_eq!(report["base"], *base);
    assert_eq!(report["head"], *repository.head());
    let made = &report["artifacts"][0];
    assert_eq!((made["path"].as_str(), made["change"].as_str()), (Some("done.txt"), Some("added")));
    assert_eq!(made["blob"], *repository.git(["rev-parse", "HEAD:done.txt"]));
    let commits = report["commits"].as_array().unwrap();
    assert_eq!(commits.last().unwrap()["id"], *repository.head());
    assert_eq!(commits[0]["iteration"], 1);
    assert_eq!(report["iterations"].as_array().unwrap().len(), 2, "the baseline and one");
    assert!(repository.read(".git/cco/report.md").starts_with("# A small thing: done"));
    let status = cco(&place, &repository, ["status"]).run().expect_code(0);
    assert!(status.stdout.contains("cco/report.md"), "{}", status.stdout);
}

#[test]
fn a_run_that_was_only_paused_has_a_report_too() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    let script = script(&repository, "notes.txt");
    let start = ["start", "--yes", "--no-wait", "--max-iterations", "1"];
    let left = cco(&place, &repository, start).env("CCO_STUB_SCRIPT", &script).run();
    assert_ne!(left.code(), 0);
    let report = report(&repository);
    assert_ne!(report["ending"]["word"], "done");
    assert_eq!(report["artifacts"][0]["path"], "notes.txt");
}
