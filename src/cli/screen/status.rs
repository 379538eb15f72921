//! `cco status` for people. Whoever comes back after six hours reads from the top: is it well, does it need me, what is
//! proven, what is it doing, what did it cost, what can I type.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::text::{cell, fit, plain, width, wrap};
use super::{criteria, mark};
use crate::cli::output::Style;
use crate::view::{Action, Cost, Need, OutcomeWord, Status, Waiting, dollars, span, tokens};

/// Iterations shown under “Lately”.
const LATELY: usize = 3;
/// From this width on there is room for what changed in an iteration.
const WIDE: usize = 64;
/// The words before facts at the bottom.
const LABEL: usize = 10;

/// Draws a status.
#[must_use]
pub fn status(status: &Status, style: Style, zone: &TimeZone) -> String {
    let mut text = head(status, style);
    text.push_str(&needs(&status.needs, style));
    if let Some(waiting) = &status.waiting {
        let lines = wrap(&wait_words(waiting, zone), style.width);
        text.push_str(&format!("\n{}\n", plain(&lines.join("\n"), style)));
    }
    section(&mut text, "Definition of done", &criteria::table(&status.criteria, style), style);
    section(&mut text, "Now", &now(status, style), style);
    section(&mut text, "Lately", &lately(status, style), style);
    text.push_str(&format!("\n{}", foot(status, style, zone)));
    text
}

fn section(text: &mut String, title: &str, body: &str, style: Style) {
    if !body.is_empty() {
        text.push_str(&format!("\n{}\n{body}", style.paint().strong(title)));
    }
}

fn head(status: &Status, style: Style) -> String {
    let title = style.paint().strong(&fit(&status.mission.title, style.width, style));
    let facts = [state_words(status), span(status.elapsed_seconds), spent(&status.cost)].join(" · ");
    let facts: Vec<String> =
        wrap(&facts, style.width).iter().map(|line| paint_state(status, &plain(line, style), style)).collect();
    let tally = wrap(&tally(status), style.width).join("\n");
    let mut text = format!("{title}\n{}\n{tally}\n", facts.join("\n"));
    let told = status.needs.iter().flat_map(|need| &need.commands).any(|command| command == "cco resume");
    if status.daemon.is_none() && status.outcome.is_none() && !told {
        let line = format!("{} no cco is running here, nothing happens: `cco resume` goes on", mark::ALERT);
        for line in wrap(&line, style.width) {
            text.push_str(&format!("{}\n", style.paint().warn(&line)));
        }
    }
    text
}

/// What is going on, in a few words.
pub(super) fn state_words(status: &Status) -> String {
    match (&status.outcome, &status.ended) {
        (Some(OutcomeWord::Done), Some(ended)) => {
            let commit = ended.commit.as_ref().map_or_else(String::new, |commit| format!(" on {}", commit.short()));
            return format!("done and proven{commit}");
        }
        (Some(OutcomeWord::Done), None) => return "done and proven".to_owned(),
        (Some(OutcomeWord::Impossible), _) => return "stopped: impossible".to_owned(),
        (Some(OutcomeWord::Stalled), _) => return "stopped: no progress".to_owned(),
        (None, _) => {}
    }
    let mut words = match status.stage.as_str() {
        "awaiting_human" => "needs you".to_owned(),
        other => other.replace('_', " "),
    };
    if let Some(checking) = &status.checking {
        words.push_str(&format!(" {} of {} checks", checking.done, checking.of));
    }
    if status.iterations > 0 {
        words.push_str(&format!(" · iteration {}", status.iterations));
    }
    if status.phase.of > 1 {
        words.push_str(&format!(" · phase {} ({} of {})", status.phase.id, status.phase.number, status.phase.of));
    }
    if let Some(wish) = &status.wish {
        words.push_str(&format!(" · soon {wish}"));
    }
    words
}

/// Good ends are green, what needs somebody is yellow, bad ends are red; work in progress has no colour.
pub(super) fn paint_state(status: &Status, text: &str, style: Style) -> String {
    let line = fit(text, style.width, style);
    match status.outcome {
        Some(OutcomeWord::Done) => style.paint().good(&line),
        Some(OutcomeWord::Impossible | OutcomeWord::Stalled) => style.paint().bad(&line),
        None if !status.needs.is_empty() => style.paint().warn(&line),
        None => line,
    }
}

/// Dollars spent, of how many.
pub(super) fn spent(cost: &Cost) -> String {
    let total = dollars(cost.total_usd, cost.estimated);
    let mut text = match cost.budget_usd {
        Some(budget) => format!("{total} of {}", dollars(budget, false)),
        None => total,
    };
    if cost.equivalent_usd > 0.0 {
        text.push_str(&format!(" + {} by subscription", dollars(cost.equivalent_usd, true)));
    }
    text
}

