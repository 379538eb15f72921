//! One mission of the crowd, by its seed: the real program on a real repository, and a judge who looks at the commit alone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::draw::draw;
use crate::support::{Place, Repository};
use crate::task::{Blob, Files, Task, Tree};
use crate::worker::{Expected, Kind, Worker};

/// The most iterations that any mission of the crowd may take.
const MOST_ITERATIONS: u64 = 40;

/// How a mission ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Exit 0 and `done`.
    Done,
    /// Exit 6: no progress, or criteria that contradict each other.
    Stopped,
    /// Exit 4, or 9 where the worker planted what cco does not run beside: a person is asked.
    Person,
}

/// What is known of a mission afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) ended: Ended,
    /// Whether the last commit of the mission's branch really meets every criterion.
    pub(crate) truth: bool,
    pub(crate) iterations: u64,
}

/// Runs a mission and holds it against what is known of its worker.
pub(crate) fn mission(seed: u64) -> Told {
    let task = Task::drawn(seed);
    let worker = Worker::drawn(seed, &task);
    let place = Place::new();
    let repo = prepare(&place, seed, &task, &worker);
    let cco = |arguments: &[&str]| {
        let script = place.root().join("worker.json");
        let cco = place.cco(arguments.iter().copied()).within(repo.folder());
        cco.env("CCO_STUB_SCRIPT", script.to_str().unwrap()).env("CCO_STUB_PACE", "0").run()
    };
    let told = cco(&["start", "--yes", "--no-wait"]);
    let status: Value = serde_json::from_str(&cco(&["status", "--json"]).expect_code(0).stdout).unwrap();
    let story = format!("{worker:?}\n{}\n{status}", told.stderr);
    let ended = match (told.code(), status["outcome"].as_str()) {
        (0, Some("done")) => Ended::Done,
        (6, Some("stalled" | "impossible")) => Ended::Stopped,
        (4, None) => Ended::Person,
        // A setting of git that runs programs is for a person to look at.
        (9, None) if worker.kind == Kind::Cheating => Ended::Person,
        other => panic!("the mission ended as {other:?}\n{story}"),
    };
    let iterations = status["iterations"].as_u64().unwrap();
    let truth = truth(&place, &repo, &task, &status, ended);
    assert!(ended != Ended::Done || truth, "done, and not true\n{story}");
    assert!(iterations <= MOST_ITERATIONS, "{iterations} iterations\n{story}");
    match worker.expected {
        Expected::Done => assert_eq!(ended, Ended::Done, "{story}"),
        Expected::NotDone => assert_ne!(ended, Ended::Done, "{story}"),
        Expected::Open => {}
    }
    Told { kind: worker.kind, ended, truth, iterations }
}

fn prepare<'a>(place: &'a Place, seed: u64, task: &Task, worker: &Worker) -> Repository<'a> {
    let repo = place.repository("project");
    let on_stall = ["replan", "escalate", "stop"][draw(seed, "on stall", 0, 3) as usize];
    let stall_after = 4 + draw(seed, "stall after", 0, 2);
    let frequency = ["per_iteration", "per_session", "on_completion"][draw(seed, "frequency", 0, 3) as usize];
    let config = format!(
        "orchestrator: {{ manager: checklist, execution_mode: stub, stall_after: {stall_after}, on_stall: {on_stall} }}\n\
         repository: {{ commit_frequency: {frequency} }}\n"
    );
    repo.write(".cco/mission.yaml", &task.mission(seed));
    repo.write(".cco/config.yaml", &config);
    for (path, text) in task.start() {
        repo.write(path, &text);
    }
    repo.commit("a mission");
    for piece in &task.pieces {
        let works = place.root().join("works").join(piece.id());
        lay_out(&works.join("right"), &piece.right());
        for (files, n) in piece.wrong().iter().zip(0..) {
            lay_out(&works.join(format!("wrong{n}")), files);
        }
    }
    fs::create_dir(place.root().join("memory")).unwrap();
    fs::write(place.root().join("act.sh"), &worker.act).unwrap();
    fs::write(place.root().join("worker.json"), &worker.script).unwrap();
    repo
}

fn lay_out(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).unwrap();
    for (path, text) in files {
        fs::write(folder.join(path), text).unwrap();
    }
}

/// Whether every criterion is really met by the commit that was published; of a mission that says it is done, by the one
/// it names.
fn truth(place: &Place, repo: &Repository<'_>, task: &Task, status: &Value, ended: Ended) -> bool {
    let git = git2::Repository::open(repo.folder()).unwrap();
    let branch = git.find_reference("refs/heads/cco/crowd").unwrap().peel_to_commit().unwrap();
    if ended == Ended::Done {
        assert_eq!(status["ended"]["commit"], branch.id().to_string(), "the proven commit is the published one");
    }
    let tree = tree_of(&git, &branch);
    let folder = place.root().join("truth");
    for (path, blob) in &tree {
        if let Blob::File(bytes) = blob {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    task.pieces.iter().all(|piece| piece.is_met(&tree, &folder))
}

/// The blobs as they are stored: no filter, no attribute and no hook has a say.
fn tree_of(git: &git2::Repository, commit: &git2::Commit<'_>) -> Tree {
    let mut tree = Tree::new();
    commit
        .tree()
        .unwrap()
        .walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            let path = format!("{folder}{}", entry.name().unwrap());
            let blob = match (entry.kind(), entry.filemode()) {
                (Some(git2::ObjectType::Tree), _) => return git2::TreeWalkResult::Ok,
                (Some(git2::ObjectType::Blob), 0o100_644 | 0o100_755) => {
                    Blob::File(git.find_blob(entry.id()).unwrap().content().to_vec())
                }
                _ => Blob::Other,
            };
            tree.insert(path, blob);
            git2::TreeWalkResult::Ok
        })
        .unwrap();
    tree
}
