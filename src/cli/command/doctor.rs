//! `cco doctor`: whether everything is there.

use serde::Serialize;

use crate::cli::code::Code;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::{doctor, internal, screen};
use crate::daemon::clock;
use crate::store::{self, Lock, StateDir};

/// Look whether everything a mission needs is there: git, claude, keys, disk, tools.
///
/// Exit code 0 if a mission can start, else 9.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco doctor            one line for each thing, with what to do about it
  cco doctor --json
  cco doctor --fix      mend a damaged journal, after asking")]
pub struct DoctorArgs {
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Cut a damaged journal after its last good record; the damaged file is kept
    #[arg(long)]
    pub fix: bool,
    /// Do not ask
    #[arg(short = 'y', long, requires = "fix")]
    pub yes: bool,
}

/// What was looked at, in the order to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// `cco.examination`.
    pub schema: &'static str,
    /// 1.
    pub version: u32,
    /// Each thing.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: `git`, `claude`, `login`.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// What was found: version, path, where a key came from; never a secret.
    pub found: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Fine,
    /// A mission can start; somebody should know.
    Doubtful,
    /// No mission can start.
    Broken,
}

impl Examination {
    /// An examination of these things.
    #[must_use]
    pub const fn new(findings: Vec<Finding>) -> Self {
        Self { schema: "cco.examination", version: 1, findings }
    }

    /// How the worst of it is.
    #[must_use]
    pub fn worst(&self) -> Health {
        self.findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Fine)
    }
}

impl DoctorArgs {
    /// Prints what was found.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, examination: &Examination, output: &mut Output) -> Result<Exit, Error> {
        if self.json {
            output.json(examination).map_err(internal)?;
        } else {
            output.data(&screen::examination(examination, output.data_style()));
        }
        Ok(match examination.worst() {
            Health::Fine | Health::Doubtful => Exit::Done,
            Health::Broken => Exit::Unfit,
        })
    }
}

impl DoctorArgs {
    /// Looks at everything, and mends the journal where that is asked for.
    ///
    /// # Errors
    /// If the journal is to be mended and cannot be.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        if self.fix {
            self.mend(context)?;
        }
        let examination = doctor::examine(context);
        self.print(&examination, context.output)
    }

    fn mend(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let state = StateDir::at(context.repo()?.state_dir());
        let damage = match store::verify_run(&state, None) {
            Err(error) if doctor::is_damaged(&error) => error,
            Ok(_) | Err(_) => {
                context.output.note("the journal needs no mending\n\n");
                return Ok(());
            }
        };
        context.output.note(&format!("{damage}\n"));
        let question = "Cut it after its last good record? What came later is forgotten; the file is kept beside it.";
        if !self.yes && !context.confirm(question)? {
            return Err(Error::new(Code::NeedsAnswer, "nothing was changed").hint("say --yes to mend it"));
        }
        let lock = Lock::acquire(&state, clock::now())?;
        if let Some(repair) = store::repair_journal(&state, &lock, clock::now())? {
            let (kept, cut, copy) = (repair.kept, repair.cut, repair.copy.display());
            context
                .output
                .note(&format!("kept up to record {kept}, cut {cut} bytes; the journal as it was: {copy}\n\n"));
        }
        Ok(())
    }
}
