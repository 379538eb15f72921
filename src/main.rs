//! The program: a face of the library, the supervisor of one process tree, or the scripted worker.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next().unwrap_or_default();
    match first.to_str() {
        Some("__supervise") => cco::process::supervisor::main(arguments),
        Some("__stub") => cco::worker::stub::main(arguments),
        _ => ExitCode::SUCCESS,
    }
}
