//! `metric`, `git`, `sarif`, `plugin`, TOML and numbers in an output.

use std::sync::Arc;

use cco::mission::{
    Bound, ChangeBound, ChangeUnit, Check, CheckKind, CommandCheck, FileCheck, GitCheck, Level, MetricCheck,
    NumberPlace, NumberQuery, PathCondition, PluginCheck, Relation, SarifCheck,
};
use cco::verify::{Changed, History};
use cco::words::Outcome::{Fail, Inconclusive, Pass};
use serde_json::{Map, json};

use crate::support::*;

fn metric(run: &str, change: Option<(Relation, f64)>) -> Check {
    let baseline = change.map(|(relation, value)| ChangeBound {
        bound: Bound { relation, value, text: format!("{relation:?} {value}") },
        unit: ChangeUnit::Plain,
    });
    let most = baseline.is_none().then_some(300.0);
    check(CheckKind::Metric(MetricCheck {
        run: run.into(),
        number: NumberPlace::Whole,
        min: None,
        max: most,
        baseline,
    }))
}

fn sarif(run: &str) -> Check {
    let max_level = Some(Level::Warning);
    check(CheckKind::Sarif(SarifCheck { run: run.into(), report: "out.sarif".into(), max_level, findings: None }))
}

fn plugin(run: &str) -> Check {
    let config = Map::from_iter([("budget".to_owned(), json!(400))]);
    check(CheckKind::Plugin(PluginCheck { run: run.into(), config }))
}

#[tokio::test]
async fn a_number_is_held_against_its_bound_and_a_failed_command_measures_nothing() {
    let tree = Tree::new();
    let verdict = tree.run(metric("echo 300", None)).await;
    assert_eq!((verdict.outcome, verdict.evidence.measures[0].value), (Pass, 300.0));
    assert_eq!(tree.run(metric("echo 300.5", None)).await.outcome, Fail);
    assert_eq!(tree.run(metric("echo 1; exit 3", None)).await.outcome, Fail);
    assert_eq!(tree.run(metric("echo lots; exit 3", None)).await.outcome, Fail);
    assert_eq!(tree.run(metric("echo lots", None)).await.outcome, Inconclusive);
    assert_eq!(tree.run(metric("true", None)).await.outcome, Inconclusive, "no number is no proof");
}

#[tokio::test]
async fn a_number_is_compared_with_that_of_the_start() {
    let tree = Tree::new();
    tree.write("size", "100");
    let smaller = || metric("cat size", Some((Relation::AtMost, -10.0)));
    let start = run(tree.job(vec![smaller()])).await;
    assert_eq!(start.verdicts[0].outcome, Fail, "nothing has changed yet");
    for (size, outcome) in [("90", Pass), ("91", Fail)] {
        tree.write("size", size);
        let mut later = tree.job(vec![smaller()]);
        later.baseline = Some(start.passed.clone());
        let verdict = run(later).await.verdicts.remove(0);
        assert_eq!(verdict.outcome, outcome, "{}", verdict.evidence.summary);
        assert!(verdict.evidence.summary.contains("after 100 at the start"), "{}", verdict.evidence.summary);
    }
    let mut unknown = tree.job(vec![smaller()]);
    unknown.baseline = Some([].into_iter().collect());
    assert_eq!(run(unknown).await.verdicts[0].outcome, Inconclusive);
}

#[tokio::test]
async fn findings_of_this_run_are_counted_and_those_of_another_are_not() {
    let tree = Tree::new();
    let report = |level: &str| {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, "results": [{{"level": "{level}", "ruleId": "R1"}}]}}]}}"#
        )
    };
    let writes = |level: &str, code: u32| format!("cat > out.sarif <<'END'\n{}\nEND\nexit {code}", report(level));
    assert_eq!(
        tree.run(sarif(&writes("warning", 1))).await.outcome,
        Pass,
        "an analyser leaves with 1 if it found some"
    );
    let bad = tree.run(sarif(&writes("error", 0))).await;
    assert_eq!(bad.outcome, Fail);
    assert!(bad.evidence.summary.contains("the worst: R1"), "{}", bad.evidence.summary);
    tree.write("out.sarif", &report("note"));
    let stale = tree.run(sarif("true")).await;
    assert_eq!(stale.outcome, Inconclusive);
    assert!(stale.evidence.summary.contains("older than the run"), "{}", stale.evidence.summary);
    let silent = "echo '{\"version\": \"2.1.0\", \"runs\": []}' > out.sarif";
    assert_eq!(tree.run(sarif(silent)).await.outcome, Inconclusive, "a tool that did not look proves nothing");
}

