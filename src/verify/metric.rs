//! `metric`: a command prints a number, which is held against bounds and against the same number at the start.
//!
//! There must be exactly one number: of several, which one was meant cannot be known. It goes into the baseline as a text.

use std::collections::BTreeSet;

use serde_json::Value;

use super::files;
use super::finding::{Finding, Tally};
use super::ground::Place;
use super::path_query;
use super::shell::{self, OUTPUT_CAP, Ran};
use super::text::{Completeness, numbers, short};
use crate::mission::{ChangeBound, ChangeUnit, MetricCheck, NumberPlace};

pub(super) async fn check(place: &Place<'_>, what: &MetricCheck) -> Finding {
    run(place, what).await.unwrap_or_else(|finding| finding).subject(place.with_port(&what.run))
}

async fn run(place: &Place<'_>, what: &MetricCheck) -> Result<Finding, Finding> {
    let ran = shell::run(place, &what.run, 0).await?;
    let finding = match measured(what, &ran) {
        Err(reason) => Finding::inconclusive(reason),
        Ok(_) if ran.code != 0 => Finding::fail(format!("exit {}, so the number it printed says nothing", ran.code)),
        Ok(now) => {
            let mut finding = judge(what, now, start(place));
            finding.passed.push((place.id.clone(), BTreeSet::from([now.to_string()])));
            finding
        }
    };
    // A command that failed has measured nothing, whether or not a number can be read.
    let failed = ran.code != 0 && finding.outcome == crate::words::Outcome::Inconclusive;
    let finding =
        if failed { Finding::fail(format!("exit {}; {}", ran.code, finding.evidence.summary)) } else { finding };
    Ok(ran.evidence(finding))
}

/// The one number of the output.
fn measured(what: &MetricCheck, ran: &Ran) -> Result<f64, String> {
    if ran.completeness == Completeness::Cut {
        return Err("stdout was cut, so no number is read from it".to_owned());
    }
    let stdout = files::read_own(&ran.stdout, OUTPUT_CAP).map_err(|error| format!("stdout {error}"))?;
    number(&what.number, &stdout)
}

fn number(place: &NumberPlace, stdout: &[u8]) -> Result<f64, String> {
    let text = String::from_utf8_lossy(stdout);
    let numbers = match place {
        NumberPlace::Whole => numbers(text.trim(), r"\A[\s\S]*\z")?,
        NumberPlace::Pattern(pattern) => numbers(&text, pattern)?,
        NumberPlace::Json(query) => selected(stdout, query)?,
    };
    match numbers.as_slice() {
        [one] => Ok(*one),
        [] => Err("stdout holds no such number".to_owned()),
        [one, rest @ ..] if rest.iter().all(|other| other == one) => Ok(*one),
        several => Err(format!("stdout holds {} such numbers; which one is meant cannot be known", several.len())),
    }
}

fn selected(stdout: &[u8], query: &str) -> Result<Vec<f64>, String> {
    let document = path_query::parse_json(stdout).map_err(|unread| format!("stdout {}", unread.reason()))?;
    let nodes = path_query::select(&document, query)?;
    let number =
        |node: &&Value| node.as_f64().ok_or_else(|| format!("{query} is {}, not a number", short(&node.to_string())));
    nodes.iter().map(number).collect()
}

/// What is known of the number at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// It is being taken, or nobody keeps it.
    Now,
    /// There was none.
    Missing,
    Was(f64),
}

fn start(place: &Place<'_>) -> Start {
    let Some(baseline) = &place.ground.baseline else { return Start::Now };
    let known = baseline.passed(place.id).and_then(|texts| texts.first());
    known.and_then(|text| text.parse().ok()).map_or(Start::Missing, Start::Was)
}

fn judge(what: &MetricCheck, now: f64, start: Start) -> Finding {
    let mut tally = Tally::default();
    let bounds = [what.min.map(|least| format!(">= {least}")), what.max.map(|most| format!("<= {most}"))];
    tally.measure("metric", now, bounds.into_iter().flatten().collect::<Vec<_>>().join(", "));
    if let Some(least) = what.min {
        tally.note(now >= least, format!("{now}, asked for {least} at least"));
    }
    if let Some(most) = what.max {
        tally.note(now <= most, format!("{now}, asked for {most} at most"));
    }
    match (&what.baseline, start) {
        (None, _) => {}
        (Some(_), Start::Missing) => {
            tally.note_undecided(format!("{now}, and no number of the start to compare it with"));
        }
        (Some(change), Start::Now) => note_change(&mut tally, change, now, now),
        (Some(change), Start::Was(before)) => note_change(&mut tally, change, now, before),
    }
    tally.finding()
}

