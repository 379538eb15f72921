//! `cco history` for people: a line for each iteration, newest last.

use jiff::tz::TimeZone;

use super::text::{cell, fit};
use crate::cli::output::Style;
use crate::view::{History, Iteration, dollars, span};

/// What stands beside the title, in columns.
const FIXED: usize = 4 + 2 + 11 + 2 + 2 + 10 + 2 + 7 + 2 + 9;

/// Draws a history.
#[must_use]
pub fn history(history: &History, style: Style, zone: &TimeZone) -> String {
    if history.iterations.is_empty() {
        return "nothing has happened yet\n".to_owned();
    }
    let title = style.width.saturating_sub(FIXED).max(10);
    let head = format!(
        "{:>4}  {:11}  {}  {:10}  {:7}  {:>9}",
        "#",
        "began",
        cell("action", title, style),
        "took",
        "hold",
        "cost"
    );
    let mut text = format!("{}\n", style.paint().faint(head.trim_end()));
    for iteration in &history.iterations {
        text.push_str(&row(iteration, title, style, zone));
    }
    let shown = history.iterations.iter().filter(|iteration| iteration.number.0 > 0).count() as u64;
    if shown < history.total {
        let line =
            format!("the newest {shown} of {}; `cco history --limit {}` shows all", history.total, history.total);
        text.push_str(&format!("{}\n", style.paint().faint(&fit(&line, style.width, style))));
    }
    text
}

fn row(iteration: &Iteration, title: usize, style: Style, zone: &TimeZone) -> String {
    let began = iteration.started_at.to_zoned(zone.clone()).strftime("%m-%d %H:%M").to_string();
    let hold = format!("{} of {}", iteration.held, iteration.required);
    let hold = cell(&hold, 7, style);
    let hold = match iteration.held.cmp(&iteration.held_before) {
        std::cmp::Ordering::Greater => style.paint().good(&hold),
        std::cmp::Ordering::Less => style.paint().bad(&hold),
        std::cmp::Ordering::Equal => hold,
    };
    let outcome = iteration.outcome();
    let name = if matches!(outcome, "" | "finished") {
        iteration.title.clone()
    } else {
        format!("{} ({})", iteration.title, outcome.replace('_', " "))
    };
    let cost = fit(&dollars(iteration.cost_usd, iteration.estimated), 9, style);
    format!(
        "{:>4}  {}  {}  {}  {hold}  {cost:>9}\n",
        iteration.number.to_string(),
        cell(&began, 11, style),
        cell(&name, title, style),
        cell(&span(iteration.seconds), 10, style),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::cli::screen::text::width;
    use crate::view::{history as read, sample};

    #[test]
    fn a_line_for_each_iteration() {
        let events = sample::events();
        let text = history(&read(sample::moments(&events), 10), STYLE, &TimeZone::UTC);
        assert!(text.lines().all(|line| width(line) <= 80));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_is_left_out_is_said() {
        let events = sample::events();
        let text = history(&read(sample::moments(&events), 1), STYLE, &TimeZone::UTC);
        assert!(text.contains("the newest 1 of 2"), "{text}");
        let none = history(&read(sample::moments(&[]), 1), STYLE, &TimeZone::UTC);
        assert_eq!(none, "nothing has happened yet\n");
    }
}
