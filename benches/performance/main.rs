//! The figures of `docs/performance.md`, each beside its target and the best neighbour's; printed, never judged by an
//! exit code: a busy machine is no mistake of the code.
//!
//! `cargo bench --bench performance`; with names (`start`, `core`, `iteration`, `checks`, `events`, `memory`) only those parts.
//! Every part measures the machine's fsync itself, because it is the largest share of most figures.
#![expect(clippy::disallowed_methods, reason = "a bench measures time, starts programs and owns its files")]
#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a bench may fall over and prints")]

#[path = "../../tests/store/drive.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod drive;

mod checks;
mod core_loop;
mod machine;
mod memory;
mod mission;
mod run;
mod table;

use machine::Machine;
use table::Table;

type Part = (&'static str, fn(&mut Table, &Machine));

const PARTS: [Part; 6] = [
    ("core", core_loop::measure),
    ("start", run::start),
    ("iteration", run::iteration),
    ("checks", checks::measure),
    ("events", run::events),
    ("memory", memory::measure),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut table = Table::default();
    for (name, measure) in PARTS {
        if wanted.is_empty() || wanted.iter().any(|part| part == name) {
            eprintln!("{name} …");
            let machine = Machine::measure();
            table.note(format!("{name}: {machine}"));
            measure(&mut table, &machine);
        }
    }
    print!("{table}");
}
