//! `cco plan`, and what `cco validate` says about checks before a cent is spent.

use super::support::Place;
use super::{cco, json, repository};

const MISSION: &str = "\
title: Doubtful checks
description: None can be relied on.
budget: { usd: 3 }
unprotect: [open.sh]
definition_of_done:
  - { id: piped, criteria: It is tested, validator: 'sh ./open.sh | tee log' }
  - { id: sealed, criteria: It is checked, validator: 'sh ./sealed.sh' }
  - { id: there, criteria: There is a README, validator: 'test -s README.md' }
  - { id: counted, criteria: The tests pass, validator: 'echo running 0 tests; test -s README.md' }
";

#[test]
fn a_plan_shows_what_would_be_and_runs_nothing() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    repository.write("open.sh", "touch ../it-ran\n");
    repository.write("sealed.sh", "touch ../it-ran\n");
    repository.write("package-lock.json", "{}\n");
    repository.commit("scripts");
    let told = cco(&place, &repository, ["plan"]).run().expect_code(0);
    for part in [
        "commits to cco/doubtful-checks",
        "$3.00",
        "npm ci (implied",
        "sealed.sh",
        "cannot fail",
        "decides it: open.sh",
    ] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    let plan = json(&cco(&place, &repository, ["plan", "--json"]).run().expect_code(0));
    assert_eq!(plan["schema"], "cco.plan");
    let kinds: Vec<_> =
        plan["remarks"].as_array().unwrap().iter().map(|one| (&one["criterion"], &one["kind"])).collect();
    assert_eq!(kinds, [(&"piped".into(), &"cannot_fail".into()), (&"piped".into(), &"influenced".into())]);
    assert!(plan["seals"]["files"].as_array().unwrap().contains(&"sealed.sh".into()), "{plan}");
    let dry = json(&cco(&place, &repository, ["validate", "--dry-run", "--json"]).run().expect_code(0));
    assert_eq!(dry, plan);
    assert!(!place.root().join("it-ran").exists() && !repository.has(".git/cco/journal"));
}

#[test]
fn validate_says_what_holds_already_and_what_passed_without_a_test() {
    let place = Place::new();
    let repository = repository(&place, MISSION);
    repository.write("open.sh", "exit 1\n");
    repository.write("sealed.sh", "exit 1\n");
    repository.commit("scripts");
    let found = json(&cco(&place, &repository, ["validate", "--yes", "--json"]).run().expect_code(3));
    let kinds: Vec<String> = found["remarks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["criterion"].as_str().unwrap(), one["kind"].as_str().unwrap()))
        .collect();
    let expected =
        ["piped cannot_fail", "piped influenced", "piped holds_already", "there holds_already", "counted ran_nothing"];
    assert_eq!(kinds, expected);
    let told = cco(&place, &repository, ["validate", "there"]).run().expect_code(0);
    assert!(told.stdout.contains("holds already") && !told.stdout.contains("cannot fail"), "{}", told.stdout);
}
