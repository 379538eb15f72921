//! `cco resume`: go on.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::launch::Launch;
use crate::daemon::protocol::Ask;
use crate::daemon::{Begin, Span};

use super::start::{LimitArgs, StayArgs};

/// Go on with a run after a pause, a crash or a reboot.
///
/// Nothing that was done is done again: the journal knows every step, and money that was spent is not spent twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco resume             go on where it was
  cco resume --detach    in the background")]
pub struct ResumeArgs {
    /// Limits.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How the program stays.
    #[command(flatten)]
    pub stay: StayArgs,
}

impl ResumeArgs {
    /// Goes on with the unfinished run.
    ///
    /// # Errors
    /// Why it could not start, or had to stop.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        if context.status_of_daemon()?.is_some() {
            return context.steer(Ask::Resume, "resumed").map(|()| Exit::Done);
        }
        let (limits, stay) = (&self.limits, &self.stay);
        Launch { mission: None, begin: Begin::Resume, span: Span::Whole, limits, stay, model: None }.run(context)
    }
}
