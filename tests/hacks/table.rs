//! The table of `docs/trust.md`, made from the cases.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::case::{Case, Stopped};
use crate::{code, files, opinions, reports, state, test_files};

const BEGIN: &str = "<!-- made from tests/hacks -->\n";
const END: &str = "<!-- end -->\n";

fn all() -> impl Iterator<Item = &'static Case> {
    [test_files::ALL, code::ALL, reports::ALL, files::ALL, state::ALL, opinions::ALL].into_iter().flatten()
}

fn table() -> String {
    let mut text = String::from(
        "| what is tampered with | the worker … | in | stopped | by | not enough |\n|---|---|---|---|---|---|\n",
    );
    for case in all() {
        let beaten = case.beats.map(|beaten| format!("a mission without {}", beaten.lacks)).unwrap_or_default();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {beaten} |",
            case.family.text(),
            case.hack,
            case.language.text(),
            case.stopped.text(),
            case.how,
        )
        .unwrap();
    }
    text
}

#[test]
fn the_table_of_hacks_in_the_documentation_is_made_from_the_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/trust.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let made = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("CCO_UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(page == made, "docs/trust.md is not what the cases say; run CCO_UPDATE=1 cargo test --test hacks table");
}

#[test]
fn there_are_many_hacks_in_more_than_one_language() {
    let names: BTreeSet<&str> = all().map(|case| case.hack).collect();
    assert_eq!(names.len(), all().count(), "two cases have the same name");
    assert!(names.len() >= 35, "{}", names.len());
    let languages: BTreeSet<_> = all().map(|case| case.language).collect();
    assert_eq!(languages.len(), 3);
    // Whoever says that only one kind of check helps shows what another is worth.
    let only =
        all().filter(|case| matches!(case.stopped, Stopped::ByBlackBox | Stopped::ByIsolation | Stopped::ByJudge));
    only.for_each(|case| assert!(case.beats.is_some(), "{}", case.hack));
}
