//! From a command line to a running daemon: repository, inputs, trust; in this terminal or in the background.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::code::Code;
use super::command::start::{LimitArgs, StayArgs};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::foreground::{self, Manner};
use super::place::Place;
use super::trust::{self, Subject, Trust};
use super::{detach, screen};
use crate::config::Flag;
use crate::daemon::{self, Begin, Ended, Inputs, Observer, Options, Outlook, Span, clock};
use crate::mission::{self, Mission, Remark};
use crate::repo::Repo;
use crate::store::StateDir;
use crate::verify;
use crate::view;

/// How a daemon is to be started.
pub struct Launch<'a> {
    /// `--mission`.
    pub mission: Option<&'a Path>,
    /// Which run.
    pub begin: Begin,
    /// How much of it.
    pub span: Span,
    /// Its limits.
    pub limits: &'a LimitArgs,
    /// How it stays.
    pub stay: &'a StayArgs,
    /// The worker's model.
    pub model: Option<&'a str>,
}

impl Launch<'_> {
    /// Starts the daemon and stays with it, or sends it into the background.
    ///
    /// # Errors
    /// Why it could not start, or had to stop.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let target = self.read(context)?;
        must_be_trusted(context, &target, self.stay.consent())?;
        let Target { repo, inputs, .. } = target;
        if self.stay.detach {
            return detach::start(context, &repo);
        }
        let report = StateDir::at(repo.state_dir()).report_text();
        let (observer, inbox) = Observer::pair();
        let options = Options {
            inputs,
            program: own_program()?,
            environment: context.variables().clone(),
            user: context.user(),
            begin: self.begin,
            patience: self.stay.patience(),
            time_limit: self.limits.time_limit,
            span: self.span,
            observer,
            repo,
        };
        let zone = context.zone();
        let ended = foreground::run(options, inbox, Manner::of(context.environment, &zone), context.output)?;
        self.tell_end(context, &ended, &report)
    }

    /// Shows what would run, and runs nothing.
    ///
    /// # Errors
    /// The mistakes of the files.
    pub fn dry_run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let target = self.read(context)?;
        let style = context.output.data_style();
        context.output.data(&screen::would_run(&target.whole_mission()?, style));
        context.output.data(&screen::remarks(&target.remarks()?, style));
        Ok(Exit::Done)
    }

    fn read(&self, context: &mut Context<'_>) -> Result<Target, Error> {
        let flags = self.flags();
        let flags: Vec<Flag<'_>> = flags.iter().map(|(name, key, value)| Flag { name, key, value }).collect();
        let mut target = Target::read(context, self.mission, &flags)?;
        // Who says a budget on the command line means this run, whatever the mission allows itself.
        if self.limits.budget.is_some() {
            target.inputs.mission.budget.usd = None;
        }
        Ok(target)
    }

    /// Flags that are configuration: name, key, value.
    fn flags(&self) -> Vec<(&'static str, &'static str, String)> {
        let mut flags = Vec::new();
        if let Some(max) = self.limits.max_iterations {
            flags.push(("--max-iterations", "orchestrator.max_iterations", max.to_string()));
        }
        if let Some(budget) = self.limits.budget {
            flags.push(("--budget", "budget.usd", budget.dollars().to_string()));
        }
        if let Some(model) = self.model {
            flags.push(("--model", "claude_code.model", model.to_owned()));
        }
        flags
    }

    fn tell_end(&self, context: &mut Context<'_>, ended: &Ended, report: &Path) -> Result<Exit, Error> {
        let status = view::status(&ended.session, clock::now());
        let zone = context.zone();
        if self.stay.json {
            context.output.json(&status).map_err(super::internal)?;
        } else {
            let style = context.output.note_style();
            context.output.note(&format!("\n{}", screen::status(&status, style, &zone)));
        }
        if report.is_file() {
            context.output.note(&format!("Report    {}\n", report.display()));
        }
        Ok(match (Exit::of_leave(ended.leave), ended.signal) {
            (Exit::NotDone, Some(signal)) if signal == nix::libc::SIGINT => Exit::Interrupted,
            (Exit::NotDone, Some(_)) => Exit::Terminated,
            (exit, _) => exit,
        })
    }
}

/// What a command that runs checks works with.
#[derive(Debug)]
pub struct Target {
    /// The repository.
    pub repo: Repo,
    /// What people wrote.
    pub inputs: Inputs,
    /// A configuration file that is trusted with the mission, because neither the repository nor the command line names
    /// it.
    config: Option<PathBuf>,
}

