//! `judge`: a model's opinion, believed no further than its citations. Pure but for looking those up.
//!
//! This room asks no model. [`super::question`] makes the questions, the daemon carries them and hands back answers,
//! and here they are counted: a citation that does not resolve in the tree fails the verdict, whatever the votes say.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::files;
use super::finding::{Finding, Tally, number};
use super::ground::Place;
use super::question::{as_shown, is_hidden};
use super::text::short;
use crate::mission::JudgeCheck;
use crate::words::last;

/// One model's answer to one question. The shape is that of the wire, and closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The name of the question: the check's id.
    pub criterion: String,
    /// Whether the rubric holds.
    pub pass: bool,
    /// How far it is met, 0 to 1.
    pub score: f64,
    /// Why, for people and the manager.
    pub reason: String,
    /// The lines that decide.
    pub citations: Vec<Citation>,
}

/// Lines of a file that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// Relative to the root of the tree.
    pub path: String,
    /// The first line, counted from 1.
    pub line_start: u32,
    /// The last line.
    pub line_end: u32,
    /// Text of these lines.
    pub quote: String,
}

/// A citation over more lines points at nothing.
const SPAN_CAP: u32 = 200;

/// A quote with fewer letters and digits would be found anywhere.
const QUOTE_LEAST: usize = 3;

/// So many citations are kept as evidence.
const CITED: usize = 20;

pub(super) fn check(place: &Place<'_>, what: &JudgeCheck) -> Finding {
    let answers = place.ground.answers.get(place.id).map_or(&[][..], Vec::as_slice);
    let look = |path: &str| look_up(place, what, path);
    evaluate(what, answers, look).subject(what.rubric.clone())
}

/// The text of a file that the judge was shown. What it was not shown, it cannot cite.
fn look_up(place: &Place<'_>, what: &JudgeCheck, path: &str) -> Option<String> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || is_hidden(&place.ground.dir, path, &place.ground.hidden) || !is_shown(what, place, path) {
        return None;
    }
    files::read(&place.ground.dir, Path::new(path), files::READ_CAP).ok().map(|bytes| as_shown(&bytes))
}

fn is_shown(what: &JudgeCheck, place: &Place<'_>, path: &str) -> bool {
    let Ok(relative) = Path::new(path).strip_prefix(&place.check.cwd) else { return false };
    what.evidence.is_empty()
        || what.evidence.iter().map(|pattern| pattern.trim_start_matches("./")).any(|pattern| {
            Path::new(pattern) == relative || files::glob(pattern).is_ok_and(|glob| glob.is_match(relative))
        })
}

/// Counts the votes. `look` gives the text of a file of the tree, or `None` if it is not there.
fn evaluate(what: &JudgeCheck, answers: &[Answer], look: impl Fn(&str) -> Option<String>) -> Finding {
    let asked = what.votes.max(1);
    if answers.len() < asked as usize {
        return Finding::inconclusive(format!("{} of {asked} votes were given", answers.len()));
    }
    let (mut votes, mut cited, mut tally) = (0, Vec::new(), Tally::default());
    for answer in answers.iter().filter(|answer| answer.pass) {
        match resolve(answer, &look) {
            Err(broken) => tally.note(false, broken),
            Ok(_) if answer.citations.is_empty() && what.require_citations => {
                tally.note(false, "a vote to pass cites nothing");
            }
            Ok(places) => {
                votes += 1;
                cited.extend(places);
            }
        }
    }
    note_votes(&mut tally, what, votes, answers);
    let mut finding = tally.finding();
    cited.dedup();
    cited.truncate(CITED);
    finding.evidence.citations = cited;
    finding.tail(reasons(answers))
}

fn note_votes(tally: &mut Tally, what: &JudgeCheck, votes: u64, answers: &[Answer]) {
    let all = answers.len() as u64;
    // Two of three is meant by 0.67, so the share is held against the threshold as people write it.
    let share = (number(votes) * 100.0 / number(all)).round() / 100.0;
    let threshold = what.threshold;
    tally.measure("votes", share, format!(">= {threshold}"));
    let scores: f64 = answers.iter().map(|answer| answer.score.clamp(0.0, 1.0)).sum();
    tally.measure("score", scores / number(all), "");
    tally.note(share >= threshold && votes > 0, format!("{votes} of {all} votes to pass, asked for {threshold}"));
}

fn reasons(answers: &[Answer]) -> String {
    let lines = answers.iter().map(|answer| {
        format!(
            "{} ({:.2}): {}",
            if answer.pass { "pass" } else { "fail" },
            answer.score,
            super::tail::clean(&answer.reason)
        )
    });
    last(&lines.collect::<Vec<_>>().join("\n"), super::tail::TAIL_CAP).to_owned()
}

