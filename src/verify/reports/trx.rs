//! TRX, the results of `dotnet test --logger trx` and of Visual Studio (schema `VisualStudio/TeamTest/2010`).
//!
//! Counted from `UnitTestResult`; of a data-driven test its inner results are counted and not their sum. The sums in
//! `Counters` make no test, but a failure they tell of is believed.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{TestReport, TestState};

pub(super) fn read(root: Node<'_, '_>) -> Result<TestReport, String> {
    let Some(results) = root.children().find(|node| node.has_tag_name("Results")) else {
        return Err("is not TRX that can be read: it has no <Results>".to_owned());
    };
    let classes = classes(root);
    let mut report = TestReport::default();
    for result in results.descendants().filter(|node| node.has_tag_name("UnitTestResult")) {
        let has_inner = result.children().any(|child| child.has_tag_name("InnerResults"));
        if !has_inner {
            report.add(name(result, &classes), state(result));
        }
    }
    let summary = root.children().find(|node| node.has_tag_name("ResultSummary"));
    report.believe_failures(summary.map_or(0, declared_failures));
    Ok(report)
}

/// The class of each test by the test's id.
fn classes<'a>(root: Node<'a, '_>) -> BTreeMap<&'a str, &'a str> {
    let definitions = root.descendants().filter(|node| node.has_tag_name("UnitTest"));
    let class = |test: Node<'a, '_>| {
        let method = test.children().find(|child| child.has_tag_name("TestMethod"))?;
        Some((test.attribute("id")?, method.attribute("className")?))
    };
    definitions.filter_map(class).collect()
}

/// `class::method`; runners differ in whether the name of a result has the class in it already.
fn name(result: Node<'_, '_>, classes: &BTreeMap<&str, &str>) -> String {
    let name = result.attribute("testName").unwrap_or("(unnamed)");
    let class = result.attribute("testId").and_then(|id| classes.get(id)).copied().unwrap_or_default();
    // `Some.Class, Assembly, Version=…`
    let class = class.split(',').next().unwrap_or_default();
    let name = name.strip_prefix(class).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
    if class.is_empty() { name.to_owned() } else { format!("{class}::{name}") }
}

/// A result without an outcome is one of an error: the writer leaves out what is its default.
fn state(result: Node<'_, '_>) -> TestState {
    match result.attribute("outcome") {
        Some("Passed") => TestState::Passed,
        Some("NotExecuted" | "NotRunnable" | "Pending" | "Inconclusive") => TestState::Skipped,
        _ => TestState::Failed,
    }
}

fn declared_failures(summary: Node<'_, '_>) -> u64 {
    let counters = summary.children().find(|node| node.has_tag_name("Counters"));
    let count = |name: &str| {
        let text = counters.and_then(|counters| counters.attribute(name));
        text.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let kinds = ["failed", "error", "timeout", "aborted", "passedButRunAborted", "disconnected"];
    let counted = kinds.into_iter().map(count).fold(0, u64::saturating_add);
    // An error outside of any test (a class set-up, the host itself) stands in the outcome of the run alone.
    let broke = matches!(summary.attribute("outcome"), Some("Failed" | "Error" | "Timeout" | "Aborted"));
    counted.max(u64::from(broke))
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn read(text: &str) -> Result<TestReport, String> {
        super::read(xml::parse(text)?.root_element())
    }

    fn of(results: &str, summary: &str) -> TestReport {
        let text = format!(
            "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><Results>{results}</Results>{summary}</TestRun>"
        );
        read(&text).unwrap()
    }

    #[test]
    fn only_what_passed_passes() {
        let one = |outcome: &str| format!("<UnitTestResult testName='t' outcome='{outcome}'/>");
        let states = [
            ("Passed", (1, 0, 0)),
            ("NotExecuted", (0, 0, 1)),
            ("Inconclusive", (0, 0, 1)),
            ("Failed", (0, 1, 0)),
            ("Timeout", (0, 1, 0)),
            ("PassedButRunAborted", (0, 1, 0)),
            ("Completed", (0, 1, 0)),
            ("passed", (0, 1, 0)),
        ];
        for (outcome, (passed, failed, skipped)) in states {
            let report = of(&one(outcome), "");
            assert_eq!(
                (report.ran(), report.failed(), report.skipped()),
                (passed + failed, failed, skipped),
                "{outcome}"
            );
        }
        assert_eq!(of("<UnitTestResult testName='t'/>", "").failed(), 1);
    }

    #[test]
    fn a_failure_that_only_the_summary_tells_is_believed_and_no_test_is_made_of_sums() {
        let passed = "<UnitTestResult testName='t' outcome='Passed'/>";
        let told = of(passed, "<ResultSummary outcome='Failed'><Counters total='9' passed='9'/></ResultSummary>");
        assert_eq!((told.ran(), told.failed()), (2, 1));
        let sums = of("", "<ResultSummary outcome='Completed'><Counters total='9' passed='9'/></ResultSummary>");
        assert_eq!(sums.ran(), 0);
        let absurd = "<ResultSummary><Counters failed='18446744073709551615' error='9' aborted='-3'/></ResultSummary>";
        assert_eq!(of(passed, absurd).failed(), 1000);
    }

    #[test]
    fn inner_results_are_counted_and_not_their_sum() {
        let text = "<UnitTestResult testName='rows' outcome='Failed'><InnerResults>\
                    <UnitTestResult testName='rows (1)' outcome='Passed'/><UnitTestResult testName='rows (2)' outcome='Failed'/>\
                    </InnerResults></UnitTestResult>";
        assert_eq!((of(text, "").ran(), of(text, "").failed()), (2, 1));
    }

    #[test]
    fn a_run_without_results_is_no_report() {
        assert!(read("<TestRun/>").unwrap_err().contains("no <Results>"));
    }
}
