//! The JSON of `llvm-cov export` (cargo llvm-cov, Swift, clang).
//!
//! Lines are worked out of the segments, by the rules by which LLVM itself turns segments into lines, so that they equal
//! those of its lcov export. An export with `--summary-only` has no segments, and its sums are not believed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Coverage, Share, json};

#[derive(Debug, Deserialize)]
struct Report {
    data: Vec<Export>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Export {
    files: Vec<File>,
    #[serde(default)]
    functions: Vec<Function>,
}

#[derive(Debug, Deserialize)]
struct File {
    filename: String,
    segments: Option<Vec<Segment>>,
    #[serde(default)]
    branches: Vec<Branch>,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    count: u64,
}

/// A place from which on a count holds, until the next one.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Segment(u64, IgnoredAny, u64, bool, bool, bool);

impl Segment {
    const fn line(self) -> u64 {
        self.0
    }

    const fn count(self) -> u64 {
        self.2
    }

    const fn has_count(self) -> bool {
        self.3
    }

    const fn is_entry(self) -> bool {
        self.4
    }

    /// The beginning of a region that is code and not the gap between two.
    const fn begins(self) -> bool {
        self.has_count() && self.is_entry() && !self.5
    }
}

/// Start line and column, end line and column, how often true, how often false; then places within the export.
type Branch = Vec<u64>;

pub(super) fn read(text: &str) -> Result<Coverage, String> {
    let report: Report = json::whole(text)?;
    if report.kind != "llvm.coverage.json.export" {
        return Err(format!("is of type `{}`", report.kind));
    }
    let (mut coverage, mut functions) = (Coverage::default(), BTreeMap::new());
    let mut seen = BTreeSet::new();
    for export in &report.data {
        for file in &export.files {
            if !seen.insert(&file.filename) {
                return Err(format!("has `{}` twice; merge the profiles and export once", file.filename));
            }
            let Some(segments) = &file.segments else {
                return Err("has sums only; export without --summary-only".to_owned());
            };
            coverage.lines += lines(segments)?;
            coverage.branches += branches(&file.branches)?;
        }
        for function in &export.functions {
            *functions.entry(&function.name).or_insert(false) |= function.count > 0;
        }
    }
    coverage.functions = Share::of(functions.into_values());
    Ok(coverage)
}

/// Both ways of each condition; a place that is listed for several instances is one.
fn branches(listed: &[Branch]) -> Result<Share, String> {
    let mut ways: BTreeMap<[u64; 4], (bool, bool)> = BTreeMap::new();
    for branch in listed {
        let [a, b, c, d, yes, no, ..] = branch.as_slice() else { return Err("has a branch without counts".to_owned()) };
        let way = ways.entry([*a, *b, *c, *d]).or_default();
        way.0 |= *yes > 0;
        way.1 |= *no > 0;
    }
    Ok(Share::of(ways.into_values().flat_map(|(yes, no)| [yes, no])))
}

/// Lines between two segments are counted by arithmetic: their number is the report's to choose.
fn lines(segments: &[Segment]) -> Result<Share, String> {
    let mut share = Share::default();
    let mut wrapped: Option<Segment> = None;
    let mut next = 0;
    for group in segments.chunk_by(|one, other| one.line() == other.line()) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let line = first.line();
        if line < next || line > LINE_CAP {
            return Err(format!("has segments out of order, or a line {line}"));
        }
        if let Some(before) = wrapped.filter(|before| before.has_count()) {
            let between = line - next;
            share += Share { reached: if before.count() > 0 { between } else { 0 }, all: between };
        }
        share += Share::of(one_line(group, wrapped).into_iter());
        (wrapped, next) = (Some(*last), line + 1);
    }
    Ok(share)
}

/// No file has more lines.
const LINE_CAP: u64 = 100_000_000;

/// Whether a line on which segments begin was reached; `None` if it holds no code.
fn one_line(group: &[Segment], wrapped: Option<Segment>) -> Option<bool> {
    let begins = group.iter().any(|segment| segment.begins());
    let begins_skipped = group.first().is_some_and(|first| !first.has_count() && first.is_entry());
    let within = wrapped.filter(|segment| segment.has_count());
    if !(begins || (within.is_some() && !begins_skipped)) {
        return None;
    }
    let own = group.iter().filter(|segment| segment.begins()).map(|segment| segment.count()).max();
    Some(own.max(wrapped.map(Segment::count)).unwrap_or(0) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(segments: &str) -> Result<Share, String> {
        let text = format!(
            r#"{{"data": [{{"files": [{{"filename": "a.rs", "segments": {segments}}}]}}], "type": "llvm.coverage.json.export", "version": "3"}}"#
        );
        read(&text).map(|coverage| coverage.lines)
    }

    #[test]
    fn a_region_covers_its_lines_and_what_lies_outside_is_no_code() {
        assert_eq!(
            of("[[2,1,1,true,true,false],[5,2,0,false,false,false],[9,1,0,true,true,false],[9,5,0,false,false,false]]"),
            Ok(Share { reached: 4, all: 5 })
        );
        assert_eq!(
            of("[[2,1,1,true,true,false],[3,9,0,true,true,false],[4,3,1,true,false,false],[6,2,0,false,false,false]]"),
            Ok(Share { reached: 4, all: 5 }),
            "a branch within that was not taken begins on a line that was reached"
        );
    }

    #[test]
    fn lines_out_of_order_or_beyond_any_file_are_refused() {
        assert!(of("[[5,1,1,true,true,false],[2,1,1,true,true,false]]").is_err());
        assert!(of("[[1,1,1,true,true,false],[18446744073709551615,1,1,true,true,false]]").is_err());
        assert_eq!(of("[]"), Ok(Share::default()));
    }

    #[test]
    fn sums_and_other_documents_are_refused() {
        let summary =
            r#"{"data": [{"files": [{"filename": "a", "summary": {}}]}], "type": "llvm.coverage.json.export"}"#;
        assert!(read(summary).unwrap_err().contains("--summary-only"));
        assert!(read(r#"{"data": [], "type": "other"}"#).is_err() && read("{}").is_err());
    }
}
