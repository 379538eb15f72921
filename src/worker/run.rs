//! One action: start the worker, follow it, know when to end it, and say what it came to.

#![expect(clippy::disallowed_methods, reason = "writes the attempt's files and measures silence")]

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::claude::{AGENTS, Claude, SYSTEM_PROMPT};
use super::control::Control;
use super::error::Error;
use super::outcome::Cut;
use super::request::{Live, Report, Request};
use super::stub::Stub;
use super::timers::{Limits, Timers};
use super::watch::Watch;
use super::{private_dir, watch};
use crate::process::{Command, Follower, Line, LineBuffer, Process, Stdin, Stop, Supervisor, settle};

/// Bytes of a worker's output that are kept: two hours of a talkative worker are below 100 MB.
const OUTPUT: u64 = 2 << 30;

/// Who acts.
#[derive(Debug)]
pub enum Kind {
    /// The real one.
    Claude(Box<Claude>),
    /// A script, for the demo and for rehearsals.
    Stub(Stub),
    /// A person.
    Human,
}

/// A worker, ready for actions.
#[derive(Debug)]
pub struct Worker {
    /// Who acts.
    pub kind: Kind,
    /// Starts its processes.
    pub supervisor: Supervisor,
    /// The repository's work tree.
    pub cwd: PathBuf,
    /// Its time-outs.
    pub limits: Limits,
    /// From the polite stop to the kill.
    pub grace: Duration,
    /// How long it may go on after the daemon's death.
    pub orphan_grace: Duration,
}

impl Worker {
    /// Runs one action to its end. `live` is told what happens meanwhile; `control` ends it early. Dropping the
    /// future ends the worker as the daemon's death would.
    pub async fn act(
        &self,
        request: &Request,
        control: &Control,
        mut live: impl FnMut(Live) + Send,
    ) -> Result<Report, Error> {
        private_dir::create(&request.dir)?;
        write(&request.dir.join(PROMPT), request.prompt.as_bytes())?;
        let command = match &self.kind {
            Kind::Claude(claude) => self.claude(claude, request, &mut live)?,
            Kind::Stub(stub) => self.command(request, stub.argv(request), stub.env()),
            Kind::Human => {
                let asked = Instant::now();
                live(Live::Instruction(request.prompt.clone()));
                let cut = control.person().await;
                return Ok(watch::by_person(cut, asked.elapsed()));
            }
        };
        let process = self.supervisor.spawn(&command).await?;
        live(Live::Started { supervisor: process.supervisor_pid() });
        let driver = tokio::spawn(control.clone().drive(process.stopper()));
        let report = self.follow(process, request, control, live).await;
        driver.abort();
        report
    }

    async fn follow(
        &self,
        mut process: Process,
        request: &Request,
        control: &Control,
        mut live: impl FnMut(Live) + Send,
    ) -> Result<Report, Error> {
        let mut watch = Watch::new(self.cwd.display().to_string());
        let mut timers = Timers::new(self.limits, Instant::now());
        let mut output = process.follow_stdout()?;
        let mut cut = None;
        while let Some(heard) = next(&mut output, &mut watch, &timers, cut, &mut live).await? {
            let now = Instant::now();
            if heard == Heard::Event {
                timers.heard(watch.doing(), now);
            }
            if cut.is_some() {
                continue;
            }
            cut = if watch.is_refused() { Some(Cut::Refused) } else { timers.due(now) };
            if let Some(why) = cut {
                // Written first: whoever adopts this attempt must know that it was not the worker's own end.
                write(&request.dir.join(CUT), watch::cut_name(why).as_bytes())?;
                process.stop(Stop::Polite).await;
            }
        }
        let exit = process.wait().await?;
        // A stop that came after the worker's own end, or after a cut of ours, changes nothing.
        let cut = cut.or_else(|| control.cut());
        Ok(watch.report(exit, cut, tail(process.stderr_path())?))
    }

