//! A supervisor, a folder, and a look at /proc from outside.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cco::process::{Command, MARKER, Process, Stdin, Supervisor};

pub(crate) const CCO: &str = env!("CARGO_BIN_EXE_cco");

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) marker: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), marker: uuid::Uuid::new_v4().to_string() }
    }

    pub(crate) fn attempt(&self) -> PathBuf {
        self.dir.path().join("attempt")
    }

    pub(crate) fn shell(&self, script: &str) -> Command {
        Command {
            argv: ["sh", "-c", script].map(OsString::from).to_vec(),
            cwd: self.dir.path().to_owned(),
            env: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
            stdin: Stdin::Null,
            dir: self.attempt(),
            marker: self.marker.clone(),
            timeout: Some(Duration::from_secs(60)),
            output_limit: 1 << 20,
            grace: Duration::from_secs(10),
            orphan_grace: Duration::ZERO,
        }
    }

    pub(crate) async fn start(&self, command: &Command) -> Process {
        Supervisor::new(CCO).spawn(command).await.unwrap()
    }

    /// The pids that carry the marker, seen from outside.
    pub(crate) fn carriers(&self) -> Vec<u32> {
        let wanted = format!("{MARKER}={}", self.marker);
        let pids =
            std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
        })
        .collect()
    }
}

/// A named pipe: reading it waits until something is written, writing waits for a reader.
pub(crate) fn fifo(path: &Path) {
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
}

pub(crate) async fn read(path: PathBuf) -> String {
    tokio::task::spawn_blocking(move || std::fs::read_to_string(path).unwrap()).await.unwrap()
}

/// Four ways in which a tool gets away from the program that started it; each reports on the fifo `ready` when it
/// runs. The program itself stays.
pub(crate) const RUNAWAYS: &str = r#"
    runaway='echo up > ready; exec sleep 1000'
    sh -c "$runaway" &
    setsid sh -c "$runaway" &
    (setsid sh -c "$runaway" &) 
    nohup sh -c "trap '' TERM HUP INT; $runaway" >/dev/null 2>&1 &
"#;
pub(crate) const RUNAWAY_COUNT: usize = 4;

/// Waits until all of [`RUNAWAYS`] run.
pub(crate) async fn runaways_are_up(bench: &Bench) {
    let ready = bench.dir.path().join("ready");
    tokio::task::spawn_blocking(move || {
        use std::io::Read as _;
        // Opened for both, so that it does not end while nobody else holds it.
        let mut pipe = std::fs::OpenOptions::new().read(true).write(true).open(ready).unwrap();
        pipe.read_exact(&mut [0; 3 * RUNAWAY_COUNT]).unwrap();
    })
    .await
    .unwrap();
}