impl Target {
    /// Finds the repository and reads the inputs; says their warnings.
    ///
    /// # Errors
    /// Why the repository cannot be worked on, or the mistakes of the files.
    pub fn read(context: &mut Context<'_>, mission: Option<&Path>, flags: &[Flag<'_>]) -> Result<Self, Error> {
        let place = Place::find(context, mission)?;
        place.notes.iter().for_each(|note| context.output.note(&format!("{note}\n")));
        let inputs = context.inputs(&place, flags)?;
        for warning in &inputs.warnings {
            context.output.note(&format!("{warning}\n"));
        }
        let config = place.config.clone().filter(|_| context.global.config.is_none());
        Ok(Self { repo: place.repo()?, inputs, config })
    }

    /// What is trusted of it.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject { repo: &self.repo, mission: &self.inputs.mission_path, config: self.config.as_deref() }
    }

    /// The repository as the mission would find it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn outlook(&self) -> Result<Outlook, Error> {
        Ok(daemon::outlook(&self.repo, &self.inputs.mission)?)
    }

    /// What is worth a look before the mission starts, as far as it is known without running anything.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub fn remarks(&self) -> Result<Vec<Remark>, Error> {
        Ok(mission::remarks(&self.inputs.mission, &self.outlook()?.open))
    }

    /// The mission with the set-up that its lock files imply spelt out: what is not shown cannot be refused.
    ///
    /// # Errors
    /// If a lock file cannot be read.
    pub fn whole_mission(&self) -> Result<Mission, Error> {
        let mut mission = self.inputs.mission.clone();
        if mission.setup.is_none() {
            let implied = verify::Setup::of(None, self.repo.work_tree())?.commands;
            mission.setup = (!implied.is_empty()).then_some(implied);
        }
        Ok(mission)
    }
}

/// Who says that a mission may run its commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The person at the keyboard, now or earlier.
    Asked,
    /// `--yes`.
    Given,
    /// `--ci`: nobody, so only what is checked out counts.
    CheckedOut,
}

/// Makes sure that the mission may run its commands here (design section 9, Trust).
///
/// # Errors
/// [`Code::Untrusted`] if it may not.
pub fn must_be_trusted(context: &mut Context<'_>, target: &Target, consent: Consent) -> Result<(), Error> {
    let subject = target.subject();
    match consent {
        Consent::CheckedOut => return trust_checked_out(context, subject),
        Consent::Given => {}
        Consent::Asked if trust::look(context, subject)? == Trust::Known => return Ok(()),
        Consent::Asked => show_and_ask(context, target)?,
    }
    trust::record_trust(context, subject)
}

/// Shows what a mission would run and asks whether it may; an error where nobody can answer.
///
/// # Errors
/// [`Code::Untrusted`] if the answer is no, or nobody can give one.
pub fn show_and_ask(context: &mut Context<'_>, target: &Target) -> Result<(), Error> {
    let style = context.output.note_style();
    context.output.note(&screen::would_run(&target.whole_mission()?, style));
    let untrusted = || {
        Error::new(Code::Untrusted, "this mission is not trusted yet; it would run what is shown above")
            .hint("read it, then `cco trust`, or say --yes")
    };
    if !context.can_ask() {
        return Err(untrusted());
    }
    if context.confirm("\nLet it run these on this machine?")? { Ok(()) } else { Err(untrusted()) }
}

/// A runner trusts only what is checked out: files that equal the commit, of a run that no stranger started.
fn trust_checked_out(context: &Context<'_>, subject: Subject<'_>) -> Result<(), Error> {
    let refuse =
        |why: String| Err(Error::new(Code::Untrusted, why).hint("run it on a branch of the repository itself"));
    let event = context.environment.text("GITHUB_EVENT_NAME").unwrap_or_default();
    if event == "pull_request_target" {
        return refuse(
            "runs for pull_request_target are refused: they would give a stranger's files the keys".to_owned(),
        );
    }
    if event == "pull_request" && context.environment.text("GITHUB_HEAD_REF").is_some() && is_fork(context) {
        return refuse("runs for pull requests of forks are refused".to_owned());
    }
    for path in trust::files(subject)? {
        if !trust::is_own_lock(subject, &path)? && !is_checked_out(context, subject.repo, &path)? {
            let name = path.strip_prefix(subject.repo.work_tree()).unwrap_or(&path);
            return refuse(format!("{} differs from the checked-out commit", name.display()));
        }
    }
    Ok(())
}

/// Whether a file is as its repository's commit has it. A mission may lie in another repository than it works on.
fn is_checked_out(context: &Context<'_>, repo: &Repo, path: &Path) -> Result<bool, Error> {
    let around = match path.starts_with(repo.work_tree()) {
        true => repo.clone(),
        false => context.repo_at(path.parent().unwrap_or(path))?,
    };
    let tree = around.tree_of(&around.head()?.commit)?;
    let inside = path.strip_prefix(around.work_tree()).unwrap_or(path);
    Ok(around.contains(&tree, inside)? && trust::equals(path, &around.read_blob(&tree, inside)?)?)
}

/// Whether the run's pull request comes from another repository.
fn is_fork(context: &Context<'_>) -> bool {
    let Some(path) = context.environment.text("GITHUB_EVENT_PATH") else { return true };
    let Some(event) = trust::json(Path::new(path)) else { return true };
    let head = event.pointer("/pull_request/head/repo/full_name");
    head.is_none() || head != event.pointer("/pull_request/base/repo/full_name")
}

/// The program itself, which is its own supervisor.
pub(super) fn own_program() -> Result<PathBuf, Error> {
    // The link names the file even after an update has replaced it.
    let link = PathBuf::from("/proc/self/exe");
    std::fs::read_link(&link).map_err(|error| Error::file("read", &link, &error))
}

/// The arguments of this call without `--detach`.
pub(super) fn arguments_without_detach() -> Vec<OsString> {
    std::env::args_os().skip(1).filter(|argument| argument != "--detach").collect()
}
