//! Runs one shell line of a check to its end, and tells an end from what is none.
//!
//! A time-out, a missing tool, a kill from outside and a program that cannot be started decide nothing. The rest has
//! an exit code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::files;
use super::finding::Finding;
use super::ground::{Ground, Place};
use super::tail;
use super::text::Completeness;
use crate::process::{Command, Exit, Process, Status, Stdin};

/// What is kept of each stream. A test run that says more has its report in a file.
pub(super) const OUTPUT_CAP: u64 = 16 * 1024 * 1024;

/// What runs a line; it begins its own messages with this.
const SHELL: &str = "/bin/sh";

/// From TERM to KILL: enough to write a report's last line.
const GRACE: Duration = Duration::from_secs(5);

/// One shell line.
pub(super) struct Line {
    /// Names the spool folder.
    pub(super) name: &'static str,
    pub(super) run: String,
    pub(super) folder: PathBuf,
    pub(super) variables: Vec<(OsString, OsString)>,
    /// `None`: until it is stopped.
    pub(super) timeout: Option<Duration>,
    pub(super) stdin: Stdin,
}

/// A line that ran to an end of its own.
#[derive(Debug)]
pub(super) struct Ran {
    /// The exit code, or 128 + signal as a shell says it.
    pub(super) code: i32,
    pub(super) stdout: PathBuf,
    pub(super) stderr: PathBuf,
    pub(super) completeness: Completeness,
}

impl Ran {
    pub(super) fn tail(&self) -> String {
        tail_of(&self.stdout, &self.stderr)
    }

    /// A finding about this run, with its exit code and the end of its output.
    pub(super) fn evidence(&self, finding: Finding) -> Finding {
        finding.exit_code(self.code).tail(self.tail())
    }
}

pub(super) fn tail_of(stdout: &std::path::Path, stderr: &std::path::Path) -> String {
    tail::of_streams(&files::end_of(stdout, tail::TAIL_READ), &files::end_of(stderr, tail::TAIL_READ))
}

/// Starts a line.
pub(super) async fn start(ground: &Ground, line: &Line) -> Result<Process, Finding> {
    let dir = ground.spool_for(line.name);
    let command = Command {
        argv: vec![SHELL.into(), "-c".into(), line.run.clone().into()],
        cwd: line.folder.clone(),
        env: line.variables.clone(),
        stdin: line.stdin.clone(),
        // Of its own: a tree's end sweeps all that carry its marker, and a service must outlive the check beside it.
        marker: format!("{} {}", ground.marker, dir.display()),
        dir,
        timeout: line.timeout,
        output_limit: OUTPUT_CAP,
        grace: GRACE,
        orphan_grace: Duration::ZERO,
    };
    let started = ground.supervisor.spawn(&command).await;
    started.map_err(|error| Finding::inconclusive(format!("cannot be started: {error}")))
}

/// Runs a line of a check. `expected` is the exit code that passes. 126 and 127 decide nothing where the line's own program
/// is missing; where a script below it says so, they are a failure like any other.
pub(super) async fn run(place: &Place<'_>, line: &str, expected: i32) -> Result<Ran, Finding> {
    run_line(place.ground, &line_of(place, line, Stdin::Null)?, expected).await
}

/// Runs a line of a check that is told something on its stdin, from a file of our own.
pub(super) async fn run_with_input(place: &Place<'_>, line: &str, input: PathBuf) -> Result<Ran, Finding> {
    run_line(place.ground, &line_of(place, line, Stdin::File(input))?, 0).await
}

fn line_of(place: &Place<'_>, line: &str, stdin: Stdin) -> Result<Line, Finding> {
    Ok(Line {
        name: "check",
        run: place.with_port(line),
        folder: place.folder()?,
        variables: place.variables(),
        timeout: Some(place.check.timeout),
        stdin,
    })
}

/// Runs a line to its end.
pub(super) async fn run_line(ground: &Ground, line: &Line, expected: i32) -> Result<Ran, Finding> {
    end_of(start(ground, line).await?, line, expected).await
}

