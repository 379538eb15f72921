//! `cco validate`: run the checks now, without any model.

use std::path::PathBuf;

use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{internal, screen};
use crate::view::Validation;

/// Run the mission's checks now, no model needed.
///
/// Exit code 0 if every required criterion holds on the tree as it is, 3 if not, 8 if the mission file is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco validate              every check once
  cco validate docs api     only these criteria
  cco validate --dry-run    read the files, show what would run")]
pub struct ValidateArgs {
    /// Only these criteria
    #[arg(value_name = "CRITERION")]
    pub criteria: Vec<String>,
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Read and check the files, show what would run, run nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Trust the mission as it is
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl ValidateArgs {
    /// Prints what the checks found.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, validation: &Validation, output: &mut Output) -> Result<Exit, Error> {
        if self.json {
            output.json(validation).map_err(internal)?;
        } else {
            output.data(&screen::validation(validation, output.data_style()));
        }
        Ok(if validation.is_met() { Exit::Done } else { Exit::NotDone })
    }
}
