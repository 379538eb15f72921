//! `cco amend`: go on with a mission that was changed while it was under way.

use std::path::PathBuf;

use crate::cli::code::Code;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::launch::Target;
use crate::cli::{foreground, screen, trust};
use crate::daemon::{self, Amending, Observer};

/// Make a changed mission or configuration that of the unfinished run.
///
/// Shows what differs from what the run was sealed with, asks, and records who changed it and why. What was spent and done
/// stays. Criteria that are the same keep their past; whatever was proven is proven anew under the new seal. Not while cco
/// runs: `cco stop` first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco amend                          show what changed, and ask
  cco amend --yes -m \"wrong port\"    after you have read it; then `cco resume`
  cco amend --dry-run                show what changed, record nothing")]
pub struct AmendArgs {
    /// Why, for the journal and the report
    #[arg(short = 'm', long = "message", value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Mission file [default: .cco/mission.yaml, then ./mission.yaml]
    #[arg(long, value_name = "FILE")]
    pub mission: Option<PathBuf>,
    /// Show what changed, and record nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short = 'y', long)]
    pub yes: bool,
}

impl AmendArgs {
    /// Shows what changed, asks, records it and the trust in it.
    ///
    /// # Errors
    /// If a cco runs here, there is no run to amend, the files have mistakes, or nobody can answer.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let target = Target::read(context, self.mission.as_deref(), &[])?;
        if let Some(status) = context.status_of_daemon()? {
            let text = format!("cco is running here ({}), and so may its worker be", status.stage.replace('_', " "));
            return Err(Error::new(Code::Held, text).hint("`cco stop` first, then `cco amend`, then `cco resume`"));
        }
        let (observer, inbox) = Observer::pair();
        let (inputs, repo) = (target.inputs.clone(), target.repo.clone());
        let amending = async move { daemon::amending(&inputs, &repo, &observer).await };
        let Some(amending) = foreground::notes(amending, inbox, context.output)? else {
            return Ok(Exit::Interrupted);
        };
        let Some(amending) = amending? else {
            context.output.note("nothing to amend: the files are as they were sealed\n");
            return Ok(Exit::Done);
        };
        if self.dry_run {
            let style = context.output.data_style();
            context.output.data(&screen::difference(&amending.difference, style));
            return Ok(Exit::Done);
        }
        self.agree(context, &target, &amending)?;
        amending.record(&context.user(), self.reason.trim())?;
        trust::record_trust(context, target.subject())?;
        context.output.note("amended, and trusted as the files are now: `cco resume` goes on\n");
        Ok(Exit::Done)
    }

    fn agree(&self, context: &mut Context<'_>, target: &Target, amending: &Amending) -> Result<(), Error> {
        let style = context.output.note_style();
        context.output.note(&screen::difference(&amending.difference, style));
        if self.yes {
            return Ok(());
        }
        context.output.note("\nFrom now on the mission runs:\n");
        context.output.note(&screen::would_run(&target.whole_mission()?, style));
        if context.can_ask() && context.confirm("\nGo on with the mission as it is now?")? {
            return Ok(());
        }
        Err(Error::new(Code::NeedsAnswer, "nothing was amended: nobody said yes")
            .hint("read what changed, then `cco amend --yes`"))
    }
}
