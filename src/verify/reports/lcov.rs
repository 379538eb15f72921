//! lcov tracefiles, 1.x and 2.x, as lcov, nyc, c8, vitest, jest, llvm-cov, grcov, coverage.py and Dart write them.
//!
//! Counted from DA, BRDA and FNDA records, merged over sections of one file; the sums (LF, LH …) are ignored.

use std::collections::BTreeMap;

use super::{Coverage, RECORD_CAP, Share};

pub(super) fn read(text: &str) -> Result<Coverage, String> {
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        if reader.records() > RECORD_CAP {
            return Err(format!("has more than {RECORD_CAP} records"));
        }
        reader.line(line.trim()).ok_or_else(|| format!("is not lcov: line {} cannot be read", at + 1))?;
    }
    match (reader.in_section, reader.sections) {
        (true, _) => Err("is cut: the last section has no end_of_record".to_owned()),
        (false, 0) => Err("is not lcov: it has no section".to_owned()),
        (false, _) => Ok(reader.coverage()),
    }
}

#[derive(Debug, Default)]
struct Reader<'a> {
    files: BTreeMap<&'a str, usize>,
    file: usize,
    in_section: bool,
    sections: usize,
    lines: BTreeMap<(usize, u64), bool>,
    branches: BTreeMap<(usize, &'a str), bool>,
    functions: BTreeMap<(usize, &'a str), bool>,
}

impl<'a> Reader<'a> {
    fn records(&self) -> usize {
        self.lines.len() + self.branches.len() + self.functions.len()
    }

    /// Takes one line; `None` if it is none of lcov's.
    fn line(&mut self, line: &'a str) -> Option<()> {
        if line == "end_of_record" {
            return std::mem::take(&mut self.in_section).then_some(());
        }
        if line.is_empty() || line.starts_with('#') {
            return Some(());
        }
        let (kind, rest) = line.split_once(':')?;
        match kind {
            "SF" => self.open(rest),
            "TN" | "VER" => Some(()),
            _ if !self.in_section => None,
            "DA" => {
                let (number, rest) = rest.split_once(',')?;
                let number = number.trim().parse().ok()?;
                let count = hits(rest.split(',').next()?)?;
                *self.lines.entry((self.file, number)).or_default() |= count;
                Some(())
            }
            "BRDA" => {
                let (place, taken) = rest.rsplit_once(',')?;
                let taken = if taken.trim() == "-" { false } else { hits(taken)? };
                *self.branches.entry((self.file, place)).or_default() |= taken;
                Some(())
            }
            "FN" => self.function(declared_name(rest)?, false),
            "FNDA" => {
                let (count, name) = rest.split_once(',')?;
                self.function(name, hits(count)?)
            }
            "FNA" => {
                let mut parts = rest.splitn(3, ',');
                let (_, count, name) = (parts.next()?, parts.next()?, parts.next()?);
                self.function(name, hits(count)?)
            }
            // Sums (LF, LH, BRF, BRH, FNF, FNH), places of functions (FNL), and kinds that newer versions add.
            _ => kind.chars().all(|c| c.is_ascii_uppercase()).then_some(()),
        }
    }

    fn open(&mut self, file: &'a str) -> Option<()> {
        let next = self.files.len();
        self.file = *self.files.entry(file).or_insert(next);
        self.sections += 1;
        (!std::mem::replace(&mut self.in_section, true)).then_some(())
    }

    fn function(&mut self, name: &'a str, called: bool) -> Option<()> {
        *self.functions.entry((self.file, name)).or_default() |= called;
        Some(())
    }

    fn coverage(&self) -> Coverage {
        Coverage {
            lines: Share::of(self.lines.values().copied()),
            branches: Share::of(self.branches.values().copied()),
            functions: Share::of(self.functions.values().copied()),
        }
    }
}

/// The name in `line,name` or `line,end,name`; a name may hold commas.
fn declared_name(rest: &str) -> Option<&str> {
    let (_, rest) = rest.split_once(',')?;
    match rest.split_once(',') {
        Some((end, name)) if end.trim().parse::<u64>().is_ok() => Some(name),
        _ => Some(rest),
    }
}

/// Whether a count is above zero. Some tools write large ones as floats, and lcov itself negative ones.
fn hits(text: &str) -> Option<bool> {
    let count: f64 = text.trim().parse().ok()?;
    (!count.is_nan()).then_some(count > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_counted_and_sums_ignored() {
        let text = "TN:\nSF:a.js\nFN:1,f\nFN:5,8,g,with,commas\nFNDA:2,f\nFNDA:0,g,with,commas\nFNF:9\nDA:1,1\nDA:2,0,checksum\nDA:3,4\nLF:3\nLH:3\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nBRF:9\nend_of_record\n";
        let coverage = read(text).unwrap();
        assert_eq!(coverage.lines, Share { reached: 2, all: 3 });
        assert_eq!(coverage.branches, Share { reached: 1, all: 2 });
        assert_eq!(coverage.functions, Share { reached: 1, all: 2 });
    }

    #[test]
    fn sections_of_one_file_are_merged() {
        let section = |hits| format!("SF:a.js\nDA:1,{hits}\nend_of_record\n");
        let coverage = read(&format!("{}{}", section(0), section(3))).unwrap();
        assert_eq!(coverage.lines, Share { reached: 1, all: 1 });
    }

    #[test]
    fn functions_of_version_two_are_counted() {
        let coverage = read("SF:a\nFNL:0,1,3\nFNA:0,2,f\nFNL:1,5\nFNA:1,0,g\nend_of_record\n").unwrap();
        assert_eq!(coverage.functions, Share { reached: 1, all: 2 });
    }

    #[test]
    fn what_is_cut_or_something_else_is_refused() {
        assert!(read("SF:a.js\nDA:1,1\n").unwrap_err().contains("cut"));
        assert!(read("").unwrap_err().contains("no section"));
        assert!(read("SF:a.js\nDA:1,x\nend_of_record\n").unwrap_err().contains("line 2"));
        assert!(read("SF:a.js\nDA:1,NaN\nend_of_record\n").is_err());
        assert!(read("DA:1,1\n").is_err());
        assert!(read("mode: set\n").is_err());
    }
}
