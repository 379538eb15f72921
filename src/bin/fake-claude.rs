//! A stand-in for the `claude` program in tests: it plays the script named by `FAKE_CLAUDE`, a JSON list of steps.
//!
//! It replays recorded transcripts, records what it was given, forks processes that get away, floods, hangs, and ends
//! in every way the real one does. Where it has to wait it waits for the test (a named pipe), never for time.

#![expect(clippy::disallowed_methods, reason = "a program of its own, for tests only")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use nix::sys::signal::{SigSet, Signal};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// Writes down argument vector, environment and standard input.
    Record(PathBuf),
    /// Prints a transcript.
    Replay(PathBuf),
    /// Prints one event.
    Line(serde_json::Value),
    /// Prints a line that is no event.
    Text(String),
    /// Prints to standard error.
    Stderr(String),
    /// Prints this many lines of an event that nobody needs.
    Flood(u64),
    /// Appends the time to a file: nanoseconds since 1970, one line.
    Stamp(PathBuf),
    /// Writes a byte into a named pipe: tells the test that this point is reached.
    Tell(PathBuf),
    /// Reads a byte from a named pipe: waits until the test says to go on.
    Await(PathBuf),
    /// Runs a shell command.
    Run(String),
    /// SIGTERM has no effect from here on.
    IgnoreTerm,
    /// Does nothing for ever.
    Hang,
    /// Leaves with this code.
    Exit(u8),
    /// Ends by this signal.
    Signal(i32),
}

#[derive(Serialize)]
struct Given {
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    stdin: String,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut term = SigSet::empty();
    term.add(Signal::SIGTERM);
    term.thread_block()?;
    let script = std::env::var_os("FAKE_CLAUDE").ok_or("FAKE_CLAUDE names no script")?;
    let steps: Vec<Step> = serde_json::from_slice(&fs::read(script)?)?;
    if !steps.iter().any(|step| matches!(step, Step::IgnoreTerm)) {
        // As the real one: SIGTERM leaves with 143 and without a result.
        std::thread::spawn(move || {
            if term.wait().is_ok() {
                std::process::exit(143);
            }
        });
    }
    for step in steps {
        if let Some(code) = perform(step)? {
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn perform(step: Step) -> Result<Option<ExitCode>, Box<dyn Error>> {
    match step {
        Step::Record(path) => record(&path)?,
        Step::Replay(path) => print(&fs::read(path)?)?,
        Step::Line(event) => print(format!("{event}\n").as_bytes())?,
        Step::Text(text) => print(format!("{text}\n").as_bytes())?,
        Step::Stderr(text) => io::stderr().write_all(text.as_bytes())?,
        Step::Flood(lines) => {
            let line = format!("{{\"type\":\"flood\",\"x\":\"{}\"}}\n", "x".repeat(1000));
            (0..lines).try_for_each(|_| print(line.as_bytes()))?;
        }
        Step::Stamp(path) => stamp(&path)?,
        Step::Tell(path) => fs::write(path, "x")?,
        Step::Await(path) => drop(fs::read(path)?),
        Step::Run(command) => {
            Command::new("sh").args(["-c", &command]).status()?;
        }
        Step::IgnoreTerm => {}
        Step::Hang => loop {
            std::thread::park();
        },
        Step::Exit(code) => return Ok(Some(ExitCode::from(code))),
        Step::Signal(number) => nix::sys::signal::raise(Signal::try_from(number)?)?,
    }
    Ok(None)
}

fn stamp(path: &PathBuf) -> Result<(), Box<dyn Error>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
    Ok(file.write_all(format!("{now}\n").as_bytes())?)
}

fn record(path: &PathBuf) -> Result<(), Box<dyn Error>> {
    let given = Given {
        argv: std::env::args().collect(),
        env: std::env::vars().collect(),
        stdin: io::read_to_string(io::stdin())?,
    };
    Ok(fs::write(path, serde_json::to_vec(&given)?)?)
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}
