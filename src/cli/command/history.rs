//! `cco history`: the iterations so far.

use crate::cli::context::Context;

use jiff::tz::TimeZone;

use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::{internal, screen};
use crate::view::{History, Moment, history};

/// List the iterations: what was tried, what changed, what held, what it cost.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco history              the newest 20
  cco history --limit 200
  cco show 7               one of them in full")]
pub struct HistoryArgs {
    /// How many, newest last
    #[arg(short, long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// An earlier run, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
}

impl HistoryArgs {
    /// Prints a history.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, history: &History, zone: &TimeZone, output: &mut Output) -> Result<(), Error> {
        if self.json {
            return output.json(history).map_err(internal);
        }
        output.data(&screen::history(history, output.data_style(), zone));
        Ok(())
    }
}

impl HistoryArgs {
    /// Prints the newest iterations.
    ///
    /// # Errors
    /// If there is no run.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let events = context.events(self.run.as_deref())?;
        let moments = events.iter().map(|(seq, at, event)| Moment { seq: *seq, at: *at, event });
        let history = history(moments, usize::try_from(self.limit).unwrap_or(usize::MAX));
        let zone = context.zone();
        self.print(&history, &zone, context.output)
    }
}
