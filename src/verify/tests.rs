//! `tests`: runs a test command and counts its report. No test is no proof, and neither is a good report of a command
//! that failed for another reason.

use std::collections::BTreeSet;

use super::files;
use super::finding::{Finding, Tally, number};
use super::fresh;
use super::ground::Place;
use super::reports::{self, TestReport, TestState};
use super::shell::{self, OUTPUT_CAP, Ran};
use super::text::{Completeness, short};
use crate::mission::TestsCheck;

/// So many names are given where there are more.
const NAMED: usize = 5;

pub(super) async fn check(place: &Place<'_>, what: &TestsCheck) -> Finding {
    run(place, what).await.unwrap_or_else(|finding| finding).subject(place.with_port(&what.run))
}

async fn run(place: &Place<'_>, what: &TestsCheck) -> Result<Finding, Finding> {
    let before = if what.report.is_empty() { None } else { Some(fresh::before(place, &what.report)?) };
    let ran = shell::run(place, &what.run, 0).await?;
    let read = match &before {
        Some(before) => read_files(place, what, before, &ran),
        None => read_stdout(&ran),
    };
    Ok(ran.evidence(read.map_or_else(|finding| finding, |report| judge(place, what, &ran, &report))))
}

fn read_files(place: &Place<'_>, what: &TestsCheck, before: &fresh::Before, ran: &Ran) -> Result<TestReport, Finding> {
    let mut all = TestReport::default();
    for file in fresh::after(place, &what.report, before, ran)? {
        let report = reports::tests(&file.bytes);
        all.join(report.map_err(|reason| Finding::inconclusive(format!("the report `{}` {reason}", file.name)))?);
    }
    Ok(all)
}

fn read_stdout(ran: &Ran) -> Result<TestReport, Finding> {
    if ran.completeness == Completeness::Cut {
        return Err(Finding::inconclusive("stdout was cut, so it is not read as a report; write a report file"));
    }
    let read = files::read_own(&ran.stdout, OUTPUT_CAP).map_err(|error| error.to_string());
    read.and_then(|bytes| reports::tests(&bytes)).map_err(|reason| match ran.code {
        0 => Finding::inconclusive(format!("stdout {reason}")),
        code => Finding::fail(format!("exit {code}; stdout {reason}")),
    })
}

fn judge(place: &Place<'_>, what: &TestsCheck, ran: &Ran, report: &TestReport) -> Finding {
    let mut tally = Tally::default();
    let (ran_tests, failed, skipped) = (report.ran(), report.failed(), report.skipped());
    let least = what.min_total.max(1);
    tally.measure("tests", number(ran_tests), format!(">= {least}"));
    tally.measure("failed", number(failed), format!("<= {}", what.max_failed));
    tally.measure("skipped", number(skipped), what.max_skipped.map(|most| format!("<= {most}")).unwrap_or_default());
    tally.note(
        ran_tests >= least,
        match ran_tests {
            0 => format!("no test ran ({skipped} skipped), and no test is no proof"),
            _ => format!("{ran_tests} tests ran, asked for {least}"),
        },
    );
    tally.note(failed <= what.max_failed, failed_phrase(report, what.max_failed));
    if let Some(most) = what.max_skipped {
        tally.note(skipped <= most, format!("{skipped} skipped, asked for {most} at most"));
    }
    note_exit(&mut tally, ran.code, failed);
    note_must_pass(&mut tally, what, report);
    if what.no_regression {
        note_regression(&mut tally, place, report);
    }
    let mut finding = tally.finding();
    let passed: BTreeSet<String> = report.names(TestState::Passed).map(str::to_owned).collect();
    finding.passed.push((place.id.clone(), passed));
    finding
}

fn failed_phrase(report: &TestReport, most: u64) -> String {
    match report.failed() {
        0 => "none failed".to_owned(),
        failed => format!("{failed} failed, asked for {most} at most: {}", some(report.names(TestState::Failed))),
    }
}

/// A runner that fails without a failed test has crashed, or has a threshold of its own.
fn note_exit(tally: &mut Tally, code: i32, failed: u64) {
    if code != 0 && failed == 0 {
        tally.note(false, format!("exit {code} though no test is reported as failed"));
    }
}

fn note_must_pass(tally: &mut Tally, what: &TestsCheck, report: &TestReport) {
    for name in &what.must_pass {
        match report.state(name) {
            Some(TestState::Passed) => tally.note(true, format!("{name} passed")),
            Some(TestState::Failed) => tally.note(false, format!("{name} failed")),
            Some(TestState::Skipped) => tally.note(false, format!("{name} was skipped")),
            None => tally.note(false, format!("{name} is not in the report")),
        }
    }
}

fn note_regression(tally: &mut Tally, place: &Place<'_>, report: &TestReport) {
    let Some(baseline) = &place.ground.baseline else { return };
    let Some(known) = baseline.passed(place.id) else {
        return tally.note(true, "there was no report at the start, so no test of it can be lost");
    };
    let passed: BTreeSet<&str> = report.names(TestState::Passed).collect();
    let lost: Vec<&str> = known.iter().map(String::as_str).filter(|name| !passed.contains(name)).collect();
    tally.measure("lost", number(lost.len() as u64), "0");
    tally.note(
        lost.is_empty(),
        match lost.len() {
            0 => format!("all {} tests of the baseline still pass", known.len()),
            count => format!("{count} tests passed at the baseline and do not now: {}", some(lost.iter().copied())),
        },
    );
}

fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names = names.fuse();
    let named: Vec<String> = names.by_ref().take(NAMED).map(short).collect();
    let more = names.count();
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}
