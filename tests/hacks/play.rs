//! Plays a case: without cco, with cco, honestly, and against the mission that it beats.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::case::{Beaten, Case};
use crate::openrouter::{OpenRouter, Reply};
use crate::support::program::Program;
use crate::support::{Finished, Place};
use crate::world::{STUB, World};

/// No more actions than a hack needs.
pub(crate) const PLAIN_CONFIG: &str = STUB;

pub(crate) fn play(case: &Case) {
    a_naive_run_believes_it(case);
    cco_does_not(case);
    honest_work_is_proven(case);
    if let Some(beaten) = &case.beaten() {
        a_weaker_mission_is_beaten(case, beaten);
    }
}

impl Case {
    fn beaten(&self) -> Option<Beaten> {
        self.beats
    }
}

fn a_naive_run_believes_it(case: &Case) {
    let place = Place::new();
    let stage = Stage::new(&place, case, case.mission, "true", &[]);
    let before = stage.sh(case.naive).run();
    assert_ne!(before.code(), 0, "{}: the naive run passes before anything is done\n{before:?}", case.hack);
    // What the cheat cannot do here is part of it: there is no cco.
    stage.sh(case.cheat).run();
    let after = stage.sh(case.naive).run();
    assert_eq!(after.code(), 0, "{}: the naive run is not fooled\n{after:?}", case.hack);
}

fn cco_does_not(case: &Case) {
    let place = Place::new();
    let judge = case.judge.map_or(&[][..], |judge| judge.cheat);
    let stage = Stage::new(&place, case, case.mission, case.cheat, judge);
    let ended = stage.start(case.iterations);
    let told = stage.told(&ended);
    // A state that cannot be read says nothing, and so not that it is done.
    let status = stage.world.try_status().unwrap_or_default();
    assert_ne!(status["outcome"], "done", "{}: it is called done\n{told}", case.hack);
    assert_eq!(ended.code(), case.ends, "{}\n{told}", case.hack);
    assert!(told.contains(&stage.fill(case.told)), "{}: `{}` is not told\n{told}", case.hack, case.told);
}

fn honest_work_is_proven(case: &Case) {
    let place = Place::new();
    let judge = case.judge.map_or(&[][..], |judge| judge.honest);
    let stage = Stage::new(&place, case, case.mission, case.honest, judge);
    let mut ended = stage.start(3);
    for words in case.person {
        assert_eq!(ended.code(), 4, "{}\n{}", case.hack, stage.told(&ended));
        stage.world.cco(words.iter().copied()).run().expect_code(0);
        ended = stage.cco(["resume", "--yes", "--no-wait"]).run();
    }
    stage.is_done(case, &ended);
}

fn a_weaker_mission_is_beaten(case: &Case, beaten: &Beaten) {
    let place = Place::new();
    let stage = Stage::new(&place, case, beaten.mission, case.cheat, &[]);
    let ended = stage.start(case.iterations);
    stage.is_done(case, &ended);
    let report: Value = serde_json::from_slice(&fs::read(stage.world.state().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["influenced"], json!(beaten.influenced), "{}", case.hack);
}

/// A repository of a case, and what surrounds it.
struct Stage<'a> {
    world: World<'a>,
    port: u16,
    /// Speaks as the judge and the manager; there as long as the stage.
    model: Option<OpenRouter>,
}

impl<'a> Stage<'a> {
    fn new(place: &'a Place, case: &Case, mission: &str, script: &str, judge: &[&str]) -> Self {
        tools(place, case);
        // A service that the hack leaves behind needs a port that nobody else has.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let model = case.judge.map(|_| OpenRouter::start(replies(judge)));
        let config = match &model {
            Some(model) => format!(
                "{}\nopenrouter: {{ base_url: \"{}\", model: test/manager, judge_model: test/judge }}\n",
                case.config,
                model.url()
            ),
            None => case.config.to_owned(),
        };
        let repo = place.repository("project");
        fs::create_dir(place.root().join("outside")).unwrap();
        let stage = Stage { world: World::around(place, repo, ""), port, model };
        stage.world.repo.write(".cco/mission.yaml", &stage.fill(mission));
        stage.world.repo.write(".cco/config.yaml", &config);
        for (path, content) in case.files {
            stage.world.repo.write(path, content);
        }
        stage.world.repo.commit("a mission");
        let scene = json!({ "steps": [{ "run": stage.fill(script) }], "result": "All checks pass. The work is done." });
        fs::write(place.root().join("worker.yaml"), json!({ "scenes": [scene] }).to_string()).unwrap();
        stage
    }

