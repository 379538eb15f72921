//! `cco show N` for people: plan, worker, changes, checks, cost of one iteration.

use jiff::tz::TimeZone;

use super::mark;
use super::text::{cell, fit, fit_indented, plain, wrap};
use crate::cli::output::Style;
use crate::view::{Attempt, CheckRun, Iteration, dollars, printable, span, tokens};
use crate::words::Outcome;

/// The most lines of a failing check's output.
const TAIL: usize = 12;
/// The most lines of prompt and claim.
const WORDS: usize = 16;
/// The words before facts.
const LABEL: usize = 10;

/// Draws an iteration.
#[must_use]
pub fn iteration(iteration: &Iteration, style: Style, zone: &TimeZone) -> String {
    let mut text = head(iteration, style, zone);
    block(&mut text, "Manager's analysis", &words(&iteration.analysis, style), style);
    block(&mut text, "Asked of the worker", &words(&iteration.prompt, style), style);
    for attempt in &iteration.attempts {
        block(&mut text, &attempt_head(attempt, style), &attempt_body(attempt, style), style);
    }
    let checks: String = iteration.checks.iter().map(|run| check(run, style)).collect();
    block(&mut text, "Checks", &checks, style);
    let notes: String = iteration
        .notes
        .iter()
        .map(|note| {
            let at = note.at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
            format!("  {}\n", fit(&format!("{at} {}: {}", note.actor, note.text), style.width - 2, style))
        })
        .collect();
    block(&mut text, "Beside the work", &notes, style);
    text
}

fn head(iteration: &Iteration, style: Style, zone: &TimeZone) -> String {
    let began = iteration.started_at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    let name = if iteration.number.0 == 0 {
        "Baseline before any work".to_owned()
    } else {
        format!("Iteration {}: {}", iteration.number, iteration.title)
    };
    let mut text = format!("{}\n", style.paint().strong(&fit(&name, style.width, style)));
    let mut fact = |label: &str, value: &str| {
        let label = style.paint().faint(&cell(label, LABEL, style));
        text.push_str(&format!("{label}{}\n", fit(value, style.width - LABEL, style)));
    };
    fact("When", &format!("{began}, {}", span(iteration.seconds)));
    if !iteration.strategy.is_empty() {
        let names: Vec<_> = iteration.criteria.iter().map(|id| id.as_str()).collect();
        let aim = if names.is_empty() { String::new() } else { format!(" · for {}", names.join(", ")) };
        fact("Step", &format!("{}{aim} · by {}", iteration.strategy.replace('_', " "), iteration.planned_by));
    }
    let held =
        format!("{} of {} required criteria, {} before", iteration.held, iteration.required, iteration.held_before);
    fact("Hold", &held);
    if iteration.number.0 > 0 {
        let change = iteration.change;
        let commit = iteration.commit.as_ref().map_or_else(String::new, |id| format!(" · commit {}", id.short()));
        let files = if change.files == 1 { "1 file".to_owned() } else { format!("{} files", change.files) };
        fact("Changed", &format!("{files}, +{} −{} lines{commit}", change.added, change.removed));
    }
    let cost = dollars(iteration.cost_usd, iteration.estimated);
    fact("Cost", &format!("{cost} · {} tokens", tokens(iteration.tokens)));
    text
}

fn block(text: &mut String, title: &str, body: &str, style: Style) {
    if !body.is_empty() {
        text.push_str(&format!("\n{}\n{body}", style.paint().strong(title)));
    }
}

/// Paragraphs of somebody's words, set in and bounded.
fn words(text: &str, style: Style) -> String {
    let lines: Vec<String> = printable(text).lines().flat_map(|line| wrap(line, style.width - 2)).collect();
    let mut shown: String = lines.iter().take(WORDS).map(|line| format!("  {}\n", plain(line, style))).collect();
    if lines.len() > WORDS {
        shown.push_str(&format!("  and {} more lines (`--json` has all)\n", lines.len() - WORDS));
    }
    shown
}

fn attempt_head(attempt: &Attempt, style: Style) -> String {
    let mut facts = vec![format!("Worker {}", attempt.outcome.replace('_', " "))];
    facts.push(span(attempt.duration_ms / 1000));
    facts.push(format!("{} tool calls", attempt.tool_calls));
    facts.extend(attempt.cost_usd.map(|cost| dollars(cost, false)));
    if !attempt.model.is_empty() {
        facts.push(attempt.model.clone());
    }
    fit(&facts.join(" · "), style.width, style)
}

fn attempt_body(attempt: &Attempt, style: Style) -> String {
    let mut text = words(&attempt.what, style);
    for denial in &attempt.denials {
        text.push_str(&format!("  {}\n", fit(&format!("denied: {denial}"), style.width - 2, style)));
    }
    if !attempt.claim.is_empty() {
        text.push_str(&words(&format!("It says: {}", attempt.claim), style));
    }
    if text.is_empty() { "  It said nothing.\n".to_owned() } else { text }
}

fn check(run: &CheckRun, style: Style) -> String {
    let word = mark::outcome(run.verdict, style.paint());
    let fill = " ".repeat(12_usize.saturating_sub(run.verdict.to_string().len()));
    let mut facts = vec![format!("{} {}: {}", run.criterion, run.kind, run.evidence.summary)];
    if run.in_proof {
        facts.push("in the proof".to_owned());
    }
    if run.cached {
        facts.push("taken over from an earlier run".to_owned());
    }
    let line = fit(&facts.join(" · "), style.width - 16, style);
    let mut text = format!("  {word}{fill}  {line}\n");
    if run.verdict != Outcome::Pass {
        if !run.evidence.subject.is_empty() {
            text.push_str(&format!("    {}\n", fit(&run.evidence.subject, style.width - 4, style)));
        }
        text.push_str(&tail(&run.evidence.tail, style));
    }
    text
}

fn tail(tail: &str, style: Style) -> String {
    let tail = printable(tail);
    let lines: Vec<&str> = tail.lines().collect();
    let shown = lines.iter().skip(lines.len().saturating_sub(TAIL));
    shown.map(|line| format!("    {}\n", style.paint().faint(&fit_indented(line, style.width - 4, style)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::cli::screen::text::width;
    use crate::view::{iteration as read, sample};
    use crate::words::IterationNumber;

    fn drawn(number: u64) -> String {
        let events = sample::events();
        let mut found = read(sample::moments(&events), IterationNumber(number)).unwrap();
        if let Some(run) = found.checks.first_mut() {
            run.evidence.tail = "FAIL \u{1b}[31mroutes.test.ts\u{1b}[0m\n  expected 200, got 404\n".to_owned();
        }
        iteration(&found, STYLE, &TimeZone::UTC)
    }

    #[test]
    fn an_iteration_in_full() {
        let text = drawn(1);
        assert!(text.lines().all(|line| width(line) <= 80));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn the_baseline_and_the_proof() {
        insta::assert_snapshot!(format!("{}\n\n{}", drawn(0), drawn(2)));
    }
}
