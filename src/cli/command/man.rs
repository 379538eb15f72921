//! `cco man`: the manual.

use std::fmt::Write;

use clap_mangen::Man;

use crate::cli::args::grammar;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::internal;
use crate::cli::output::Output;

/// Print the manual page of cco or of one command, in roff.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco man | man -l -
  cco man start | man -l -
  cco man > ~/.local/share/man/man1/cco.1")]
pub struct ManArgs {
    /// One command instead of the whole
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

impl ManArgs {
    /// Prints the page. It is made in memory first: the generator panics on a closed pipe (crate notes).
    ///
    /// # Errors
    /// If there is no such command.
    pub fn print(&self, output: &mut Output) -> Result<(), Error> {
        let mut grammar = grammar().display_name("cco");
        grammar.build();
        let command = match &self.command {
            None => grammar,
            Some(name) => {
                let found = grammar.get_subcommands().find(|command| command.get_name() == name).cloned();
                found.ok_or_else(|| {
                    Error::new(crate::cli::code::Code::NotFound, format!("there is no command {name:?}"))
                })?
            }
        };
        let mut page = Vec::new();
        Man::new(command).render(&mut page).map_err(internal)?;
        output.data(&String::from_utf8_lossy(&page));
        if self.command.is_none() {
            output.data(&exit_codes());
        }
        Ok(())
    }
}

fn exit_codes() -> String {
    let mut text = ".SH \"EXIT STATUS\"\n".to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", exit.code(), exit.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Volume;
    use crate::cli::output::tests::kept;

    fn page(command: Option<&str>) -> Result<String, Error> {
        let (mut output, out, _) = kept(Volume::Normal);
        ManArgs { command: command.map(str::to_owned) }.print(&mut output).map(|()| out.text())
    }

    #[test]
    fn the_manual_has_all_exit_codes_and_examples() {
        let text = page(None).unwrap();
        assert!(text.contains(".SH \"EXIT STATUS\"") && text.contains("\\fB75\\fR"));
        assert!(text.contains("Examples:"));
    }

    #[test]
    fn one_command_has_a_page_of_its_own() {
        assert!(page(Some("init")).unwrap().contains("cco"));
        assert!(page(Some("frobnicate")).is_err());
    }
}
