//! JUnit XML, in the dialects of surefire, jest-junit, pytest, nextest, gtest and bun.
//!
//! Results are counted from the test cases. The sums in attributes are not trusted to be low: a suite that says it had
//! more failures than it lists (an error outside any case) is believed.

use roxmltree::Node;

use super::{TestReport, TestState};

pub(super) fn read(root: Node<'_, '_>) -> Result<TestReport, String> {
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!("is not JUnit: its root is <{}>", root.tag_name().name()));
    }
    let mut report = TestReport::default();
    for case in root.descendants().filter(|node| node.has_tag_name("testcase")) {
        report.add(name(case), state(case));
    }
    let suites = root.children().filter(|node| node.has_tag_name("testsuite")).map(declared_failures);
    let declared = declared_failures(root).max(suites.fold(0, u64::saturating_add));
    report.believe_failures(declared);
    Ok(report)
}

fn name(case: Node<'_, '_>) -> String {
    let name = case.attribute("name").unwrap_or("(unnamed)");
    match case.attribute("classname") {
        Some(class) if !class.is_empty() => format!("{class}::{name}"),
        _ => name.to_owned(),
    }
}

fn state(case: Node<'_, '_>) -> TestState {
    let has = |tag: &str| case.children().any(|child| child.has_tag_name(tag));
    // gtest lists what it did not run with `status="notrun"` or `result="suppressed"` and no child.
    let not_run = matches!(case.attribute("status"), Some("notrun" | "skipped" | "disabled"))
        || matches!(case.attribute("result"), Some("suppressed" | "skipped"));
    if has("failure") || has("error") {
        TestState::Failed
    } else if has("skipped") || has("disabled") || not_run {
        TestState::Skipped
    } else {
        TestState::Passed
    }
}

fn declared_failures(suite: Node<'_, '_>) -> u64 {
    let sum = |name: &str| suite.attribute(name).and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
    sum("failures").saturating_add(sum("errors"))
}

#[cfg(test)]
mod tests {
    use super::super::xml;
    use super::*;

    fn read(text: &str) -> Result<TestReport, String> {
        super::read(xml::parse(text)?.root_element())
    }

    #[test]
    fn cases_are_counted_by_state() {
        let report = read(
            r#"<?xml version="1.0"?><testsuites tests="9"><testsuite name="a" tests="4" failures="1" errors="1">
            <testcase classname="api.Create" name="ok"/><testcase name="bad"><failure message="x">1</failure></testcase>
            <testcase name="broken"><error/></testcase><testcase name="later"><skipped/></testcase>
            <testcase name="off" status="notrun"/></testsuite></testsuites>"#,
        )
        .unwrap();
        assert_eq!((report.ran(), report.failed(), report.skipped()), (3, 2, 2));
        assert_eq!(report.names(TestState::Passed).collect::<Vec<_>>(), ["api.Create::ok"]);
    }

    #[test]
    fn sums_in_attributes_make_no_test_and_hide_none() {
        let report = read(r#"<testsuite tests="500" failures="0"/>"#).unwrap();
        assert_eq!(report.ran(), 0);
        let report = read(r#"<testsuite tests="1" failures="0"><testcase name="a"><failure/></testcase></testsuite>"#);
        assert_eq!(report.unwrap().failed(), 1);
    }

    #[test]
    fn a_failure_outside_any_case_is_believed() {
        let report =
            read(r#"<testsuites><testsuite errors="1"><testcase name="a"/></testsuite></testsuites>"#).unwrap();
        assert_eq!((report.ran(), report.failed()), (2, 1));
        let absurd = read(r#"<testsuite errors="18446744073709551615" failures="9"/>"#).unwrap();
        assert_eq!(absurd.failed(), 1000);
    }

    #[test]
    fn another_document_is_no_report() {
        assert!(read("<html/>").unwrap_err().contains("<html>"));
        assert!(read("<testsuite><testcase name='a'/>").is_err(), "cut");
    }
}
