//! `cco demo`: a whole mission on a throwaway repository.

#![expect(clippy::disallowed_methods, reason = "makes the throwaway repository")]

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::cli::code::Code;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::foreground::{self, Manner};
use crate::cli::launch::own_program;
use crate::cli::place::Place;
use crate::cli::screen;
use crate::daemon::{Begin, Observer, Options, Span, clock};
use crate::session::Patience;
use crate::view;

/// The mission of the demo.
const MISSION: &str = include_str!("../../../missions/demo.yaml");
/// What makes it a demo: no key, no network, a commit for each iteration to look at.
const CONFIG: &str = "\
# The configuration of `cco demo`: a scripted worker and the embedded manager, so that no key is needed.
orchestrator: { manager: checklist, execution_mode: stub }
repository: { commit_frequency: per_iteration }
";
/// What a person can do after the demo.
const NEXT: &str = "
That was a scripted worker. It claimed to be done when it was not, then broke what had held: cco believed the checks.

Next, in a repository of your own:
  cco init        propose a mission and its checks
  cco validate    run them, no model needed
  claude          log in once, or export ANTHROPIC_API_KEY=...
  cco start       work until every criterion is proven

With OPENROUTER_API_KEY set a manager model plans; without it the embedded checklist manager does.
";

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

impl DemoArgs {
    /// Runs the demo.
    ///
    /// # Errors
    /// If git is missing, or the demo's repository cannot be made.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let folder = tempfile::Builder::new().prefix("cco-demo-").tempdir();
        let folder = folder.map_err(|error| Error::file("create", "a temporary folder".as_ref(), &error))?;
        make_repository(context, folder.path())?;
        let repo = context.repo_at(folder.path())?;
        let inputs = context.inputs(&Place::of(repo.clone()), &[])?;
        let (observer, inbox) = Observer::pair();
        let options = Options {
            inputs,
            program: own_program()?,
            environment: context.variables().clone(),
            user: context.user(),
            begin: Begin::Fresh,
            patience: Patience::Leave { max_wait: std::time::Duration::ZERO },
            time_limit: None,
            span: Span::Whole,
            observer,
            repo,
        };
        let zone = context.zone();
        let ended = foreground::run(options, inbox, Manner::of(context.environment, &zone), context.output)?;
        let status = view::status(&ended.session, clock::now());
        let style = context.output.note_style();
        context.output.note(&format!("\n{}", screen::status(&status, style, &zone)));
        context.output.note(&format!("\nThe commits it made:\n{}", commits(context, folder.path())?));
        context.output.note(NEXT);
        if self.keep {
            context.output.data(&format!("{}\n", folder.keep().display()));
        }
        Ok(Exit::of_leave(ended.leave))
    }
}

/// A repository with one commit, the mission and its configuration.
fn make_repository(context: &Context<'_>, folder: &Path) -> Result<(), Error> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| Error::file("write", &path, &error))
    };
    let own = folder.join(".cco");
    fs::create_dir_all(&own).map_err(|error| Error::file("create", &own, &error))?;
    write(".cco/mission.yaml", MISSION)?;
    write(".cco/config.yaml", CONFIG)?;
    git(context, folder, &["init", "--quiet", "--initial-branch", "main"])?;
    git(context, folder, &["add", "--all"])?;
    git(context, folder, &["commit", "--quiet", "--message", "The mission"])?;
    Ok(())
}

fn commits(context: &Context<'_>, folder: &Path) -> Result<String, Error> {
    git(context, folder, &["log", "--format=  %h %s", "--reverse", "main.."])
}

/// One run of git with an identity of its own: the demo must not depend on the user's.
fn git(context: &Context<'_>, folder: &Path, arguments: &[&str]) -> Result<String, Error> {
    let path: Option<OsString> = context.variables().get(std::ffi::OsStr::new("PATH")).cloned();
    let mut command = Command::new("git");
    command.args(["-c", "user.name=cco demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"]);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_clear();
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", folder);
    command.envs(path.map(|path| ("PATH", path)));
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(Code::Missing, "git was not found on PATH"),
        _ => Error::file("run", "git".as_ref(), &error),
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(Error::new(Code::Repository, String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}
