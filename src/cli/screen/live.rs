//! The live view of `cco start` on a terminal: a few lines that are drawn anew in place.
//!
//! [`frame`] is pure: status, chips, style and frame number to lines, never more or wider than the terminal.
//! [`Screen`] turns lines into the bytes that put them where the last ones were.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::status::{paint_state, spent, state_words, wait_words};
use super::text::{fit, fit_indented, plain, width};
use super::{criteria, mark};
use crate::cli::output::Style;
use crate::view::{Criterion, Need, Status, printable, span};

/// The newest chips shown.
const CHIPS: usize = 4;

/// What a frame is drawn of.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The mission.
    pub status: &'a Status,
    /// What the worker does, oldest first: `[Read: src/lib.rs]`.
    pub chips: &'a [String],
    /// Counts the frames, for the sign that turns.
    pub frame: usize,
    /// The zone of the clock.
    pub zone: &'a TimeZone,
}

/// Draws a frame.
#[must_use]
pub fn frame(scene: Scene<'_>, style: Style) -> Vec<String> {
    let status = scene.status;
    let mut top = vec![title(status, style), state(scene, style)];
    if let Some(action) = status.action.as_ref().filter(|_| status.outcome.is_none()) {
        let facts =
            format!("  {}{}", action.title, action.seconds.map_or_else(String::new, |s| format!(" · {}", span(s))));
        top.push(fit_indented(&facts, style.width, style));
    }
    let mut bottom: Vec<String> = Vec::new();
    if let Some(waiting) = &status.waiting {
        bottom.push(fit(&wait_words(waiting, scene.zone), style.width, style));
    }
    bottom.extend(status.needs.iter().map(|need| need_line(need, style)));
    bottom.push(style.paint().faint(&fit(hint(status, style.width), style.width, style)));
    // One row stays free for the cursor.
    let room = style.height.saturating_sub(1);
    let fixed = top.len() + bottom.len();
    // What the worker did last says nothing once it is not at work.
    let heard = if status.stage == "working" { scene.chips } else { &[] };
    let chips = chips(heard, style, room.saturating_sub(fixed + 3).min(CHIPS));
    let rows = rows(&status.criteria, room.saturating_sub(fixed + chips.len()), style);
    let mut lines = top;
    lines.extend(rows);
    lines.extend(chips);
    lines.extend(bottom);
    lines.truncate(room);
    lines
}

/// The mission on the left, time and money on the right.
fn title(status: &Status, style: Style) -> String {
    let right = plain(&format!("{} · {}", span(status.elapsed_seconds), spent(&status.cost)), style);
    let right = fit(&right, style.width / 2, style);
    let left = fit(&status.mission.title, style.width.saturating_sub(width(&right) + 2), style);
    let gap = " ".repeat(style.width.saturating_sub(width(&left) + width(&right)));
    format!("{}{gap}{right}", style.paint().strong(&left))
}

fn state(scene: Scene<'_>, style: Style) -> String {
    let status = scene.status;
    let busy = status.outcome.is_none() && status.needs.is_empty() && status.waiting.is_none();
    let sign = if busy { mark::spinner(scene.frame, style) } else { mark::ALERT };
    let sign = if status.outcome.is_some() { "" } else { sign };
    let tally = status.tally;
    let facts = format!("{sign} {} · {} of {} hold", state_words(status), tally.met, tally.required);
    paint_state(status, facts.trim_start(), style)
}

/// As many criteria as there is room for; what is not met comes first if not all fit.
fn rows(all: &[Criterion], room: usize, style: Style) -> Vec<String> {
    if all.len() <= room {
        return all.iter().map(|criterion| row(criterion, style)).collect();
    }
    let shown = room.saturating_sub(1);
    let open = all.iter().filter(|criterion| !criterion.state.is_met());
    let met = all.iter().filter(|criterion| criterion.state.is_met());
    let mut lines: Vec<String> = open.chain(met).take(shown).map(|criterion| row(criterion, style)).collect();
    if room > 0 {
        let left = all.len() - shown;
        lines.push(style.paint().faint(&fit_indented(&format!("  and {left} more: cco status"), style.width, style)));
    }
    lines
}

