//! What failed, what was tried against it and what ended it (`logAndLearn` of the specification's section 4.3).
//!
//! Errors are told apart by a signature: the first line that looks like one, without the numbers, paths and times that
//! differ from run to run. The record is bounded; the manager sees it when the same signature returns.

use std::collections::BTreeMap;

use super::plan::Strategy;
use crate::words::IterationNumber;

/// The most signatures kept; the one unseen for longest goes first.
const SIGNATURES: usize = 32;
/// The most attempts kept for one signature; the oldest goes first.
const TRIES: usize = 6;
/// The longest signature, in characters.
const SIGNATURE_CHARS: usize = 160;

/// The record of errors, by signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lessons {
    /// Each known error.
    pub by_signature: BTreeMap<String, Lesson>,
}

/// One error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// How many iterations ended with it.
    pub seen: u32,
    /// The last of them.
    pub last: IterationNumber,
    /// What was tried against it, oldest first: strategy and action title.
    pub tried: Vec<(Strategy, String)>,
    /// What ended it: the title of the action after which it was gone; `None` while it lasts.
    pub ended_by: Option<String>,
}

impl Lessons {
    /// Takes in the errors that an iteration ended with, and what it had tried.
    pub fn learn(&mut self, iteration: IterationNumber, strategy: Strategy, title: &str, errors: &[String]) {
        for (signature, lesson) in &mut self.by_signature {
            if lesson.ended_by.is_none() {
                lesson.tried.push((strategy, title.to_owned()));
                if lesson.tried.len() > TRIES {
                    lesson.tried.remove(0);
                }
                if !errors.contains(signature) {
                    lesson.ended_by = Some(title.to_owned());
                }
            }
        }
        for signature in errors.iter().filter(|signature| !signature.is_empty()) {
            let lesson = self.by_signature.entry(signature.clone()).or_default();
            lesson.seen = lesson.seen.saturating_add(1);
            lesson.last = iteration;
            lesson.ended_by = None;
        }
        self.forget();
    }

    fn forget(&mut self) {
        while self.by_signature.len() > SIGNATURES {
            let oldest = self.by_signature.iter().min_by_key(|(_, lesson)| lesson.last).map(|(key, _)| key.clone());
            match oldest {
                Some(key) => self.by_signature.remove(&key),
                None => return,
            };
        }
    }
}

/// Normalises the evidence of a failing check to a signature; empty where there is nothing to go by.
#[must_use]
pub fn signature(evidence: &str) -> String {
    let telling = |line: &&str| {
        let line = line.to_ascii_lowercase();
        ["error", "fail", "panic", "exception", "cannot", "not found", "undefined", "expected"]
            .iter()
            .any(|word| line.contains(word))
    };
    let lines = || evidence.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(telling).or_else(|| lines().next_back()).unwrap_or_default();
    normalise(line)
}

/// Replaces what differs from run to run: digits become one `#`, paths keep their last part, white space is folded.
pub(super) fn normalise(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let last = word.rsplit('/').find(|part| !part.is_empty()).unwrap_or(word);
        let mut out = String::with_capacity(last.len());
        for c in last.chars() {
            match c {
                '0'..='9' if out.ends_with('#') => {}
                '0'..='9' => out.push('#'),
                c => out.push(c),
            }
        }
        out
    });
    words.collect::<Vec<_>>().join(" ").chars().take(SIGNATURE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_has_the_same_signature_in_every_run() {
        let first = signature("running 3 tests\nerror[E0425]: cannot find value `x` in /home/a/src/lib.rs:12:9\n");
        let second = signature("running 4 tests\nerror[E0425]: cannot find value `x` in /srv/b/src/lib.rs:80:1\n");
        assert_eq!(first, second);
        assert_eq!(first, "error[E#]: cannot find value `x` in lib.rs:#:#");
    }

    #[test]
    fn what_was_tried_and_what_ended_it_is_kept() {
        let mut lessons = Lessons::default();
        let error = vec!["boom".to_owned()];
        lessons.learn(IterationNumber(1), Strategy::Proceed, "write it", &error);
        lessons.learn(IterationNumber(2), Strategy::RetryModified, "fix the import", &error);
        lessons.learn(IterationNumber(3), Strategy::Alternative, "rewrite it", &[]);
        let lesson = &lessons.by_signature["boom"];
        assert_eq!(lesson.seen, 2);
        assert_eq!(lesson.tried.len(), 2);
        assert_eq!(lesson.ended_by.as_deref(), Some("rewrite it"));
    }

    #[test]
    fn the_record_stays_bounded() {
        let mut lessons = Lessons::default();
        for n in 0..500_u64 {
            lessons.learn(
                IterationNumber(n),
                Strategy::Proceed,
                "try",
                &[format!("error {}", "x".repeat(n as usize % 97))],
            );
        }
        assert!(lessons.by_signature.len() <= SIGNATURES);
        assert!(lessons.by_signature.values().all(|lesson| lesson.tried.len() <= TRIES));
    }
}
