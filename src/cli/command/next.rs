//! `cco next`: exactly one iteration.

/// Do exactly one iteration, then pause.
///
/// The exit code is 0 only if the mission is proven afterwards, else 3, so that a script can loop over it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco next            one turn of the loop, then look at `cco show`
  cco next --phase    on to the end of this phase")]
pub struct NextArgs {
    /// Go on to the end of the phase
    #[arg(long)]
    pub phase: bool,
    /// Print the final status as JSON on stdout
    #[arg(long)]
    pub json: bool,
}
