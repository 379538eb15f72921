//! `cco resume`: go on.

use std::path::PathBuf;

use crate::cli::code::Code;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::internal;
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
  cco resume --detach    in the background
  cco resume --budget 40 with more money; reaches a running cco too")]
pub struct ResumeArgs {
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
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
            return self.resume_live(context).map(|()| Exit::Done);
        }
        let (mission, limits, stay) = (self.mission.as_deref(), &self.limits, &self.stay);
        Launch { mission, begin: Begin::Resume, span: Span::Whole, limits, stay, model: None }.run(context)
    }

    /// Lets a running cco go on, under other limits where some are given.
    fn resume_live(&self, context: &mut Context<'_>) -> Result<(), Error> {
        if self.limits.time_limit.is_some() {
            return Err(Error::new(Code::NotNow, "a running cco keeps the time limit that it was started with")
                .hint("`cco stop`, then `cco resume --time-limit SPAN`"));
        }
        let (max_iterations, usd) = (self.limits.max_iterations, self.limits.budget);
        if max_iterations.is_some() || usd.is_some() {
            context.steer(Ask::Limits { max_iterations, usd }, "the limits are changed")?;
        }
        context.steer(Ask::Resume, "resumed")?;
        match context.status_of_daemon()? {
            Some(status) if self.stay.json => context.output.json(&status).map_err(internal),
            Some(_) | None => Ok(()),
        }
    }
}
