//! `sarif`: runs an analyser and counts the findings of its report. A tool that did not look has found nothing, and that
//! proves nothing: a run without results, or one that says it did not succeed, decides nothing.

use super::finding::{Finding, Tally, number};
use super::fresh;
use super::ground::Place;
use super::reports::{self, Analysis};
use super::shell;
use crate::mission::{Level, SarifCheck};

/// From bad to good.
const LEVELS: [Level; 4] = [Level::Error, Level::Warning, Level::Note, Level::None];

pub(super) async fn check(place: &Place<'_>, what: &SarifCheck) -> Finding {
    run(place, what).await.unwrap_or_else(|finding| finding).subject(place.with_port(&what.run))
}

async fn run(place: &Place<'_>, what: &SarifCheck) -> Result<Finding, Finding> {
    let before = fresh::before(place, &what.report)?;
    let ran = shell::run(place, &what.run, 0).await?;
    let judged = fresh::one_after(place, &what.report, &before, &ran).and_then(|report| {
        let analysis = reports::sarif(&report.bytes);
        let analysis =
            analysis.map_err(|reason| Finding::inconclusive(format!("the report `{}` {reason}", report.name)))?;
        Ok(judge(what, ran.code, &analysis))
    });
    Ok(ran.evidence(judged.unwrap_or_else(|finding| finding)))
}

fn judge(what: &SarifCheck, code: i32, analysis: &Analysis) -> Finding {
    let mut tally = Tally::default();
    let all = analysis.all();
    let counts: Vec<String> = LEVELS
        .iter()
        .filter(|level| analysis.of(**level) > 0)
        .map(|level| format!("{} {}", analysis.of(*level), level.name()))
        .collect();
    let counts = if counts.is_empty() { "no finding".to_owned() } else { format!("findings: {}", counts.join(", ")) };
    let first = analysis.first.as_ref().map(|first| format!(" (the worst: {first})")).unwrap_or_default();
    if let Some(most) = what.max_level {
        let worse: u64 = LEVELS.iter().filter(|level| **level > most).map(|level| analysis.of(*level)).sum();
        tally.measure("worse", number(worse), "0");
        tally.note(worse == 0, format!("{counts}, asked for none worse than {}{first}", most.name()));
    }
    if let Some(most) = what.findings {
        tally.measure("findings", number(all), format!("<= {most}"));
        tally.note(all <= most, format!("{counts}, asked for {most} at most{first}"));
    }
    if analysis.suppressed > 0 {
        tally.measure("suppressed", number(analysis.suppressed), "");
        tally.note(true, format!("{} suppressed by the code itself", analysis.suppressed));
    }
    // Many analysers leave with an error because they found something; one that found nothing did not work.
    if code != 0 && all == 0 {
        tally.note(false, format!("exit {code} though nothing is reported"));
    }
    tally.finding()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Outcome::{self, Fail, Pass};

    fn outcome(max_level: Option<Level>, findings: Option<u64>, code: i32, levels: &[Level]) -> Outcome {
        let what = SarifCheck { run: String::new(), report: String::new(), max_level, findings };
        let mut analysis = Analysis::default();
        levels.iter().for_each(|level| analysis.add(*level, "rule"));
        judge(&what, code, &analysis).outcome
    }

    #[test]
    fn levels_and_counts_are_bounds_of_their_own() {
        use Level::{Error, Note, Warning};
        assert_eq!(outcome(Some(Warning), None, 0, &[Warning, Note]), Pass);
        assert_eq!(outcome(Some(Warning), None, 0, &[Error]), Fail);
        assert_eq!(outcome(None, Some(1), 0, &[Note]), Pass);
        assert_eq!(outcome(None, Some(1), 0, &[Note, Note]), Fail);
        assert_eq!(outcome(Some(Error), Some(1), 0, &[Note, Note]), Fail);
        assert_eq!(outcome(None, Some(0), 0, &[]), Pass);
    }

    #[test]
    fn an_analyser_that_fails_and_reports_nothing_fails() {
        assert_eq!(outcome(None, Some(0), 2, &[]), Fail);
        assert_eq!(outcome(Some(Level::Warning), None, 1, &[Level::Note]), Pass, "it found something");
    }
}
