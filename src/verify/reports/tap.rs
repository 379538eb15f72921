//! TAP 13 and 14. Only leaves are counted: a point that sums up a subtest is not a test of its own, but its failure is
//! not lost.
//!
//! A plan is required, its count must be met, and a number may not come twice: output that a tested program mixes in
//! (`ok 7`) breaks the report rather than adding to it.

use std::collections::BTreeSet;

use super::{TestReport, TestState};

pub(super) fn read(text: &str) -> Result<TestReport, String> {
    let mut reader = Reader { levels: vec![Level::default()], ..Reader::default() };
    for line in text.lines() {
        if reader.line(line)? == Flow::End {
            return Ok(reader.report);
        }
    }
    reader.finish()
}

/// Whether a line can only be one of TAP.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with("TAP version")
        || plan(line).is_some()
        || Point::read(line).is_some_and(|point| point.number.is_some())
}

#[derive(Debug, Default)]
struct Reader {
    report: TestReport,
    /// Index = nesting; the first is the document.
    levels: Vec<Level>,
    in_yaml: bool,
}

/// One level of nesting.
#[derive(Debug, Default)]
struct Level {
    /// What `# Subtest:` called it.
    title: String,
    plan: Option<u64>,
    seen: BTreeSet<u64>,
    failures: u64,
}

#[derive(PartialEq, Eq)]
enum Flow {
    On,
    End,
}

/// Deeper nesting than any runner writes is taken for noise.
const DEPTH_CAP: usize = 32;

impl Reader {
    fn line(&mut self, line: &str) -> Result<Flow, String> {
        let trimmed = line.trim_start_matches(' ');
        let depth = (line.len() - trimmed.len()) / 4;
        let trimmed = trimmed.trim_end();
        if self.in_yaml {
            self.in_yaml = trimmed != "...";
            return Ok(Flow::On);
        }
        if trimmed == "---" && line.starts_with("  ") {
            self.in_yaml = true;
        } else if let Some(title) = trimmed.strip_prefix("# Subtest:") {
            // The title stands at its own level in TAP 14, and one above where node writes it.
            self.open(depth + 1);
            if let Some(level) = self.levels.get_mut(depth + 1) {
                title.trim().clone_into(&mut level.title);
            }
        } else if let Some(reason) = trimmed.strip_prefix("Bail out!") {
            self.report.add(format!("(bailed out:{reason})"), TestState::Failed);
            return Ok(Flow::End);
        } else if let Some(plan) = plan(trimmed) {
            self.plan(depth, plan)?;
        } else if let Some(point) = Point::read(trimmed) {
            self.point(depth, &point)?;
        }
        Ok(Flow::On)
    }

    fn open(&mut self, depth: usize) {
        while self.levels.len() <= depth.min(DEPTH_CAP) {
            self.levels.push(Level::default());
        }
    }

    fn plan(&mut self, depth: usize, plan: u64) -> Result<(), String> {
        self.open(depth);
        let Some(level) = self.levels.get_mut(depth) else { return Ok(()) };
        if level.plan.replace(plan).is_some() {
            return Err("has two plans at one level".to_owned());
        }
        Ok(())
    }

    fn point(&mut self, depth: usize, point: &Point<'_>) -> Result<(), String> {
        self.open(depth);
        let inner = if self.levels.len() > depth + 1 { self.close(depth + 1)? } else { None };
        let titles = self.levels.iter().skip(1).take(depth).map(|level| level.title.as_str());
        let name = titles.filter(|title| !title.is_empty()).chain([point.name]).collect::<Vec<_>>().join("::");
        let Some(level) = self.levels.get_mut(depth) else { return Ok(()) };
        let number = point.number.unwrap_or(level.seen.len() as u64 + 1);
        if !level.seen.insert(number) {
            return Err(format!("reports test {number} twice"));
        }
        level.failures += u64::from(point.state == TestState::Failed);
        let adds = match inner {
            None => true,
            // The sum of a subtest counts only if it tells of a failure that no leaf told.
            Some(failures) => failures == 0 && point.state == TestState::Failed,
        };
        if adds {
            self.report.add(name, point.state);
        }
        Ok(())
    }

    /// Ends all levels from `depth` on. Answers with the failures of the outermost, or `None` if it held no tests.
    fn close(&mut self, depth: usize) -> Result<Option<u64>, String> {
        let mut failures = None;
        while self.levels.len() > depth {
            let Some(level) = self.levels.pop() else { break };
            failures = match level.plan {
                None if level.seen.is_empty() => failures,
                _ => Some(level.end()? + failures.unwrap_or(0)),
            };
        }
        Ok(failures)
    }

    fn finish(mut self) -> Result<TestReport, String> {
        if self.in_yaml || self.levels.len() > 1 {
            return Err("is cut: it ends inside a subtest or a diagnostic block".to_owned());
        }
        self.close(0)?.map(|_| self.report).ok_or_else(|| "is not TAP: it has neither plan nor tests".to_owned())
    }
}

