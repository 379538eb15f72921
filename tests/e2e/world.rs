//! A repository with a mission, a configuration and a scripted worker, and the calls of `cco` on it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::Program;
use crate::support::{Finished, Place, Repository, Running, wait_until};

/// A mission of one file with one content: the smallest work there is.
pub(crate) const ONE: &str = "\
title: One file
definition_of_done:
  - criteria: The file is right
    id: right
    validators:
      - file: { path: made.txt, contains: [right] }
";

/// The same in two steps, so that there is a second iteration.
pub(crate) const TWO: &str = "\
title: Two files
definition_of_done:
  - criteria: The first file is there
    id: first
    priority: high
    validators:
      - command: test -e first.txt
  - criteria: The second file is there
    id: second
    validators:
      - file: { path: second.txt, contains: [two] }
";

/// No key, no network: the embedded manager and the scripted worker.
pub(crate) const STUB: &str = "orchestrator: { manager: checklist, execution_mode: stub }\n";

/// Does what [`ONE`] asks.
pub(crate) const RIGHT: &str = "\
scenes:
  - steps: [{ write: { path: made.txt, content: \"right\\n\" } }]
    result: I wrote it.
";

/// Does what [`TWO`] asks, a file each action.
pub(crate) const STEPS: &str = "\
scenes:
  - steps: [{ write: { path: first.txt, content: \"one\\n\" } }]
    result: The first is there.
  - steps: [{ write: { path: second.txt, content: \"two\\n\" } }]
    result: The second is there.
";

/// The first action waits for a sign, the second does not.
pub(crate) const GATED_STEPS: &str = "\
scenes:
  - steps:
      - run: \"touch ../begun; until [ -e ../go ]; do sleep 0.02; done\"
      - write: { path: first.txt, content: one }
    result: The first is there.
  - steps: [{ write: { path: second.txt, content: two } }]
    result: The second is there.
";

/// Does nothing, for ever.
pub(crate) const IDLE: &str = "scenes: [{ result: Nothing to do. }]\n";

/// A repository under a mission.
pub(crate) struct World<'a> {
    pub(crate) place: &'a Place,
    pub(crate) repo: Repository<'a>,
    script: PathBuf,
}

impl<'a> World<'a> {
    /// Mission and configuration are committed, as people do.
    pub(crate) fn new(place: &'a Place, mission: &str, config: &str, script: &str) -> Self {
        let world = Self::around(place, place.repository("project"), script);
        world.repo.write(".cco/mission.yaml", mission);
        world.repo.write(".cco/config.yaml", config);
        world.repo.commit("a mission");
        world
    }

    /// Around a repository that is there already.
    pub(crate) fn around(place: &'a Place, repo: Repository<'a>, script: &str) -> Self {
        let path = place.root().join("worker.yaml");
        fs::write(&path, script).unwrap();
        Self { place, repo, script: path }
    }

    /// A call of `cco` in the repository.
    pub(crate) fn cco<'b>(&self, arguments: impl IntoIterator<Item = &'b str>) -> Program {
        let cco = self.place.cco(arguments).within(self.repo.folder());
        cco.env("CCO_STUB_SCRIPT", self.script.to_str().unwrap()).env("CCO_STUB_PACE", "0")
    }

    /// `cco start --yes --no-wait` with more arguments, to its end.
    pub(crate) fn start<'b>(&self, more: impl IntoIterator<Item = &'b str>) -> Finished {
        self.cco(["start", "--yes", "--no-wait"]).args(more).run()
    }

    /// `cco start --yes`, left running, once its daemon answers.
    pub(crate) fn live(&self) -> Running {
        let running = self.cco(["start", "--yes"]).start();
        self.wait_for_status("a daemon that answers", |_| self.socket().exists());
        running
    }

    /// What `cco status --json` prints, if there is a run.
    pub(crate) fn try_status(&self) -> Option<Value> {
        let told = self.cco(["status", "--json"]).run();
        (told.code() == 0).then(|| serde_json::from_str(&told.stdout).unwrap())
    }

    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        let told = self.cco(["status", "--json"]).run().expect_code(0);
        serde_json::from_str(&told.stdout).unwrap()
    }

    /// Waits until the status is as wanted.
    pub(crate) fn wait_for_status(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, || self.try_status().filter(|status| wanted(status)))
    }

    /// Waits for a stage.
    pub(crate) fn wait_for_stage(&self, stage: &str) -> Value {
        self.wait_for_status(stage, |status| status["stage"] == stage)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.repo.folder().join(".git/cco")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.state().join("control.sock")
    }

    /// A file beside the repository, for signs between test and worker.
    pub(crate) fn sign(&self, name: &str) -> PathBuf {
        self.place.root().join(name)
    }

    /// Waits for a sign of the worker.
    pub(crate) fn wait_for_sign(&self, name: &str) {
        let path = self.sign(name);
        wait_until(name, || path.exists().then_some(()));
    }

    /// Gives the worker a sign.
    pub(crate) fn give_sign(&self, name: &str) {
        fs::write(self.sign(name), "").unwrap();
    }

    /// Commits that a mission made on its branch.
    pub(crate) fn commits(&self, branch: &str) -> Vec<String> {
        let log = self.repo.git(["log", "--format=%s", &format!("main..{branch}")]);
        log.lines().map(str::to_owned).collect()
    }

    /// Nothing of the place runs on; the end of a killed tree is waited for.
    pub(crate) fn nothing_runs(&self) {
        wait_until("nothing runs on", || self.place.processes().is_empty().then_some(()));
    }
}

/// A script of one scene that tells that it has begun and then waits to be told to go on.
pub(crate) fn gated(steps: &str) -> String {
    format!(
        "scenes:
  - steps:
      - run: \"touch ../begun; until [ -e ../go ]; do sleep 0.02; done\"
{steps}
    result: I went on.
"
    )
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => found.extend(files(&entry.path())),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}
