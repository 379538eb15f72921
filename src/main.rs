//! The program: a face of the library, the supervisor of one process tree, or the scripted worker.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    match arguments.peek().and_then(|first| first.to_str()) {
        Some("__supervise") => cco::process::supervisor::main(arguments.skip(1)),
        Some("__stub") => cco::worker::stub::main(arguments.skip(1)),
        Some(cco::cli::detach::DETACHED) => {
            cco::cli::detach::leave_terminal();
            cco::cli::main(std::iter::once("cco".into()).chain(arguments.skip(1)))
        }
        _ => cco::cli::main(std::iter::once("cco".into()).chain(arguments)),
    }
}