fn row(criterion: &Criterion, style: Style) -> String {
    let room = style.width - criteria::TEXT;
    let found = if criterion.state.is_met() { None } else { criteria::found(criterion) };
    let text = match found {
        Some(found) => format!("{} · {found}", criterion.criteria),
        None => criterion.criteria.clone(),
    };
    format!("{}{}", criteria::head(criterion.state, style), fit(&text, room, style))
}

fn chips(chips: &[String], style: Style, most: usize) -> Vec<String> {
    let newest = chips.iter().skip(chips.len().saturating_sub(most));
    newest
        .map(|chip| {
            let line = fit_indented(&format!("    {}", crate::view::printable_line(chip)), style.width, style);
            if chip.starts_with("[ERROR") { style.paint().bad(&line) } else { style.paint().faint(&line) }
        })
        .collect()
}

fn need_line(need: &Need, style: Style) -> String {
    let command = need.commands.first().map_or_else(String::new, |command| format!(" · {command}"));
    let room = style.width.saturating_sub(width(&command) + 2).max(10);
    let text = format!("{} {}{command}", mark::ALERT, fit(&need.text, room, style));
    style.paint().warn(&fit(&text, style.width, style))
}

/// What can be done at this moment, as much of it as fits.
fn hint(status: &Status, room: usize) -> &'static str {
    let stands = matches!(status.stage.as_str(), "paused" | "awaiting_human" | "waiting");
    let forms: &[&str] = match (status.outcome.is_some(), stands, status.wish.is_some()) {
        (true, ..) => &["cco history · cco show N"],
        (false, true, _) => &["Ctrl-C: leave; `cco resume` goes on later", "Ctrl-C: leave"],
        (false, false, true) => &["Ctrl-C: stop the worker now; nothing is lost", "Ctrl-C: stop now"],
        (false, false, false) => &[
            "Ctrl-C: end after this iteration · twice: stop the worker now · cco guide \"…\"",
            "Ctrl-C: end after this iteration · twice: now",
            "Ctrl-C: end after this iteration",
        ],
    };
    forms.iter().find(|form| width(form) <= room).or(forms.last()).copied().unwrap_or_default()
}

/// What stands on the terminal, so that the next frame takes its place.
#[derive(Debug, Default)]
pub struct Screen {
    /// The columns that each line takes.
    drawn: Vec<usize>,
    /// The columns of the terminal, where it tells.
    columns: Option<usize>,
}

impl Screen {
    /// The terminal has this many columns now: lines that were drawn wider have been broken by it.
    pub const fn resize(&mut self, columns: u16) {
        self.columns = Some(columns as usize);
    }

    /// The bytes that remove what was drawn.
    #[must_use]
    pub fn clear(&mut self) -> String {
        let up = self.rewind();
        let rows = self.rows();
        self.drawn.clear();
        // Line by line: some terminals keep a copy of a screen that is erased from its first line on.
        if rows == 0 { up } else { format!("{up}{}{up}", "\u{1b}[K\n".repeat(rows)) }
    }

    /// The bytes that put these lines where the last ones were.
    #[must_use]
    pub fn draw(&mut self, lines: &[String]) -> String {
        let mut bytes = self.rewind();
        for line in lines {
            let _ = writeln!(bytes, "{line}\u{1b}[K");
        }
        // What the last frame had below.
        bytes.push_str("\u{1b}[J");
        self.drawn = lines.iter().map(|line| width(&printable(line))).collect();
        bytes
    }

    /// The bytes that print something above: it stays when the view is drawn anew.
    #[must_use]
    pub fn above(&mut self, text: &str, lines: &[String]) -> String {
        let mut bytes = self.rewind();
        for line in text.lines() {
            let _ = writeln!(bytes, "{line}\u{1b}[K");
        }
        self.drawn.clear();
        bytes.push_str(&self.draw(lines));
        bytes
    }

    fn rewind(&self) -> String {
        match self.rows() {
            0 => String::new(),
            rows => format!("\u{1b}[{rows}A\r"),
        }
    }

