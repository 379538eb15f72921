//! A repository with a mission that never gets done, the fake `claude` as its worker, and cco run over it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use cco::session::Event;
use cco::store::{Mark, StateDir, read_events};
use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};

use crate::machine::scratch;

/// One repository.
pub(crate) struct Mission {
    folder: tempfile::TempDir,
}

/// One run.
pub(crate) struct Ran {
    pub(crate) begun: SystemTime,
    /// Of cco and all its children, user and system.
    pub(crate) processor: Duration,
}

/// Which checks the mission has.
#[derive(Clone, Copy)]
pub(crate) enum Checks {
    /// One that fails.
    One,
    /// One that passes, one that fails.
    Two,
    /// One that fails and looks at `src` alone.
    OneOfInputs,
    /// Fifty such, of which all but one pass.
    FiftyOfInputs,
}

/// What the worker does to the repository.
#[derive(Clone, Copy)]
pub(crate) enum Works {
    /// Nothing.
    Nothing,
    /// Changes one file.
    File,
}

impl Mission {
    /// Makes a repository of so many files with a mission in it.
    pub(crate) fn new(files: usize, checks: Checks) -> Self {
        let mission = Self { folder: tempfile::tempdir_in(scratch()).unwrap() };
        let repo = mission.repo();
        for n in 0..files {
            let folder = repo.join(format!("src/{:03}", n / 100));
            if n % 100 == 0 {
                fs::create_dir_all(&folder).unwrap();
            }
            fs::write(folder.join(format!("{n}.txt")), format!("file {n}\n")).unwrap();
        }
        fs::create_dir_all(repo.join(".cco")).unwrap();
        fs::create_dir_all(mission.path("home")).unwrap();
        fs::write(repo.join(".cco/mission.yaml"), text(checks)).unwrap();
        mission.work(&[]);
        mission.git(&["init", "-q", "-b", "main"]);
        mission.git(&["add", "-A"]);
        mission.git(&["commit", "-q", "-m", "start"]);
        mission
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    /// What the worker does between its first stamp and its last: prints these files, changes one file.
    pub(crate) fn work(&self, streams: &[&Path]) {
        self.work_so(streams, Works::File);
    }

    /// The same, with what it does to the repository.
    pub(crate) fn work_so(&self, streams: &[&Path], works: Works) {
        let mut steps = vec![json!({"stamp": self.path("begun")})];
        steps.extend(streams.iter().map(|stream| json!({"replay": stream})));
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transcripts");
        steps.push(json!({"replay": fixtures.join("rec_first.ndjson")}));
        match works {
            Works::Nothing => {}
            Works::File => steps.push(json!({"stamp": "work.txt"})),
        }
        steps.push(json!({"stamp": self.path("ended")}));
        fs::write(self.path("script.json"), Value::from(steps).to_string()).unwrap();
        let config = json!({
            "orchestrator": {"manager": "checklist", "stall_after": 1_000_000},
            "repository": {"commit_frequency": "per_iteration"},
            "claude_code": {
                "path": env!("CARGO_BIN_EXE_fake-claude"),
                "env": {"FAKE_CLAUDE": self.path("script.json")},
            },
        });
        fs::write(self.repo().join(".cco/config.yaml"), config.to_string()).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let done = self.command("git").args(arguments).status().unwrap();
        assert!(done.success(), "git {arguments:?}");
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path("home"));
        for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
            command.env(name, "bench");
        }
        for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "bench@localhost");
        }
        command.current_dir(self.repo());
        command
    }

    /// Starts cco for so many iterations.
    pub(crate) fn start(&self, iterations: usize, stay: &[&str]) -> Child {
        let log = fs::File::create(self.path("log")).unwrap();
        self.command(&program())
            .args(["start", "--yes", "--fresh", "--max-iterations", &iterations.to_string()])
            .args(stay)
            .env("ANTHROPIC_API_KEY", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// Runs another command of cco's.
    pub(crate) fn cco(&self, arguments: &[&str]) {
        let done = self.command(&program()).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Runs cco to its end.
    pub(crate) fn run(&self, iterations: usize) -> Ran {
        for stamps in ["begun", "ended"] {
            fs::write(self.path(stamps), "").unwrap();
        }
        let (begun, before) = (SystemTime::now(), processor_time());
        let ended = self.start(iterations, &["--no-wait"]).wait().unwrap();
        let found = self.stamps("ended").len();
        assert_eq!(found, iterations, "{ended}: {}", fs::read_to_string(self.path("log")).unwrap());
        Ran { begun, processor: processor_time().saturating_sub(before) }
    }

    /// The times a worker wrote down.
    pub(crate) fn stamps(&self, which: &str) -> Vec<SystemTime> {
        let text = fs::read_to_string(self.path(which)).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| SystemTime::UNIX_EPOCH + Duration::from_nanos(line.parse().unwrap())).collect()
    }

    /// From the end of each worker to the start of the next: all of it is cco's own time.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let (begun, ended) = (self.stamps("begun"), self.stamps("ended"));
        begun.iter().skip(1).zip(ended).map(|(begun, ended)| begun.duration_since(ended).unwrap()).collect()
    }

    /// The events of the newest run.
    pub(crate) fn events(&self) -> Vec<(Timestamp, Event)> {
        let dir = StateDir::create(self.repo().join(".git/cco")).unwrap();
        let events = read_events(&dir, None, &Mark::ORIGIN).unwrap();
        events
            .map(|record| {
                let (_, at, event) = record.unwrap();
                (at, event)
            })
            .collect()
    }

    /// How long it took from each event of one kind to the next of another, by what the journal noted when.
    pub(crate) fn between(&self, from: &str, to: &str) -> Vec<Duration> {
        let (mut begun, mut times) = (None, Vec::new());
        for (at, event) in self.events() {
            if event.name() == from {
                begun = Some(at);
            } else if event.name() == to
                && let Some(begun) = begun.take()
            {
                times.push(Duration::try_from(at.duration_since(begun)).unwrap());
            }
        }
        times
    }

    /// How long checks ran before any work: on an emptied tree, which is most of sealing, and at the baseline.
    pub(crate) fn baseline(&self) -> Duration {
        let events = self.events();
        let at = |name: &str| events.iter().find(|(_, event)| event.name() == name).unwrap().0;
        Duration::try_from(at("verified").duration_since(at("prepared"))).unwrap()
    }
}

