//! `cco diff`: what changed between two iterations.

use jiff::Timestamp;

use crate::cli::context::Context;
use crate::cli::exit::Exit;

use crate::cli::code::Code;
use crate::cli::error::Error;
use crate::session::Event;
use crate::view::{printable, printable_line};
use crate::words::{IterationNumber, Seq, TreeId};

/// The longest diff printed, in bytes.
const LONGEST: usize = 8 << 20;

/// Show what changed between two iterations.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cco diff 3..7     from the end of iteration 3 to the end of iteration 7
  cco diff 0..      from the start to now
  cco diff 7        what iteration 7 changed
  cco diff --stat 0..")]
pub struct DiffArgs {
    /// Two iterations, A..B; 0 is the start, left out it is the newest
    #[arg(value_name = "A..B")]
    pub range: String,
    /// Only count lines for each file
    #[arg(long)]
    pub stat: bool,
    /// An earlier run, by the beginning of its id
    #[arg(long, value_name = "ID")]
    pub run: Option<String>,
}

/// From the end of one iteration to the end of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first; 0: the start.
    pub from: IterationNumber,
    /// The second; `None`: the newest.
    pub to: Option<IterationNumber>,
}

impl DiffArgs {
    /// Reads the range.
    ///
    /// # Errors
    /// If it is not one.
    pub fn parse(&self) -> Result<Range, Error> {
        let wrong = || {
            let message = format!("{:?} is not a range of iterations", self.range);
            Error::new(Code::BadArgument, message).hint("such as 3..7, 0.. or 7")
        };
        let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
        let range = match self.range.split_once("..") {
            None => {
                let to = number(&self.range)?;
                Range { from: IterationNumber(to.checked_sub(1).ok_or_else(wrong)?), to: Some(IterationNumber(to)) }
            }
            Some((from, to)) => {
                let from = if from.is_empty() { 0 } else { number(from)? };
                let to = if to.is_empty() { None } else { Some(IterationNumber(number(to)?)) };
                Range { from: IterationNumber(from), to }
            }
        };
        if range.to.is_some_and(|to| to < range.from) { Err(wrong()) } else { Ok(range) }
    }
}

impl DiffArgs {
    /// Prints what changed.
    ///
    /// # Errors
    /// If there is no run, or no such iteration.
    pub fn run(&self, context: &mut Context<'_>) -> Result<Exit, Error> {
        let range = self.parse()?;
        let events = context.events(self.run.as_deref())?;
        let trees = TreesOfIterations::read(&events);
        let (from, to) = (trees.at(Some(range.from))?, trees.at(range.to)?);
        let repo = context.repo()?;
        if self.stat {
            for change in repo.changed_paths(&from, &to)? {
                let lines =
                    change.lines.map_or_else(|| "binary".to_owned(), |(added, removed)| format!("+{added} -{removed}"));
                let path = printable_line(&change.path.display().to_string());
                context.output.data(&format!("{lines:>14}  {path}\n"));
            }
        } else {
            let diff = repo.diff_text(&from, &to, LONGEST)?;
            context.output.data(&printable(&diff.text));
            if diff.omitted > 0 {
                context.output.note(&format!("{} more bytes; look with git between {from} and {to}\n", diff.omitted));
            }
        }
        Ok(Exit::Done)
    }
}

/// The trees that iterations left.
struct TreesOfIterations(Vec<(IterationNumber, TreeId)>);

impl TreesOfIterations {
    /// Reads them off the run's events.
    fn read(events: &[(Seq, Timestamp, Event)]) -> Self {
        let mut iteration = IterationNumber(0);
        let mut trees = Vec::new();
        for (_, _, event) in events {
            match event {
                Event::Prepared { prepared, .. } => trees.push((iteration, prepared.tree.clone())),
                Event::Planned { plan, .. } if plan.question.is_none() => iteration = iteration.next(),
                Event::Snapshotted { tree, .. } => trees.push((iteration, tree.clone())),
                Event::Sealed { seal, .. } => trees.extend(seal.tree.iter().map(|tree| (iteration, tree.clone()))),
                _ => {}
            }
        }
        Self(trees)
    }

    /// The tree at the end of an iteration; `None`: the newest.
    fn at(&self, iteration: Option<IterationNumber>) -> Result<TreeId, Error> {
        let found = match iteration {
            None => self.0.last(),
            Some(number) => self.0.iter().rev().find(|(of, _)| *of == number),
        };
        found.map(|(_, tree)| tree.clone()).ok_or_else(|| {
            let message = match iteration {
                Some(number) => format!("this run has no snapshot of iteration {number}"),
                None => "this run has no snapshot yet".to_owned(),
            };
            Error::new(Code::NotFound, message).hint("`cco history` lists what there is")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let parse = |range: &str| DiffArgs { range: range.to_owned(), stat: false, run: None }.parse();
        let range = |from, to: Option<u64>| Ok(Range { from: IterationNumber(from), to: to.map(IterationNumber) });
        assert_eq!(parse("3..7"), range(3, Some(7)));
        assert_eq!(parse("0.."), range(0, None));
        assert_eq!(parse("..4"), range(0, Some(4)));
        assert_eq!(parse("7"), range(6, Some(7)));
        for wrong in ["0", "7..3", "a..b", "", "1...2"] {
            assert_eq!(parse(wrong).unwrap_err().code, Code::BadArgument, "{wrong}");
        }
    }
}
