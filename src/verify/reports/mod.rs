//! Readers of reports that programs write. Pure, and made for hostile input: a report is written by code that the
//! worker wrote, so every reader is bounded, expands nothing, and answers with an error instead of a guess.

mod clover;
mod cobertura;
mod coverage_py;
mod go_cover;
mod go_test;
mod istanbul;
mod jacoco;
mod json;
mod junit;
mod lcov;
mod libtest;
mod llvm_cov;
mod pytest;
mod sarif;
mod tap;
mod trx;
mod xml;

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::Deserialize;
use serde::de::IgnoredAny;

pub(super) use sarif::Analysis;

/// No test run has more results; about 150 bytes each in memory.
const RESULT_CAP: usize = 500_000;

/// Lines, branches and functions of one coverage report; about 60 bytes each in memory.
const RECORD_CAP: usize = 4_000_000;

/// What a test report tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TestReport {
    /// The state of each test by name. One that is reported twice keeps its worst state.
    tests: BTreeMap<String, TestState>,
    /// How many results each state has, repeated names included.
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// The end of one test, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TestState {
    Passed,
    Skipped,
    Failed,
}

impl TestReport {
    fn add(&mut self, name: String, state: TestState) {
        match state {
            TestState::Passed => self.passed += 1,
            TestState::Skipped => self.skipped += 1,
            TestState::Failed => self.failed += 1,
        }
        let known = self.tests.entry(name).or_insert(state);
        *known = state.max(*known);
    }

    /// Adds a result of a report that may hold any number of them.
    fn add_bounded(&mut self, name: String, state: TestState) -> Result<(), String> {
        if self.passed + self.failed + self.skipped >= RESULT_CAP as u64 {
            return Err(format!("has more than {RESULT_CAP} results"));
        }
        self.add(name, state);
        Ok(())
    }

    /// Believes a sum of failures where fewer are listed, as far as such a sum can be meant.
    fn believe_failures(&mut self, told: u64) {
        for number in self.failed..told.min(self.failed.saturating_add(1000)) {
            self.add(format!("(failure outside any test case {})", number + 1), TestState::Failed);
        }
    }

    /// Takes over another file's results.
    pub(super) fn join(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        for (name, state) in other.tests {
            let known = self.tests.entry(name).or_insert(state);
            *known = state.max(*known);
        }
    }

    /// Results of tests that ran: skipped ones did not.
    pub(super) const fn ran(&self) -> u64 {
        self.passed + self.failed
    }

    pub(super) const fn failed(&self) -> u64 {
        self.failed
    }

    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Names of tests in one state, sorted.
    pub(super) fn names(&self, state: TestState) -> impl Iterator<Item = &str> {
        self.tests.iter().filter(move |(_, own)| **own == state).map(|(name, _)| name.as_str())
    }

    /// The state of the tests that go by a name: the whole of it, or what follows the last `::`. The worst counts.
    pub(super) fn state(&self, name: &str) -> Option<TestState> {
        let ends = |full: &str| full.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"));
        self.tests.iter().filter(|(full, _)| ends(full)).map(|(_, state)| *state).max()
    }
}

/// Reads a test report, told apart by its content.
pub(super) fn tests(bytes: &[u8]) -> Result<TestReport, String> {
    let text = text(bytes)?;
    let begin = text.trim_start();
    if begin.starts_with('<') {
        let document = xml::parse(text)?;
        let root = document.root_element();
        return if root.has_tag_name("TestRun") { trx::read(root) } else { junit::read(root) };
    }
    if let Some(read) = json_tests(begin) {
        return read(text);
    }
    if libtest_comes_first(text) { libtest::read_text(text) } else { tap::read(text) }
}

type ReadTests = fn(&str) -> Result<TestReport, String>;

/// The reader of a report in JSON, by the first line of it; `None` for anything else. `go test` writes of a package that
/// does not compile before all others, and in words.
fn json_tests(text: &str) -> Option<ReadTests> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "type")]
        kind: Option<IgnoredAny>,
        #[serde(rename = "Action")]
        action: Option<IgnoredAny>,
    }
    let first = text.lines().find(|line| !line.starts_with("FAIL\t"))?;
    if !first.starts_with('{') {
        return None;
    }
    Some(match serde_json::from_str::<Line>(first) {
        Ok(Line { action: Some(_), .. }) => go_test::read,
        Ok(Line { kind: Some(_), .. }) => libtest::read_json,
        Ok(_) | Err(_) => pytest::read,
    })
}

