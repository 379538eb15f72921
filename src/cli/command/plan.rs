//! `cco plan`: what a mission would do here, before anything runs.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::launch::Target;
use crate::cli::{internal, screen};
use crate::mission::{Criterion, Remark};
use crate::words::{CriterionId, PhaseId, Priority};

/// Show what a mission would do here: checks, set-up, seals, and what is worth a look before a cent is spent.
///
/// Reads files and the newest commit; nothing runs, and nothing needs to be trusted for it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco plan                    read it before `cco start`
  cco plan --json | jq .remarks")]
pub struct PlanArgs {
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

/// What a mission would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outline {
    /// `cco.plan`.
    pub schema: &'static str,
    /// 1.
    pub version: u32,
    /// The title of the mission.
    pub title: String,
    /// The repository that it works on.
    pub repository: PathBuf,
    /// The branch that the commits land on; `None`: the one that is checked out.
    pub branch: Option<String>,
    /// The ceiling of cost in dollars.
    pub budget_usd: Option<f64>,
    /// What prepares a fresh checkout.
    pub setup: SetUp,
    /// The parts in their order.
    pub phases: Vec<Part>,
    /// The definition of done.
    pub criteria: Vec<Row>,
    /// What the worker must not change.
    pub seals: Seals,
    /// What is worth a look.
    pub remarks: Vec<Remark>,
}

/// What prepares a fresh checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetUp {
    /// The commands.
    pub commands: Vec<String>,
    /// Whether the mission says nothing and its lock files do.
    pub implied: bool,
}

/// A phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Its name.
    pub id: PhaseId,
    /// The criteria that it ends with.
    pub criteria: Vec<CriterionId>,
}

/// A criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name.
    pub id: CriterionId,
    /// What must hold, in words.
    pub criteria: String,
    /// The order of work.
    pub priority: Priority,
    /// Whether the mission cannot end without it.
    pub required: bool,
    /// Whether cco derived the checks from the words.
    pub derived: bool,
    /// What is run or looked at, one line each; empty: a model proposes a check at the start.
    pub checks: Vec<String>,
}

/// What the worker must not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seals {
    /// As globs.
    pub patterns: Vec<String>,
    /// The files of the newest commit that they cover.
    pub files: Vec<String>,
}

impl PlanArgs {
    /// Prints what the mission would do.
    ///
    /// # Errors
    /// The mistakes of the files, or why the repository cannot be read.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let target = Target::read(context, self.mission.as_deref(), &[])?;
        let outline = Outline::of(&target)?;
        if self.json {
            return context.output.json(&outline).map_err(internal);
        }
        let style = context.output.data_style();
        context.output.data(&screen::outline(&outline, style));
        Ok(())
    }
}

impl Outline {
    /// Puts together what is known without running anything.
    ///
    /// # Errors
    /// If the repository or a lock file cannot be read.
    pub fn of(target: &Target) -> Result<Self, Error> {
        let (mission, config) = (target.whole_mission()?, target.inputs.config());
        let outlook = target.outlook()?;
        let branch = config.repository.branch.as_str();
        let usd = config.budget.usd.into_iter().chain(mission.budget.usd).min();
        Ok(Self {
            schema: "cco.plan",
            version: 1,
            title: mission.title.clone(),
            repository: target.repo.work_tree().to_owned(),
            branch: (branch != "current").then(|| branch.replace("{mission}", mission.id.as_str())),
            budget_usd: usd.map(crate::words::Money::dollars),
            setup: SetUp {
                commands: mission.setup.clone().unwrap_or_default(),
                implied: target.inputs.mission.setup.is_none(),
            },
            phases: mission
                .phases
                .iter()
                .map(|phase| Part { id: phase.id.clone(), criteria: phase.criteria.clone() })
                .collect(),
            criteria: mission.criteria.iter().map(Row::of).collect(),
            remarks: crate::mission::remarks(&mission, &outlook.open),
            seals: Seals { patterns: outlook.seals, files: outlook.sealed },
        })
    }
}

impl Row {
    fn of(criterion: &Criterion) -> Self {
        Self {
            id: criterion.id.clone(),
            criteria: criterion.text.clone(),
            priority: criterion.priority,
            required: criterion.required,
            derived: criterion.derived,
            checks: criterion.checks.iter().flat_map(screen::actions).collect(),
        }
    }
}
