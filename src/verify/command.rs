//! `command`: a shell line, how it ended and what it said.

use super::files;
use super::finding::{Finding, Tally, number};
use super::ground::Place;
use super::path_query::{self, Unread};
use super::shell::{self, OUTPUT_CAP, Ran};
use super::text::{Completeness, Searched};
use crate::mission::CommandCheck;

pub(super) async fn check(place: &Place<'_>, what: &CommandCheck) -> Finding {
    let finding = match shell::run(place, &what.run, what.exit_code).await {
        Ok(ran) => ran.evidence(judge(what, &ran)),
        Err(finding) => finding,
    };
    finding.subject(place.with_port(&what.run))
}

fn judge(what: &CommandCheck, ran: &Ran) -> Finding {
    let mut tally = Tally::default();
    let asked = what.exit_code;
    tally.note(
        ran.code == asked,
        format!("exit {}{}", ran.code, if ran.code == asked { String::new() } else { format!(", asked for {asked}") }),
    );
    if what.stderr_empty {
        let size = files::size_of(&ran.stderr);
        tally.note(
            size == 0,
            if size == 0 { "stderr is empty".to_owned() } else { format!("stderr has {size} bytes, asked for none") },
        );
        tally.measure("stderr_bytes", number(size), "0");
    }
    let asks_for_numbers = !what.numbers.is_empty();
    if !what.stdout_contains.is_empty() || !what.stdout_matches.is_empty() || asks_for_numbers || what.json.is_some() {
        judge_stdout(&mut tally, what, ran);
    }
    tally.finding()
}

fn judge_stdout(tally: &mut Tally, what: &CommandCheck, ran: &Ran) {
    // The spool may hold a mark of its own beyond the limit; the reading is bounded all the same.
    let stdout = match files::read_own(&ran.stdout, OUTPUT_CAP * 2) {
        Ok(stdout) => stdout,
        Err(error) => return tally.note_undecided(format!("stdout {error}")),
    };
    let text = String::from_utf8_lossy(&stdout);
    let searched = Searched { name: "stdout", text: &text, completeness: ran.completeness };
    searched.note(tally, &what.stdout_contains, &what.stdout_matches);
    searched.note_numbers(tally, &what.numbers);
    if let Some(query) = &what.json {
        let document = match ran.completeness {
            Completeness::Whole => path_query::parse_json(&stdout),
            Completeness::Cut => Err(Unread::TooLarge("was cut, so it is not read as JSON".to_owned())),
        };
        path_query::note(tally, "stdout", document, query);
    }
}
