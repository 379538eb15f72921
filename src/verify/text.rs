//! Texts and patterns that an output, a file or a body must hold. Pure.
//!
//! Patterns are of the `regex` crate, which matches in linear time; `^` and `$` stand for the borders of lines.

use regex::{Regex, RegexBuilder};

use super::finding::Tally;
use crate::mission::{Bound, NumberQuery};

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

/// More numbers than can be meant in one output.
const NUMBER_CAP: usize = 10_000;

/// The numbers that a pattern picks out of a text, each its first group, or the whole match. One that matches what is no
/// finite number is an error: to pass over it would be to choose.
pub(super) fn numbers(text: &str, wanted: &str) -> Result<Vec<f64>, String> {
    let mut numbers = Vec::new();
    for found in pattern(wanted)?.captures_iter(text) {
        let Some(picked) = found.get(1).or_else(|| found.get(0)) else { continue };
        let number = picked.as_str().trim().parse::<f64>().ok().filter(|number| number.is_finite());
        numbers.push(number.ok_or_else(|| format!("\"{}\" is not a number", short(picked.as_str())))?);
        if numbers.len() > NUMBER_CAP {
            return Err(format!("there are more than {NUMBER_CAP} matches of /{}/", short(wanted)));
        }
    }
    Ok(numbers)
}

impl Searched<'_> {
    /// Notes for each number that is asked for whether it is there and all that are there keep the bound.
    pub(super) fn note_numbers(&self, tally: &mut Tally, wanted: &[NumberQuery]) {
        for NumberQuery { pattern, bound } in wanted {
            match (numbers(self.text, pattern), self.completeness) {
                (Err(reason), _) => tally.note_undecided(format!("{} of /{}/: {reason}", self.name, short(pattern))),
                (Ok(_), Completeness::Cut) => {
                    tally.note_undecided(format!(
                        "{} was cut, so not all numbers of /{}/ are known",
                        self.name,
                        short(pattern)
                    ));
                }
                (Ok(found), Completeness::Whole) => note_bound(tally, self.name, pattern, &found, bound),
            }
        }
    }

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

fn note_bound(tally: &mut Tally, name: &str, pattern: &str, found: &[f64], bound: &Bound) {
    let (shown, asked) = (short(pattern), &bound.text);
    for number in found.iter().take(20) {
        tally.measure(&shown, *number, asked);
    }
    let odd = found.iter().find(|number| !bound.holds(**number));
    let phrase = match (found, odd) {
        ([], _) => format!("{name} has no number at /{shown}/, asked for {asked}"),
        (_, Some(odd)) => format!("{name} has {odd} at /{shown}/, asked for {asked}"),
        ([one], None) => format!("{name} has {one} at /{shown}/, asked for {asked}"),
        (several, None) => format!("{name} has {} numbers at /{shown}/, each {asked}", several.len()),
    };
    tally.note(!found.is_empty() && odd.is_none(), phrase);
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
    fn every_number_must_keep_the_bound_and_there_must_be_one() {
        let outcome = |text: &str, completeness| {
            let mut tally = Tally::default();
            let bound = Bound { relation: crate::mission::Relation::AtMost, value: 200.0, text: "<= 200".into() };
            let wanted = [NumberQuery { pattern: r"took (\S+) ms".into(), bound }];
            Searched { name: "stdout", text, completeness }.note_numbers(&mut tally, &wanted);
            tally.finding().outcome
        };
        assert_eq!(outcome("took 200 ms\ntook 3.5 ms", Completeness::Whole), Outcome::Pass);
        assert_eq!(outcome("took 200 ms\ntook 201 ms", Completeness::Whole), Outcome::Fail);
        assert_eq!(outcome("nothing", Completeness::Whole), Outcome::Fail);
        assert_eq!(outcome("took NaN ms", Completeness::Whole), Outcome::Inconclusive);
        assert_eq!(outcome("took 1 ms", Completeness::Cut), Outcome::Inconclusive);
        assert!(numbers(&"took 1 ms ".repeat(NUMBER_CAP + 1), r"took (\S+) ms").is_err());
    }

    #[test]
    fn a_broken_pattern_decides_nothing() {
        assert_eq!(outcome("abc", Completeness::Whole, &[], &["("]), Outcome::Inconclusive);
        assert_eq!(outcome("abc", Completeness::Whole, &[], &[r"(\w{1000}){1000}"]), Outcome::Inconclusive);
    }
}
