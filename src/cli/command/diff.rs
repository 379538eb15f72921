//! `cco diff`: what changed between two iterations.

use crate::cli::code::Code;
use crate::cli::error::Error;
use crate::words::IterationNumber;

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
