//! What every command works with: the surroundings, what the command line says for all of them, and the one writer.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::Global;
use super::code::Code;
use super::environment::Environment;
use super::error::Error;
use super::output::Output;
use super::place::Place;
use crate::config::{Flag, Loaded};
use crate::daemon::protocol::{Ask, Reply};
use crate::daemon::{Inputs, Places, client, read_config};
use crate::repo::{self, Repo};
use crate::session::Event;
use crate::store::{Mark, StateDir};
use crate::view::Status;
use crate::words::{RunId, Seq};

/// What a command works with.
pub struct Context<'a> {
    /// What holds for all commands.
    pub global: &'a Global,
    /// The surroundings.
    pub environment: &'a Environment,
    /// The one writer.
    pub output: &'a mut Output,
}

impl Context<'_> {
    /// The folder that the command line means: `--repo`, else the current one.
    ///
    /// # Errors
    /// If there is none.
    pub fn folder(&self) -> Result<PathBuf, Error> {
        super::root(self.global, self.environment)
    }

    /// The repository around a folder.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub fn repo_at(&self, folder: &Path) -> Result<Repo, Error> {
        let environment = repo::Environment::select(self.environment.variables.clone());
        Ok(Repo::open(&repo::Options { start: folder, environment })?)
    }

    /// The repository that is meant, by the command line or by the mission.
    ///
    /// # Errors
    /// Why it cannot be worked on.
    pub fn repo(&self) -> Result<Repo, Error> {
        Place::find(self, None)?.repo()
    }

    /// A path of the command line: relative to the current folder.
    #[must_use]
    pub fn path(&self, given: &Path) -> PathBuf {
        self.environment.directory.as_deref().map_or_else(|| given.to_owned(), |here| here.join(given))
    }

    /// Its state folder; nothing is made.
    ///
    /// # Errors
    /// Why the repository cannot be worked on.
    pub fn state(&self) -> Result<StateDir, Error> {
        Ok(StateDir::at(self.repo()?.state_dir()))
    }

    /// Reads mission and configuration.
    ///
    /// # Errors
    /// All their mistakes.
    pub fn inputs(&self, place: &Place, flags: &[Flag<'_>]) -> Result<Inputs, Error> {
        Ok(Inputs::read(&self.places(place, flags))?)
    }

    /// Reads the configuration alone.
    ///
    /// # Errors
    /// All its mistakes.
    pub fn config(&self, place: &Place) -> Result<Loaded, Error> {
        Ok(read_config(&self.places(place, &[]))?)
    }

    fn places<'b>(&'b self, place: &'b Place, flags: &'b [Flag<'b>]) -> Places<'b> {
        let (mission, config, environment) = (place.mission.as_deref(), place.config.as_deref(), self.variables());
        Places { root: &place.root, mission, config, flags, environment }
    }

    /// The environment, for those who pass parts of it on.
    #[must_use]
    pub const fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.environment.variables
    }

    /// The login name of who is at the keyboard, or the number of their account.
    #[must_use]
    pub fn user(&self) -> String {
        let name = self.environment.text("USER").or_else(|| self.environment.text("LOGNAME"));
        name.map_or_else(|| format!("uid {}", nix::unistd::getuid()), str::to_owned)
    }

    /// The zone of the clocks that people are shown.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        self.environment.text("TZ").and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(TimeZone::system)
    }

    /// Whether somebody can be asked.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        !self.global.no_input && self.environment.stdin.is_terminal() && std::io::stdin().is_terminal()
    }

    /// Asks the person at the keyboard; whatever is not a yes is a no, and so is the silence where nobody can answer.
    ///
    /// # Errors
    /// If the answer cannot be read.
    pub fn confirm(&mut self, question: &str) -> Result<bool, Error> {
        if !self.can_ask() {
            return Ok(false);
        }
        // Also in quiet: a question that is not seen cannot be answered.
        self.output.failure(&format!("{question} [y/N] "));
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        read.map_err(|error| Error::file("read", "standard input".as_ref(), &error))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Asks the daemon of this repository.
    ///
    /// # Errors
    /// [`Code::NoDaemon`] where none runs, and what it refuses.
    pub fn ask(&self, ask: Ask) -> Result<Reply, Error> {
        let socket = self.state()?.control_path()?;
        match client::ask(&socket, &self.user(), ask)? {
            Reply::Refused { code, text } => Err(Error::new(Code::Refused, format!("{text} ({code})"))),
            reply => Ok(reply),
        }
    }

    /// Where a run stands: asked of the daemon if one lives, else read from the journal.
    ///
    /// # Errors
    /// If there is no run, or its journal is damaged.
    pub fn status(&self, run: Option<RunId>) -> Result<Status, Error> {
        if run.is_none()
            && let Some(status) = self.status_of_daemon()?
        {
            return Ok(status);
        }
        let (session, _) = crate::store::read_session(&self.state()?, run)?;
        Ok(crate::view::status(&session, crate::daemon::clock::now()))
    }

    /// The run that the beginning of its id names; `None`: the current one.
    ///
    /// # Errors
    /// If none, or more than one, begins so.
    pub fn run_named(&self, beginning: Option<&str>) -> Result<Option<RunId>, Error> {
        let Some(beginning) = beginning else { return Ok(None) };
        let runs = crate::store::runs(&self.state()?)?;
        let mut fitting = runs.iter().filter(|run| run.id.to_string().starts_with(beginning));
        match (fitting.next(), fitting.next()) {
            (Some(run), None) => Ok(Some(run.id)),
            (None, _) => Err(Error::new(Code::NotFound, format!("no run begins with {beginning:?}"))),
            (Some(_), Some(_)) => {
                Err(Error::new(Code::NotFound, format!("more than one run begins with {beginning:?}")))
            }
        }
    }

    /// Every event of a run.
    ///
    /// # Errors
    /// If there is no such run, or its journal is damaged.
    pub fn events(&self, run: Option<&str>) -> Result<Vec<(Seq, Timestamp, Event)>, Error> {
        let run = self.run_named(run)?;
        let events = crate::store::read_events(&self.state()?, run, &Mark::ORIGIN)?;
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// Where the report of a run is, if one was written; `None` names the current run.
    ///
    /// # Errors
    /// Why the repository cannot be worked on.
    pub fn report(&self, run: Option<RunId>) -> Result<Option<PathBuf>, Error> {
        let state = self.state()?;
        let archived = run.map(|run| state.run(run).report_text());
        let places = archived.into_iter().chain([state.report_text()]);
        Ok(places.into_iter().find(|place| place.is_file()))
    }

    /// What a live daemon says; `None`: there is none.
    ///
    /// # Errors
    /// If it answers what cannot be read.
    pub fn status_of_daemon(&self) -> Result<Option<Status>, Error> {
        let socket = self.state()?.control_path()?;
        match client::ask(&socket, &self.user(), Ask::Status) {
            Ok(Reply::Status(value)) => Ok(Some(serde_json::from_value(*value).map_err(super::internal)?)),
            Ok(Reply::Refused { code, text }) => Err(Error::new(Code::Refused, format!("{text} ({code})"))),
            Ok(Reply::Taken { .. }) => Err(super::internal("a question for the status was taken as something else")),
            Err(client::Error::NotRunning) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells the run something: its daemon if one lives, else the journal, where the next one finds it.
    ///
    /// # Errors
    /// [`Code::NoRun`] where nothing was started, and what is refused.
    pub fn tell(&mut self, ask: Ask, done: &str) -> Result<(), Error> {
        let state = self.state()?;
        match client::ask(&state.control_path()?, &self.user(), ask.clone()) {
            Err(client::Error::NotRunning) => {
                let reply = crate::daemon::tell(&state, &self.user(), ask)?;
                self.said(reply, done)?;
                self.output.note("no cco is running here: `cco resume` goes on with it\n");
                Ok(())
            }
            reply => self.said(reply?, done),
        }
    }

    /// Asks the daemon for something and says what came of it.
    ///
    /// # Errors
    /// [`Code::NoDaemon`] where none runs, and what it refuses.
    pub fn steer(&mut self, ask: Ask, done: &str) -> Result<(), Error> {
        let reply = self.ask(ask)?;
        self.said(reply, done)
    }

    fn said(&mut self, reply: Reply, done: &str) -> Result<(), Error> {
        match reply {
            Reply::Refused { code, text } => Err(Error::new(Code::Refused, format!("{text} ({code})"))),
            Reply::Taken { stage, notes } => {
                self.output.note(&format!("{done}; the mission is {}\n", stage.replace('_', " ")));
                notes.iter().for_each(|note| self.output.note(&format!("{note}\n")));
                Ok(())
            }
            Reply::Status(_) => Err(super::internal("the daemon answered another question")),
        }
    }
}
