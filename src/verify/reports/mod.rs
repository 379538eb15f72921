//! Readers of reports that programs write. Pure, and made for hostile input: a report is written by code that the
//! worker wrote, so every reader is bounded, expands nothing, and answers with an error instead of a guess.

pub(super) mod cobertura;
pub(super) mod junit;
pub(super) mod lcov;
pub(super) mod tap;
mod xml;

use std::collections::BTreeMap;

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

/// Reads a test report of either kind, told apart by its first character.
pub(super) fn tests(bytes: &[u8]) -> Result<TestReport, String> {
    let text = text(bytes)?;
    if text.trim_start().starts_with('<') { junit::read(text) } else { tap::read(text) }
}

/// Reads a coverage report of either kind, told apart by its first character.
pub(super) fn coverage(bytes: &[u8]) -> Result<Coverage, String> {
    let text = text(bytes)?;
    if text.trim_start().starts_with('<') { cobertura::read(text) } else { lcov::read(text) }
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
}

/// What a coverage report tells, counted from its details and never from its sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    pub(super) lines: Share,
    pub(super) branches: Share,
    pub(super) functions: Share,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn nothing_to_reach_has_no_percentage() {
        assert_eq!(Share::default().percent(), None);
        assert_eq!(Share { reached: 4, all: 5 }.percent(), Some(80.0));
    }

    const REPORTS: [&str; 4] = [
        "<testsuites><testsuite name=\"s\" tests=\"2\"><testcase classname=\"a\" name=\"b\"/><testcase name=\"c\"><failure message=\"x\"/></testcase></testsuite></testsuites>",
        "TAP version 14\n1..3\nok 1 - a\nnot ok 2 - b\n  ---\n  at: x\n  ...\n# Subtest: c\n    1..1\n    ok 1 - d # SKIP no\nok 3 - c\n",
        "TN:\nSF:a.js\nFN:1,f\nFNDA:1,f\nDA:1,1\nDA:2,0\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nend_of_record\n",
        "<coverage><packages><package><classes><class filename=\"a\"><methods><method name=\"m\" signature=\"\"><lines><line number=\"1\" hits=\"1\"/></lines></method></methods><lines><line number=\"1\" hits=\"1\" branch=\"true\" condition-coverage=\"50% (1/2)\"/></lines></class></classes></package></packages></coverage>",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn garbage_never_panics(bytes: Vec<u8>) {
            drop((tests(&bytes), coverage(&bytes)));
        }

        #[test]
        fn a_report_that_is_cut_or_changed_never_panics(
            which in 0usize..4, cut in 0usize..400, at in 0usize..400, byte: u8, piece in "[<>&\"/a-z0-9:,# \n-]{0,12}",
        ) {
            let mut bytes = REPORTS[which].as_bytes().to_vec();
            bytes.truncate(cut);
            let at = at.min(bytes.len());
            bytes.splice(at..at, piece.bytes());
            if let Some(spot) = bytes.get_mut(at) {
                *spot = byte;
            }
            drop((tests(&bytes), coverage(&bytes)));
        }

        #[test]
        fn lines_of_the_formats_in_any_order_never_panic(lines in prop::collection::vec(
            "(ok|not ok|1\\.\\.[0-9]{1,20}|Bail out!|    ok|  ---|SF:|DA:|BRDA:|FN:|FNDA:|FNL:|FNA:|# Subtest:|end_of_record)[ ]?[-0-9a-z#:, ]{0,12}", 0..40,
        )) {
            let text = lines.join("\n");
            drop((tests(text.as_bytes()), coverage(text.as_bytes())));
        }
    }

    #[test]
    fn every_sample_is_read_whole_so_that_the_cuts_mean_something() {
        for (at, report) in REPORTS.iter().enumerate() {
            let read = if at < 2 { tests(report.as_bytes()).err() } else { coverage(report.as_bytes()).err() };
            assert_eq!(read, None, "{report}");
        }
    }
}
