//! Floor 7: the command line. One file per command in `command/`, one per drawing in `screen/`, and around them the one
//! reader of the environment, the one writer of output, and the one map from failures to messages and exit codes.
//!
//! [`parse`] turns arguments into a [`Cli`]; [`run_here`] does the commands that need no repository's state. What needs
//! the daemon or the store is handed to the commands as views: they print, and return how the program ends.

pub mod args;
pub mod blame;
pub mod code;
pub mod command;
pub mod environment;
pub mod error;
pub mod exit;
pub mod init;
pub mod output;
pub mod screen;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::FromArgMatches;

use self::command::explain::Entry;
use crate::reading;

pub use args::{Cli, Command, Global};
pub use code::Code;
pub use environment::Environment;
pub use error::Error;
pub use exit::Exit;
pub use output::{Output, Volume, When};

/// What became of a command line.
#[derive(Debug)]
pub enum Parsed {
    /// A command to be done.
    Command(Box<Cli>),
    /// Help or version was asked for: text for stdout.
    Text(clap::error::Error),
    /// The command line is wrong: text for stderr.
    Wrong(clap::error::Error),
}

/// Parses a command line, its first argument being the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Parsed {
    let matches = args::shown_grammar().try_get_matches_from(arguments);
    match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => Parsed::Command(Box::new(cli)),
        Err(error) if error.use_stderr() => Parsed::Wrong(error),
        Err(error) => Parsed::Text(error),
    }
}

/// Prints what the parser has to say.
pub fn answer(error: &clap::error::Error, output: &mut Output) -> Exit {
    let rendered = error.render();
    let text = |colour| match colour {
        output::Colour::On => rendered.ansi().to_string(),
        output::Colour::Off => rendered.to_string(),
    };
    if error.use_stderr() {
        output.failure(&text(output.note_style().colour));
        Exit::Usage
    } else {
        output.data(&text(output.data_style().colour));
        Exit::Done
    }
}

/// Does a command that needs neither a mission nor state; `None`: the command is not one of those.
///
/// # Errors
/// What the command says.
pub fn run_here(cli: &Cli, environment: &Environment, output: &mut Output) -> Option<Result<Exit, Error>> {
    let result = match &cli.command {
        Command::Init(args) => root(&cli.global, environment).and_then(|root| args.run(&root, output)),
        Command::Explain(args) => args.print(codes_of_files(), output),
        Command::Schema(args) => args.print(output),
        Command::Completions(args) => {
            args.print(output);
            Ok(())
        }
        Command::Man(args) => args.print(output),
        Command::Validate(_)
        | Command::Start(_)
        | Command::Next(_)
        | Command::Resume(_)
        | Command::Status(_)
        | Command::Pause(_)
        | Command::Stop(_)
        | Command::Guide(_)
        | Command::Approve(_)
        | Command::Reject(_)
        | Command::Done(_)
        | Command::History(_)
        | Command::Show(_)
        | Command::Logs(_)
        | Command::Diff(_)
        | Command::Trust(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Demo(_) => return None,
    };
    Some(result.map(|()| Exit::Done))
}

/// The failure of a command whose work is not in this build.
#[must_use]
pub fn not_wired(command: &Command) -> Error {
    Error::new(Code::NotWired, format!("`cco {}` is not part of this build", command.name()))
}

/// Tells of a failure, and how the program ends because of it.
pub fn fail(error: &Error, output: &mut Output) -> Exit {
    let text = error.render(output.note_style().paint());
    output.failure(&text);
    error.exit()
}

/// The codes of mistakes in mission and configuration files.
fn codes_of_files() -> impl Iterator<Item = Entry<'static>> {
    reading::Code::ALL.iter().map(|code| Entry {
        code: code.as_str(),
        title: code.title(),
        explanation: code.explanation(),
    })
}

/// How the program ends once everything is said: data that could not be written whole is a failure of its own.
pub fn conclude(exit: Exit, output: &mut Output) -> Exit {
    match output.finish() {
        None => exit,
        Some(error) => fail(&Error::file("write", "standard output".as_ref(), &error), output),
    }
}

/// The folder to work on, as far as the command line says.
fn root(global: &Global, environment: &Environment) -> Result<PathBuf, Error> {
    let here = environment.directory.as_deref();
    match (&global.repo, here) {
        (Some(repo), Some(here)) => Ok(here.join(repo)),
        (Some(repo), None) => Ok(repo.clone()),
        (None, Some(here)) => Ok(here.to_owned()),
        (None, None) => Err(Error::new(Code::Files, "the current folder cannot be read").hint("name one with --repo")),
    }
}

/// A failure that must not happen.
fn internal(error: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::output::tests::kept;
    use super::*;

    fn arguments(line: &str) -> impl Iterator<Item = OsString> {
        line.split(' ').map(OsString::from)
    }

    #[test]
    fn help_is_data_and_a_mistake_is_not() {
        let (mut output, out, err) = kept(Volume::Normal);
        let Parsed::Text(help) = parse(arguments("cco --help")) else { panic!("help is text") };
        assert_eq!(answer(&help, &mut output), Exit::Done);
        assert!(out.text().contains("Examples:") && err.text().is_empty());
        let Parsed::Wrong(wrong) = parse(arguments("cco expalin x")) else { panic!("a mistake is wrong") };
        assert_eq!(answer(&wrong, &mut output), Exit::Usage);
        assert!(err.text().contains("explain"), "{}", err.text());
    }

    #[test]
    fn what_does_not_work_yet_is_not_shown_and_refuses() {
        let (mut output, out, _) = kept(Volume::Normal);
        let Parsed::Text(help) = parse(arguments("cco --help")) else { panic!("help is text") };
        answer(&help, &mut output);
        for name in args::UNWIRED {
            assert!(!out.text().contains(&format!("\n  {name} ")), "{name} is shown");
        }
        let Parsed::Command(cli) = parse(arguments("cco pause")) else { panic!("it parses") };
        assert!(run_here(&cli, &Environment::default(), &mut output).is_none());
        assert_eq!(not_wired(&cli.command).code, Code::NotWired);
    }

    #[test]
    fn data_that_was_not_written_whole_is_a_failure() {
        struct Full;
        impl std::io::Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let environment = Environment::default();
        let mut output =
            Output::to(Box::new(Full), Box::new(std::io::sink()), &environment, When::Auto, Volume::Normal);
        output.data("x");
        assert_eq!(conclude(Exit::Done, &mut output), Exit::Unfit);
        assert_eq!(conclude(Exit::Done, &mut output), Exit::Done);
    }

    #[test]
    fn a_reserved_form_says_what_works_today() {
        let Parsed::Command(cli) = parse(arguments("cco start PLAN.md")) else { panic!("it parses") };
        let Command::Start(args) = &cli.command else { panic!("it is start") };
        let error = args.check().unwrap_err();
        assert_eq!((error.code, error.exit()), (Code::Reserved, Exit::Usage));
    }
}
