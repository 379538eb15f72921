//! `cco logs`: the journal, one line for each event.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::error::Error;
use crate::cli::output::Output;
use crate::cli::{internal, screen};
use crate::view::{LineKind, Moment, line};

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
    pub kind: Vec<Kind>,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// An earlier run, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A run or a daemon began
    Run,
    /// The repository and the seal
    Prepare,
    /// The manager
    Plan,
    /// The worker
    Work,
    /// A check
    Check,
    /// A snapshot or a commit
    Record,
    /// The proof
    Proof,
    /// A person
    Operator,
    /// Something went wrong
    Fault,
    /// A time came
    Time,
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

impl From<Kind> for LineKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Run => Self::Run,
            Kind::Prepare => Self::Prepare,
            Kind::Plan => Self::Plan,
            Kind::Work => Self::Work,
            Kind::Check => Self::Check,
            Kind::Record => Self::Record,
            Kind::Proof => Self::Proof,
            Kind::Operator => Self::Operator,
            Kind::Fault => Self::Fault,
            Kind::Time => Self::Time,
        }
    }
}

impl LogsArgs {
    /// Prints one record of the journal, if it is of a kind that was asked for.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn print(&self, moment: Moment<'_>, zone: &TimeZone, output: &mut Output) -> Result<(), Error> {
        let told = line(moment.event);
        if !self.kind.is_empty() && !self.kind.iter().any(|kind| LineKind::from(*kind) == told.kind) {
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
