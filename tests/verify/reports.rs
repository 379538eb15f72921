//! `tests` and `coverage`: reports as evidence, and the ways in which they are none.

use cco::mission::{Check, CheckKind, Relation, TestsCheck};
use cco::words::Outcome::{Fail, Inconclusive, Pass};

use crate::support::*;

const GOOD: &str = "<testsuite><testcase classname='api' name='create'/><testcase name='list'/></testsuite>";

/// A command that writes a report.
fn writes(text: &str) -> String {
    format!("cat > junit.xml <<'END'\n{text}\nEND\n")
}

fn of(what: TestsCheck) -> Check {
    check(CheckKind::Tests(what))
}

#[tokio::test]
async fn a_report_of_this_run_is_counted() {
    let tree = Tree::new();
    let verdict = tree.run(tests(&writes(GOOD), "junit.xml")).await;
    assert_eq!(verdict.outcome, Pass, "{}", verdict.evidence.summary);
    let measure = |name: &str| verdict.evidence.measures.iter().find(|measure| measure.name == name).unwrap().value;
    assert_eq!((measure("tests"), measure("failed")), (2.0, 0.0));
    let more = TestsCheck { min_total: 3, ..counts(&writes(GOOD), "junit.xml") };
    assert_eq!(tree.run(of(more)).await.outcome, Fail);
}

#[tokio::test]
async fn a_report_older_than_the_run_is_refused() {
    let tree = Tree::new();
    tree.write("junit.xml", GOOD);
    let stale = tree.run(tests("true", "junit.xml")).await;
    assert_eq!(stale.outcome, Inconclusive);
    assert!(stale.evidence.summary.contains("older than the run"), "{}", stale.evidence.summary);
    assert_eq!(tree.run(tests("exit 1", "junit.xml")).await.outcome, Fail);
    tree.write("kept.xml", GOOD);
    let dated = "touch -d '2020-01-01' kept.xml; cp -p kept.xml junit.xml";
    let copied = tree.run(tests(&format!("rm junit.xml; {dated}"), "junit.xml")).await;
    assert_eq!(copied.outcome, Inconclusive, "a copy with its old date: {}", copied.evidence.summary);
    assert_eq!(tree.run(tests(&writes(GOOD), "junit.xml")).await.outcome, Pass, "written anew over the old one");
}

#[tokio::test]
async fn what_earlier_runs_left_beside_the_report_is_not_counted() {
    let tree = Tree::new();
    tree.write("out/old.xml", GOOD);
    let one = "cat > out/new.xml <<'END'\n<testsuite><testcase name='one'/></testsuite>\nEND\n";
    let verdict = tree.run(of(TestsCheck { min_total: 2, ..counts(one, "out/*.xml") })).await;
    assert_eq!(verdict.outcome, Fail, "{}", verdict.evidence.summary);
}

#[tokio::test]
async fn no_test_is_no_proof() {
    let tree = Tree::new();
    for empty in ["<testsuite tests='9'/>", "<testsuite><testcase name='a'><skipped/></testcase></testsuite>"] {
        let verdict = tree.run(of(TestsCheck { min_total: 0, ..counts(&writes(empty), "junit.xml") })).await;
        assert_eq!(verdict.outcome, Fail);
        assert!(verdict.evidence.summary.contains("no test is no proof"), "{}", verdict.evidence.summary);
    }
}

#[tokio::test]
async fn a_missing_or_broken_report_is_no_pass() {
    let tree = Tree::new();
    assert_eq!(tree.run(tests("true", "junit.xml")).await.outcome, Inconclusive);
    let broken = tree.run(tests("echo error: no such type; exit 101", "junit.xml")).await;
    assert_eq!((broken.outcome, broken.evidence.exit_code), (Fail, Some(101)));
    assert!(
        broken.evidence.summary.contains("no report at `junit.xml`") && broken.evidence.tail.contains("no such type")
    );
    assert_eq!(tree.run(tests(&writes("<testsuite><testcase"), "junit.xml")).await.outcome, Inconclusive);
    assert_eq!(
        tree.run(tests("rm junit.xml && mkfifo junit.xml", "junit.xml")).await.outcome,
        Inconclusive,
        "a pipe is no report"
    );
}

