//! `cco done`: a signal, never a proof.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::daemon::protocol::Ask;

/// Signal that an action is done. A hint, never proof: the checks decide.
///
/// In in-session mode this ends the action; everywhere else it is only noted.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco done
  cco done --status blocked --reason \"the database is not reachable\"")]
pub struct DoneArgs {
    /// The phase it is about
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// How it went
    #[arg(long, value_enum, default_value_t)]
    pub status: Claim,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
}

/// What is claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Claim {
    /// The work is done
    #[default]
    Completed,
    /// Something is in the way
    Blocked,
}

impl DoneArgs {
    /// Hands the word to the daemon.
    ///
    /// # Errors
    /// If none runs.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let word = match self.status {
            Claim::Completed => "completed",
            Claim::Blocked => "blocked",
        };
        let note = if self.reason.is_empty() { word.to_owned() } else { format!("{word}: {}", self.reason) };
        context.steer(Ask::Done { note, phase: self.phase.clone() }, "noted")
    }
}