/// Waits for the end of a line that was started.
pub(super) async fn end_of(mut process: Process, line: &Line, expected: i32) -> Result<Ran, Finding> {
    let ended = process.wait().await;
    let (stdout, stderr) = (process.stdout_path().to_path_buf(), process.stderr_path().to_path_buf());
    let exit = ended.map_err(|error| Finding::inconclusive(format!("its end was not seen: {error}")))?;
    let tail = || tail_of(&stdout, &stderr);
    let code = code_of(&exit, line.timeout).map_err(|finding| finding.tail(tail()))?;
    let said = || String::from_utf8_lossy(&files::end_of(&stderr, tail::TAIL_READ)).into_owned();
    if let Some(reason) = missing_tool(code, expected, said) {
        return Err(Finding::inconclusive(reason).exit_code(code).tail(tail()));
    }
    let completeness = if exit.output_cut { Completeness::Cut } else { Completeness::Whole };
    Ok(Ran { code, stdout, stderr, completeness })
}

fn code_of(exit: &Exit, timeout: Option<Duration>) -> Result<i32, Finding> {
    if exit.timed_out {
        let limit = timeout.map(|limit| format!(" ({})", seconds(limit))).unwrap_or_default();
        return Err(Finding::inconclusive(format!("was stopped at its time-out{limit}; a time-out is not a pass")));
    }
    match exit.status {
        Status::Code(code) => Ok(code),
        // The program's own crashes, as opposed to what others send: ILL, TRAP, ABRT, BUS, FPE, SEGV, PIPE, XFSZ, SYS.
        Status::Signal(signal @ (4..=8 | 11 | 13 | 25 | 31)) => Ok(128 + signal),
        Status::Signal(signal) => {
            Err(Finding::inconclusive(format!("was killed from outside by signal {signal} (out of memory?)")))
        }
    }
}

/// Whether the line's own program is missing from the machine. The shell that runs the line says so by its exit code and
/// by a message under its own name (`/bin/sh: 1: pytest: not found`); a program below it that ends with the same code
/// says nothing about the machine, and a path in the repository is the worker's to make.
fn missing_tool(code: i32, expected: i32, said: impl FnOnce() -> String) -> Option<String> {
    if code == expected || !matches!(code, 126 | 127) {
        return None;
    }
    let said = said();
    let message = said.lines().rev().find_map(|line| line.trim().strip_prefix(SHELL)?.strip_prefix(": "))?;
    // `1: name: not found`, `line 1: name: command not found`, `name: not found`
    let program = message.rsplit(": ").nth(1)?;
    let in_repository = program.contains('/') && !program.starts_with('/');
    let how = if code == 126 { "not executable" } else { "missing" };
    (!in_repository).then(|| format!("`{}` is {how} on this machine (exit {code})", tail::clean(program)))
}

/// A duration as people write it in a mission.
pub(super) fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Outcome;

    fn exit(status: Status, timed_out: bool) -> Exit {
        Exit { status, timed_out, swept: 0, output_cut: false, duration: Duration::ZERO }
    }

    #[test]
    fn a_time_out_decides_nothing_even_if_the_program_left_with_zero() {
        let finding = code_of(&exit(Status::Code(0), true), Some(Duration::from_secs(2))).unwrap_err();
        assert_eq!(finding.outcome, Outcome::Inconclusive);
        assert!(finding.evidence.summary.contains("(2 s)"));
    }

    #[test]
    fn a_crash_is_an_end_and_a_kill_is_none() {
        assert_eq!(code_of(&exit(Status::Signal(11), false), None).unwrap(), 139);
        assert_eq!(code_of(&exit(Status::Signal(9), false), None).unwrap_err().outcome, Outcome::Inconclusive);
    }

    #[test]
    fn a_missing_tool_is_the_lines_own_unless_that_is_what_was_asked() {
        let told = |code, expected, said: &str| missing_tool(code, expected, || said.to_owned()).is_some();
        for said in
            ["/bin/sh: 1: pytest: not found", "/bin/sh: line 1: pytest: command not found", "/bin/sh: x: not found"]
        {
            assert!(told(127, 0, said), "{said}");
        }
        assert!(told(126, 0, "/bin/sh: 1: /opt/x: Permission denied"));
        assert!(!told(127, 127, "/bin/sh: 1: pytest: not found") && !told(1, 0, "/bin/sh: 1: x: not found"));
        for below in ["sh: 1: vitest: not found", "./run.sh: 3: tsc: not found", "/bin/sh: 1: ./run.sh: not found", ""]
        {
            assert!(!told(127, 0, below), "{below}");
        }
    }
}
