//! A worker whose program is the fake `claude`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cco::process::Supervisor;
use cco::words::{IterationNumber, SessionId};
use cco::worker::{ALLOWED_TOOLS, Claude, Control, Credential, Kind, Limits, Live, Opening, Report, Request, Worker};
use serde_json::{Value, json};

pub(crate) const CCO: &str = env!("CARGO_BIN_EXE_cco");
const FAKE: &str = env!("CARGO_BIN_EXE_fake-claude");

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) marker: String,
    pub(crate) limits: Limits,
    pub(crate) grace: Duration,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            marker: uuid::Uuid::new_v4().to_string(),
            limits: Limits::default(),
            grace: Duration::from_secs(10),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
        path
    }

    /// A worker that plays these steps.
    pub(crate) fn worker(&self, steps: &Value) -> Worker {
        let script = self.path("script.json");
        std::fs::write(&script, steps.to_string()).unwrap();
        let environment = [("PATH", std::env::var("PATH").unwrap()), ("SECRET_TOKEN", "canary".into())];
        let claude = Claude {
            program: FAKE.into(),
            environment: environment.map(|(name, value)| (name.into(), value.into())).to_vec(),
            pass_env: Vec::new(),
            env: vec![("FAKE_CLAUDE".into(), script.to_str().unwrap().into())],
            credential: Credential::ApiKey("key".into()),
            private_dir: self.path("private"),
            permission_mode: "dontAsk".into(),
            allowed_tools: ALLOWED_TOOLS.map(str::to_owned).to_vec(),
            disallowed_tools: Vec::new(),
            settings: serde_json::Map::new(),
        };
        self.of_kind(Kind::Claude(Box::new(claude)))
    }

    pub(crate) fn of_kind(&self, kind: Kind) -> Worker {
        Worker {
            kind,
            supervisor: Supervisor::new(CCO),
            cwd: self.dir.path().to_owned(),
            limits: self.limits,
            grace: self.grace,
            orphan_grace: Duration::ZERO,
        }
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            prompt: "Do it.".into(),
            session: SessionId(uuid::Uuid::from_u128(5)),
            opening: Opening::Start,
            iteration: IterationNumber(1),
            model: None,
            effort: None,
            max_turns: None,
            max_budget: None,
            system_prompt: String::new(),
            agents: None,
            plugins: Vec::new(),
            dir: self.path("attempt"),
            marker: self.marker.clone(),
        }
    }

    /// Plays the steps to their end.
    pub(crate) async fn play(&self, steps: &Value) -> (Report, Vec<Live>) {
        let mut live = Vec::new();
        let acted = self.worker(steps).act(&self.request(), &Control::default(), |news| live.push(news)).await;
        (acted.unwrap(), live)
    }
}

pub(crate) fn transcript(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transcripts").join(format!("{name}.ndjson"))
}

/// The steps that replay a transcript and leave with a code.
pub(crate) fn replay(name: &str, exit: u8) -> Value {
    json!([{"replay": transcript(name)}, {"exit": exit}])
}
