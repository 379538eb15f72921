//! `cco reject`: a person says that a manual criterion does not hold.

/// Say that a manual criterion does not hold; the reason becomes guidance.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco reject error-words -m \"the message for an empty title is missing\"")]
pub struct RejectArgs {
    /// The criterion, as `cco status` names it
    #[arg(value_name = "CRITERION")]
    pub criterion: String,
    /// Why; manager and worker are told
    #[arg(short, long, value_name = "TEXT")]
    pub message: String,
}