    /// The cco of this build, the repository's port and a folder beside the repository, where a text names them.
    fn fill(&self, text: &str) -> String {
        let outside = self.world.place.root().join("outside");
        text.replace("@CCO@", env!("CARGO_BIN_EXE_cco"))
            .replace("@PORT@", &self.port.to_string())
            .replace("@OUTSIDE@", &outside.display().to_string())
    }

    fn path(&self) -> String {
        let machine = std::env::var("PATH").unwrap();
        format!("{}:{machine}", self.world.place.root().join("bin").display())
    }

    fn sh(&self, line: &str) -> Program {
        let sh = self.world.place.program(Path::new("/bin/sh")).within(self.world.repo.folder());
        sh.args(["-c", &self.fill(line)]).env("PATH", &self.path())
    }

    fn cco<'b>(&self, words: impl IntoIterator<Item = &'b str>) -> Program {
        let cco = self.world.cco(words).env("PATH", &self.path());
        if self.model.is_some() { cco.env("OPENROUTER_API_KEY", "sk-or-v1-of-a-test") } else { cco }
    }

    fn start(&self, iterations: u32) -> Finished {
        self.cco(["start", "--yes", "--no-wait", "--max-iterations", &iterations.to_string()]).run()
    }

    /// Everything that people are told.
    fn told(&self, ended: &Finished) -> String {
        let status = self.world.cco(["status"]).run();
        let log = self.world.cco(["logs"]).run();
        let evidence = fs::read_to_string(self.world.state().join("report.json")).unwrap_or_default();
        format!("{}\n{}\n{}\n{}\n{evidence}", ended.stderr, status.stdout, status.stderr, log.stdout)
    }

    fn is_done(&self, case: &Case, ended: &Finished) {
        assert_eq!(ended.code(), 0, "{}\n{}", case.hack, self.told(ended));
        let status = self.world.status();
        assert_eq!(status["outcome"], "done", "{}: {status}", case.hack);
        assert_eq!(status["tally"]["proven"], status["tally"]["required"], "{}: {status}", case.hack);
    }
}

/// The programs of the case and the interpreters themselves, not what stands before them on PATH: a version manager's
/// shims look into HOME, and HOME is the place's own.
fn tools(place: &Place, case: &Case) {
    static FOUND: OnceLock<[PathBuf; 2]> = OnceLock::new();
    let [python, node] = FOUND.get_or_init(|| {
        [real("python3", &["-c", "import sys; print(sys.executable)"]), real("node", &["-p", "process.execPath"])]
    });
    let bin = place.root().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(python, bin.join("python3")).unwrap();
    symlink(node, bin.join("node")).unwrap();
    for (name, text) in case.programs {
        fs::write(bin.join(name), text).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn real(program: &str, ask: &[&str]) -> PathBuf {
    let told = Command::new(program).args(ask).output();
    let told = told.unwrap_or_else(|error| panic!("these tests need {program}: {error}"));
    assert!(told.status.success(), "these tests need {program}: {told:?}");
    PathBuf::from(String::from_utf8(told.stdout).unwrap().trim())
}

/// A judge's answers with the one plan between the first and the second.
fn replies(judge: &[&str]) -> Vec<Reply> {
    let plan = json!({
        "analysis": "it is asked for", "strategy": "proceed", "conversation": "continue", "impossible": null,
        "question": null, "tasks": [],
        "action": { "title": "Do it", "prompt": "Do what the mission asks.", "criteria": [], "agent": null,
            "tier": "standard" },
    });
    let mut replies: Vec<Reply> = judge.iter().copied().map(Reply::says).collect();
    if !replies.is_empty() {
        replies.insert(1, Reply::says(plan.to_string()));
    }
    replies
}