    fn claude(&self, claude: &Claude, request: &Request, live: &mut impl FnMut(Live)) -> Result<Command, Error> {
        if !request.system_prompt.is_empty() {
            write(&request.dir.join(SYSTEM_PROMPT), request.system_prompt.as_bytes())?;
        }
        if let Some(agents) = &request.agents {
            write(&request.dir.join(AGENTS), agents.to_string().as_bytes())?;
        }
        for dir in claude.config_dir().into_iter().chain(claude.temp_dir()) {
            private_dir::create(&dir)?;
        }
        if let Some(aside) = claude.config_dir().map(|dir| private_dir::mend(&dir)).transpose()?.flatten() {
            let chip = format!("[ERROR: Claude Code's state was damaged; put aside as {}]", aside.display());
            live(Live::Chip(chip));
        }
        Ok(self.command(request, claude.argv(request), claude.env()))
    }

    fn command(
        &self,
        request: &Request,
        argv: Vec<std::ffi::OsString>,
        env: Vec<(std::ffi::OsString, std::ffi::OsString)>,
    ) -> Command {
        let Limits { first_event, idle, slice, after_result } = self.limits;
        Command {
            argv,
            cwd: self.cwd.clone(),
            env,
            stdin: Stdin::File(request.dir.join(PROMPT)),
            dir: request.dir.clone(),
            marker: request.marker.clone(),
            // The clocks of the action tick in the daemon; this bounds a worker that has outlived it.
            timeout: Some(slice * 2 + first_event + idle + after_result),
            output_limit: OUTPUT,
            grace: self.grace,
            orphan_grace: self.orphan_grace,
        }
    }
}

const PROMPT: &str = "prompt.txt";
const CUT: &str = "cut";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Event,
    /// The clocks have something to say.
    Silence,
}

/// Waits for the next line, or for the next deadline; `None` at the end of the process tree.
async fn next(
    output: &mut Follower,
    watch: &mut Watch,
    timers: &Timers,
    cut: Option<Cut>,
    live: &mut (impl FnMut(Live) + Send),
) -> Result<Option<Heard>, Error> {
    let line = if cut.is_some() {
        // Already told to end: the supervisor's ladder is the only clock left.
        output.next().await?
    } else {
        match tokio::time::timeout_at(timers.wake_at().into(), output.next()).await {
            Ok(line) => line?,
            Err(_elapsed) => return Ok(Some(Heard::Silence)),
        }
    };
    Ok(line.map(|line| {
        watch.hear(line, live);
        Heard::Event
    }))
}

/// The report of an attempt that came to its end while no daemon was there; waits for one that still runs. `None`
/// if there is no recorded end: the attempt is lost, and what it left was ended.
pub async fn adopt(dir: &Path) -> Result<Option<Report>, Error> {
    let Some(exit) = settle(dir).await? else { return Ok(None) };
    let mut watch = Watch::new(String::new());
    replay(&dir.join("stdout"), &mut watch)?;
    let cut = read_whole(&dir.join(CUT))?;
    let cut = cut.and_then(|name| watch::cut_of_name(&String::from_utf8_lossy(&name)));
    Ok(Some(watch.report(exit, cut, tail(&dir.join("stderr"))?)))
}

/// Reads a finished spool as if it were coming in now.
fn replay(path: &Path, watch: &mut Watch) -> Result<(), Error> {
    const CHUNK: usize = 256 << 10;
    let fault = |source| Error::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(fault)?;
    let mut lines = LineBuffer::default();
    loop {
        let read = file.read(lines.space(CHUNK)).map_err(fault)?;
        lines.filled(CHUNK, read);
        while let Some(line) = lines.next_line() {
            watch.hear(line, &mut |_| {});
        }
        if read == 0 {
            break;
        }
    }
    if let Some(line @ Line::Whole(_)) = lines.rest() {
        watch.hear(line, &mut |_| {});
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    written.and_then(|mut file| file.write_all(bytes)).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn read_whole(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
    }
}

/// The last 4 KiB of a file.
fn tail(path: &Path) -> Result<String, Error> {
    const TAIL: u64 = 4 << 10;
    let read = || {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().map_err(|source| Error::File { path: path.to_owned(), source })
}
