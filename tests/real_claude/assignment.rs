//! A mission in a repository, worked on by the real `claude` under the real `cco`, planned by the checklist manager.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::claude;
use crate::support::program::Program;
use crate::support::{MessagesApi, Place, Repository};

/// The greeting is said when `sh greet.sh` prints it; the page is written when GREETING.md names it.
pub(crate) const TWO_CRITERIA: &str = r#"mission:
  id: greeting
  title: "A greeting and its page"
  description: |
    Write greet.sh and describe it in GREETING.md.
  definition_of_done:
    - criteria: "greet.sh greets the world"
      id: greets
      priority: critical
      validators:
        - command: { run: "sh greet.sh", stdout_contains: ["Hello, world!"] }
    - criteria: "GREETING.md describes it"
      id: page
      priority: medium
      validators:
        - file: { path: GREETING.md, contains: ["sh greet.sh"] }
"#;

/// One criterion: what is in `word.txt`.
pub(crate) const ONE_CRITERION: &str = r#"mission:
  id: word
  title: "A word in a file"
  description: |
    Write the word ORANGE into word.txt.
  definition_of_done:
    - criteria: "word.txt says ORANGE"
      id: word
      validators:
        - file: { path: word.txt, contains: ["ORANGE"] }
"#;

/// The command lines of what a cco that has ended left running. A supervisor that waits for its first order ends by
/// itself a moment after its cco, and is nothing that was left.
pub(crate) fn left_running(place: &Place) -> Vec<String> {
    let own = |pid: &Pid| {
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        program.is_ok_and(|program| program == Path::new(env!("CARGO_BIN_EXE_cco")))
    };
    let left = place.processes().into_iter().filter(|pid| !own(pid));
    left.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).ok())
        .filter(|line| !line.is_empty())
        .collect()
}

/// A repository with a mission, and what a `cco` in it is started with.
pub(crate) struct Assignment<'a> {
    place: &'a Place,
    pub(crate) repository: Repository<'a>,
}

impl<'a> Assignment<'a> {
    /// Writes mission and configuration and commits them.
    pub(crate) fn new(place: &'a Place, api: &MessagesApi, mission: &str) -> Self {
        Self::configured(place, api, mission, &json!({}))
    }

    /// The same with more keys of the configuration, section by section.
    pub(crate) fn configured(place: &'a Place, api: &MessagesApi, mission: &str, more: &Value) -> Self {
        Self::within(place, "repo", api, mission, more)
    }

    /// The same in a folder of this name.
    pub(crate) fn within(place: &'a Place, folder: &str, api: &MessagesApi, mission: &str, more: &Value) -> Self {
        let repository = place.repository(folder);
        // The key comes from the environment, as a user's does; the rest is what makes the program reach the script.
        let environment = claude::environment(api).into_iter().filter(|(name, _)| *name != "ANTHROPIC_API_KEY");
        let environment =
            environment.map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>();
        let mut config = json!({
            "orchestrator": {"manager": "checklist"},
            "claude_code": {"path": claude::program(), "env": environment},
        });
        for (section, keys) in more.as_object().into_iter().flatten() {
            for (key, value) in keys.as_object().into_iter().flatten() {
                match (config[section][key].as_object_mut(), value.as_object()) {
                    (Some(old), Some(new)) => old.extend(new.clone()),
                    _ => config[section][key] = value.clone(),
                }
            }
        }
        repository.write(".cco/mission.yaml", mission);
        repository.write(".cco/config.yaml", &format!("{config:#}\n"));
        repository.commit("the mission");
        Self { place, repository }
    }

    /// `cco` in the repository, with a key.
    pub(crate) fn cco<'b>(&self, arguments: impl IntoIterator<Item = &'b str>) -> Program {
        let cco = self.place.cco(arguments).within(self.repository.folder());
        cco.env("ANTHROPIC_API_KEY", "sk-test-not-a-key")
    }

    /// `cco start` that trusts the mission and leaves rather than waits.
    pub(crate) fn start(&self) -> Program {
        self.cco(["start", "--yes", "--no-wait", "--max-wait", "0s", "--max-iterations", "6"])
    }

    /// The first iteration alone, which ends with the mission not done.
    #[track_caller]
    pub(crate) fn one_action(&self) {
        self.cco(["trust", "--yes"]).run().expect_code(0);
        self.cco(["next"]).run().expect_code(3);
        assert_eq!(self.status()["iterations"], 1);
    }

    /// `cco resume` that leaves rather than waits.
    pub(crate) fn resume(&self) -> Program {
        self.cco(["resume", "--yes", "--no-wait", "--max-wait", "0s"])
    }

    /// `cco status --json`.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        let status = self.cco(["status", "--json"]).run().expect_code(0);
        serde_json::from_str(&status.stdout).unwrap_or_else(|error| panic!("{error}: {}", status.stdout))
    }

    /// The iterations as `cco history --json` tells them.
    #[track_caller]
    pub(crate) fn iterations(&self) -> Vec<Value> {
        let history = self.cco(["history", "--json"]).run().expect_code(0);
        let history: Value = serde_json::from_str(&history.stdout).unwrap();
        history["iterations"].as_array().unwrap_or_else(|| panic!("{history:#}")).clone()
    }

    /// A file of the work tree by its absolute path, as the tools of `claude` take it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.repository.folder().join(name)
    }

    /// The files of a commit with what is in them, without what cco itself was given.
    pub(crate) fn files(&self, commit: &str) -> String {
        let files = self.repository.git(["ls-tree", "-r", commit]);
        files.lines().filter(|line| !line.contains("\t.cco/")).map(|line| format!("{line}\n")).collect()
    }

    /// The conversations that Claude Code has stored in the configuration folder that cco gives it.
    pub(crate) fn conversations(&self) -> Vec<PathBuf> {
        let projects = self.repository.folder().join(".git/cco/worker/claude/projects");
        let projects = fs::read_dir(&projects).unwrap_or_else(|error| panic!("{}: {error}", projects.display()));
        let files = projects.flatten().flat_map(|project| fs::read_dir(project.path()).into_iter().flatten().flatten());
        files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).collect()
    }

    /// What the stored conversations hold so far; nothing before there is one.
    pub(crate) fn stored(&self) -> String {
        let projects = fs::read_dir(self.repository.folder().join(".git/cco/worker/claude/projects"));
        let files = projects.into_iter().flatten().flatten().flat_map(|project| fs::read_dir(project.path()));
        let texts = files.flatten().flatten().filter_map(|file| fs::read_to_string(file.path()).ok());
        texts.collect()
    }

    /// Whether these dollars are what Claude Code says that its newest conversation has cost in all.
    #[track_caller]
    pub(crate) fn is_what_was_reported(&self, dollars: &Value) -> bool {
        let attempts = fs::read_dir(self.repository.folder().join(".git/cco/attempts")).unwrap().flatten();
        let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u64>().ok();
        let worked = attempts.map(|entry| entry.path()).filter(|path| path.join("prompt.txt").exists());
        let spool = fs::read_to_string(worked.max_by_key(number).expect("an attempt").join("stdout")).unwrap();
        let mut lines = spool.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let result = lines.rfind(|line| line["type"] == "result").expect("a result");
        let reported = result["total_cost_usd"].as_f64().unwrap();
        // Booked in whole micro-dollars.
        (dollars.as_f64().unwrap() - reported).abs() < 1e-5
    }
}
