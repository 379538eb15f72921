//! `cco validate` for people: each criterion, each check, and why those that do not pass do not.

use super::text::{fit, fit_indented};
use super::{criteria, mark};
use crate::cli::output::Style;
use crate::view::{Check, Validation, printable};
use crate::words::Outcome;

/// The most lines of a failing check's output.
const TAIL: usize = 12;

/// Draws what running every check once found.
#[must_use]
pub fn validation(validation: &Validation, style: Style) -> String {
    let mut text = String::new();
    for criterion in &validation.criteria {
        let head = criteria::head(criterion.state, style);
        text.push_str(&format!("{head}{}\n", fit(&criterion.criteria, style.width - criteria::TEXT, style)));
        for check in &criterion.checks {
            text.push_str(&row(check, style));
        }
    }
    let tally = validation.tally;
    let sum = format!("{} of {} required criteria hold on this tree", tally.met, tally.required);
    let sum = if validation.is_met() { style.paint().good(&sum) } else { style.paint().bad(&sum) };
    text.push_str(&super::remarks(&validation.remarks, style));
    text.push_str(&format!("\n{sum}\n"));
    text
}

fn row(check: &Check, style: Style) -> String {
    let margin = " ".repeat(criteria::TEXT);
    let room = style.width - criteria::TEXT;
    let Some((outcome, evidence)) = check.verdict.zip(check.evidence.as_ref()) else {
        return format!("{margin}{}\n", style.paint().faint(&fit(&format!("{}: not run", check.kind), room, style)));
    };
    let took = check.duration_ms.map_or_else(String::new, |ms| format!(" ({}.{} s)", ms / 1000, ms % 1000 / 100));
    let found = format!("{}: {}{took}", check.kind, evidence.summary);
    let word = mark::outcome(outcome, style.paint());
    let room_left = room.saturating_sub(outcome.to_string().len() + 1);
    let mut text = format!("{margin}{word} {}\n", fit(&found, room_left, style));
    if outcome == Outcome::Pass {
        return text;
    }
    if !evidence.subject.is_empty() {
        text.push_str(&format!("{margin}{}\n", fit(&evidence.subject, room, style)));
    }
    let tail = printable(&evidence.tail);
    let lines: Vec<&str> = tail.lines().collect();
    for line in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
        text.push_str(&format!("{margin}{}\n", style.paint().faint(&fit_indented(line, room, style))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::cli::screen::text::width;
    use crate::view::{sample, validation as read};

    #[test]
    fn each_criterion_with_what_its_checks_found() {
        let session = sample::working();
        let verdicts: Vec<_> = session.records.iter().flat_map(|record| record.verdicts.values().cloned()).collect();
        let found = read(session.charter, session.tree.unwrap(), &verdicts, sample::now());
        let text = validation(&found, STYLE);
        assert!(text.lines().all(|line| width(line) <= 80));
        insta::assert_snapshot!(text);
    }
}
