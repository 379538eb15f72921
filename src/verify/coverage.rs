//! `coverage`: runs a command and measures its report. `>80%` means more than 80, `80` and `>=80%` at least 80.

use super::finding::{Finding, Tally};
use super::fresh;
use super::ground::Place;
use super::reports::{self, Coverage, Share};
use super::shell;
use crate::mission::{Bound, CoverageCheck, CoverageMetric};

pub(super) async fn check(place: &Place<'_>, what: &CoverageCheck) -> Finding {
    run(place, what).await.unwrap_or_else(|finding| finding).subject(place.with_port(&what.run))
}

async fn run(place: &Place<'_>, what: &CoverageCheck) -> Result<Finding, Finding> {
    let before = fresh::before(place, &what.report)?;
    let ran = shell::run(place, &what.run, 0).await?;
    let judged = fresh::one_after(place, &what.report, &before, &ran).and_then(|report| {
        reports::coverage(&report.bytes)
            .map(|coverage| judge(what, ran.code, &coverage))
            .map_err(|reason| Finding::inconclusive(format!("the report `{}` {reason}", report.name)))
    });
    Ok(ran.evidence(judged.unwrap_or_else(|finding| finding)))
}

fn judge(what: &CoverageCheck, code: i32, coverage: &Coverage) -> Finding {
    let mut tally = Tally::default();
    for (metric, bound) in &what.bounds {
        note(&mut tally, *metric, bound, coverage);
    }
    // A command that failed has not measured what it was asked to.
    if code != 0 {
        tally.note(false, format!("exit {code}"));
    }
    tally.finding()
}

fn note(tally: &mut Tally, metric: CoverageMetric, bound: &Bound, coverage: &Coverage) {
    let share = match metric {
        CoverageMetric::Lines => coverage.lines,
        CoverageMetric::Branches => coverage.branches,
        CoverageMetric::Functions => coverage.functions,
    };
    let name = metric.name();
    match share.percent() {
        Some(percent) => {
            tally.measure(name, percent, &bound.text);
            tally.note(bound.holds(percent), phrase(name, percent, share, bound));
        }
        None => {
            tally.note_undecided(format!("the report measures no {name}, so {} cannot be held against it", bound.text));
        }
    }
}

/// Rounded down, so that 79.999 % never reads as the 80 % it is not.
fn phrase(name: &str, percent: f64, share: Share, bound: &Bound) -> String {
    let shown = (percent * 100.0).floor() / 100.0;
    format!("{name} {shown} % ({} of {}), asked for {}", share.reached, share.all, bound.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::Relation;
    use crate::words::Outcome;

    fn outcome(relation: Relation, text: &str, reached: u64, all: u64) -> Finding {
        let bound = Bound { relation, value: 80.0, text: text.into() };
        let what =
            CoverageCheck { run: String::new(), report: String::new(), bounds: vec![(CoverageMetric::Lines, bound)] };
        judge(&what, 0, &Coverage { lines: Share { reached, all }, ..Coverage::default() })
    }

    #[test]
    fn above_is_strict_and_at_least_is_not() {
        assert_eq!(outcome(Relation::Above, ">80%", 4, 5).outcome, Outcome::Fail);
        assert_eq!(outcome(Relation::AtLeast, "80", 4, 5).outcome, Outcome::Pass);
        assert_eq!(outcome(Relation::Above, ">80%", 81, 100).outcome, Outcome::Pass);
        assert_eq!(outcome(Relation::Above, ">80%", 800_001, 1_000_000).outcome, Outcome::Pass);
    }

    #[test]
    fn what_is_just_below_does_not_read_as_the_bound() {
        let finding = outcome(Relation::AtLeast, "80", 79_999, 100_000);
        assert_eq!(finding.outcome, Outcome::Fail);
        assert_eq!(finding.evidence.summary, "lines 79.99 % (79999 of 100000), asked for 80");
    }

    #[test]
    fn nothing_measured_is_neither_pass_nor_fail() {
        assert_eq!(outcome(Relation::AtLeast, "80", 0, 0).outcome, Outcome::Inconclusive);
    }

    #[test]
    fn a_command_that_failed_has_measured_nothing() {
        let what = CoverageCheck { run: String::new(), report: String::new(), bounds: Vec::new() };
        assert_eq!(judge(&what, 1, &Coverage::default()).outcome, Outcome::Fail);
    }
}