/// Whether the words of Rust's harness come before those of TAP: a program may print either.
fn libtest_comes_first(text: &str) -> bool {
    let first = text.lines().find(|line| libtest::announces(line) || tap::begins(line));
    first.is_some_and(libtest::announces)
}

/// Reads a coverage report, told apart by its content.
pub(super) fn coverage(bytes: &[u8]) -> Result<Coverage, String> {
    let text = text(bytes)?;
    match text.trim_start() {
        begin if begin.starts_with('<') => {
            let document = xml::parse(text)?;
            let root = document.root_element();
            match root.tag_name().name() {
                "report" => jacoco::read(root),
                _ if root.children().any(|child| child.has_tag_name("project")) => clover::read(root),
                _ => cobertura::read(root),
            }
        }
        begin if begin.starts_with('{') => json_coverage(text),
        begin if begin.starts_with(go_cover::HEAD) => go_cover::read(begin),
        _ => lcov::read(text),
    }
}

fn json_coverage(text: &str) -> Result<Coverage, String> {
    #[derive(Deserialize)]
    struct Keys {
        meta: Option<IgnoredAny>,
        data: Option<IgnoredAny>,
        total: Option<IgnoredAny>,
    }
    let keys: Keys = json::whole(text)?;
    match keys {
        Keys { data: Some(_), .. } => llvm_cov::read(text),
        Keys { meta: Some(_), .. } => coverage_py::read(text),
        Keys { total: Some(_), .. } => {
            Err("is a summary of istanbul, which has sums only; name `coverage-final.json` (reporter `json`)"
                .to_owned())
        }
        _ => istanbul::read(text),
    }
}

/// Reads a SARIF report.
pub(super) fn sarif(bytes: &[u8]) -> Result<Analysis, String> {
    sarif::read(text(bytes)?)
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// How much of something was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) reached: u64,
    pub(super) all: u64,
}

impl Share {
    /// In percent; `None` if there was nothing to reach: no line is no proof.
    pub(super) fn percent(self) -> Option<f64> {
        use super::finding::number;
        (self.all > 0).then(|| number(self.reached) * 100.0 / number(self.all))
    }

    fn of(reached: impl Iterator<Item = bool>) -> Self {
        reached.fold(Self::default(), |share, hit| Self { reached: share.reached + u64::from(hit), all: share.all + 1 })
    }

    /// A share that a report tells as two numbers, if it can be meant. One place has a handful of branches and one file
    /// some thousands; a number beyond that is a forgery that would drown the others.
    fn checked(reached: u64, all: u64) -> Result<Self, String> {
        if reached > all || all > 1_000_000 {
            return Err(format!("reaches {reached} of {all} somewhere, which cannot be"));
        }
        Ok(Self { reached, all })
    }
}

impl Add for Share {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { reached: self.reached.saturating_add(other.reached), all: self.all.saturating_add(other.all) }
    }
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Share {
    fn sum<I: Iterator<Item = Self>>(shares: I) -> Self {
        shares.fold(Self::default(), Add::add)
    }
}

/// What a coverage report tells, counted from its details and never from its sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    pub(super) lines: Share,
    pub(super) branches: Share,
    pub(super) functions: Share,
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod real;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_whole_or_the_end_of_one_and_the_worst_state_counts() {
        let mut report = TestReport::default();
        report.add("api::create".into(), TestState::Passed);
        report.add("ui::create".into(), TestState::Failed);
        assert_eq!(report.state("api::create"), Some(TestState::Passed));
        assert_eq!(report.state("create"), Some(TestState::Failed));
        assert_eq!(report.state("eate"), None);
        report.add("api::create".into(), TestState::Skipped);
        report.add("api::create".into(), TestState::Passed);
        assert_eq!(report.state("api::create"), Some(TestState::Skipped));
        assert_eq!((report.ran(), report.failed(), report.skipped()), (3, 1, 1));
    }

    #[test]
    fn a_report_of_more_results_than_any_run_has_is_refused() {
        let mut report = TestReport { passed: RESULT_CAP as u64 - 1, ..TestReport::default() };
        assert_eq!(report.add_bounded("last".into(), TestState::Passed), Ok(()));
        assert!(report.add_bounded("more".into(), TestState::Passed).unwrap_err().contains("more than"));
    }

    #[test]
    fn nothing_to_reach_has_no_percentage() {
        assert_eq!(Share::default().percent(), None);
        assert_eq!(Share { reached: 4, all: 5 }.percent(), Some(80.0));
    }
}
