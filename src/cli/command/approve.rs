//! `cco approve`: a person says that a manual criterion holds.

/// Say that a manual criterion holds on the current tree.
///
/// The answer is about exactly this tree: work that changes it asks again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco approve error-words
  cco approve error-words -m \"checked all five pages\"")]
pub struct ApproveArgs {
    /// The criterion, as `cco status` names it
    #[arg(value_name = "CRITERION")]
    pub criterion: String,
    /// Why
    #[arg(short, long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub message: String,
}