fn note_change(tally: &mut Tally, change: &ChangeBound, now: f64, before: f64) {
    let difference = now - before;
    let (value, unit) = match change.unit {
        ChangeUnit::Plain => (difference, ""),
        ChangeUnit::Percent if difference == 0.0 => (0.0, " %"),
        // From nothing to something is more than any share.
        ChangeUnit::Percent => (difference * 100.0 / before.abs(), " %"),
    };
    // Infinity has no place in a record.
    tally.measure("change", value.clamp(f64::MIN, f64::MAX), &change.bound.text);
    let phrase =
        format!("{now} after {before} at the start: changed by {value}{unit}, asked for {}", change.bound.text);
    tally.note(change.bound.holds(value), phrase);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mission::{Bound, Relation};
    use crate::words::Outcome::{Fail, Inconclusive, Pass};

    fn metric(min: Option<f64>, max: Option<f64>, change: Option<(Relation, f64, ChangeUnit)>) -> MetricCheck {
        let baseline = change.map(|(relation, value, unit)| ChangeBound {
            bound: Bound { relation, value, text: format!("{relation:?} {value}") },
            unit,
        });
        MetricCheck { run: String::new(), number: NumberPlace::Whole, min, max, baseline }
    }

    #[test]
    fn both_borders_belong_to_the_range() {
        let what = metric(Some(2.0), Some(3.0), None);
        for (now, outcome) in [(2.0, Pass), (3.0, Pass), (1.99, Fail), (3.01, Fail), (-2.5, Fail)] {
            assert_eq!(judge(&what, now, Start::Missing).outcome, outcome, "{now}");
        }
    }

    #[test]
    fn a_change_is_taken_in_percent_or_as_it_is() {
        let grows = metric(None, None, Some((Relation::AtMost, 5.0, ChangeUnit::Percent)));
        assert_eq!(judge(&grows, 105.0, Start::Was(100.0)).outcome, Pass);
        assert_eq!(judge(&grows, 106.0, Start::Was(100.0)).outcome, Fail);
        assert_eq!(judge(&grows, 1.0, Start::Was(0.0)).outcome, Fail, "from nothing to something");
        assert_eq!(judge(&grows, 0.0, Start::Was(0.0)).outcome, Pass);
        assert_eq!(judge(&grows, -90.0, Start::Was(-100.0)).outcome, Fail, "of a negative number it is still a growth");
        let sinks = metric(None, None, Some((Relation::Below, 0.0, ChangeUnit::Plain)));
        assert_eq!(judge(&sinks, 99.0, Start::Was(100.0)).outcome, Pass);
        assert_eq!(judge(&sinks, 100.0, Start::Was(100.0)).outcome, Fail);
        assert_eq!(judge(&sinks, 100.0, Start::Now).outcome, Fail, "at the start nothing has sunk yet");
        assert_eq!(judge(&sinks, 1.0, Start::Missing).outcome, Inconclusive);
    }

    #[test]
    fn there_is_exactly_one_number_or_none_is_believed() {
        let whole = |text: &str| number(&NumberPlace::Whole, text.as_bytes());
        assert_eq!((whole(" 12.5\n"), whole("-3"), whole("1e3")), (Ok(12.5), Ok(-3.0), Ok(1000.0)));
        for wrong in ["", "12 ms", "NaN", "inf", "1 2", "12,5", "0x10", "1e999"] {
            assert!(whole(wrong).is_err(), "{wrong}");
        }
        let pattern = |text: &str| number(&NumberPlace::Pattern(r"took (\S+) ms".into()), text.as_bytes());
        assert_eq!(pattern("ran; took 12 ms"), Ok(12.0));
        assert_eq!(pattern("took 12 ms\ntook 12 ms"), Ok(12.0), "the same said twice");
        assert!(pattern("took 12 ms\ntook 13 ms").unwrap_err().contains("2 such numbers"));
        assert!(pattern("took long ms").is_err() && pattern("nothing").is_err());
        let json = |text: &str| number(&NumberPlace::Json("$.size".into()), text.as_bytes());
        assert_eq!(json(r#"{"size": 7}"#), Ok(7.0));
        for wrong in [r#"{"size": "7"}"#, "{}", "x", r#"{"size": [7]}"#] {
            assert!(json(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_output_makes_it_panic_or_a_number_that_is_none(bytes: Vec<u8>, pattern in "[(]?[0-9a-z.*+?\\[\\]-]{0,8}[)]?") {
            for place in [NumberPlace::Whole, NumberPlace::Pattern(pattern), NumberPlace::Json("$..*".into())] {
                if let Ok(found) = number(&place, &bytes) {
                    prop_assert!(found.is_finite());
                }
            }
        }

        #[test]
        fn what_goes_into_the_baseline_comes_out_of_it(now: f64) {
            prop_assume!(now.is_finite());
            prop_assert_eq!(now.to_string().parse::<f64>(), Ok(now));
        }
    }
}
