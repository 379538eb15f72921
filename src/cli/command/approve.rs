//! `cco approve`: a person says that a manual criterion holds.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::daemon::protocol::Ask;

/// Say that a manual criterion holds on the current tree.
///
/// The answer is about exactly this tree: work that changes it asks again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco approve error-words
  cco approve error-words -m \"checked all five pages\"")]
pub struct ApproveArgs {
    /// The criterion, as `cco status` names it
    #[arg(value_name = "CRITERION")]
    pub criterion: String,
    /// Why
    #[arg(short, long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub message: String,
}

impl ApproveArgs {
    /// Hands the answer to the run, also to one that nobody works on at the moment.
    ///
    /// # Errors
    /// If there is no run, or it has no such criterion.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let (criterion, note) = (self.criterion.clone(), self.message.clone());
        context.tell(Ask::Answer { criterion, approve: true, note }, "noted")
    }
}