fn tally(status: &Status) -> String {
    let tally = status.tally;
    match status.outcome {
        Some(OutcomeWord::Done) => {
            format!("all {} required criteria were proven on one fresh checkout", tally.required)
        }
        Some(OutcomeWord::Impossible | OutcomeWord::Stalled) | None => {
            let proven = if tally.proven > 0 { format!(", {} proven", tally.proven) } else { String::new() };
            format!("{} of {} required criteria hold{proven}", tally.met, tally.required)
        }
    }
}

/// What only a person can do, each with what to type.
pub(super) fn needs(needs: &[Need], style: Style) -> String {
    let mut text = String::new();
    for need in needs {
        for (place, line) in wrap(&need.text, style.width - 2).into_iter().enumerate() {
            let sign = if place == 0 { mark::ALERT } else { " " };
            text.push_str(&format!("{}\n", style.paint().warn(&format!("{sign} {}", plain(&line, style)))));
        }
        for command in &need.commands {
            text.push_str(&format!("    {}\n", fit(command, style.width - 4, style)));
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// Until when it waits, and why.
pub(super) fn wait_words(waiting: &Waiting, zone: &TimeZone) -> String {
    let at = clock(waiting.until, zone, waiting.seconds_left > 43_200);
    format!("waits until {at} ({}): {}", span(waiting.seconds_left), waiting.why)
}

/// The time of day, with the date where that is not plain.
fn clock(at: Timestamp, zone: &TimeZone, far: bool) -> String {
    let format = if far { "%Y-%m-%d %H:%M" } else { "%H:%M" };
    at.to_zoned(zone.clone()).strftime(format).to_string()
}

fn now(status: &Status, style: Style) -> String {
    let Some(action) = status.action.as_ref().filter(|_| status.outcome.is_none()) else {
        return String::new();
    };
    let mut facts = vec![action.strategy.replace('_', " ")];
    facts.extend(action.seconds.map(|seconds| format!("since {}", span(seconds))));
    if !action.criteria.is_empty() {
        let names: Vec<_> = action.criteria.iter().map(|id| id.as_str()).collect();
        facts.push(format!("for {}", names.join(", ")));
    }
    let title = fit(&action.title, style.width - 2, style);
    let facts = fit(&facts.join(" · "), style.width - 2, style);
    format!("  {title}\n  {}\n", style.paint().faint(&facts))
}

fn lately(status: &Status, style: Style) -> String {
    let newest = status.recent.iter().rev().take(LATELY);
    newest.map(|action| lately_row(action, status.tally.required, style)).collect()
}

fn lately_row(action: &Action, required: u64, style: Style) -> String {
    let lines = format!("+{} −{}", action.change.added, action.change.removed);
    let held = action.held.map_or_else(String::new, |held| format!("{held} of {required} hold"));
    // A worker that finished is the ordinary case; only the others are worth a word.
    let outcome = if action.outcome == "finished" { String::new() } else { action.outcome.replace('_', " ") };
    let number = cell(&action.iteration.to_string(), 3, style);
    let beside = if style.width < WIDE {
        cell(&held, 13, style)
    } else {
        format!("{}{}{}", cell(&outcome, 12, style), cell(&lines, 13, style), cell(&held, 13, style))
    };
    let title = cell(&action.title, style.width.saturating_sub(2 + 3 + 2 + 1 + width(&beside)), style);
    format!("{}\n", format!("  {number}  {title} {beside}").trim_end())
}

fn foot(status: &Status, style: Style, zone: &TimeZone) -> String {
    let mut text = String::new();
    let mut fact = |label: &str, value: &str| {
        // Money and names are never cut.
        for (place, line) in wrap(value, style.width - LABEL).iter().enumerate() {
            let label = style.paint().faint(&cell(if place == 0 { label } else { "" }, LABEL, style));
            text.push_str(&format!("{label}{}\n", plain(line, style)));
        }
    };
    let done = status.tasks.iter().filter(|task| task.state == "completed").count();
    let tasks = status.tasks.iter().filter(|task| task.state != "dropped").count();
    // Once everything is proven, the manager's account of it tells nothing, and may contradict.
    if tasks > 0 && status.outcome != Some(OutcomeWord::Done) {
        fact("Tasks", &format!("{done} of {tasks} done by the manager's account"));
    }
    if !status.guidance.is_empty() {
        fact("Guidance", &format!("waits for the next prompt: {}", status.guidance.join("; ")));
    }
    if status.tampered > 0 {
        fact("Sealed", &format!("changed by {} actions, put back each time", status.tampered));
    }
    if let Some(amended) = &status.amended {
        let why = if amended.reason.is_empty() { String::new() } else { format!(": {}", amended.reason) };
        let (times, by, at) = (amended.times, &amended.by, clock(amended.at, zone, true));
        fact("Amended", &format!("{times} ×, last by {by} at {at}{why}"));
    }
    fact("Cost", &cost(&status.cost));
    if let Some(branch) = &status.branch {
        let head = status.head.as_ref().map_or_else(String::new, |head| format!(" at {}", head.short()));
        fact("Branch", &format!("{branch}{head}"));
    }
    fact("Last sign", &last_sign(status, zone));
    if let Some(page) = status.daemon.as_ref().and_then(|daemon| daemon.page.as_ref()) {
        fact("Page", page);
    }
    fact("More", more(status));
    text
}

/// When something last happened: a run that is silent for long should be seen to be.
fn last_sign(status: &Status, zone: &TimeZone) -> String {
    let at = clock(status.updated_at, zone, true);
    let until_then = status.updated_at.duration_since(status.started_at).as_secs();
    let ago = status.elapsed_seconds.saturating_sub(u64::try_from(until_then).unwrap_or(0));
    if status.outcome.is_some() { at } else { format!("{} ago ({at})", span(ago)) }
}

fn cost(cost: &Cost) -> String {
    let mut facts = vec![format!("manager {}", dollars(cost.manager_usd, cost.manager_estimated_usd > 0.0))];
    facts.push(format!("worker {}", dollars(cost.worker_usd, cost.worker_estimated_usd > 0.0)));
    if cost.judge_usd > 0.0 {
        facts.push(format!("judge {}", dollars(cost.judge_usd, cost.judge_estimated_usd > 0.0)));
    }
    let budget = cost.budget_tokens.map_or_else(String::new, |budget| format!(" of {}", tokens(budget)));
    facts.push(format!("{}{budget} tokens", tokens(cost.tokens)));
    if cost.lost_attempts > 0 {
        facts.push(format!("{} lost", cost.lost_attempts));
    }
    facts.join(" · ")
}

const fn more(status: &Status) -> &'static str {
    match (status.outcome.is_some(), status.daemon.is_some()) {
        (true, _) => "cco history · cco show N · cco logs",
        (false, true) => "cco logs -f · cco history · cco guide \"…\" · cco pause",
        (false, false) => "cco history · cco show N · cco resume",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::{Charset, Colour};
    use crate::cli::screen::mark::tests::STYLE;
    use crate::session::Session;
    use crate::view::{Daemon, sample, status as read};

    fn drawn(session: &Session, style: Style) -> String {
        let daemon = Daemon {
            pid: 4711,
            started_at: sample::now(),
            version: "0.1.0".to_owned(),
            page: Some("http://127.0.0.1:8080".to_owned()),
        };
        status(&read(session, sample::now()).owned_by(daemon), style, &TimeZone::UTC)
    }

    #[test]
    fn a_mission_under_way() {
        insta::assert_snapshot!(drawn(&sample::working(), STYLE));
    }

    #[test]
    fn a_mission_that_is_proven() {
        insta::assert_snapshot!(drawn(&sample::done(), STYLE));
    }

    #[test]
    fn a_mission_that_needs_a_person() {
        insta::assert_snapshot!(drawn(&sample::awaiting_person(), STYLE));
    }

    #[test]
    fn a_mission_that_waits_and_whose_daemon_is_gone() {
        let view = read(&sample::waiting(), sample::now());
        insta::assert_snapshot!(status(&view, STYLE, &TimeZone::UTC));
    }

    #[test]
    fn a_mission_that_stopped_without_being_done() {
        insta::assert_snapshot!(drawn(&sample::impossible(), STYLE));
    }

    #[test]
    fn a_mission_that_has_just_begun_on_a_plain_terminal() {
        let style = Style { charset: Charset::Ascii, width: 60, ..STYLE };
        let text = drawn(&sample::new(), style);
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_whatever_it_says() {
        let mut session = sample::working();
        session.charter.title = "日本語 \u{1b}[2J title ".repeat(20);
        session.charter.criteria[0].text = "very long ".repeat(40);
        for columns in [40, 80, 120] {
            let text = drawn(&session, Style { width: columns, ..STYLE });
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line:?}");
            }
            assert!(!text.contains('\u{1b}'));
        }
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let coloured = drawn(&sample::working(), Style { colour: Colour::On, ..STYLE });
        assert_ne!(coloured, drawn(&sample::working(), STYLE));
        assert_eq!(crate::view::printable(&coloured), drawn(&sample::working(), STYLE));
    }
}
