//! `cco status`: what it does, what is proven, what it waits for, what it cost.

use crate::cli::context::Context;
use crate::cli::watch;

use jiff::tz::TimeZone;

use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{internal, screen};
use crate::view::Status;

/// Show what is proven, what is done now, what it waits for and what it cost.
///
/// Works without a running cco too: the journal is read.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  cco status                  everything at a glance
  cco status --watch          kept up to date
  cco status --json | jq .criteria
  cco status --exit-code      0 proven, 3 not done, 4 needs you, 5 budget, 6 stopped")]
pub struct StatusArgs {
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Draw it anew whenever something happens
    #[arg(short, long)]
    pub watch: bool,
    /// An earlier run, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
    /// Tell the state by the exit code
    #[arg(long)]
    pub exit_code: bool,
}

impl StatusArgs {
    /// Prints one status.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, status: &Status, zone: &TimeZone, output: &mut Output) -> Result<Exit, Error> {
        if self.json {
            output.json(status).map_err(internal)?;
        } else {
            output.data(&screen::status(status, output.data_style(), zone));
        }
        Ok(if self.exit_code { Exit::of_status(status) } else { Exit::Done })
    }
}

impl StatusArgs {
    /// Prints where the run stands.
    ///
    /// # Errors
    /// If there is none.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let run = context.run_named(self.run.as_deref())?;
        let zone = context.zone();
        if self.watch {
            return watch::watch(context, run, &zone);
        }
        let status = context.status(run)?;
        let exit = self.print(&status, &zone, context.output)?;
        if !self.json
            && status.outcome.is_some()
            && let Some(report) = context.report(run)?
        {
            context.output.data(&format!("Report    {}\n", report.display()));
        }
        Ok(exit)
    }
}
