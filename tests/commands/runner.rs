//! What a runner's log looks like, and what is said about keys that have no effect.

use super::support::Place;
use super::{CONFIG, MISSION, cco, repository};

#[test]
fn iterations_are_groups_of_githubs_log_and_every_group_is_closed() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    repository.write("script.yaml", "scenes: [ { steps: [ { write: { path: n, content: x } } ], result: No. } ]\n");
    repository.commit("a script");
    let script = repository.folder().join("script.yaml").display().to_string();
    let start = ["start", "--ci", "--max-iterations", "2"];
    let told = cco(&place, &repository, start).env("CCO_STUB_SCRIPT", &script).env("GITHUB_ACTIONS", "true").run();
    let marks: Vec<&str> = told.stderr.lines().filter(|line| line.starts_with("::")).collect();
    let expected = ["::group::iteration 1", "::endgroup::", "::group::iteration 2", "::endgroup::"];
    assert_eq!(marks, expected, "{}", told.stderr);
    assert!(!told.stderr.contains('\u{1b}'), "no colours");
    let again = cco(&place, &repository, ["resume", "--no-wait", "--max-iterations", "3"]);
    let again = again.env("CCO_STUB_SCRIPT", &script).run();
    assert!(!again.stderr.contains("::group"), "only for GitHub");
}

#[test]
fn quiet_says_nothing_and_very_verbose_says_everything() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    repository.write("done.txt", "");
    let quiet = cco(&place, &repository, ["start", "--yes", "--no-wait", "-q"]).run().expect_code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let loud = cco(&place, &repository, ["start", "--fresh", "--yes", "--no-wait", "-vv"]).run().expect_code(0);
    assert!(loud.stderr.contains("DEBUG") && loud.stderr.contains("event=\"sealed\""), "{}", loud.stderr);
}

#[test]
fn a_key_without_effect_is_named_at_the_start() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    let keys = "monitoring: { log_level: debug, dashboard_port: 9000 }\nnotifications: { enabled: true }\n";
    repository.write(".cco/config.yaml", &format!("{CONFIG}{keys}persistence: {{ retention: 1d }}\n"));
    let told = cco(&place, &repository, ["validate", "--dry-run"]).run().expect_code(0);
    for key in ["monitoring.log_level", "monitoring.dashboard_port", "notifications.enabled", "persistence.retention"] {
        assert!(told.stderr.contains(&format!("`{key}` is not obeyed yet")), "{key}: {}", told.stderr);
    }
    cco(&place, &repository, ["explain", "W0307"]).run().expect_code(0);
}
