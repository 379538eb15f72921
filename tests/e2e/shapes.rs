//! Shapes of repositories, from `cco start` to its end.

use serde_json::Value;

use crate::support::Place;
use crate::world::{ONE, RIGHT, STEPS, STUB, TWO, World};

#[test]
fn a_dirty_and_a_staged_tree_are_kept_and_the_way_back_is_free() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, RIGHT);
    let repo = &world.repo;
    repo.write("README.md", "# Changed, not staged\n");
    repo.write("staged.txt", "staged\n");
    repo.git(["add", "staged.txt"]);
    repo.write("untracked.txt", "untracked\n");
    let main = repo.git(["rev-parse", "main"]);
    world.start([]).expect_code(0);
    assert_eq!(repo.git(["branch", "--show-current"]), "cco/one-file");
    assert_eq!(repo.status(), "");
    for (path, content) in
        [("README.md", "# Changed, not staged\n"), ("staged.txt", "staged\n"), ("untracked.txt", "untracked\n")]
    {
        assert_eq!(repo.read(path), content);
        assert_eq!(format!("{}\n", repo.git(["show", &format!("HEAD:{path}")])), content);
    }
    repo.git(["switch", "--quiet", "main"]);
    assert_eq!((repo.head(), repo.status()), (main, String::new()));
    assert!(!repo.has("made.txt"));
}

#[test]
fn a_detached_head_is_left_for_the_branch_of_the_mission() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, RIGHT);
    world.repo.git(["switch", "--quiet", "--detach"]);
    world.start([]).expect_code(0);
    assert_eq!(world.repo.git(["branch", "--show-current"]), "cco/one-file");

    let place = Place::new();
    let world = World::new(&place, ONE, &format!("{STUB}repository: {{ branch: current }}\n"), RIGHT);
    world.repo.git(["switch", "--quiet", "--detach"]);
    let told = world.start([]).expect_code(9);
    assert!(told.stderr.contains("detached"), "{}", told.stderr);
}

#[test]
fn the_current_branch_takes_the_work_where_that_is_wanted() {
    let place = Place::new();
    let world = World::new(&place, ONE, &format!("{STUB}repository: {{ branch: current }}\n"), RIGHT);
    let before = world.repo.head();
    world.start([]).expect_code(0);
    assert_eq!(world.repo.git(["branch", "--show-current"]), "main");
    assert_eq!(world.repo.git(["rev-parse", "HEAD~"]), before);
    assert_eq!((world.repo.status(), world.repo.read("made.txt")), (String::new(), "right\n".to_owned()));
}

#[test]
fn a_linked_work_tree_is_worked_on_and_the_main_one_left_alone() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, RIGHT);
    world.repo.git(["worktree", "add", "--quiet", "../linked", "-b", "topic"]);
    let linked = place.root().join("linked");
    world.cco(["start", "--yes", "--no-wait"]).within(&linked).run().expect_code(0);
    assert_eq!(std::fs::read_to_string(linked.join("made.txt")).unwrap(), "right\n");
    let git = |arguments: &[&str]| {
        let git = place.program("git".as_ref()).args(arguments.iter().copied()).within(&linked);
        git.run().expect_code(0).stdout.trim().to_owned()
    };
    assert_eq!(
        (git(&["branch", "--show-current"]), git(&["status", "--porcelain"])),
        ("cco/one-file".into(), String::new())
    );
    assert_eq!(world.repo.git(["branch", "--show-current"]), "main");
    assert_eq!(world.repo.status(), "");
    assert!(!world.repo.has("made.txt"));
    assert_eq!(world.status()["outcome"], "done", "one state over all work trees");
}

#[test]
fn a_repository_with_sha256_names_is_worked_on() {
    let place = Place::new();
    let folder = place.root().join("wide");
    let git = |arguments: &[&str]| place.program("git".as_ref()).args(arguments.iter().copied()).within(&folder).run();
    std::fs::create_dir_all(folder.join(".cco")).unwrap();
    git(&["init", "--quiet", "--initial-branch=main", "--object-format=sha256"]).expect_code(0);
    std::fs::write(folder.join(".cco/mission.yaml"), ONE).unwrap();
    std::fs::write(folder.join(".cco/config.yaml"), STUB).unwrap();
    std::fs::write(place.root().join("worker.yaml"), RIGHT).unwrap();
    git(&["add", "--all"]).expect_code(0);
    git(&["commit", "--quiet", "--message", "a mission"]).expect_code(0);
    let script = place.root().join("worker.yaml");
    let cco = place.cco(["start", "--yes", "--no-wait", "--json"]).within(&folder);
    let told = cco.env("CCO_STUB_SCRIPT", script.to_str().unwrap()).env("CCO_STUB_PACE", "0").run().expect_code(0);
    let status: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(status["head"].as_str().unwrap().len(), 64);
    assert_eq!(git(&["rev-parse", "HEAD"]).stdout.trim(), status["head"]);
    assert_eq!(git(&["status", "--porcelain"]).stdout, "");
}

