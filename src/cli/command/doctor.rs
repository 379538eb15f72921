//! `cco doctor`: whether everything is there.

/// Look whether everything a mission needs is there: git, claude, keys, disk, tools.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco doctor            one line for each thing, with what to do about it
  cco doctor --json")]
pub struct DoctorArgs {
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}
