//! `cco trust`: say that a mission may run its commands here.

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
