//! Floor 7: the command line. One file per command in `command/`, one per drawing in `screen/`, and around them the one
//! reader of the environment, the one writer of output, and the one map from failures to messages and exit codes.
//!
//! [`parse`] turns arguments into a [`Cli`], [`run`] does the command: each gets a [`context::Context`], prints, and returns how
//! the program ends.

pub mod args;
pub mod blame;
mod blame_daemon;
pub mod code;
pub mod command;
pub mod context;
pub mod detach;
pub mod doctor;
pub mod environment;
pub mod error;
pub mod exit;
mod foreground;
pub mod init;
mod keyboard;
pub mod launch;
mod logging;
pub mod output;
pub mod place;
pub mod screen;
pub mod trust;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::FromArgMatches;

use self::command::explain::Entry;
use self::context::Context;
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
    let matches = args::grammar().try_get_matches_from(arguments);
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

/// The program: parses its arguments, does the command, and says how it ends.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut environment = Environment::read();
    match parse(arguments) {
        Parsed::Text(told) | Parsed::Wrong(told) => {
            let mut output = Output::standard(&environment, When::Auto, Volume::Normal);
            let exit = answer(&told, &mut output);
            conclude(exit, &mut output).into()
        }
        Parsed::Command(cli) => {
            logging::start(&environment, cli.global.volume());
            if cli.command.is_for_a_runner() {
                environment = environment.without_a_terminal();
            }
            let mut output = Output::standard(&environment, cli.global.color, cli.global.volume());
            let exit = run(&cli, &environment, &mut output).unwrap_or_else(|error| fail(&error, &mut output));
            conclude(exit, &mut output).into()
        }
    }
}

/// Does a command.
///
/// # Errors
/// What the command says.
pub fn run(cli: &Cli, environment: &Environment, output: &mut Output) -> Result<Exit, Error> {
    let mut context = Context { global: &cli.global, environment, output };
    let context = &mut context;
    let done = |()| Exit::Done;
    match &cli.command {
        Command::Init(args) => args.run(context).map(done),
        Command::Explain(args) => args.print(codes_of_files(), context.output).map(done),
        Command::Schema(args) => args.print(context.output).map(done),
        Command::Completions(args) => {
            args.print(context.output);
            Ok(Exit::Done)
        }
        Command::Man(args) => args.print(context.output).map(done),
        Command::Start(args) => args.run(context),
        Command::Next(args) => args.run(context),
        Command::Resume(args) => args.run(context),
        Command::Status(args) => args.run(context),
        Command::Pause(args) => args.run(context).map(done),
        Command::Stop(args) => args.run(context).map(done),
        Command::Guide(args) => args.run(context).map(done),
        Command::Approve(args) => args.run(context).map(done),
        Command::Reject(args) => args.run(context).map(done),
        Command::Done(args) => args.run(context).map(done),
        Command::History(args) => args.run(context).map(done),
        Command::Show(args) => args.run(context).map(done),
        Command::Diff(args) => args.run(context),
        Command::Amend(args) => args.run(context),
        Command::Trust(args) => args.run(context).map(done),
        Command::Config(args) => args.run(context).map(done),
        Command::Demo(args) => args.run(context),
        Command::Plan(args) => args.run(context).map(done),
        Command::Validate(args) => args.run(context),
        Command::Logs(args) => args.run(context).map(done),
        Command::Doctor(args) => args.run(context),
    }
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
