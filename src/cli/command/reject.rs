//! `cco reject`: a person says that a manual criterion does not hold.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::daemon::protocol::Ask;

/// Say that a manual criterion does not hold; the reason becomes guidance.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco reject error-words -m \"the message for an empty title is missing\"")]
pub struct RejectArgs {
    /// The criterion, as `cco status` names it
    #[arg(value_name = "CRITERION")]
    pub criterion: String,
    /// Why; manager and worker are told
    #[arg(short, long, value_name = "TEXT")]
    pub message: String,
}

impl RejectArgs {
    /// Hands the answer to the run, also to one that nobody works on at the moment.
    ///
    /// # Errors
    /// If there is no run, or it has no such criterion.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let (criterion, note) = (self.criterion.clone(), self.message.clone());
        context.tell(Ask::Answer { criterion, approve: false, note }, "noted")
    }
}
