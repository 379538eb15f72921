//! `--detach`: the program starts itself again as a daemon that survives the terminal, and says when it answers.

#![expect(clippy::disallowed_methods, reason = "starts the program again and waits until it answers")]

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::code::Code;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::launch::{arguments_without_detach, own_program};
use crate::daemon::clock;
use crate::repo::Repo;
use crate::store::{Lock, StateDir};
use crate::view::Status;

/// How long the daemon may take until it answers; opening a long journal is well below it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(50);
/// The hidden first argument of the background program.
pub const DETACHED: &str = "__detached";

/// Starts the program in the background.
///
/// # Errors
/// What the background program said if it left at once.
pub fn start(context: &mut Context<'_>, repo: &Repo) -> Result<Exit, Error> {
    let state = StateDir::create(repo.state_dir())?;
    // Who runs already keeps its log.
    drop(Lock::acquire(&state, clock::now())?);
    let path = state.root().join("daemon.log");
    let log = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path);
    let log = log.map_err(|error| Error::file("write", &path, &error))?;
    let errors = log.try_clone().map_err(|error| Error::file("write", &path, &error))?;
    let mut command = Command::new(own_program()?);
    command.arg(DETACHED).args(arguments_without_detach()).arg("--no-input");
    let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
    let mut child = child.map_err(|error| Error::file("start", &path, &error))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let status = context.status_of_daemon()?;
        let is_the_child = |status: &Status| status.daemon.as_ref().is_some_and(|daemon| daemon.pid == child.id());
        if let Some(status) = status.filter(is_the_child) {
            context.output.note(&format!(
                "running in the background: {}\n`cco status` shows it, `cco stop` ends it\n",
                status.mission.title
            ));
            return Ok(Exit::Done);
        }
        if let Some(left) = child.try_wait().map_err(|error| Error::file("wait for", &path, &error))? {
            let said = std::fs::read_to_string(&path).unwrap_or_default();
            context.output.note(&said);
            // A mission that holds already is over before anyone can ask; whatever else made it leave is its own word.
            let exit = Exit::ALL.into_iter().find(|exit| left.code() == Some(i32::from(exit.code())));
            context.output.note(&format!("it left at once; what it said is in {}\n", path.display()));
            return exit.ok_or_else(|| Error::new(Code::Left, format!("it left at once ({left})")));
        }
        if Instant::now() > deadline {
            return Err(Error::new(Code::Left, "it does not answer").hint(format!("see {}", path.display())));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Leaves the terminal: a session of its own, so that its end does not reach the daemon.
pub fn leave_terminal() {
    // Already the leader of a session: then there is no terminal to leave.
    if let Err(error) = nix::unistd::setsid() {
        tracing::debug!(%error, "no session of its own");
    }
}