impl Level {
    fn end(&self) -> Result<u64, String> {
        let Some(plan) = self.plan else { return Err("has no plan (`1..n`): it may be cut".to_owned()) };
        let seen = self.seen.len() as u64;
        if seen != plan || self.seen.last().is_some_and(|last| *last != plan) {
            return Err(format!("planned {plan} tests and reports {seen}"));
        }
        Ok(self.failures)
    }
}

/// `1..n`, with or without a reason to skip all.
fn plan(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("1..")?;
    rest.split([' ', '#']).next()?.parse().ok()
}

/// `ok 1 - name # SKIP why`
struct Point<'a> {
    number: Option<u64>,
    name: &'a str,
    state: TestState,
}

impl<'a> Point<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (good, rest) = match line.strip_prefix("not ok") {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix("ok")?),
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        let rest = rest.trim_start();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = rest.split_at(digits);
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("- ").unwrap_or(rest);
        let (name, directive) = match rest.rsplit_once(" #").or_else(|| rest.strip_prefix('#').map(|rest| ("", rest))) {
            Some((name, directive)) if is_directive(directive) => (name, Some(directive)),
            Some((name, time)) if time.trim_start().starts_with("time=") => (name, None),
            _ => (rest, None),
        };
        // TODO marks what is known not to work: neither its failure nor its pass is evidence.
        let state = match (directive, good) {
            (Some(_), _) => TestState::Skipped,
            (None, true) => TestState::Passed,
            (None, false) => TestState::Failed,
        };
        Some(Self { number: number.parse().ok(), name: name.trim(), state })
    }
}

fn is_directive(text: &str) -> bool {
    let word: String = text.trim_start().chars().take(4).collect();
    word.eq_ignore_ascii_case("skip") || word.eq_ignore_ascii_case("todo")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Result<(u64, u64, u64), String> {
        read(text).map(|report| (report.ran(), report.failed(), report.skipped()))
    }

    #[test]
    fn points_are_counted_by_state() {
        let text = "TAP version 13\n1..5\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP later\nnot ok 4 d # TODO x\nok\n";
        assert_eq!(counts(text), Ok((3, 1, 2)));
        assert_eq!(counts("ok 1 - uses #hash\n1..1\n"), Ok((1, 0, 0)));
        assert_eq!(counts("1..0 # SKIP nothing here\n"), Ok((0, 0, 0)));
    }

    #[test]
    fn how_long_a_test_took_is_not_part_of_its_name() {
        let report = read("1..1\nok 1 - sum > adds # time=1.03ms\n").unwrap();
        assert_eq!(report.names(TestState::Passed).collect::<Vec<_>>(), ["sum > adds"]);
    }

    #[test]
    fn a_report_without_its_end_is_refused() {
        assert!(counts("1..3\nok 1\nok 2\n").unwrap_err().contains("planned 3"));
        assert!(counts("ok 1\nok 2\n").unwrap_err().contains("no plan"));
        assert!(counts("1..1\nok 1\n  ---\n  message: x\n").unwrap_err().contains("cut"));
        assert!(counts("hello\n").unwrap_err().contains("not TAP"));
        assert!(counts("").is_err());
    }

    #[test]
    fn output_mixed_in_breaks_the_report_and_adds_nothing() {
        assert!(counts("1..2\nok 1 - real\nok 1 - forged\n").is_err());
        assert!(counts("1..2\nok 1\nok 2\nok 3 - forged\n").is_err());
        assert!(counts("1..1\nok 1\n1..5\n").is_err());
        assert!(counts("1..2\nok 1\nok 7\n").is_err());
        assert_eq!(counts("1..1\nokay then\nok 1\n"), Ok((1, 0, 0)));
    }

    #[test]
    fn only_leaves_of_subtests_are_counted() {
        let text = "TAP version 14\n# Subtest: file\n    # Subtest: inner\n        ok 1 - x\n        not ok 2 - y\n        1..2\n    not ok 1 - inner\n    ok 2 - plain\n    1..2\nnot ok 1 - file\n1..1\n";
        let report = read(text).unwrap();
        assert_eq!((report.ran(), report.failed()), (3, 1));
        assert_eq!(report.names(TestState::Passed).collect::<Vec<_>>(), ["file::inner::x", "file::plain"]);
    }

    #[test]
    fn a_failed_sum_over_good_leaves_is_not_lost() {
        assert_eq!(counts("# Subtest: a\n    ok 1 - x\n    1..1\nnot ok 1 - a\n1..1\n"), Ok((2, 1, 0)));
    }

    #[test]
    fn a_bail_out_is_a_failure() {
        assert_eq!(counts("1..9\nok 1\nBail out! no database\n"), Ok((2, 1, 0)));
    }

    #[test]
    fn diagnostics_are_not_points() {
        assert_eq!(counts("1..1\nok 1\n  ---\n  ok 2 - inside\n  ...\n"), Ok((1, 0, 0)));
    }
}
