//! `file`: files of the tree and what they hold.
//!
//! A path or glob selects them; those that keep *all* conditions are counted. What lies out of the tree (symlinks) is
//! not a file, but still stands at its path when nothing may.

use sha2::{Digest, Sha256};

use super::files::{self, Found, Kind, READ_CAP};
use super::finding::{Finding, Tally, number};
use super::ground::Place;
use super::path_query;
use super::text::{Completeness, Searched};
use crate::mission::FileCheck;
use crate::words::Outcome;

/// So many of those that did not count are named.
const NAMED: usize = 3;

pub(super) fn check(place: &Place<'_>, what: &FileCheck) -> Finding {
    let found = files::matching(&place.ground.dir, &place.check.cwd, &what.path);
    let finding = match found {
        Ok(found) if what.exists => count(place, what, &found),
        Ok(found) => absent(what, &found),
        Err(error) => Finding::inconclusive(format!("`{}` {error}", what.path)),
    };
    finding.subject(what.path.clone())
}

fn absent(what: &FileCheck, found: &[Found]) -> Finding {
    match found {
        [] => Finding::pass(format!("nothing at `{}`, as asked", what.path)),
        [first, ..] => {
            Finding::fail(format!("`{}` exists ({} in all), asked for none", first.path.display(), found.len()))
        }
    }
}

fn count(place: &Place<'_>, what: &FileCheck, found: &[Found]) -> Finding {
    let (mut kept, mut odd, mut undecided) = (0, Vec::new(), Vec::new());
    for one in found {
        let finding = keeps(place, what, one);
        let phrase = format!("{}: {}", one.path.display(), finding.evidence.summary);
        match finding.outcome {
            Outcome::Pass => kept += 1,
            Outcome::Fail => odd.push(phrase),
            Outcome::Inconclusive => undecided.push(phrase),
        }
    }
    let least = what.min_count;
    let bound = what.max_count.map_or_else(|| format!(">= {least}"), |most| format!("{least} to {most}"));
    let mut tally = Tally::default();
    tally.measure("files", number(kept), bound.clone());
    let phrase = format!("{kept} of {} files at `{}` hold, asked for {bound}", found.len(), what.path);
    let holds = |kept: u64| kept >= least && what.max_count.is_none_or(|most| kept <= most);
    // The undecided ones matter only if they could tip the count.
    let tips = (kept..=kept + undecided.len() as u64).any(|count| holds(count) != holds(kept));
    match undecided.first() {
        Some(reason) if tips => tally.note_undecided(format!("{phrase}; {reason}")),
        _ => tally.note(holds(kept), with_odd(phrase, &odd)),
    }
    tally.finding()
}

fn with_odd(phrase: String, odd: &[String]) -> String {
    if odd.is_empty() {
        return phrase;
    }
    let more = if odd.len() > NAMED { format!(" and {} more", odd.len() - NAMED) } else { String::new() };
    format!("{phrase} ({}{more})", odd.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; "))
}

/// Whether one of them keeps all conditions.
fn keeps(place: &Place<'_>, what: &FileCheck, found: &Found) -> Finding {
    match found.kind {
        Kind::File => {}
        Kind::Folder if !asks_for_content(what) => return Finding::pass("is a folder"),
        Kind::Folder => return Finding::fail("is a folder"),
        Kind::Other => return Finding::fail("is not a file of the tree"),
    }
    let bytes = match files::read(&place.ground.dir, &place.path(&found.path.to_string_lossy()), READ_CAP) {
        Ok(bytes) => bytes,
        Err(error) => return Finding::inconclusive(error.to_string()),
    };
    let mut tally = Tally::default();
    tally.note(true, "exists");
    if let Some(least) = what.min_bytes {
        tally.note(bytes.len() as u64 >= least, format!("{} bytes, asked for {least}", bytes.len()));
    }
    if let Some(most) = what.max_bytes {
        tally.note(bytes.len() as u64 <= most, format!("{} bytes, asked for {most} at most", bytes.len()));
    }
    if let Some(wanted) = &what.sha256 {
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        tally.note(digest.eq_ignore_ascii_case(wanted), format!("sha256 {digest}"));
    }
    if !what.contains.is_empty() || !what.matches.is_empty() {
        let text = String::from_utf8_lossy(&bytes);
        let searched = Searched { name: "it", text: &text, completeness: Completeness::Whole };
        searched.note(&mut tally, &what.contains, &what.matches);
    }
    if let Some(query) = &what.json {
        path_query::note(&mut tally, "it", path_query::parse_json(&bytes), query);
    }
    if let Some(query) = &what.yaml {
        path_query::note(&mut tally, "it", path_query::parse_yaml(&bytes), query);
    }
    if let Some(query) = &what.toml {
        path_query::note(&mut tally, "it", path_query::parse_toml(&bytes), query);
    }
    tally.finding()
}

fn asks_for_content(what: &FileCheck) -> bool {
    what.min_bytes.is_some()
        || what.max_bytes.is_some()
        || what.sha256.is_some()
        || what.json.is_some()
        || what.yaml.is_some()
        || what.toml.is_some()
        || !what.contains.is_empty()
        || !what.matches.is_empty()
}
