//! `cco config`: the configuration in force.

/// Show the configuration in force.
#[derive(Debug, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  cco config show
  cco config show --origin     where each value comes from"
)]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Print every value in force
    #[command(after_help = "\
Examples:
  cco config show --origin | grep timeout")]
    Show {
        /// Tell where each value comes from: flag, variable, file and line, default
        #[arg(long)]
        origin: bool,
        /// Print JSON on stdout
        #[arg(long)]
        json: bool,
    },
}