    /// The rows that were drawn take now.
    fn rows(&self) -> usize {
        let rows = |columns: &usize| self.columns.map_or(1, |room| columns.div_ceil(room.max(1)).max(1));
        self.drawn.iter().map(rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Charset;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::session::Session;
    use crate::view::{sample, status};

    fn drawn(session: &Session, style: Style) -> Vec<String> {
        let status = status(session, sample::now());
        let chips: Vec<String> = (1..=9).map(|n| format!("[Read: src/part{n}.ts\u{1b}[2J]")).collect();
        frame(Scene { status: &status, chips: &chips, frame: 3, zone: &TimeZone::UTC }, style)
    }

    #[test]
    fn the_worker_at_work_on_80_by_24() {
        insta::assert_snapshot!(drawn(&sample::working(), STYLE).join("\n"));
    }

    #[test]
    fn somebody_is_needed() {
        insta::assert_snapshot!(drawn(&sample::awaiting_person(), STYLE).join("\n"));
    }

    #[test]
    fn a_closed_usage_window_on_a_plain_terminal() {
        let lines = drawn(&sample::waiting(), Style { charset: Charset::Ascii, ..STYLE });
        assert!(lines.iter().all(|line| line.is_ascii()));
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_frame_never_outgrows_the_terminal() {
        let mut session = sample::working();
        for n in 0..30 {
            let mut more = session.charter.criteria[0].clone();
            more.text = format!("criterion {n} {}", "日本 long ".repeat(20));
            session.charter.criteria.push(more);
            session.records.push(session.records[0].clone());
        }
        for (columns, height) in [(40, 8), (80, 24), (120, 50)] {
            let style = Style { width: columns, height, ..STYLE };
            let lines = drawn(&session, style);
            assert!(lines.len() < height, "{} lines", lines.len());
            assert!(lines.iter().all(|line| width(line) <= columns && !line.contains('\u{1b}')), "{lines:#?}");
        }
    }

    #[test]
    fn what_is_not_met_is_seen_even_if_not_all_fits() {
        let lines = drawn(&sample::working(), Style { height: 9, ..STYLE });
        assert!(lines.iter().any(|line| line.contains("Input validation")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("more: cco status")), "{lines:#?}");
    }

    #[test]
    fn a_frame_takes_the_place_of_the_last_one() {
        let mut screen = Screen::default();
        let lines = |count: usize| vec!["x".to_owned(); count];
        assert_eq!(screen.draw(&lines(2)), "x\u{1b}[K\nx\u{1b}[K\n\u{1b}[J");
        assert_eq!(screen.draw(&lines(1)), "\u{1b}[2A\rx\u{1b}[K\n\u{1b}[J");
        assert_eq!(screen.above("note", &lines(1)), "\u{1b}[1A\rnote\u{1b}[K\nx\u{1b}[K\n\u{1b}[J");
        assert_eq!(screen.clear(), "\u{1b}[1A\r\u{1b}[K\n\u{1b}[1A\r");
        assert_eq!(screen.clear(), "");
    }

    #[test]
    fn lines_that_a_smaller_terminal_has_broken_are_taken_away_whole() {
        let mut screen = Screen::default();
        screen.resize(80);
        let painted = format!("\u{1b}[1m{}\u{1b}[0m", "x".repeat(80));
        assert!(screen.draw(&[painted, String::new(), "y".repeat(30)]).contains("xxx"));
        screen.resize(40);
        assert!(screen.draw(&[]).starts_with("\u{1b}[4A\r"));
    }

    #[test]
    fn the_hint_says_what_the_moment_allows_and_fits() {
        let hint = |session: &Session, room| hint(&status(session, sample::now()), room);
        assert!(hint(&sample::working(), 80).contains("twice: stop the worker"));
        for room in [40, 60] {
            let words = hint(&sample::working(), room);
            assert!(width(words) <= room && !words.contains('…'), "{words}");
        }
        assert!(hint(&sample::awaiting_person(), 80).contains("leave"));
    }
}
