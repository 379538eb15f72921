//! `cco trust`: say that a mission may run its commands here.

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::launch::{self, Target};
use crate::cli::trust::{self, Trust};

use std::path::PathBuf;

/// Say that this mission may run its commands on this machine.
///
/// Covers the mission file and everything in .cco/ by their content: a change asks again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco trust           show what would run, and ask
  cco trust --yes     after you have read it")]
pub struct TrustArgs {
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}

impl TrustArgs {
    /// Shows what would run, asks, and records the answer.
    ///
    /// # Errors
    /// If the files cannot be read, or nobody can answer.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let target = Target::read(context, self.mission.as_deref(), &[])?;
        let known = trust::look(context, target.subject())? == Trust::Known;
        // Who is asked again for what they have trusted would wonder what changed.
        if known {
            context.output.note("this mission is trusted already, as the files are now\n");
            return Ok(());
        }
        if !self.yes {
            launch::show_and_ask(context, &target)?;
        }
        trust::record_trust(context, target.subject())?;
        context.output.note("trusted, as the files are now\n");
        Ok(())
    }
}
