//! `cco completions`: what a shell needs to complete commands and flags.

use clap_complete::Shell;

use crate::cli::args::grammar;
use crate::cli::output::Output;

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco completions bash > ~/.local/share/bash-completion/completions/cco
  cco completions zsh > ~/.zfunc/_cco
  cco completions fish > ~/.config/fish/completions/cco.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

impl CompletionsArgs {
    /// Prints them. They are made in memory first: the generator panics on a closed pipe (crate notes).
    pub fn print(&self, output: &mut Output) {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut grammar(), "cco", &mut script);
        output.data(&String::from_utf8_lossy(&script));
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::cli::output::Volume;
    use crate::cli::output::tests::kept;

    #[test]
    fn every_shell_gets_a_script_with_the_commands_in_it() {
        for shell in Shell::value_variants() {
            let (mut output, out, _) = kept(Volume::Normal);
            CompletionsArgs { shell: *shell }.print(&mut output);
            assert!(out.text().contains("completions") && out.text().contains("no-input"), "{shell}");
        }
    }
}
