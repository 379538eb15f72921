//! `status --watch`: the status drawn anew as the journal grows, until the run ends or the reader leaves.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::screen;
use super::screen::live::Screen;
use crate::words::RunId;

/// How often the daemon is asked; a face may look at a clock, the daemon itself does not.
const EVERY: Duration = Duration::from_secs(1);

/// Shows the status until the run ends.
///
/// # Errors
/// If there is no run.
pub(super) fn watch(context: &mut Context<'_>, run: Option<RunId>, zone: &TimeZone) -> Result<Exit, Error> {
    let mut place = Screen::default();
    let mut before = String::new();
    loop {
        let status = context.status(run)?;
        let text = screen::status(&status, context.output.data_style(), zone);
        if context.environment.stdout.is_terminal() {
            // What scrolls out of the terminal cannot be drawn anew.
            let room = context.output.data_style().height.saturating_sub(1);
            let lines: Vec<String> = text.lines().take(room).map(str::to_owned).collect();
            let bytes = place.draw(&lines);
            context.output.data(&bytes);
        } else if text != before {
            context.output.data(&text);
        }
        before = text;
        if status.outcome.is_some() || context.output.is_closed() {
            return Ok(Exit::of_status(&status));
        }
        std::thread::sleep(EVERY);
    }
}
