//! Istanbul's JSON (`coverage-final.json` of nyc, jest, vitest and c8): each file with its statements, functions and
//! branches and how often each was reached.
//!
//! A line counts as istanbul's own reports count it: as often as the statement that was reached most of those that begin
//! on it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Coverage, RECORD_CAP, Share, json};

/// By path.
type Report = BTreeMap<String, File>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    statement_map: BTreeMap<String, Place>,
    #[serde(default)]
    s: BTreeMap<String, u64>,
    #[serde(default)]
    f: BTreeMap<String, u64>,
    #[serde(default)]
    b: BTreeMap<String, Vec<u64>>,
}

#[derive(Debug, Deserialize)]
struct Place {
    start: Start,
}

#[derive(Debug, Deserialize)]
struct Start {
    line: u64,
}

pub(super) fn read(text: &str) -> Result<Coverage, String> {
    let report: Report = json::whole(text)?;
    let records = |file: &File| file.s.len() + file.f.len() + file.b.values().map(Vec::len).sum::<usize>();
    if report.values().map(records).sum::<usize>() > RECORD_CAP {
        return Err(format!("has more than {RECORD_CAP} records"));
    }
    let mut coverage = Coverage::default();
    for (path, file) in &report {
        let lines = lines(file).ok_or_else(|| format!("has a statement without a place in `{path}`"))?;
        coverage.lines += Share::of(lines.into_values());
        coverage.functions += Share::of(file.f.values().map(|hits| *hits > 0));
        coverage.branches += Share::of(file.b.values().flatten().map(|hits| *hits > 0));
    }
    Ok(coverage)
}

fn lines(file: &File) -> Option<BTreeMap<u64, bool>> {
    let mut lines = BTreeMap::new();
    for (id, hits) in &file.s {
        let line = file.statement_map.get(id)?.start.line;
        *lines.entry(line).or_insert(false) |= *hits > 0;
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_reached_if_one_of_its_statements_is() {
        let text = r#"{"a.js": {"statementMap": {"0": {"start": {"line": 1}}, "1": {"start": {"line": 1}}, "2": {"start": {"line": 2}}},
                       "s": {"0": 0, "1": 3, "2": 0}, "f": {}, "b": {}}}"#;
        assert_eq!(read(text).unwrap().lines, Share { reached: 1, all: 2 });
    }

    #[test]
    fn a_name_that_comes_twice_counts_once() {
        let text = r#"{"a.js": {"statementMap": {}, "s": {}, "f": {"0": 1, "0": 1, "1": 0}, "b": {}}}"#;
        assert_eq!(read(text).unwrap().functions, Share { reached: 1, all: 2 });
    }

    #[test]
    fn what_is_broken_is_refused() {
        assert!(read(r#"{"a.js": {"s": {"0": 1}}}"#).unwrap_err().contains("without a place"));
        assert!(read(r#"{"a.js": {"f": {"0": -1}}}"#).is_err());
        assert!(read(r#"{"a.js": 1}"#).is_err() && read("[]").is_err());
    }
}
