//! `cco validate`: run the checks now, without any model.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cli::code::Code;
use crate::cli::command::plan::Outline;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::launch::{self, Consent, Target, own_program};
use crate::cli::output::Output;
use crate::cli::{foreground, internal, screen};
use crate::daemon::{self, Inputs, Look, Observer};
use crate::mission::RemarkKind;
use crate::view::Validation;
use crate::words::CriterionId;

/// Run the mission's checks now, no model needed.
///
/// Exit code 0 if every required criterion holds on the tree as it is, 3 if not, 8 if the mission file is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco validate              every check once
  cco validate docs api     only these criteria
  cco validate --dry-run    read the files, show what would run")]
pub struct ValidateArgs {
    /// Only these criteria
    #[arg(value_name = "CRITERION")]
    pub criteria: Vec<String>,
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Read and check the files, show what would run, run nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Trust the mission as it is
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl ValidateArgs {
    /// Prints what the checks found.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, validation: &Validation, output: &mut Output) -> Result<Exit, Error> {
        if self.json {
            output.json(validation).map_err(internal)?;
        } else {
            output.data(&screen::validation(validation, output.data_style()));
        }
        Ok(if validation.is_met() { Exit::Done } else { Exit::NotDone })
    }
}

impl ValidateArgs {
    /// Runs every check that is asked for once, on the tree as it is.
    ///
    /// # Errors
    /// If a file is wrong, the mission is not trusted, or the checks cannot be run at all.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let target = Target::read(context, self.mission.as_deref(), &[])?;
        let criteria = self.wanted(&target.inputs)?;
        if self.dry_run {
            if self.json {
                context.output.json(&Outline::of(&target)?).map_err(internal)?;
                return Ok(Exit::Done);
            }
            let style = context.output.data_style();
            context.output.data(&screen::would_run(&target.whole_mission()?, style));
            context.output.data(&screen::remarks(&target.remarks()?, style));
            return Ok(Exit::Done);
        }
        let consent = if self.yes { Consent::Given } else { Consent::Asked };
        launch::must_be_trusted(context, &target, consent)?;
        let mut remarks = target.remarks()?;
        remarks.retain(|remark| criteria.is_empty() || criteria.contains(&remark.criterion));
        // Once a run is under way, what holds is what it has made.
        let begun = context.status(None).is_ok();
        let Target { repo, inputs, .. } = target;
        let (observer, inbox) = Observer::pair();
        let (program, environment) = (own_program()?, context.variables().clone());
        let look = Look { inputs, repo, program, environment, criteria, observer };
        let Some(validation) = foreground::notes(daemon::validate(look), inbox, context.output)? else {
            return Ok(Exit::Interrupted);
        };
        let mut validation = validation?;
        remarks
            .extend(validation.seen().into_iter().filter(|remark| !begun || remark.kind != RemarkKind::HoldsAlready));
        validation.remarks = remarks;
        self.print(&validation, context.output)
    }

    fn wanted(&self, inputs: &Inputs) -> Result<BTreeSet<CriterionId>, Error> {
        let known: BTreeSet<&str> = inputs.mission.criteria.iter().map(|criterion| criterion.id.as_str()).collect();
        match self.criteria.iter().find(|name| !known.contains(name.as_str())) {
            Some(name) => Err(Error::new(Code::NotFound, format!("the mission has no criterion {name:?}"))
                .hint(format!("it has {}", known.into_iter().collect::<Vec<_>>().join(", ")))),
            None => Ok(self.criteria.iter().map(CriterionId::new).collect()),
        }
    }
}