/// Each citation as `path:line: quote`, or the first that is not there.
fn resolve(answer: &Answer, look: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, String> {
    let one = |citation: &Citation| {
        let Citation { path, line_start, quote, .. } = citation;
        let phrase = format!("{}:{line_start}: {}", short(path), short(quote));
        let found = look(path).is_some_and(|text| stands(citation, &text));
        if found { Ok(phrase) } else { Err(format!("a cited place does not exist: {phrase}")) }
    };
    answer.citations.iter().map(one).collect()
}

/// Whether the quote stands in the lines it is said to. White space may differ, nothing else.
fn stands(citation: &Citation, text: &str) -> bool {
    let (first, last) = (citation.line_start, citation.line_end);
    if first == 0 || last < first || last - first > SPAN_CAP {
        return false;
    }
    let lines: Vec<&str> = text.lines().skip(first as usize - 1).take((last - first) as usize + 1).collect();
    let complete = lines.len() == (last - first) as usize + 1;
    let quote = squeeze(&citation.quote);
    let telling = quote.chars().filter(|c| c.is_alphanumeric()).count() >= QUOTE_LEAST;
    complete && telling && squeeze(&lines.join("\n")).contains(&quote)
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::Outcome;

    const FILE: &str = "fn main() {\n    let answer = 42;\n    println!(\"{answer}\");\n}\n";

    fn cite(line: u32, quote: &str) -> Citation {
        Citation { path: "src/main.rs".into(), line_start: line, line_end: line, quote: quote.into() }
    }

    fn vote(pass: bool, citations: Vec<Citation>) -> Answer {
        Answer { criterion: "c/0".into(), pass, score: 0.5, reason: "because".into(), citations }
    }

    fn judged(votes: u32, threshold: f64, answers: &[Answer]) -> Finding {
        let what = JudgeCheck { rubric: "r".into(), evidence: vec![], votes, threshold, require_citations: true };
        evaluate(&what, answers, |path| (path == "src/main.rs").then(|| FILE.to_owned()))
    }

    #[test]
    fn a_vote_with_a_quote_that_stands_there_passes() {
        let finding = judged(1, 1.0, &[vote(true, vec![cite(2, "let  answer = 42;")])]);
        assert_eq!(finding.outcome, Outcome::Pass);
        assert_eq!(finding.evidence.citations, ["src/main.rs:2: let  answer = 42;"]);
    }

    #[test]
    fn an_invented_citation_fails_the_verdict_whatever_the_other_votes_say() {
        let good = vote(true, vec![cite(2, "let answer = 42;")]);
        for bad in [
            cite(2, "let answer = 43;"),
            cite(1, "let answer = 42;"),
            cite(0, "fn main"),
            cite(99, "fn main"),
            cite(4, "}"),
            cite(2, ""),
        ] {
            let finding = judged(3, 0.5, &[good.clone(), good.clone(), vote(true, vec![bad.clone()])]);
            assert_eq!(finding.outcome, Outcome::Fail, "{bad:?}");
            assert!(finding.evidence.summary.contains("does not exist"));
        }
        let elsewhere = Citation { path: "src/absent.rs".into(), ..cite(2, "let answer = 42;") };
        assert_eq!(judged(1, 1.0, &[vote(true, vec![elsewhere])]).outcome, Outcome::Fail);
    }

    #[test]
    fn a_vote_without_citations_is_none_where_they_are_required() {
        assert_eq!(judged(1, 1.0, &[vote(true, vec![])]).outcome, Outcome::Fail);
    }

    #[test]
    fn two_of_three_meet_a_threshold_of_67_hundredths() {
        let (yes, no) = (vote(true, vec![cite(1, "fn main()")]), vote(false, vec![]));
        assert_eq!(judged(3, 0.67, &[yes.clone(), yes.clone(), no.clone()]).outcome, Outcome::Pass);
        assert_eq!(judged(3, 0.67, &[yes.clone(), no.clone(), no.clone()]).outcome, Outcome::Fail);
        assert_eq!(judged(3, 0.67, &[yes.clone(), yes]).outcome, Outcome::Inconclusive, "a vote is missing");
        assert_eq!(judged(1, 0.0, &[no]).outcome, Outcome::Fail, "no vote to pass is no pass");
    }

    proptest! {
        #[test]
        fn any_citation_is_answered_without_panic(start: u32, end: u32, quote in "\\PC{0,20}", text in "\\PC{0,60}") {
            let citation = Citation { path: "p".into(), line_start: start, line_end: end, quote };
            stands(&citation, &text);
        }
    }
}
