//! What is sealed stays as it was, whatever the worker does to it.

use crate::support::Place;
use crate::world::{STUB, World, files};

/// A file that the worker is asked for, and one that it may not touch.
const GUARDED: &str = "\
title: One file
protect: [\"contract/**\"]
definition_of_done:
  - criteria: The file is right
    id: right
    validators:
      - file: { path: made.txt, contains: [right] }
";

/// Does what is asked, and bends what it may not touch: changes it, adds to it, removes it, plants settings.
const BENDING: &str = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: contract/a.txt, content: \"bent\\n\" }
      - write: { path: contract/new.txt, content: \"new\\n\" }
      - write: { path: .claude/settings.json, content: \"{}\" }
      - run: \"rm -rf .cco\"
    result: Done.
";

#[test]
fn sealed_files_are_put_back_before_anything_is_checked_or_published() {
    let place = Place::new();
    let world = World::new(&place, GUARDED, STUB, BENDING);
    world.repo.write("contract/a.txt", "as agreed\n");
    world.repo.commit("the contract");
    let told = world.start([]).expect_code(0);
    assert!(told.stderr.contains("sealed paths were changed and put back"), "{}", told.stderr);
    assert_eq!(world.repo.read("contract/a.txt"), "as agreed\n");
    assert_eq!(world.repo.git(["show", "cco/one-file:contract/a.txt"]), "as agreed");
    for planted in ["contract/new.txt", ".claude/settings.json"] {
        assert!(!world.repo.has(planted), "{planted}");
    }
    assert!(world.repo.has(".cco/mission.yaml"));
    assert_eq!(world.repo.git(["diff", "--name-only", "main", "cco/one-file"]), "made.txt");
    assert_eq!(world.repo.status(), "");
}

#[test]
fn a_setting_that_runs_programs_pauses_before_anything_is_published_and_moved_refs_are_told() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - run: \"git config core.fsmonitor ./spy && git tag -d v1 && git branch elsewhere\"
    result: Done.
";
    let world = World::new(&place, GUARDED, STUB, script);
    world.repo.git(["tag", "v1"]);
    let told = world.start([]).expect_code(9);
    assert!(told.stderr.contains("run programs: core.fsmonitor"), "{}", told.stderr);
    assert!(told.stderr.contains("refs/tags/v1 was deleted"), "{}", told.stderr);
    assert!(told.stderr.contains("refs/heads/elsewhere was made at"), "{}", told.stderr);
    assert_eq!(world.commits("cco/one-file"), Vec::<String>::new());
    world.repo.git(["config", "--unset", "core.fsmonitor"]);
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    assert_eq!(world.status()["iterations"], 1);
}

#[test]
fn who_changes_what_is_sealed_again_and_again_is_told_counted_and_paused() {
    let place = Place::new();
    let scene = |n: u32| {
        format!("  - steps: [{{ write: {{ path: contract/a.txt, content: \"bent {n}\\n\" }} }}]\n    result: Bent.\n")
    };
    let right = "  - steps: [{ write: { path: made.txt, content: \"right\\n\" } }]\n    result: Done.\n";
    let script = format!("scenes:\n{}{}{}{right}", scene(1), scene(2), scene(3));
    let config = "orchestrator: { manager: checklist, execution_mode: stub, stall_after: 9 }\n";
    let world = World::new(&place, GUARDED, config, &script);
    world.repo.write("contract/a.txt", "as agreed\n");
    world.repo.commit("the contract");
    let told = world.start([]).expect_code(4);
    assert!(told.stderr.contains("3 actions have changed what is sealed"), "{}", told.stderr);
    let git_dir = world.state().join("git");
    let kept = |n: u32| {
        let refs = ["for-each-ref", "--format=%(objectname)", "refs/cco/tampered"];
        let refs = world.repo.git([&["--git-dir", git_dir.to_str().unwrap()], &refs[..]].concat());
        let trees: Vec<String> = refs.lines().map(|tree| format!("{tree}:contract/a.txt")).collect();
        let show = |tree: &String| world.repo.git(["--git-dir", git_dir.to_str().unwrap(), "show", tree]);
        trees.iter().any(|tree| show(tree) == format!("bent {n}"))
    };
    assert!((1..=3).all(kept), "what was put back can be had again");
    let status = world.status();
    assert_eq!((status["tampered"].as_u64(), status["iterations"].as_u64()), (Some(3), Some(3)));
    assert_eq!(world.repo.read("contract/a.txt"), "as agreed\n");
    let log = world.cco(["logs"]).run().expect_code(0).stdout;
    assert_eq!(log.matches("sealed and put back: contract/a.txt").count(), 3, "{log}");
    world.cco(["resume", "--yes", "--no-wait"]).run().expect_code(0);
    let prompts = files(&world.state().join("attempts"));
    let prompts: String = prompts.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    assert!(prompts.contains("changed paths that are sealed: `contract/a.txt`"), "{prompts}");
}

#[test]
fn what_no_snapshot_sees_and_could_take_over_the_next_program_is_put_back_too() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - write: { path: made.txt, content: \"right\\n\" }
      - write: { path: .claude/settings.local.json, content: \"{}\" }
      - run: \"echo evil > .git/hooks/pre-push; chmod +x .git/hooks/pre-push; echo evil >> .git/hooks/pre-commit; rm .mcp.json\"
    result: Done.
";
    let world = World::new(&place, GUARDED, STUB, script);
    world.repo.write(".gitignore", ".claude/settings.local.json\n.mcp.json\n");
    world.repo.write(".mcp.json", "{}\n");
    world.repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    world.repo.commit("rules");
    let told = world.start([]).expect_code(0);
    let paths = ".claude/settings.local.json, .git/hooks/pre-commit, .git/hooks/pre-push, .mcp.json";
    assert!(told.stderr.contains(&format!("changed and put back (action 1): {paths}")), "{}", told.stderr);
    assert!(told.stderr.contains(".git/hooks/pre-push as the action left it is kept in"), "{}", told.stderr);
    assert_eq!(world.status()["tampered"], 1);
    for planted in [".claude/settings.local.json", ".git/hooks/pre-push"] {
        assert!(!world.repo.has(planted), "{planted}");
    }
    assert_eq!(world.repo.read(".mcp.json"), "{}\n");
    assert_eq!(world.repo.read(".git/hooks/pre-commit"), "#!/bin/sh\nexit 0\n");
    assert_eq!(world.repo.git(["diff", "--name-only", "main", "cco/one-file"]), "made.txt");
}

/// Does nothing at first and what [`GUARDED`] asks afterwards.
const LATER: &str = "\
scenes:
  - result: Nothing yet.
  - steps: [{ write: { path: made.txt, content: \"right\\n\" } }]
    result: Done.
";

#[test]
fn what_a_person_changes_of_the_sealed_between_two_daemons_is_told_and_not_undone() {
    let place = Place::new();
    let world = World::new(&place, GUARDED, STUB, LATER);
    world.repo.write("contract/a.txt", "as agreed\n");
    world.repo.write(".cco/prompts/judge.md", "Judge.\n");
    world.repo.commit("the contract");
    world.start(["--max-iterations", "1"]).expect_code(6);
    for (path, before, named) in
        [("contract/a.txt", "as agreed\n", "contract/a.txt"), (".cco/prompts/judge.md", "Judge.\n", "prompt")]
    {
        world.repo.write(path, "as I want it\n");
        for command in ["start", "resume"] {
            let told = world.cco([command, "--yes", "--no-wait", "--max-iterations", "9"]).run().expect_code(8);
            assert!(told.stderr.contains("CCO-E0424") && told.stderr.contains(named), "{}", told.stderr);
        }
        assert_eq!(world.repo.read(path), "as I want it\n");
        world.repo.write(path, before);
    }
    world.cco(["resume", "--yes", "--no-wait", "--max-iterations", "9"]).run().expect_code(0);
    assert_eq!(world.status()["tampered"].as_u64().unwrap_or(0), 0);
}

#[test]
fn a_prompt_that_the_worker_wrote_is_read_by_no_later_daemon() {
    let place = Place::new();
    let script = "\
scenes:
  - steps:
      - run: \"mkdir -p .cco/prompts && echo '{{ nonsense' > .cco/prompts/judge.md\"
      - run: \"touch ../begun; until [ -e ../go ]; do sleep 0.02; done\"
    result: Bent.
  - steps: [{ write: { path: made.txt, content: \"right\\n\" } }]
    result: Done.
";
    let world = World::new(&place, GUARDED, STUB, script);
    let running = world.live();
    world.wait_for_sign("begun");
    running.signal(nix::sys::signal::Signal::SIGKILL);
    running.wait();
    world.give_sign("go");
    let told = world.start([]).expect_code(0);
    assert!(told.stderr.contains("sealed paths were changed and put back"), "{}", told.stderr);
    assert!(!world.repo.has(".cco/prompts/judge.md"));
    assert_eq!(world.repo.git(["diff", "--name-only", "main", "cco/one-file"]), "made.txt");
}
