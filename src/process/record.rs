//! What crosses the border between daemon and supervisor, and what stays in the folder of an attempt.
//!
//! The specification travels over the supervisor's standard input (no limit on its size, nothing secret in an
//! argument vector or a file). `identity.json` and `exit.json` outlive the daemon: both carry a version.

#![expect(clippy::disallowed_methods, reason = "the attempt folder belongs to this room")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Command, Error, Exit, Status, Stdin};

/// The format of both records.
const VERSION: u32 = 1;

pub(super) const STDOUT: &str = "stdout";
pub(super) const STDERR: &str = "stderr";
const IDENTITY: &str = "identity.json";
const EXIT: &str = "exit.json";

/// Text of the operating system: UTF-8 in nearly every case, bytes where it is not.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum OsText {
    Text(String),
    Bytes(Vec<u8>),
}

impl Default for OsText {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl OsText {
    fn of(text: &OsStr) -> Self {
        text.to_str().map_or_else(|| Self::Bytes(text.as_bytes().to_vec()), |text| Self::Text(text.to_owned()))
    }

    pub(super) fn into_os(self) -> OsString {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => OsString::from_vec(bytes),
        }
    }
}

/// Whether records have to survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Durability {
    /// Enough for the daemon's death: the page cache outlives it.
    Process,
    /// Spool and exit record are fsynced before the supervisor ends.
    Power,
}

/// The order given to a supervisor. Not versioned: both sides are the same binary.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    pub(super) argv: Vec<OsText>,
    pub(super) cwd: OsText,
    pub(super) env: Vec<(OsText, OsText)>,
    pub(super) stdin: Option<OsText>,
    pub(super) dir: OsText,
    pub(super) marker: String,
    pub(super) timeout: Option<Duration>,
    pub(super) output_limit: u64,
    pub(super) grace: Duration,
    pub(super) orphan_grace: Duration,
    pub(super) durability: Durability,
}

impl Spec {
    pub(super) fn of(command: &Command, durability: Durability) -> Self {
        Self {
            argv: command.argv.iter().map(|arg| OsText::of(arg)).collect(),
            cwd: OsText::of(command.cwd.as_os_str()),
            env: command.env.iter().map(|(name, value)| (OsText::of(name), OsText::of(value))).collect(),
            stdin: match &command.stdin {
                Stdin::Null => None,
                Stdin::File(path) => Some(OsText::of(path.as_os_str())),
            },
            dir: OsText::of(command.dir.as_os_str()),
            marker: command.marker.clone(),
            timeout: command.timeout,
            output_limit: command.output_limit,
            grace: command.grace,
            orphan_grace: command.orphan_grace,
            durability,
        }
    }
}

/// Who supervises an attempt: enough to know that process again after its pid was given to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    version: u32,
    pub(super) boot_id: String,
    pub(super) pid: i32,
    /// Field 22 of `/proc/PID/stat`, in clock ticks since boot.
    pub(super) start: u64,
    pub(super) marker: String,
}

impl Identity {
    pub(super) const fn new(boot_id: String, pid: i32, start: u64, marker: String) -> Self {
        Self { version: VERSION, boot_id, pid, start, marker }
    }

    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        write_record(dir, IDENTITY, self, Durability::Process)
    }

    /// `None` where no supervisor got as far as writing it.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, Error> {
        let record: Option<Self> = read_record(dir, IDENTITY)?;
        record.map(|record| known(record.version, dir, IDENTITY).map(|()| record)).transpose()
    }
}

/// How a tree ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ExitRecord {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) signal: Option<i32>,
    pub(super) timed_out: bool,
    pub(super) swept: u32,
    pub(super) output_cut: bool,
    /// Unix time in milliseconds.
    pub(super) started_at: u64,
    /// Unix time in milliseconds.
    pub(super) ended_at: u64,
    pub(super) duration_ms: u64,
    /// Why output could not be kept, where it could not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) spool_fault: Option<String>,
}

