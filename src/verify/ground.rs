//! The ground a check stands on: everything it is given, and nothing else. It knows no repository, only a folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::baseline::Baseline;
use super::environment::Environment;
use super::files;
use super::finding::Finding;
use super::git::History;
use super::judge::Answer;
use super::manual::Approval;
use crate::mission::{Check, Service};
use crate::process::Supervisor;
use crate::words::{CheckId, TreeId};

/// What all checks of one job share.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) dir: PathBuf,
    pub(super) tree: TreeId,
    pub(super) environment: Environment,
    pub(super) spool: PathBuf,
    pub(super) marker: String,
    pub(super) services: Vec<Service>,
    pub(super) baseline: Option<Baseline>,
    pub(super) history: Option<Arc<History>>,
    pub(super) answers: BTreeMap<CheckId, Vec<Answer>>,
    pub(super) approvals: Vec<Approval>,
    /// Carried files are secrets as often as not; no citation shows them.
    pub(super) hidden: Vec<String>,
    pub(super) spooled: AtomicU64,
    /// Gone with the last of what stands here.
    pub(super) _hold: Arc<dyn Debug + Send + Sync>,
}

impl Ground {
    /// Private temporary files of this job's programs.
    pub(super) fn temporary(&self) -> PathBuf {
        self.spool.join("tmp")
    }

    /// A folder of its own for one program's output. One left by an earlier try at the same job is not written to again.
    pub(super) fn spool_for(&self, name: &str) -> PathBuf {
        loop {
            let number = self.spooled.fetch_add(1, Ordering::Relaxed);
            let folder = self.spool.join(format!("{number:03}-{name}"));
            if !folder.exists() {
                return folder;
            }
        }
    }
}

/// One check on its ground.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) ground: &'a Ground,
    pub(super) id: &'a CheckId,
    pub(super) check: &'a Check,
    /// The port its service was given.
    pub(super) port: Option<u16>,
    /// Whether a service of its own is up.
    pub(super) served: Served,
}

/// Whether a check runs beside its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Served {
    Yes,
    No,
}

impl Place<'_> {
    /// The folder the check runs in.
    pub(super) fn folder(&self) -> Result<PathBuf, Finding> {
        let cwd = &self.check.cwd;
        let folder = files::resolve(&self.ground.dir, Path::new(cwd));
        let folder = folder.map_err(|error| Finding::inconclusive(format!("its folder `{cwd}` {error}")))?;
        if folder.is_dir() { Ok(folder) } else { Err(Finding::inconclusive(format!("its folder `{cwd}` is a file"))) }
    }

    /// A path of the check, relative to the root of the tree.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        Path::new(&self.check.cwd).join(path)
    }

    /// The complete environment of its programs.
    pub(super) fn variables(&self) -> Vec<(OsString, OsString)> {
        variables(self.ground, self.port)
    }

    /// `${PORT}` replaced by the port of its service.
    pub(super) fn with_port(&self, text: &str) -> String {
        with_port(text, self.port)
    }
}

pub(super) fn variables(ground: &Ground, port: Option<u16>) -> Vec<(OsString, OsString)> {
    let mut variables = ground.environment.variables().to_vec();
    variables.retain(|(name, _)| name != "TMPDIR" && (port.is_none() || name != "PORT"));
    variables.push(("TMPDIR".into(), ground.temporary().into()));
    variables.extend(port.map(|port| ("PORT".into(), port.to_string().into())));
    variables
}

pub(super) fn with_port(text: &str, port: Option<u16>) -> String {
    port.map_or_else(|| text.to_owned(), |port| text.replace("${PORT}", &port.to_string()))
}
