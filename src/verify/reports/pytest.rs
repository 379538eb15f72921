//! The JSON of `pytest-json-report`. (pytest's own `--junitxml` is JUnit.)
//!
//! Counted from the tests; a collector that failed is a file that could not be imported, and a failure. Expected
//! failures are no evidence either way, unexpected passes of such tests neither.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{TestReport, TestState, json};

/// What tells this report from others.
#[derive(Debug, Deserialize)]
pub(super) struct Report<'a> {
    #[serde(rename = "exitcode")]
    _exit_code: IgnoredAny,
    #[serde(borrow, default)]
    tests: Vec<Node<'a>>,
    #[serde(borrow, default)]
    collectors: Vec<Node<'a>>,
}

#[derive(Debug, Deserialize)]
struct Node<'a> {
    #[serde(borrow, rename = "nodeid")]
    id: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
}

pub(super) fn read(text: &str) -> Result<TestReport, String> {
    let Report { tests, collectors, .. } = json::whole::<Report<'_>>(text)
        .map_err(|reason| format!("{reason} (JSON of libtest, nextest, go test and pytest-json-report is read)"))?;
    let mut report = TestReport::default();
    for test in tests {
        let state = match test.outcome.as_ref() {
            "passed" => TestState::Passed,
            "skipped" | "xfailed" | "xpassed" => TestState::Skipped,
            // `failed`, and `error` for fixtures that broke.
            _ => TestState::Failed,
        };
        report.add_bounded(name(&test.id), state)?;
    }
    for collector in collectors.iter().filter(|collector| collector.outcome == "failed") {
        report.add_bounded(format!("{} (cannot be collected)", collector.id), TestState::Failed)?;
    }
    Ok(report)
}

/// `tests/test_a.py::TestX::test_y` as it is.
fn name(id: &str) -> String {
    if id.is_empty() { "(unnamed)".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_collected_is_a_failure() {
        let report = read(
            r#"{"exitcode": 2, "collectors": [{"nodeid": "", "outcome": "passed"}, {"nodeid": "t.py", "outcome": "failed"}], "tests": []}"#,
        )
        .unwrap();
        assert_eq!((report.ran(), report.failed()), (1, 1));
    }

    #[test]
    fn what_was_expected_to_fail_is_no_evidence() {
        let test =
            |outcome: &str| format!(r#"{{"exitcode": 0, "tests": [{{"nodeid": "a", "outcome": "{outcome}"}}]}}"#);
        for outcome in ["xfailed", "xpassed", "skipped"] {
            assert_eq!(read(&test(outcome)).unwrap().ran(), 0, "{outcome}");
        }
        assert_eq!(read(&test("odd")).unwrap().failed(), 1);
    }

    #[test]
    fn another_document_is_no_report() {
        assert!(read("{}").is_err() && read("[]").is_err());
    }
}