#[tokio::test]
async fn a_plugin_is_told_what_to_check_and_answers_for_it() {
    let tree = Tree::new();
    let script = "cat > asked; echo '{\"outcome\": \"pass\", \"summary\": \"312 KiB\", \"measures\": \
                  [{\"name\": \"size\", \"value\": 312, \"bound\": \"<= 400\"}]}'";
    let verdict = tree.run(plugin(script)).await;
    assert_eq!((verdict.outcome, verdict.evidence.summary.as_str()), (Pass, "312 KiB"));
    assert_eq!((verdict.kind.as_str(), verdict.evidence.measures[0].value), ("plugin", 312.0));
    let asked: serde_json::Value = serde_json::from_str(&tree.read("asked")).unwrap();
    assert_eq!((&asked["protocol"], &asked["check"]), (&json!("cco-plugin/1"), &json!("c/0")));
    assert_eq!((&asked["config"], &asked["tree"]), (&json!({"budget": 400}), &json!("a".repeat(40))));
    assert_eq!(tree.run(plugin("echo '{\"outcome\": \"fail\", \"summary\": \"x\"}'")).await.outcome, Fail);
    for undecided in
        ["true", "echo ok", "echo '{\"outcome\": \"pass\", \"summary\": \"x\"}'; exit 1", "no-such-program"]
    {
        assert_eq!(tree.run(plugin(undecided)).await.outcome, Inconclusive, "{undecided}");
    }
    let flood = "yes '{\"outcome\": \"pass\"}' | head -c 3000000";
    assert_eq!(tree.run(plugin(flood)).await.outcome, Inconclusive);
}

#[tokio::test]
async fn the_history_is_what_cco_knows_and_not_what_the_check_tree_says() {
    let tree = Tree::new();
    let git = GitCheck { changed: vec!["src/**".into()], unchanged: vec!["api/**".into()], ..GitCheck::default() };
    let of = |changes: &[&str]| {
        let changes = changes.iter().map(|path| Changed { path: (*path).into(), lines: Some(1) }).collect();
        let mut job = tree.job(vec![check(CheckKind::Git(git.clone()))]);
        job.history = Some(Arc::new(History { changes, ..History::default() }));
        job
    };
    assert_eq!(run(of(&["src/a.rs"])).await.verdicts[0].outcome, Pass);
    assert_eq!(run(of(&["src/a.rs", "api/b.yaml"])).await.verdicts[0].outcome, Fail);
    assert_eq!(run(of(&[])).await.verdicts[0].outcome, Fail);
    assert_eq!(
        tree.run(check(CheckKind::Git(git.clone()))).await.outcome,
        Inconclusive,
        "without a start to compare with"
    );
}

#[tokio::test]
async fn toml_and_numbers_in_an_output_are_looked_into() {
    let tree = Tree::new();
    tree.write("Cargo.toml", "[package]\nname = 'x'\nversion = '1.2.0'\n");
    let toml = |value| {
        check(CheckKind::File(FileCheck {
            toml: query("$.package.version", PathCondition::Equals(value)),
            ..holds("Cargo.toml")
        }))
    };
    assert_eq!(tree.run(toml(json!("1.2.0"))).await.outcome, Pass);
    assert_eq!(tree.run(toml(json!("1.3.0"))).await.outcome, Fail);
    let size = |most| check(CheckKind::File(FileCheck { max_bytes: Some(most), ..holds("Cargo.toml") }));
    assert_eq!((tree.run(size(39)).await.outcome, tree.run(size(38)).await.outcome), (Pass, Fail));
    let bound = Bound { relation: Relation::AtMost, value: 200.0, text: "<= 200".into() };
    let timed = |run: &str| {
        let numbers = vec![NumberQuery { pattern: r"took (\S+) ms".into(), bound: bound.clone() }];
        check(CheckKind::Command(CommandCheck { numbers, ..says(run) }))
    };
    let verdict = tree.run(timed("echo took 12 ms; echo took 200 ms")).await;
    assert_eq!((verdict.outcome, verdict.evidence.measures.len()), (Pass, 2));
    assert_eq!(tree.run(timed("echo took 12 ms; echo took 201 ms")).await.outcome, Fail);
    assert_eq!(tree.run(timed("echo quick")).await.outcome, Fail, "no number is no proof");
}

#[tokio::test]
async fn reports_of_other_runners_are_counted_like_any() {
    let tree = Tree::new();
    let libtest = "printf 'running 1 test\\ntest a ... ok\\n\\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\\n'";
    assert_eq!(tree.run(tests(libtest, "")).await.outcome, Pass);
    let none =
        "printf 'running 0 tests\\n\\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out\\n'";
    assert_eq!(tree.run(tests(none, "")).await.outcome, Fail, "a filter that selects nothing");
    let go = "printf '{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\\n{\"Action\":\"pass\",\"Package\":\"p\"}\\n' > go.json";
    assert_eq!(tree.run(tests(go, "go.json")).await.outcome, Pass);
    let cover = "printf 'mode: set\\na.go:1.1,2.2 4 1\\na.go:3.1,4.2 1 0\\n' > cover.out";
    assert_eq!(tree.run(lines(cover, "cover.out", Relation::Above, 80.0)).await.outcome, Fail);
    assert_eq!(tree.run(lines(cover, "cover.out", Relation::AtLeast, 80.0)).await.outcome, Pass);
}
