//! The figures of the crowd, as a table in `docs/trust.md`.

use std::path::Path;

use crate::run::{Ended, Told};
use crate::worker::KINDS;

const BEGIN: &str = "<!-- crowd -->";
const END: &str = "<!-- /crowd -->";

/// The whole section between the marks.
pub(crate) fn table(told: &[Told]) -> String {
    let mut text = format!(
        "## The crowd\n\n\
         `tests/crowd/` runs {} missions with the real program: real git, real checks, the embedded manager, and scripted\n\
         workers drawn from a seed. Each mission has two to four criteria, each with a check of its own. A judge that shares\n\
         nothing with the checks looks at the blobs of the published commit, with inputs that no check uses, and says\n\
         whether every criterion is really met. `CCO_CROWD=2000 cargo test --test crowd` runs more of them.\n\n\
         | worker | missions | done and true | done and false | ended early | asked a person | median iterations |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
        told.len()
    );
    for kind in KINDS {
        let of_kind: Vec<&Told> = told.iter().filter(|one| one.kind == kind).collect();
        text.push_str(&row(kind.name(), &of_kind));
    }
    text.push_str(&row("all", &told.iter().collect::<Vec<_>>()));
    text.push_str(
        "\nhonest: needs a second try now and then. slow: several steps a criterion. regressing: breaks what held, a few times\n\
         or always. flaky: right, wrong, idle or dead, as it comes. lazy: does nothing; some are roused by another approach.\n\
         stuck: the same wrong things in turn. lying: wrong work, and \"all tests pass\". cheating: bends checks, mission, inputs,\n\
         index, attributes, hooks and the check's own checkout; some reform.\n\n\
         What this does not show: a check that is weaker than its criterion is met by work that is no better. The missions\n\
         of the crowd protect what their checks stand on, and their checks run the work in a process of its own.\n",
    );
    text
}

fn row(name: &str, told: &[&Told]) -> String {
    let count = |wanted: &dyn Fn(&Told) -> bool| told.iter().filter(|one| wanted(one)).count();
    let mut iterations: Vec<u64> = told.iter().map(|one| one.iterations).collect();
    iterations.sort_unstable();
    format!(
        "| {name} | {} | {} | {} | {} | {} | {} |\n",
        told.len(),
        count(&|one| one.ended == Ended::Done && one.truth),
        count(&|one| one.ended == Ended::Done && !one.truth),
        count(&|one| one.ended == Ended::Stopped),
        count(&|one| one.ended == Ended::Person),
        iterations.get(iterations.len() / 2).copied().unwrap_or_default()
    )
}

/// The section in the document is this one, or is written where that is asked for.
pub(crate) fn assert_committed(table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/trust.md");
    let document = std::fs::read_to_string(&path).unwrap_or_default();
    let section = format!("{BEGIN}\n{table}{END}");
    if std::env::var_os("CCO_UPDATE").is_some() {
        let text = match document.split_once(BEGIN).zip(document.split_once(END)) {
            Some(((before, _), (_, after))) => format!("{before}{section}{after}"),
            None if document.is_empty() => format!("{section}\n"),
            None => format!("{}\n\n{section}\n", document.trim_end()),
        };
        std::fs::write(&path, text).unwrap();
        return;
    }
    assert!(
        document.contains(&section),
        "docs/trust.md does not have these figures; CCO_UPDATE=1 cargo test --test crowd writes them:\n{table}"
    );
}
