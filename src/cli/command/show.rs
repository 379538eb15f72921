//! `cco show`: one iteration in full.

use crate::cli::context::Context;

use jiff::tz::TimeZone;

use crate::cli::code::Code;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::{internal, screen};
use crate::view::{Iteration, Moment, iteration};
use crate::words::IterationNumber;

/// Show one iteration in full: plan, worker, changes, checks, cost.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco show 7       the seventh iteration
  cco show 0       the baseline before any work")]
pub struct ShowArgs {
    /// The iteration's number; 0 is the baseline
    #[arg(value_name = "N")]
    pub number: u64,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// An earlier run, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
}

impl ShowArgs {
    /// The iteration that is asked for.
    #[must_use]
    pub const fn iteration(&self) -> IterationNumber {
        IterationNumber(self.number)
    }

    /// Prints an iteration, as [`crate::view::iteration`] found it.
    ///
    /// # Errors
    /// If there is none, or it cannot be written as JSON.
    pub fn print(&self, iteration: Option<&Iteration>, zone: &TimeZone, output: &mut Output) -> Result<(), Error> {
        let Some(iteration) = iteration else {
            let message = format!("this run has no iteration {}", self.number);
            return Err(Error::new(Code::NotFound, message).hint("`cco history` lists what there is"));
        };
        if self.json {
            return output.json(iteration).map_err(internal);
        }
        output.data(&screen::iteration(iteration, output.data_style(), zone));
        Ok(())
    }
}

impl ShowArgs {
    /// Prints one iteration.
    ///
    /// # Errors
    /// If there is no run, or no such iteration.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let events = context.events(self.run.as_deref())?;
        let moments = events.iter().map(|(seq, at, event)| Moment { seq: *seq, at: *at, event });
        let iteration = iteration(moments, self.iteration());
        let zone = context.zone();
        self.print(iteration.as_ref(), &zone, context.output)
    }
}