/// The commits of [`TWO`], newest first, under a setting of `repository`.
fn commits(setting: &str) -> (Vec<String>, String) {
    let place = Place::new();
    let world = World::new(&place, TWO, &format!("{STUB}repository: {{ {setting} }}\n"), STEPS);
    world.start([]).expect_code(0);
    assert_eq!(world.status()["iterations"], 2);
    assert_eq!(world.repo.status(), "");
    (world.commits("cco/two-files"), world.repo.git(["show", "HEAD:second.txt"]))
}

#[test]
fn a_commit_for_each_iteration() {
    let (commits, second) = commits("commit_frequency: per_iteration");
    assert_eq!((commits.len(), second.as_str()), (2, "two"), "{commits:?}");
}

#[test]
fn one_commit_where_session_phase_or_mission_end_is_the_measure() {
    for setting in [
        "commit_frequency: per_session",
        "commit_frequency: per_phase",
        "commit_frequency: on_completion",
        "auto_commit: false",
    ] {
        let (commits, second) = commits(setting);
        assert_eq!((commits.len(), second.as_str()), (1, "two"), "{setting}: {commits:?}");
    }
}

#[test]
fn each_commit_names_its_iteration_and_its_place_in_the_journal() {
    let place = Place::new();
    let config = format!("{STUB}repository: {{ commit_frequency: per_iteration }}\n");
    let world = World::new(&place, TWO, &config, STEPS);
    world.start([]).expect_code(0);
    let trailers = world.repo.git(["log", "--format=%(trailers:key=Cco-Iteration,valueonly)", "main..HEAD"]);
    assert_eq!(trailers.split_whitespace().collect::<Vec<_>>(), ["2", "1"]);
    let anchors = world.repo.git(["log", "--format=%(trailers:key=Cco-Journal,valueonly)", "main..HEAD"]);
    assert_eq!(anchors.split_whitespace().count(), 2, "{anchors}");
}

#[test]
fn a_file_that_the_mission_branch_would_write_over_is_refused_not_lost() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, RIGHT);
    world.start([]).expect_code(0);
    let repo = &world.repo;
    repo.git(["switch", "--quiet", "main"]);
    repo.write("made.txt", "mine, and not committed\n");
    let told = world.start(["--fresh"]);
    assert_eq!(repo.read("made.txt"), "mine, and not committed\n", "{}", told.stderr);
    assert_eq!(told.code(), 9, "{}", told.stderr);
    assert_eq!(repo.git(["branch", "--show-current"]), "main");
}

#[test]
fn what_is_ignored_stays_and_is_not_committed() {
    let place = Place::new();
    let world = World::new(&place, ONE, STUB, RIGHT);
    world.repo.write(".gitignore", "secret.env\n");
    world.repo.commit("ignore");
    world.repo.write("secret.env", "TOKEN=canary-8842\n");
    world.start([]).expect_code(0);
    assert_eq!(world.repo.read("secret.env"), "TOKEN=canary-8842\n");
    assert_eq!(world.repo.git(["ls-tree", "-r", "--name-only", "HEAD"]).matches("secret.env").count(), 0);
    for path in crate::world::files(&world.state()) {
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"canary-8842"), "{}", path.display());
    }
}

#[test]
fn the_users_branches_tags_and_stash_are_as_they_were() {
    let place = Place::new();
    let world = World::new(&place, TWO, STUB, STEPS);
    let repo = &world.repo;
    repo.git(["tag", "v1"]);
    repo.git(["branch", "topic"]);
    repo.write("README.md", "stashed\n");
    repo.git(["stash", "--quiet"]);
    let refs = || {
        let refs = repo.git(["for-each-ref", "--format=%(refname) %(objectname)"]);
        refs.lines().filter(|line| !line.contains("cco")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = refs();
    world.start([]).expect_code(0);
    assert_eq!(refs(), before);
    assert_eq!(repo.git(["stash", "list"]).lines().count(), 1);
}
