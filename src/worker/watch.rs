//! From the lines of a worker to live news and, at the end, a report. Pure.

use std::time::Duration;

use super::chips::chips;
use super::facts::Facts;
use super::outcome::{Cut, Outcome, judge};
use super::request::{Live, Report};
use super::stream::{StreamEvent, parse};
use super::timers::Doing;
use crate::process::{Exit, Line};
use crate::words::{Money, one_line};

/// Retries with 401 or 403 after which the worker is ended: one may be a token being renewed, two are not, and
/// Claude Code would go on for minutes.
const REFUSALS: u32 = 2;
/// Denials that are kept for the report.
const DENIALS: usize = 16;

/// One action being listened to.
#[derive(Debug)]
pub(super) struct Watch {
    facts: Facts,
    cwd: String,
    denials: Vec<String>,
    last: Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Result,
    Other,
}

impl Watch {
    pub(super) fn new(cwd: String) -> Self {
        Self { facts: Facts::default(), cwd, denials: Vec::new(), last: Last::Other }
    }

    /// Takes in one line.
    pub(super) fn hear(&mut self, line: Line<'_>, live: &mut impl FnMut(Live)) {
        let event = match line {
            Line::Whole(bytes) => parse(bytes),
            Line::Skipped { bytes } => StreamEvent::Noise(format!("a line of {bytes} bytes was left out")),
        };
        let context = self.facts.context;
        self.facts.add(&event);
        match &event {
            StreamEvent::Result(_) => self.last = Last::Result,
            StreamEvent::Init(_) | StreamEvent::Assistant(_) => self.last = Last::Other,
            _ => {}
        }
        match &event {
            StreamEvent::Init(init) => live(Live::Model(init.model.clone())),
            StreamEvent::RateLimit(limit) => live(Live::RateLimit(limit.clone())),
            StreamEvent::Denied { tool, reason } if self.denials.len() < DENIALS => {
                self.denials.push(format!("{tool}: {}", one_line(reason, 300)));
            }
            _ => {}
        }
        for chip in chips(&event, &self.cwd) {
            self.facts.keep_chip(chip.clone());
            live(Live::Chip(chip));
        }
        if self.facts.context != context {
            live(Live::Context(self.facts.context));
        }
    }

    /// What the worker is doing, for the clocks.
    pub(super) fn doing(&self) -> Doing {
        if self.last == Last::Result {
            Doing::Leaving
        } else if self.facts.open_tools.is_empty() {
            Doing::Thinking
        } else {
            Doing::UsingTools
        }
    }

    /// Whether the API has refused the credential often enough.
    pub(super) const fn is_refused(&self) -> bool {
        self.facts.refusals >= REFUSALS
    }

    /// What it all came to.
    pub(super) fn report(mut self, exit: Exit, cut: Option<Cut>, stderr: String) -> Report {
        let facts = &mut self.facts;
        let outcome = judge(facts, exit.status, cut, &stderr);
        let own_cost = if facts.spoke && came_to_a_call(&outcome) { facts.own_cost() } else { Some(Money::ZERO) };
        let session_cost = facts.session_cost();
        let result = facts.result.take().unwrap_or_default();
        let init = facts.init.take().unwrap_or_default();
        if self.denials.is_empty() {
            self.denials = result.denials.into_iter().take(DENIALS).collect();
        }
        // Of a failed turn the result's text is the error, which the outcome carries.
        let is_answer = outcome == Outcome::Finished && !result.text.is_empty();
        let text = if is_answer { result.text } else { std::mem::take(&mut facts.last_text) };
        Report {
            outcome,
            session: Some(init.session).filter(|session| !session.is_empty()),
            model: init.model,
            version: init.version,
            text,
            usage: facts.usage(),
            own_cost,
            session_cost,
            turns: result.turns,
            api_calls: facts.api_calls,
            tool_calls: facts.tool_calls,
            context_tokens: facts.context,
            context_window: result.context_window,
            denials: self.denials,
            errors: std::mem::take(&mut facts.errors),
            chips: std::mem::take(&mut facts.chips).into(),
            rate_limit: facts.rate_limit.take(),
            by_model: std::mem::take(&mut facts.spend),
            duration: exit.duration,
            swept: exit.swept,
            stderr,
        }
    }
}

/// Whether the model may have been asked at all.
const fn came_to_a_call(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::SessionLost | Outcome::SessionInUse | Outcome::StartupFailed { .. })
}

/// The report of a person: no model, no cost.
pub(super) fn by_person(cut: Option<Cut>, duration: Duration) -> Report {
    without_a_process(if cut.is_some() { Outcome::Stopped } else { Outcome::Finished }, duration)
}

/// The report of a worker that was not started, because nothing is left for it to spend.
#[must_use]
pub fn not_started() -> Report {
    without_a_process(Outcome::BudgetExhausted, Duration::ZERO)
}

fn without_a_process(outcome: Outcome, duration: Duration) -> Report {
    let exit =
        Exit { status: crate::process::Status::Code(0), timed_out: false, swept: 0, output_cut: false, duration };
    let report = Watch::new(String::new()).report(exit, None, String::new());
    Report { outcome, own_cost: Some(Money::ZERO), ..report }
}

/// The word under which a cut is recorded in the attempt's folder.
pub(super) const fn cut_name(cut: Cut) -> &'static str {
    match cut {
        Cut::Stopped => "stopped",
        Cut::Sliced => "sliced",
        Cut::HungAtStart => "hung_at_start",
        Cut::HungIdle => "hung_idle",
        Cut::HungAfterResult => "hung_after_result",
        Cut::Refused => "refused",
    }
}

/// The cut recorded under a word.
pub(super) fn cut_of_name(name: &str) -> Option<Cut> {
    let all = [Cut::Stopped, Cut::Sliced, Cut::HungAtStart, Cut::HungIdle, Cut::HungAfterResult, Cut::Refused];
    all.into_iter().find(|cut| cut_name(*cut) == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Status;

    #[test]
    fn who_dies_before_a_first_event_has_called_nobody() {
        let killed = |lines: &[&str]| {
            let mut watch = Watch::new(String::new());
            lines.iter().for_each(|line| watch.hear(Line::Whole(line.as_bytes()), &mut |_| {}));
            let duration = Duration::from_secs(1);
            let exit = Exit { status: Status::Signal(9), timed_out: false, swept: 0, output_cut: false, duration };
            watch.report(exit, None, String::new()).own_cost
        };
        assert_eq!(killed(&[]), Some(Money::ZERO));
        assert_eq!(killed(&["warning: some library"]), Some(Money::ZERO));
        assert_eq!(killed(&[r#"{"type":"system","subtype":"init","session_id":"s"}"#]), None);
    }
}
