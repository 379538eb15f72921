//! `cco logs`: the journal of a run, as it was and as it grows.

use super::support::{Place, wait_until};
use super::{MISSION, cco, repository};

#[test]
fn a_run_is_printed_line_by_line_and_can_be_filtered() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    cco(&place, &repository, ["logs"]).run().expect_code(2);
    repository.write("done.txt", "");
    cco(&place, &repository, ["start", "--yes", "--no-wait"]).run().expect_code(0);
    let all = cco(&place, &repository, ["logs"]).run().expect_code(0);
    assert!(all.stdout.contains("run of “A small thing” started"), "{}", all.stdout);
    let checks = cco(&place, &repository, ["logs", "--kind", "check", "--json"]).run().expect_code(0);
    assert!(!checks.events().is_empty() && checks.events().iter().all(|line| line["kind"] == "check"));
    let followed = cco(&place, &repository, ["logs", "-f"]).run().expect_code(0);
    assert_eq!(followed.stdout, all.stdout, "a run that has ended is not waited for");
}

#[test]
fn a_follower_sees_what_happens_until_the_run_ends() {
    let place = Place::new();
    let mission = "\
title: Slow
description: Waits until it is let go.
definition_of_done:
  - { id: gate, criteria: It was let go, validator: 'while ! test -e \"$HOME/go\"; do sleep 0.05; done' }
";
    let repository = repository(&place, mission);
    let start = cco(&place, &repository, ["start", "--yes", "--no-wait"]).start();
    let follower = wait_until("the run begins", || {
        let status = cco(&place, &repository, ["status"]).run();
        (status.code() == 0).then(|| cco(&place, &repository, ["logs", "-f", "--json"]).start())
    });
    wait_until("the first lines", || follower.stdout().contains("run_started").then_some(()));
    assert!(!follower.stdout().contains("\"event\":\"proved\""), "{}", follower.stdout());
    let held = cco(&place, &repository, ["validate"]).run().expect_code(7);
    assert!(held.stderr.contains("CCO-E0430"), "{}", held.stderr);
    std::fs::write(place.home().join("go"), "").unwrap();
    start.wait().expect_code(0);
    let told = follower.wait().expect_code(0);
    assert!(told.stdout.contains("\"event\":\"proved\""), "{}", told.stdout);
}
