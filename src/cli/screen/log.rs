//! `cco logs` for people: one line for each event.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::text::plain;
use crate::cli::output::Style;
use crate::view::{Line, LineKind};

/// Draws one event. Lines are not cut: a log is searched, and a terminal wraps.
#[must_use]
pub fn log_line(at: Timestamp, line: &Line, style: Style, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let kind = format!("{:8}", line.kind.word());
    let kind = match line.kind {
        LineKind::Fault => style.paint().bad(&kind),
        LineKind::Operator => style.paint().warn(&kind),
        LineKind::Run
        | LineKind::Prepare
        | LineKind::Plan
        | LineKind::Work
        | LineKind::Check
        | LineKind::Record
        | LineKind::Proof
        | LineKind::Time => style.paint().faint(&kind),
    };
    let actor = if line.actor.is_empty() { String::new() } else { format!("{}: ", line.actor) };
    format!("{} {kind} {}\n", style.paint().faint(&at), plain(&format!("{actor}{}", line.text), style))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::view::{line, sample};

    #[test]
    fn a_line_for_each_event() {
        let events = sample::events();
        let lines = sample::moments(&events).map(|one| log_line(one.at, &line(one.event), STYLE, &TimeZone::UTC));
        insta::assert_snapshot!(lines.collect::<String>());
    }
}
