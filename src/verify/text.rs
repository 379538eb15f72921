//! Texts and patterns that an output, a file or a body must hold. Pure.
//!
//! Patterns are of the `regex` crate, which matches in linear time; `^` and `$` stand for the borders of lines.

use regex::{Regex, RegexBuilder};

use super::finding::Tally;

/// A text in which something is looked for.
pub(super) struct Searched<'a> {
    /// What it is called in evidence: `stdout`, `body`.
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) completeness: Completeness,
}

/// Whether all of a text is there: what is not found in a part of it is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    Whole,
    Cut,
}

/// Compiles a pattern of a mission; the error is one line.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).multi_line(true).size_limit(4 << 20).build().map_err(|error| {
        let reason = error.to_string();
        format!("`{text}` is not a valid pattern: {}", reason.lines().last().unwrap_or("").trim())
    })
}

impl Searched<'_> {
    /// Notes for each text and pattern whether it is there.
    pub(super) fn note(&self, tally: &mut Tally, contains: &[String], matches: &[String]) {
        for wanted in contains {
            self.note_one(tally, self.text.contains(wanted.as_str()), &format!("\"{}\"", short(wanted)), "contains");
        }
        for wanted in matches {
            match pattern(wanted) {
                Ok(regex) => {
                    self.note_one(tally, regex.is_match(self.text), &format!("/{}/", short(wanted)), "matches");
                }
                Err(reason) => tally.note_undecided(reason),
            }
        }
    }

    fn note_one(&self, tally: &mut Tally, found: bool, wanted: &str, verb: &str) {
        let name = self.name;
        match (found, self.completeness) {
            (true, _) => tally.note(true, format!("{name} {verb} {wanted}")),
            (false, Completeness::Whole) => tally.note(false, format!("{name} lacks {wanted}")),
            (false, Completeness::Cut) => tally.note_undecided(format!("{name} was cut and lacks {wanted} so far")),
        }
    }
}

/// A phrase short enough for a summary.
pub(super) fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= 80 { line } else { line.chars().take(79).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Outcome;

    fn outcome(text: &str, completeness: Completeness, contains: &[&str], matches: &[&str]) -> Outcome {
        let mut tally = Tally::default();
        let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let searched = Searched { name: "stdout", text, completeness };
        searched.note(&mut tally, &own(contains), &own(matches));
        tally.finding().outcome
    }

    #[test]
    fn patterns_match_at_the_borders_of_lines() {
        assert_eq!(outcome("a\nOK\nb", Completeness::Whole, &["OK"], &["^OK$"]), Outcome::Pass);
        assert_eq!(outcome("a\nNOK\nb", Completeness::Whole, &["OK"], &["^OK$"]), Outcome::Fail);
    }

    #[test]
    fn what_is_missing_from_a_cut_text_is_undecided() {
        assert_eq!(outcome("abc", Completeness::Cut, &["x"], &[]), Outcome::Inconclusive);
        assert_eq!(outcome("abc", Completeness::Cut, &["b"], &[]), Outcome::Pass);
    }

    #[test]
    fn a_broken_pattern_decides_nothing() {
        assert_eq!(outcome("abc", Completeness::Whole, &[], &["("]), Outcome::Inconclusive);
        assert_eq!(outcome("abc", Completeness::Whole, &[], &[r"(\w{1000}){1000}"]), Outcome::Inconclusive);
    }
}
