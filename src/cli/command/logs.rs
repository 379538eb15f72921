//! `cco logs`: the journal, one line for each event.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use std::time::Duration;

use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::{internal, screen};
use crate::session::{Session, Stage, begin, step};
use crate::store::{self, Events, Mark};
use crate::view::{LineKind, Moment, line};

/// How often a follower looks for more; a face may look at a clock, the daemon itself does not.
const EVERY: Duration = Duration::from_millis(250);

/// Print the journal, one line for each event.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco logs                     everything so far
  cco logs -f                  go on as it happens
  cco logs --kind check,fault  only these kinds
  cco logs --json | jq .text   one JSON object a line")]
pub struct LogsArgs {
    /// Go on as it happens
    #[arg(short, long)]
    pub follow: bool,
    /// Only these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_enum)]
    pub kind: Vec<LineKind>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// An earlier run, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
}

#[derive(Serialize)]
struct LineRecord<'a> {
    schema: &'static str,
    version: u32,
    seq: u64,
    at: Timestamp,
    event: &'a str,
    kind: LineKind,
    actor: &'a str,
    text: &'a str,
}

impl ValueEnum for LineKind {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()).help(self.meaning()))
    }
}

impl LogsArgs {
    /// Prints one record of the journal, if it is of a kind that was asked for.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, moment: Moment<'_>, zone: &TimeZone, output: &mut Output) -> Result<(), Error> {
        let told = line(moment.event);
        if !self.kind.is_empty() && !self.kind.contains(&told.kind) {
            return Ok(());
        }
        if !self.json {
            output.data(&screen::log_line(moment.at, &told, output.data_style(), zone));
            return Ok(());
        }
        let record = LineRecord {
            schema: "cco.log",
            version: 1,
            seq: moment.seq.0,
            at: moment.at,
            event: moment.event.name(),
            kind: told.kind,
            actor: &told.actor,
            text: &told.text,
        };
        let text = serde_json::to_string(&record).map_err(internal)?;
        output.data(&format!("{text}\n"));
        Ok(())
    }
}

impl LogsArgs {
    /// Prints a run's journal, and with `-f` what is added to it until the run ends or the reader leaves.
    ///
    /// # Errors
    /// If there is no such run, or its journal is damaged.
    pub fn run(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let state = context.state()?;
        let run = context.run_named(self.run.as_deref())?;
        let zone = context.zone();
        // By its id, so that a run that is put aside meanwhile is followed to where it goes.
        let run = match run {
            Some(run) => Some(run),
            None => store::current_run(&state)?.map(|run| run.id),
        };
        let mut events = store::read_events(&state, run, &Mark::ORIGIN)?;
        let mut session = None;
        loop {
            self.print_new(&mut events, &mut session, &zone, context.output)?;
            if !self.follow || context.output.is_closed() || is_over(session.as_ref()) {
                return Ok(());
            }
            if store::current_run(&state)?.map(|run| run.id) != run {
                // Whatever was added last was added before the run was put aside.
                let mut rest = store::read_events(&state, run, events.mark())?;
                return self.print_new(&mut rest, &mut session, &zone, context.output);
            }
            std::thread::sleep(EVERY);
        }
    }

    fn print_new(
        &self,
        events: &mut Events,
        session: &mut Option<Session>,
        zone: &TimeZone,
        output: &mut Output,
    ) -> Result<(), Error> {
        for record in events {
            let (seq, at, event) = record?;
            self.print(Moment { seq, at, event: &event }, zone, output)?;
            if self.follow {
                *session = match session.take() {
                    Some(session) => Some(step(session, at, &event).0),
                    None => begin(at, &event),
                };
            }
            if output.is_closed() {
                break;
            }
        }
        Ok(())
    }
}

fn is_over(session: Option<&Session>) -> bool {
    session.is_some_and(|session| matches!(session.stage, Stage::Ended(_)))
}
