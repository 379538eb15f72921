//! The JSON of coverage.py (`coverage json`, `pytest --cov-report=json`), counted from the lines and branches it lists.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Coverage, RECORD_CAP, Share, json};

#[derive(Debug, Deserialize)]
struct Report {
    #[serde(rename = "meta")]
    _meta: IgnoredAny,
    files: BTreeMap<String, File>,
}

#[derive(Debug, Deserialize)]
struct File {
    executed_lines: BTreeSet<u64>,
    missing_lines: BTreeSet<u64>,
    /// A branch goes from a line to a line; what leaves a function goes to a negative one.
    #[serde(default)]
    executed_branches: BTreeSet<(i64, i64)>,
    #[serde(default)]
    missing_branches: BTreeSet<(i64, i64)>,
    /// By name; the empty name is what stands outside of functions. Older versions have none.
    #[serde(default)]
    functions: BTreeMap<String, Function>,
}

#[derive(Debug, Deserialize)]
struct Function {
    executed_lines: BTreeSet<u64>,
}

pub(super) fn read(text: &str) -> Result<Coverage, String> {
    let report: Report = json::whole(text)?;
    if report.files.values().map(|file| file.records()).sum::<usize>() > RECORD_CAP {
        return Err(format!("has more than {RECORD_CAP} records"));
    }
    let mut coverage = Coverage::default();
    for file in report.files.values() {
        coverage.lines += share(&file.executed_lines, &file.missing_lines);
        coverage.branches += share(&file.executed_branches, &file.missing_branches);
        let named = file.functions.iter().filter(|(name, _)| !name.is_empty());
        coverage.functions += Share::of(named.map(|(_, function)| !function.executed_lines.is_empty()));
    }
    Ok(coverage)
}

impl File {
    fn records(&self) -> usize {
        self.executed_lines.len()
            + self.missing_lines.len()
            + self.executed_branches.len()
            + self.missing_branches.len()
    }
}

/// What is listed as both was not reached: a report that contradicts itself proves nothing by it.
fn share<T: Ord>(executed: &BTreeSet<T>, missing: &BTreeSet<T>) -> Share {
    Share { reached: executed.difference(missing).count() as u64, all: executed.union(missing).count() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_listed_as_both_was_not_reached() {
        let text = r#"{"meta": {}, "files": {"a.py": {"executed_lines": [1, 2, 2], "missing_lines": [2, 3]}}}"#;
        let coverage = read(text).unwrap();
        assert_eq!(coverage.lines, Share { reached: 1, all: 3 });
        assert_eq!((coverage.branches, coverage.functions), (Share::default(), Share::default()));
    }

    #[test]
    fn what_is_something_else_is_refused() {
        for wrong in [
            "{}",
            r#"{"meta": {}, "totals": {"percent_covered": 100}}"#,
            r#"{"meta": {}, "files": {"a.py": {"executed_lines": [-1], "missing_lines": []}}}"#,
            r#"{"meta": {}, "files": {"a.py": {"executed_lines": [1]}}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
