//! `cco resume`: go on.

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
