//! `cco start`: work until every criterion is proven.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::span;
use crate::cli::code::Code;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::launch::{Consent, Launch};
use crate::daemon::{Begin, Span};
use crate::session::Patience;
use crate::words::Money;

/// The longest wait that `--no-wait` and `--ci` stay for (design section 8).
const MAX_WAIT: Duration = Duration::from_secs(600);

/// Work until every criterion of the mission is proven.
///
/// Checks run first: what holds already costs nothing. Then the manager plans, the worker acts, the checks decide, over
/// and over. Ctrl-C once ends after this iteration, twice stops the worker now; either way `cco resume` goes on.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco start                          the mission in .cco/mission.yaml
  cco start --mission api.yaml --budget 40
  cco start --detach                 go on in the background; see `cco status`
  cco start --dry-run                show what would happen, run nothing
  cco start --ci --time-limit 5h30m  leave with 75 (run me again) in time")]
pub struct StartArgs {
    /// A plan to start from (reserved)
    #[arg(value_name = "PLAN.md")]
    pub plan: Option<PathBuf>,
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Show what would run and be sealed, and run nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Begin a new run although an earlier one is unfinished; the earlier one stays readable
    #[arg(long)]
    pub fresh: bool,
    /// Work on this phase only
    #[arg(short = 'p', long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// Model of the worker
    #[arg(short = 'm', long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Limits.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How the program stays.
    #[command(flatten)]
    pub stay: StayArgs,
}

/// What bounds a run.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Pause after this many iterations
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_iterations: Option<u64>,
    /// Checkpoint and leave with exit code 75 after this long, such as 5h30m
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub time_limit: Option<Duration>,
    /// Pause when this many dollars are spent
    #[arg(long, value_name = "DOLLARS")]
    pub budget: Option<Money>,
}

/// How the program stays, and how it speaks.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Staying and leaving")]
pub struct StayArgs {
    /// Go on in the background and return
    #[arg(long, conflicts_with = "ci")]
    pub detach: bool,
    /// Leave instead of waiting for a person, money or a provider
    #[arg(long)]
    pub no_wait: bool,
    /// The longest wait to stay for, with --no-wait or --ci [default: 10m]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub max_wait: Option<Duration>,
    /// For runners: --no-wait, no questions, trust only what is checked out
    #[arg(long)]
    pub ci: bool,
    /// Answer every question with yes and trust the mission as it is
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Do not serve the page
    #[arg(long)]
    pub no_dashboard: bool,
    /// Print the final status as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl StartArgs {
    /// Refuses what is reserved.
    ///
    /// # Errors
    /// If a plan was given: `start PLAN.md` is reserved for a later version.
    pub fn check(&self) -> Result<(), Error> {
        let Some(plan) = &self.plan else {
            return Ok(());
        };
        let message = format!("starting from a plan ({}) is not there yet", plan.display());
        let hint = "describe what is wanted in .cco/mission.yaml (`cco init` writes one), then run `cco start`; a mission \
                    file is named with --mission";
        Err(Error::new(Code::Reserved, message).hint(hint))
    }
}

impl StartArgs {
    /// Runs the mission in this terminal, or in the background.
    ///
    /// # Errors
    /// Why it could not start, or had to stop.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        self.check()?;
        if self.phase.is_some() {
            return Err(
                Error::new(Code::Reserved, "--phase is not there yet").hint("phases run in the order of the file")
            );
        }
        let begin = if self.fresh { Begin::Fresh } else { Begin::Either };
        let launch = Launch {
            mission: self.mission.as_deref(),
            begin,
            span: Span::Whole,
            limits: &self.limits,
            stay: &self.stay,
            model: self.model.as_deref(),
        };
        if self.dry_run { launch.dry_run(context) } else { launch.run(context) }
    }
}

impl StayArgs {
    /// Who says that the mission may run its commands.
    #[must_use]
    pub const fn consent(&self) -> Consent {
        match (self.ci, self.yes) {
            (true, _) => Consent::CheckedOut,
            (false, true) => Consent::Given,
            (false, false) => Consent::Asked,
        }
    }

    /// How long the daemon waits for what it cannot bring about itself.
    #[must_use]
    pub fn patience(&self) -> Patience {
        if self.no_wait || self.ci {
            Patience::Leave { max_wait: self.max_wait.unwrap_or(MAX_WAIT) }
        } else {
            Patience::Stay
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_do_not_wait_longer_than_they_are_told() {
        assert_eq!(StayArgs::default().patience(), Patience::Stay);
        let ci = StayArgs { ci: true, ..StayArgs::default() };
        assert_eq!(ci.patience(), Patience::Leave { max_wait: MAX_WAIT });
        let told = StayArgs { no_wait: true, max_wait: Some(Duration::from_secs(5)), ..StayArgs::default() };
        assert_eq!(told.patience(), Patience::Leave { max_wait: Duration::from_secs(5) });
    }
}
