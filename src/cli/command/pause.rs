//! `cco pause`: stand still before the next step that costs money.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::daemon::protocol::Ask;

/// Pause before the next step that costs money; `cco resume` goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco pause      the worker finishes what it is doing, then nothing is spent")]
pub struct PauseArgs {}

impl PauseArgs {
    /// Asks the daemon, or the next one where none runs.
    ///
    /// # Errors
    /// If there is no run, or it has ended.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        context.tell(Ask::Pause, "asked to pause")
    }
}
