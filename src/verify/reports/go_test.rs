//! `go test -json`: one event a line.
//!
//! Only leaves are counted: a test with subtests sums them up, and counts by itself only if it failed and none of them
//! did. A package that failed without a failed test (it does not compile, its `TestMain` gave up) counts as a failure,
//! and one that began and never ended cuts the report.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::{RESULT_CAP, TestReport, TestState, json};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow, default)]
    package: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    test: Option<Cow<'a, str>>,
}

/// What is known of one package.
#[derive(Debug, Default)]
struct Package {
    /// `None` while a test runs.
    tests: BTreeMap<String, Option<TestState>>,
    end: Option<TestState>,
}

pub(super) fn read(text: &str) -> Result<TestReport, String> {
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    let mut tests = 0;
    for event in json::lines::<Event<'_>>(text) {
        let event = event?;
        let Some(package) = event.package else { continue };
        let package = packages.entry(package.into_owned()).or_default();
        let state = match event.action.as_ref() {
            "pass" | "bench" => Some(TestState::Passed),
            "fail" => Some(TestState::Failed),
            "skip" => Some(TestState::Skipped),
            _ => None,
        };
        match event.test {
            Some(test) => {
                let known = package.tests.entry(test.into_owned()).or_insert_with(|| {
                    tests += 1;
                    None
                });
                // Run several times (`-count`), the worst end counts.
                *known = (*known).max(state);
            }
            None => package.end = package.end.max(state),
        }
        if tests > RESULT_CAP || packages.len() > RESULT_CAP {
            return Err(format!("has more than {RESULT_CAP} results"));
        }
    }
    // Before Go 1.24 a package that does not compile is told in words between the events.
    let broken = text.lines().filter_map(|line| line.strip_prefix("FAIL\t")?.split(['\t', ' ']).next());
    for name in broken.take(RESULT_CAP) {
        packages.entry(name.to_owned()).or_default().end = Some(TestState::Failed);
    }
    report(&packages)
}

fn report(packages: &BTreeMap<String, Package>) -> Result<TestReport, String> {
    let mut report = TestReport::default();
    for (name, package) in packages {
        let before = report.failed;
        for (test, state) in &package.tests {
            package.add(name, test, state.unwrap_or(TestState::Failed), &mut report);
        }
        match package.end {
            None => return Err(format!("is cut: the package `{name}` has no end")),
            Some(TestState::Failed) if report.failed == before => {
                report.add(format!("{name}::(the package itself)"), TestState::Failed);
            }
            Some(TestState::Failed | TestState::Passed | TestState::Skipped) => {}
        }
    }
    Ok(report)
}

impl Package {
    fn add(&self, package: &str, test: &str, state: TestState, report: &mut TestReport) {
        let prefix = format!("{test}/");
        // Names are sorted, so that subtests begin right after their prefix.
        let below = self.tests.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let mut below = below.map(|(_, state)| state.unwrap_or(TestState::Failed)).peekable();
        let counts = match (below.peek(), state) {
            (None, _) => true,
            (Some(_), TestState::Failed) => below.all(|inner| inner != TestState::Failed),
            (Some(_), TestState::Passed | TestState::Skipped) => false,
        };
        if counts {
            report.add(format!("{package}::{test}"), state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(&str, &str, &str)]) -> Result<TestReport, String> {
        let line = |(action, package, test): &(&str, &str, &str)| {
            let test = if test.is_empty() { String::new() } else { format!(",\"Test\":\"{test}\"") };
            format!("{{\"Action\":\"{action}\",\"Package\":\"{package}\"{test}}}\n")
        };
        read(&lines.iter().map(line).collect::<String>())
    }

    #[test]
    fn a_package_that_failed_by_itself_is_a_failure() {
        let report = of(&[("run", "p", "T"), ("pass", "p", "T"), ("fail", "p", "")]).unwrap();
        assert_eq!((report.ran(), report.failed()), (2, 1));
        let built = read("FAIL\texample.org/bad [build failed]\n{\"Action\":\"pass\",\"Package\":\"p\"}\n").unwrap();
        assert_eq!(built.failed(), 1);
    }

    #[test]
    fn a_parent_counts_only_where_it_failed_alone() {
        let text = [("pass", "p", "A/x"), ("fail", "p", "A"), ("pass", "p", "AB"), ("fail", "p", "")];
        let report = of(&text).unwrap();
        assert_eq!(report.names(TestState::Failed).collect::<Vec<_>>(), ["p::A"]);
        assert_eq!(report.names(TestState::Passed).collect::<Vec<_>>(), ["p::A/x", "p::AB"]);
    }

    #[test]
    fn what_never_ended_is_no_pass() {
        assert!(of(&[("run", "p", "T"), ("pass", "p", "T")]).unwrap_err().contains("cut"));
        assert_eq!(of(&[("run", "p", "T"), ("pass", "p", "")]).unwrap().failed(), 1);
    }

    #[test]
    fn a_test_that_ran_twice_keeps_its_worst_end() {
        let text = [("fail", "p", "T"), ("pass", "p", "T"), ("fail", "p", "")];
        assert_eq!(of(&text).unwrap().failed(), 1);
    }
}
