//! `cco pause`: stand still before the next step that costs money.

/// Pause before the next step that costs money; `cco resume` goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco pause      the worker finishes what it is doing, then nothing is spent")]
pub struct PauseArgs {}
