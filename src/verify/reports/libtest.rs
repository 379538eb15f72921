//! What the test harness of Rust says: as text (`cargo test`), or as JSON, a line each (`--format json`, and `cargo
//! nextest run --message-format libtest-json`).
//!
//! As text every suite must report as many tests as it announced and as its sum says: a test that prints `test x ... ok`
//! breaks the report rather than adding to it. As JSON every test that started must have ended. A report may hold many
//! suites, one after the other.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{TestReport, TestState, json};

/// Whether a line announces a suite.
pub(super) fn announces(line: &str) -> bool {
    announced(line).is_some()
}

pub(super) fn read_text(text: &str) -> Result<TestReport, String> {
    let mut report = TestReport::default();
    let mut open: Option<Suite> = None;
    for line in text.lines() {
        if let Some(count) = announced(line) {
            if open.is_some() {
                return Err("announces a suite inside another".to_owned());
            }
            open = Some(Suite { announced: count, ..Suite::default() });
        } else if let Some(sums) = line.strip_prefix("test result: ") {
            open.take().ok_or("sums up a suite that it did not announce")?.end(sums)?;
        } else if let Some(suite) = &mut open {
            suite.line(line, &mut report)?;
        }
    }
    match open {
        Some(_) => Err("is cut: the last suite has no `test result:`".to_owned()),
        None => Ok(report),
    }
}

/// `running 3 tests`
fn announced(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("running ")?;
    let (count, noun) = rest.split_once(' ')?;
    matches!(noun, "test" | "tests").then(|| count.parse().ok())?
}

/// The suite that is being read.
#[derive(Debug, Default)]
struct Suite {
    announced: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
    measured: u64,
    /// After its tests a suite quotes what the failed ones said.
    quotes: bool,
}

impl Suite {
    fn line(&mut self, line: &str, report: &mut TestReport) -> Result<(), String> {
        self.quotes |= line == "failures:" || line == "successes:";
        let Some((name, end)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else {
            return Ok(());
        };
        if self.quotes {
            return Ok(());
        }
        let state = match end.split([',', ' ', ':']).next().unwrap_or_default() {
            "ok" => TestState::Passed,
            "FAILED" => TestState::Failed,
            "ignored" => TestState::Skipped,
            "bench" => {
                self.measured += 1;
                return report.add_bounded(name.to_owned(), TestState::Passed);
            }
            // The output of a test that nobody captured stands between its name and its end.
            _ => return Err(format!("does not tell how the test `{name}` ended; do not pass --nocapture")),
        };
        *match state {
            TestState::Passed => &mut self.passed,
            TestState::Failed => &mut self.failed,
            TestState::Skipped => &mut self.ignored,
        } += 1;
        report.add_bounded(name.strip_suffix(" - should panic").unwrap_or(name).to_owned(), state)
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
    fn end(&self, sums: &str) -> Result<(), String> {
        let sum = |noun: &str| -> Option<u64> {
            let part = sums.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(noun))?;
            part.trim().parse().ok()
        };
        let told = (sum(" passed"), sum(" failed"), sum(" ignored"), sum(" measured"));
        let counted = (self.passed, self.failed, self.ignored, self.measured);
        if told != (Some(counted.0), Some(counted.1), Some(counted.2), Some(counted.3)) {
            return Err(format!(
                "lists {} passed, {} failed, {} ignored tests and sums up `{sums}`",
                self.passed, self.failed, self.ignored
            ));
        }
        let listed = self.passed + self.failed + self.ignored + self.measured;
        if listed != self.announced {
            return Err(format!("announced {} tests and lists {listed}", self.announced));
        }
        Ok(())
    }
}

/// One line of JSON. What else it tells (output, times) is passed over.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    event: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<std::borrow::Cow<'a, str>>,
}

pub(super) fn read_json(text: &str) -> Result<TestReport, String> {
    let mut report = TestReport::default();
    let mut running: BTreeSet<String> = BTreeSet::new();
    let mut open = 0_u64;
    for event in json::lines::<Event<'_>>(text) {
        let event = event?;
        let name = || event.name.as_deref().unwrap_or("(unnamed)").to_owned();
        match (event.kind.as_ref(), event.event.as_ref()) {
            ("suite", "started") => open += 1,
            ("suite", _) => open = open.checked_sub(1).ok_or("ends a suite that it did not start")?,
            ("test", "started") => drop(running.insert(name())),
            ("test", end) => {
                let name = name();
                running.remove(&name);
                report.add_bounded(name, ended(end)?)?;
            }
            ("bench", _) => report.add_bounded(name(), TestState::Passed)?,
            _ => {}
        }
    }
    if open > 0 {
        return Err("is cut: a suite has no end".to_owned());
    }
    for name in running {
        report.add_bounded(name, TestState::Failed)?;
    }
    Ok(report)
}

fn ended(event: &str) -> Result<TestState, String> {
    match event {
        "ok" => Ok(TestState::Passed),
        "failed" | "timeout" => Ok(TestState::Failed),
        "ignored" => Ok(TestState::Skipped),
        other => Err(format!("has a test that ended with `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_line_breaks_the_report_and_adds_nothing() {
        let text = |inside: &str, passed: u64| {
            format!(
                "running 1 test\n{inside}test a ... ok\n\ntest result: ok. {passed} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
            )
        };
        assert_eq!(read_text(&text("", 1)).unwrap().ran(), 1);
        assert!(read_text(&text("test forged ... ok\n", 1)).unwrap_err().contains("sums up"));
        assert!(read_text(&text("test forged ... ok\n", 2)).unwrap_err().contains("announced 1"));
        assert!(read_text(&text("running 5 tests\n", 1)).is_err());
        assert!(read_text(&text("test b ... hello\n", 1)).unwrap_err().contains("--nocapture"));
    }

    #[test]
    fn a_suite_without_its_end_is_refused() {
        assert!(read_text("running 2 tests\ntest a ... ok\n").unwrap_err().contains("cut"));
        assert!(read_text("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n").is_err());
        assert!(
            read_json("{\"type\":\"suite\",\"event\":\"started\",\"test_count\":1}\n").unwrap_err().contains("cut")
        );
        assert!(read_json("{\"type\":\"suite\",\"event\":\"ok\"}\n").is_err());
    }

    #[test]
    fn a_test_that_never_ended_has_failed() {
        let report = read_json(
            "{\"type\":\"suite\",\"event\":\"started\"}\n{\"type\":\"test\",\"event\":\"started\",\"name\":\"a\"}\n{\"type\":\"suite\",\"event\":\"failed\"}\n",
        )
        .unwrap();
        assert_eq!((report.ran(), report.failed()), (1, 1));
    }

    #[test]
    fn an_end_that_is_not_known_is_no_pass() {
        assert!(read_json("{\"type\":\"test\",\"event\":\"fine\",\"name\":\"a\"}\n").unwrap_err().contains("fine"));
    }
}
