//! `cco stop`: end the running cco.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::daemon::protocol::{Ask, StopWhen};

/// Stop the running cco; `cco resume` goes on later.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco stop          after this iteration
  cco stop --now    end the worker and checkpoint, within seconds")]
pub struct StopArgs {
    /// End the worker now instead of after this iteration
    #[arg(long)]
    pub now: bool,
}

impl StopArgs {
    /// Asks the daemon.
    ///
    /// # Errors
    /// If none runs.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let when = if self.now { StopWhen::Now } else { StopWhen::AfterIteration };
        context.steer(Ask::Stop { when }, "asked to stop")
    }
}