impl ExitRecord {
    pub(super) fn new(exit: Exit, started_at: u64, ended_at: u64, spool_fault: Option<String>) -> Self {
        let (code, signal) = match exit.status {
            Status::Code(code) => (Some(code), None),
            Status::Signal(signal) => (None, Some(signal)),
        };
        Self {
            version: VERSION,
            code,
            signal,
            timed_out: exit.timed_out,
            swept: exit.swept,
            output_cut: exit.output_cut,
            started_at,
            ended_at,
            duration_ms: u64::try_from(exit.duration.as_millis()).unwrap_or(u64::MAX),
            spool_fault,
        }
    }

    pub(super) fn write(&self, dir: &Path, durability: Durability) -> io::Result<()> {
        write_record(dir, EXIT, self, durability)
    }

    /// `None` where the tree did not come to its end under a supervisor, or not yet.
    pub(super) fn read(dir: &Path) -> Result<Option<Exit>, Error> {
        let Some(record): Option<Self> = read_record(dir, EXIT)? else { return Ok(None) };
        known(record.version, dir, EXIT)?;
        if let Some(message) = record.spool_fault {
            return Err(Error::Spool { dir: dir.to_owned(), message });
        }
        let status = match (record.code, record.signal) {
            (Some(code), None) => Status::Code(code),
            (None, Some(signal)) => Status::Signal(signal),
            (Some(_), Some(_)) | (None, None) => {
                let message = "holds neither an exit code nor a signal, or both".to_owned();
                return Err(Error::Record { path: dir.join(EXIT), message });
            }
        };
        Ok(Some(Exit {
            status,
            timed_out: record.timed_out,
            swept: record.swept,
            output_cut: record.output_cut,
            duration: Duration::from_millis(record.duration_ms),
        }))
    }
}

fn known(version: u32, dir: &Path, name: &str) -> Result<(), Error> {
    if version == VERSION {
        return Ok(());
    }
    let message = format!("is of version {version}; this cco reads version {VERSION}");
    Err(Error::Record { path: dir.join(name), message })
}

/// Written whole or not at all: a reader never sees half a record.
fn write_record<T: Serialize>(dir: &Path, name: &str, record: &T, durability: Durability) -> io::Result<()> {
    let temporary = dir.join(format!("{name}.new"));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    if durability == Durability::Power {
        file.sync_all()?;
    }
    fs::rename(&temporary, dir.join(name))?;
    if durability == Durability::Power {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

fn read_record<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<Option<T>, Error> {
    let path = dir.join(name);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::Record { path, message: format!("cannot be read: {error}") }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Dir { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_record_of_version_1_loads_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let text = r#"{"version":1,"signal":9,"timed_out":true,"swept":2,"output_cut":false,
            "started_at":1795169211000,"ended_at":1795169212500,"duration_ms":1500}"#;
        fs::write(dir.path().join(EXIT), text).unwrap();
        let exit = ExitRecord::read(dir.path()).unwrap().unwrap();
        assert_eq!((exit.status, exit.swept, exit.duration), (Status::Signal(9), 2, Duration::from_millis(1500)));
    }

    #[test]
    fn a_record_of_another_version_or_half_a_record_is_refused_not_guessed() {
        let dir = tempfile::tempdir().unwrap();
        for text in [
            "{\"version\":1",
            "{\"version\":2,\"code\":0,\"timed_out\":false,\"swept\":0,\"output_cut\":false,\"started_at\":0,\"ended_at\":0,\"duration_ms\":0}",
        ] {
            fs::write(dir.path().join(EXIT), text).unwrap();
            assert!(matches!(ExitRecord::read(dir.path()), Err(Error::Record { .. })), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_utf_8_survives_the_lifeline() {
        let odd = OsString::from_vec(vec![b'a', 0xff, b'b']);
        let json = serde_json::to_string(&OsText::of(&odd)).unwrap();
        assert_eq!(serde_json::from_str::<OsText>(&json).unwrap().into_os(), odd);
    }
}