/// The program that is measured: this build's, or another to compare it with.
fn program() -> String {
    std::env::var("CCO_BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_cco").to_owned())
}

/// What all ended children have used so far.
fn processor_time() -> Duration {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    [used.user_time(), used.system_time()]
        .map(|time| Duration::from_micros(u64::try_from(time.num_microseconds()).unwrap()))
        .iter()
        .sum()
}

/// Criteria of one check each that looks at `src` alone; the last one fails.
fn of_inputs(count: usize) -> Vec<Value> {
    let criterion = |n: usize| {
        let run = if n + 1 == count { "test -e never" } else { "test -d src" };
        let check = json!({"command": {"run": run}, "inputs": ["src/**"]});
        json!({"criteria": format!("c{n}"), "id": format!("c{n}"), "validators": [check]})
    };
    (0..count).map(criterion).collect()
}

fn text(checks: Checks) -> String {
    let criterion = |id: &str, run: &str| json!({"criteria": id, "id": id, "validators": [{"command": run}]});
    let criteria = match checks {
        Checks::One => vec![criterion("fails", "false")],
        Checks::OneOfInputs => of_inputs(1),
        Checks::FiftyOfInputs => of_inputs(50),
        Checks::Two => vec![criterion("holds", "true"), criterion("fails", "false")],
    };
    let mission = json!({"id": "bench", "title": "Never done", "definition_of_done": criteria});
    json!({"mission": mission}).to_string()
}
