//! The definition of done as rows: sign and word of the state, the criterion, and under it the evidence.

use super::mark;
use super::text::{cell, fit, plain, width, wrap};
use crate::cli::output::Style;
use crate::view::{Check, Criterion, State};
use crate::words::Outcome;

/// Sign, word and criterion of a row begin here.
const MARGIN: usize = 2;
/// The criterion begins here.
pub(super) const TEXT: usize = MARGIN + 2 + mark::WORD + 2;
/// The widest remark at the end of a row: `not required`.
const REMARK: usize = 12;

/// Below this width columns leave no room for words.
const NARROW: usize = 60;

/// A row for each criterion, with a second one for its evidence.
pub(super) fn table(criteria: &[Criterion], style: Style) -> String {
    criteria.iter().map(|criterion| rows(criterion, style)).collect()
}

fn rows(criterion: &Criterion, style: Style) -> String {
    if style.width < NARROW {
        return narrow_rows(criterion, style);
    }
    let remark = if criterion.required { criterion.priority.to_string() } else { "not required".to_owned() };
    let text = cell(&criterion.criteria, style.width - TEXT - REMARK - 2, style);
    let state = head(criterion.state, style);
    let remark = style.paint().faint(&format!("{remark:>REMARK$}"));
    let mut rows = format!("{state}{text}  {remark}\n");
    let evidence = evidence(criterion, style);
    if !evidence.is_empty() {
        let line = fit(&evidence, style.width - TEXT, style);
        rows.push_str(&format!("{}{}\n", " ".repeat(TEXT), style.paint().faint(&line)));
    }
    rows
}

/// Without columns: the words run on below each other.
fn narrow_rows(criterion: &Criterion, style: Style) -> String {
    let margin = " ".repeat(MARGIN + 2);
    let room = style.width - MARGIN - 2;
    let text = format!("{}: {}", criterion.state.word(), criterion.criteria);
    let mut rows = String::new();
    for (place, line) in wrap(&text, room).iter().enumerate() {
        let line = plain(line, style);
        let line = if place == 0 {
            let sign = format!("{} {line}", mark::sign(criterion.state, style));
            format!("{}{}", " ".repeat(MARGIN), mark::paint(criterion.state, style.paint(), &sign))
        } else {
            format!("{margin}{}", mark::paint(criterion.state, style.paint(), &line))
        };
        rows.push_str(&format!("{line}\n"));
    }
    let evidence = evidence(criterion, style);
    if !evidence.is_empty() {
        rows.push_str(&format!("{margin}{}\n", style.paint().faint(&fit(&evidence, room, style))));
    }
    rows
}

/// Sign and word of a state, up to where the criterion begins.
pub(super) fn head(state: State, style: Style) -> String {
    let sign = mark::sign(state, style);
    let fill = " ".repeat(mark::WORD + 2 - width(state.word()));
    let painted = mark::paint(state, style.paint(), &format!("{sign} {}", state.word()));
    format!("{}{painted}{fill}", " ".repeat(MARGIN))
}

/// What there is to say about a criterion beside its state: what was found, what is odd about it, when it last held.
fn evidence(criterion: &Criterion, style: Style) -> String {
    let mut facts = Vec::new();
    facts.extend(found(criterion));
    let met = criterion.state.is_met();
    match &criterion.last_proven {
        Some(last) if !met && last.iteration.0 == 0 => facts.push("held before any work".to_owned()),
        Some(last) if !met => facts.push(format!("held after iteration {}", last.iteration)),
        // That is what its state says.
        Some(last) if last.in_proof => {}
        Some(last) if last.iteration.0 == 0 => facts.push("since before any work".to_owned()),
        Some(last) => facts.push(format!("after iteration {}", last.iteration)),
        None => {}
    }
    if criterion.derived {
        facts.push("check derived from words".to_owned());
    }
    if !criterion.current && criterion.checks.iter().any(|check| check.verdict.is_some()) {
        facts.push("not looked at since".to_owned());
    }
    facts.join(mark::dot(style))
}

/// What the check that decides found: the first that does not pass, else the first.
pub(super) fn found(criterion: &Criterion) -> Option<String> {
    let passes = |check: &&Check| check.verdict == Some(Outcome::Pass);
    let decides = criterion.checks.iter().find(|check| !passes(check)).or(criterion.checks.first());
    let Some(check) = decides else {
        return Some("has no check yet".to_owned());
    };
    let passed = criterion.checks.iter().filter(passes).count();
    let all = criterion.checks.len();
    let count = if all > 1 { format!(" ({passed} of {all} checks pass)") } else { String::new() };
    match &check.evidence {
        Some(evidence) => Some(format!("{}: {}{count}", check.kind, evidence.summary)),
        None => Some(format!("{}: has not run{count}", check.kind)),
    }
}