#[tokio::test]
async fn a_runner_that_fails_beside_a_good_report_fails() {
    let verdict = Tree::new().run(tests(&format!("{}exit 1", writes(GOOD)), "junit.xml")).await;
    assert_eq!(verdict.outcome, Fail);
    assert!(verdict.evidence.summary.contains("exit 1 though"), "{}", verdict.evidence.summary);
}

#[tokio::test]
async fn named_tests_must_be_among_the_passed() {
    let tree = Tree::new();
    let named = |name: &str| of(TestsCheck { must_pass: vec![name.into()], ..counts(&writes(GOOD), "junit.xml") });
    assert_eq!(tree.run(named("api::create")).await.outcome, Pass);
    assert_eq!(tree.run(named("create")).await.outcome, Pass);
    assert_eq!(tree.run(named("delete")).await.outcome, Fail);
}

#[tokio::test]
async fn a_test_of_the_baseline_may_not_be_lost() {
    let tree = Tree::new();
    let now = |text: &str| of(TestsCheck { no_regression: true, ..counts(&writes(text), "junit.xml") });
    let baseline = run(tree.job(vec![now(GOOD)])).await;
    assert_eq!(baseline.verdicts[0].outcome, Pass);
    let mut later = tree.job(vec![now("<testsuite><testcase name='list'/><testcase name='new'/></testsuite>")]);
    later.baseline = Some(baseline.passed.clone());
    let lost = run(later).await.verdicts.remove(0);
    assert_eq!(lost.outcome, Fail);
    assert!(lost.evidence.summary.contains("api::create"), "{}", lost.evidence.summary);
    let mut same = tree.job(vec![now(GOOD)]);
    same.baseline = Some(baseline.passed);
    assert_eq!(run(same).await.verdicts[0].outcome, Pass);
}

#[tokio::test]
async fn tap_is_read_from_stdout() {
    let tree = Tree::new();
    assert_eq!(tree.run(tests("printf '1..2\\nok 1 - a\\nok 2 - b\\n'", "")).await.outcome, Pass);
    let failed = tree.run(tests("printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n'; exit 1", "")).await;
    assert_eq!(failed.outcome, Fail);
    assert!(failed.evidence.summary.contains("1 failed, asked for 0 at most: b"), "{}", failed.evidence.summary);
    assert_eq!(tree.run(tests("printf '1..2\\nok 1 - a\\n'", "")).await.outcome, Inconclusive, "cut");
}

#[tokio::test]
async fn coverage_above_is_strict() {
    let tree = Tree::new();
    let four_of_five = "printf 'SF:a\\nDA:1,1\\nDA:2,1\\nDA:3,1\\nDA:4,1\\nDA:5,0\\nend_of_record\\n' > lcov.info";
    let above = tree.run(lines(four_of_five, "lcov.info", Relation::Above, 80.0)).await;
    assert_eq!(above.outcome, Fail);
    assert!(above.evidence.summary.contains("lines 80 % (4 of 5)"), "{}", above.evidence.summary);
    assert_eq!(tree.run(lines(four_of_five, "lcov.info", Relation::AtLeast, 80.0)).await.outcome, Pass);
    assert_eq!(tree.run(lines("true", "lcov.info", Relation::AtLeast, 80.0)).await.outcome, Inconclusive, "stale");
    let failed = format!("{four_of_five}; exit 1");
    assert_eq!(tree.run(lines(&failed, "lcov.info", Relation::AtLeast, 80.0)).await.outcome, Fail);
    assert_eq!(tree.run(lines(": > lcov.info", "lcov.info", Relation::AtLeast, 0.0)).await.outcome, Inconclusive);
}
