//! The live view where nothing can be drawn anew (a pipe, a log of a runner): one dated line for each change.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::mark;
use super::status::{spent, state_words};
use super::text::plain;
use crate::cli::output::Style;
use crate::view::{OutcomeWord, Status, printable_line, span};

/// Stages that are over in a moment, and the last one, which has a line of its own.
const QUICK: [&str; 5] = ["preparing", "sealing", "snapshotting", "recording", "ended"];

/// The lines that tell what changed from one status to the next; none if nothing did.
#[must_use]
pub fn lines(before: Option<&Status>, after: &Status, style: Style, zone: &TimeZone) -> Vec<String> {
    let mut told = Vec::new();
    told.extend(day(before, after, zone));
    let stamp = clock(after.updated_at, zone);
    let mut tell = |text: &str| told.push(plain(&printable_line(&format!("{stamp} {text}")), style));
    told_claim(before, after).into_iter().for_each(|claim| tell(&claim));
    // What was found comes before what is done about it.
    for criterion in &after.criteria {
        let same = before.and_then(|before| before.criteria.iter().find(|one| one.id == criterion.id));
        if criterion.current && same.is_some_and(|same| same.state != criterion.state) {
            let found = super::criteria::found(criterion).unwrap_or_default();
            tell(&format!("{} · {} · {found}", criterion.state.word(), criterion.criteria));
        }
    }
    let entered = before.is_none_or(|before| before.stage != after.stage || before.iterations != after.iterations);
    if entered && !QUICK.contains(&after.stage.as_str()) {
        tell(&stage_line(after));
    }
    for need in after.needs.iter().filter(|need| before.is_none_or(|before| !before.needs.contains(need))) {
        tell(&format!("{} {} · {}", mark::ALERT, need.text, need.commands.join(" or ")));
    }
    if let Some(milestone) = &after.milestone
        && before.is_none_or(|before| before.milestone.as_ref() != Some(milestone))
    {
        tell(milestone);
    }
    if after.outcome.is_some() && before.is_none_or(|before| before.outcome != after.outcome) {
        tell(&end_line(after));
    }
    told
}

/// A line for a chip of the worker's stream.
#[must_use]
pub fn chip(at: Timestamp, text: &str, style: Style, zone: &TimeZone) -> String {
    plain(&printable_line(&format!("{} {text}", clock(at, zone))), style)
}

/// `iteration 2 · working · Write the parser`.
fn stage_line(status: &Status) -> String {
    let mut facts = Vec::new();
    if status.iterations > 0 {
        facts.push(format!("iteration {}", status.iterations));
    }
    facts.push(status.stage.replace('_', " "));
    match (&status.waiting, &status.action) {
        (Some(waiting), _) => facts.push(format!("{} · {} left", waiting.why, span(waiting.seconds_left))),
        (None, Some(action)) if status.stage == "working" => facts.push(action.title.clone()),
        (None, _) => {}
    }
    facts.join(" · ")
}

/// What the worker said when it ended: marked as its word, because only checks count.
fn told_claim(before: Option<&Status>, after: &Status) -> Option<String> {
    let action = after.action.as_ref().filter(|action| !action.outcome.is_empty())?;
    let known = before.and_then(|before| before.action.as_ref()).is_some_and(|last| last.outcome == action.outcome);
    let claim =
        if action.claim.is_empty() { "it says nothing".to_owned() } else { format!("it says: {}", action.claim) };
    let claim = super::text::cut(&claim, 200);
    (!known).then(|| format!("iteration {} · worker {} · {claim}", action.iteration, action.outcome.replace('_', " ")))
}

fn end_line(status: &Status) -> String {
    let tally = status.tally;
    let count = match status.outcome {
        Some(OutcomeWord::Done) => format!("{} of {} criteria proven", tally.proven, tally.required),
        Some(OutcomeWord::Impossible | OutcomeWord::Stalled) | None => {
            format!("{} of {} criteria hold", tally.met, tally.required)
        }
    };
    format!("{} · {count} · {} · {}", state_words(status), spent(&status.cost), span(status.elapsed_seconds))
}

/// The date, on a line of its own where a new one begins.
fn day(before: Option<&Status>, after: &Status, zone: &TimeZone) -> Option<String> {
    let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let now = date(after.updated_at);
    before.is_none_or(|before| date(before.updated_at) != now).then(|| now.to_string())
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::screen::mark::tests::STYLE;
    use crate::session::{begin, step};
    use crate::view::{sample, status};

    /// The whole sample run as a runner's log shows it.
    fn log() -> String {
        let events = sample::events();
        let mut session = None;
        let mut before = None;
        let mut log = Vec::new();
        for moment in sample::moments(&events) {
            let next = match session.take() {
                None => begin(moment.at, moment.event).unwrap(),
                Some(session) => step(session, moment.at, moment.event).0,
            };
            let after = status(&next, moment.at);
            log.extend(lines(before.as_ref(), &after, STYLE, &TimeZone::UTC));
            (session, before) = (Some(next), Some(after));
        }
        log.join("\n")
    }

    #[test]
    fn a_whole_run_line_by_line() {
        insta::assert_snapshot!(log());
    }

    #[test]
    fn nothing_is_told_twice() {
        let now = status(&sample::awaiting_person(), sample::now());
        assert!(lines(Some(&now), &now, STYLE, &TimeZone::UTC).is_empty());
        assert!(lines(None, &now, STYLE, &TimeZone::UTC).iter().any(|line| line.contains("cco approve error-words")));
    }

    #[test]
    fn a_chip_cannot_become_two_lines() {
        let line = chip(sample::now(), "[Bash: a\nb \u{1b}[1A]", STYLE, &TimeZone::UTC);
        assert_eq!(line, "16:41:07 [Bash: a b ]");
    }
}
