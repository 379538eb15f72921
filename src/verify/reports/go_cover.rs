//! Go's cover profile (`go test -coverprofile`): blocks of statements, each with how often it was reached.
//!
//! `lines` are statements, as `go tool cover` counts them; the profile tells of neither branches nor functions. Packages
//! that are covered by several test binaries list a block several times: it is one, reached if it was once.

use std::collections::BTreeMap;

use super::{Coverage, RECORD_CAP, Share};

/// What every profile begins with.
pub(super) const HEAD: &str = "mode: ";

/// No block has more statements.
const STATEMENT_CAP: u64 = 1_000_000;

pub(super) fn read(text: &str) -> Result<Coverage, String> {
    let mut blocks: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_end();
        // Profiles that were simply joined have their heads in between.
        if line.is_empty() || line.starts_with(HEAD) {
            continue;
        }
        let (place, statements, hit) =
            block(line).ok_or_else(|| format!("is not a cover profile: line {} cannot be read", at + 1))?;
        let known = blocks.entry(place).or_insert((statements, false));
        if known.0 != statements {
            return Err(format!("has the block `{place}` with {} and with {statements} statements", known.0));
        }
        known.1 |= hit;
        if blocks.len() > RECORD_CAP {
            return Err(format!("has more than {RECORD_CAP} records"));
        }
    }
    let lines = blocks.into_values().map(|(all, hit)| Share { reached: if hit { all } else { 0 }, all }).sum();
    Ok(Coverage { lines, ..Coverage::default() })
}

/// `example.org/sum/sum.go:7.24,7.40 1 1`
fn block(line: &str) -> Option<(&str, u64, bool)> {
    let (rest, count) = line.rsplit_once(' ')?;
    let (place, statements) = rest.rsplit_once(' ')?;
    let (_, range) = place.rsplit_once(':')?;
    let (from, to) = range.split_once(',')?;
    let is_place = |text: &str| {
        text.split_once('.').is_some_and(|(line, column)| line.parse::<u64>().is_ok() && column.parse::<u64>().is_ok())
    };
    let (statements, count): (u64, u64) = (statements.parse().ok()?, count.parse().ok()?);
    (is_place(from) && is_place(to) && statements <= STATEMENT_CAP).then_some((place, statements, count > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_listed_twice_is_one() {
        let text = "mode: set\na.go:1.1,2.2 3 0\na.go:1.1,2.2 3 1\nb.go:1.1,2.2 1 0\n";
        assert_eq!(read(text).unwrap().lines, Share { reached: 3, all: 4 });
        assert!(read("mode: set\na.go:1.1,2.2 3 0\na.go:1.1,2.2 9 1\n").is_err());
    }

    #[test]
    fn what_is_broken_is_refused() {
        for line in [
            "a.go:1.1,2.2 1",
            "a.go:1.1,2.2 1 -1",
            "a.go:1.1,2.2 NaN 1",
            "a.go 1 1",
            "a.go:1,2 1 1",
            "a.go:1.1,2.2 9999999 1",
        ] {
            assert!(read(&format!("mode: set\n{line}\n")).is_err(), "{line}");
        }
        assert_eq!(read("mode: set\n").unwrap().lines.percent(), None);
    }
}
