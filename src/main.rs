//! The program: a face of the library, or the supervisor of one process tree.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "__supervise") {
        return cco::process::supervisor::main(arguments);
    }
    ExitCode::SUCCESS
}
