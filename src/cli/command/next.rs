//! `cco next`: exactly one iteration.

use std::path::PathBuf;

use crate::cli::code::Code;
use crate::cli::command::start::{LimitArgs, StayArgs};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::launch::Launch;
use crate::daemon::{Begin, Span};

/// Do exactly one iteration, then pause.
///
/// The exit code is 0 only if the mission is proven afterwards, else 3, so that a script can loop over it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco next            one turn of the loop, then look at `cco show`
  cco next --phase    on to the end of this phase")]
pub struct NextArgs {
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Go on to the end of the phase
    #[arg(long)]
    pub phase: bool,
    /// Print the final status as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl NextArgs {
    /// Runs one iteration in this terminal.
    ///
    /// # Errors
    /// Why it could not start, or had to stop.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        if self.phase {
            return Err(Error::new(Code::Reserved, "--phase is not there yet").hint("`cco next` does one iteration"));
        }
        let limits = LimitArgs::default();
        let stay = StayArgs { json: self.json, ..StayArgs::default() };
        let (begin, span) = (Begin::Either, Span::OneIteration);
        Launch { mission: self.mission.as_deref(), begin, span, limits: &limits, stay: &stay, model: None }.run(context)
    }
}
