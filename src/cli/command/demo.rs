//! `cco demo`: a whole mission on a throwaway repository.

/// Watch a whole mission on a throwaway repository; needs only git and sh.
///
/// The worker is scripted: it first claims to be done when it is not, then breaks something that held, then gets it
/// right. cco believes the checks, not the words.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco demo           about 20 seconds
  cco demo --keep    leave the repository there to look around")]
pub struct DemoArgs {
    /// Leave the repository there and print its path
    #[arg(long)]
    pub keep: bool,
}
