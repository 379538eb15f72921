//! A worker that tries to take over, hide or break (`faults.md` D1 to D4).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cco::repo::{Error, Published};

use crate::world::{BRANCH, World, iterate, new_commit, to_branch};

/// A trap, and what a user's git does that springs it: the control without which the test would be void.
struct Trap {
    name: &'static str,
    arm: fn(&World, &Path),
    spring: fn(&World),
}

fn program(world: &World, name: &str, marker: &Path) -> String {
    let path = world.base().join(name);
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\nexec cat\n", marker.display());
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

fn hook(world: &World, marker: &Path, name: &str) {
    let from = program(world, name, marker);
    std::fs::create_dir_all(world.path(".git/hooks")).unwrap();
    std::fs::copy(from, world.path(".git/hooks").join(name)).unwrap();
}

const TRAPS: [Trap; 9] = [
    Trap {
        name: "hooks",
        arm: |world, marker| {
            for name in ["pre-commit", "post-commit", "reference-transaction", "post-checkout", "post-index-change"] {
                hook(world, marker, name);
            }
        },
        spring: |world| {
            world.try_git(&["commit", "--allow-empty", "-qm", "x"]);
        },
    },
    Trap {
        name: "core.hooksPath",
        arm: |world, marker| {
            program(world, "reference-transaction", marker);
            world.git(&["config", "core.hooksPath", &world.base().display().to_string()]);
        },
        spring: |world| {
            world.try_git(&["update-ref", "refs/heads/x", "HEAD"]);
        },
    },
    Trap {
        name: "core.fsmonitor",
        arm: |world, marker| {
            let program = program(world, "monitor", marker);
            world.git(&["config", "core.fsmonitor", &program]);
        },
        spring: |world| {
            world.try_git(&["status"]);
        },
    },
    Trap {
        name: "filter",
        arm: |world, marker| {
            let program = program(world, "filter", marker);
            world.git(&["config", "filter.evil.clean", &program]);
            world.git(&["config", "filter.evil.smudge", &program]);
            world.write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
        },
        spring: |world| {
            world.write(".gitattributes", "* filter=evil\n");
            world.write("spring.txt", "x");
            world.try_git(&["add", "-A"]);
        },
    },
    Trap {
        name: "info/attributes and process filter",
        arm: |world, marker| {
            let program = program(world, "process", marker);
            world.git(&["config", "filter.evil.process", &program]);
            std::fs::create_dir_all(world.path(".git/info")).unwrap();
            std::fs::write(world.path(".git/info/attributes"), "* filter=evil\n").unwrap();
        },
        spring: |world| {
            world.write("spring.txt", "x");
            world.try_git(&["add", "-A"]);
        },
    },
    Trap {
        name: "diff.external and textconv",
        arm: |world, marker| {
            let program = program(world, "differ", marker);
            world.git(&["config", "diff.external", &program]);
            world.git(&["config", "diff.evil.textconv", &program]);
        },
        spring: |world| {
            world.write("a.txt", "spring\n");
            world.try_git(&["--no-pager", "diff"]);
        },
    },
    Trap {
        name: "gpg.program",
        arm: |world, marker| {
            let program = program(world, "gpg", marker);
            world.git(&["config", "gpg.program", &program]);
            world.git(&["config", "commit.gpgSign", "true"]);
        },
        spring: |world| {
            world.try_git(&["commit", "--allow-empty", "-qm", "x"]);
        },
    },
    Trap {
        name: "include.path",
        arm: |world, marker| {
            let program = program(world, "included", marker);
            std::fs::write(world.base().join("evil"), format!("[core]\n\tfsmonitor = {program}\n")).unwrap();
            world.git(&["config", "include.path", &world.base().join("evil").display().to_string()]);
        },
        spring: |world| {
            world.try_git(&["status"]);
        },
    },
    Trap {
        name: "global configuration",
        arm: |world, marker| {
            let program = program(world, "global", marker);
            world.git(&["config", "--global", "core.fsmonitor", &program]);
            world.git(&["config", "--global", "filter.evil.clean", &program]);
            world.git(&["config", "--global", "core.attributesFile", "~/attributes"]);
            std::fs::write(world.base().join("home/attributes"), "* filter=evil\n").unwrap();
        },
        spring: |world| {
            world.try_git(&["status"]);
        },
    },
];

#[test]
fn no_trap_that_a_worker_sets_is_sprung_by_cco_and_each_is_by_the_users_git() {
    for trap in TRAPS {
        let world = World::new();
        let marker = world.base().join("marker");
        let (repo, _) = world.started();
        (trap.arm)(&world, &marker);
        std::fs::remove_file(&marker).ok();
        world.write("a.txt", "two\n");
        world.write("new.txt", "new\n");
        let (tree, commit) = iterate(&repo);
        let first = repo.tree_of(&cco::words::CommitId::new(world.base_commit())).unwrap();
        repo.diff_text(&first, &tree, 10_000).unwrap();
        repo.changed_paths(&first, &tree).unwrap();
        repo.update_kept(&tree, &world.base().join("check")).unwrap();
        repo.checkout_fresh(&commit, &world.base().join("proof")).unwrap();
        repo.refs().unwrap();
        repo.ignored_present().unwrap();
        repo.restore(&first).unwrap();
        assert!(!marker.exists(), "{}: {}", trap.name, std::fs::read_to_string(&marker).unwrap_or_default());
        assert_eq!(repo.read_blob(&tree, Path::new("a.txt")).unwrap(), b"two\n", "{}", trap.name);
        (trap.spring)(&world);
        assert!(marker.exists(), "{}: the control did not spring", trap.name);
    }
}

impl World {
    fn base_commit(&self) -> String {
        std::fs::read_to_string(self.path(".git/refs/heads/main")).unwrap().trim().to_owned()
    }
}

#[test]
fn a_trap_inside_a_submodule_is_not_sprung() {
    let (sub, world) = (World::new(), World::new());
    world.git(&["submodule", "--quiet", "add", &sub.root.display().to_string(), "sub"]);
    world.commit_all("sub");
    let (repo, _) = world.started();
    let marker = world.base().join("marker");
    let program = program(&world, "monitor", &marker);
    world.git_in(&world.path("sub"), &["config", "core.fsmonitor", &program]);
    world.git_in(&world.path("sub"), &["config", "filter.evil.clean", &program]);
    world.write("sub/.gitattributes", "* filter=evil\n");
    // Of the same length, so that a git which looks at it has to read it, through the filter.
    world.write("sub/a.txt", "two\n");
    std::fs::remove_file(&marker).ok();
    let (tree, _) = iterate(&repo);
    repo.update_kept(&tree, &world.base().join("check")).unwrap();
    assert!(!marker.exists(), "{}", std::fs::read_to_string(&marker).unwrap_or_default());
    world.status();
    assert!(marker.exists(), "the control did not spring");
}

#[test]
fn a_work_tree_setting_planted_later_redirects_nothing() {
    let world = World::new();
    let (repo, _) = world.started();
    let elsewhere = world.base().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    world.git(&["config", "core.worktree", &elsewhere.display().to_string()]);
    world.write("new.txt", "new\n");
    let (tree, _) = iterate(&repo);
    assert!(World::names(&repo, &tree).contains(&"new.txt".to_owned()));
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert!(matches!(world.open_at(&world.root), Err(Error::Redirected { .. })));
}

#[test]
fn planted_settings_are_named_and_those_of_the_start_are_not() {
    let world = World::new();
    world.git(&["config", "alias.st", "status"]);
    let (repo, _) = world.started();
    assert_eq!(repo.planted_settings().unwrap(), Vec::<String>::new());
    world.git(&["config", "filter.evil.clean", "sh -c evil"]);
    world.git(&["config", "alias.st", "!evil"]);
    world.git(&["config", "user.nickname", "harmless"]);
    assert_eq!(repo.planted_settings().unwrap(), ["alias.st", "filter.evil.clean"]);
    // Those that cco outranks on its own command line are hidden from no one but cco.
    world.git(&["config", "core.fsmonitor", "./spy"]);
    world.git(&["config", "core.hooksPath", "hooks"]);
    let planted = ["alias.st", "core.fsmonitor", "core.hookspath", "filter.evil.clean"];
    assert_eq!(repo.planted_settings().unwrap(), planted);
}

#[test]
fn edits_hidden_by_index_bits_are_seen() {
    let world = World::new();
    world.git(&["update-index", "--assume-unchanged", "src/lib.rs"]);
    let (repo, _) = world.started();
    world.git(&["update-index", "--assume-unchanged", "a.txt"]);
    world.git(&["update-index", "--skip-worktree", "run.sh"]);
    for name in ["a.txt", "run.sh", "src/lib.rs"] {
        world.write(name, "hidden edit\n");
    }
    assert_eq!(world.status(), "", "the user's git is fooled");
    let (tree, _) = iterate(&repo);
    for name in ["a.txt", "run.sh", "src/lib.rs"] {
        assert_eq!(repo.read_blob(&tree, Path::new(name)).unwrap(), b"hidden edit\n", "{name}");
    }
    assert_eq!(world.status(), "");
    assert!(!world.git(&["ls-files", "-v"]).lines().any(|line| line.starts_with(['h', 'S'])));
}

#[test]
fn export_ignore_takes_nothing_out_of_a_check_tree() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write(".gitattributes", "a.txt export-ignore\n* export-subst\n");
    world.write("version", "$Format:%H$\n");
    let (_, commit) = iterate(&repo);
    let dir = world.base().join("proof");
    repo.checkout_fresh(&commit, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("a.txt")).unwrap(), "one\n");
    assert_eq!(std::fs::read_to_string(dir.join("version")).unwrap(), "$Format:%H$\n");
}

#[test]
fn a_file_hidden_by_gitignore_is_listed() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write(".gitignore", "secret.py\nout/\n");
    world.write("secret.py", "x");
    world.write("out/one", "x");
    let tree = repo.snapshot().unwrap().tree;
    assert!(!World::names(&repo, &tree).contains(&"secret.py".to_owned()));
    assert_eq!(repo.ignored_present().unwrap(), [PathBuf::from("out/"), PathBuf::from("secret.py")]);
}

#[test]
fn refs_that_a_worker_moves_are_told() {
    let world = World::new();
    world.git(&["tag", "v1"]);
    let (repo, _) = world.started();
    let before = repo.refs().unwrap();
    assert_eq!(repo.moved_refs(BRANCH).unwrap(), []);
    assert_eq!(before.refs["HEAD"], format!("ref: refs/heads/{BRANCH}"));
    world.git(&["tag", "-d", "v1"]);
    world.git(&["commit", "--allow-empty", "-qm", "mine"]);
    world.git(&["switch", "-q", "main"]);
    let names: Vec<String> = before.changes_to(&repo.refs().unwrap()).into_iter().map(|change| change.name).collect();
    assert_eq!(names, ["HEAD".to_owned(), format!("refs/heads/{BRANCH}"), "refs/tags/v1".to_owned()]);
    let moved: Vec<String> = repo.moved_refs(BRANCH).unwrap().into_iter().map(|change| change.name).collect();
    assert_eq!(moved, ["refs/tags/v1"], "HEAD and the mission's branch are put right elsewhere");
    assert_eq!(repo.moved_refs(BRANCH).unwrap(), [], "told once");
}

#[test]
fn a_stale_lock_of_the_users_index_stops_only_the_refresh_and_is_not_removed() {
    let world = World::new();
    let (repo, prepared) = world.started();
    let lock = world.path(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    let commit = repo.commit(&new_commit(&tree, &prepared.head.commit)).unwrap();
    assert_eq!(repo.publish(&to_branch(&commit, Some(&prepared.head.commit))).unwrap(), Published::Moved);
    assert!(matches!(repo.refresh_index(&commit), Err(Error::IndexLocked { path }) if path == lock));
    assert!(lock.exists());
    std::fs::remove_file(&lock).unwrap();
    repo.refresh_index(&commit).unwrap();
    assert_eq!(world.status(), "");
    assert!(!lock.exists());
}

#[test]
fn locks_and_damage_of_the_private_index_are_overcome() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("new.txt", "new\n");
    let expected = repo.snapshot().unwrap();
    let index = world.path(".git/cco/git").join(format!("index.{}", std::process::id()));
    std::fs::write(index.with_extension(format!("{}.lock", std::process::id())), "").unwrap();
    assert_eq!(repo.snapshot().unwrap(), expected);
    std::fs::write(&index, "garbage that is no index at all").unwrap();
    assert_eq!(repo.snapshot().unwrap(), expected);
    std::fs::rename(&index, index.with_extension("1")).unwrap();
    assert_eq!(world.open().snapshot().unwrap(), expected, "the index of an earlier process is taken over");
    std::fs::remove_file(&index).unwrap();
    assert_eq!(world.open().snapshot().unwrap(), expected, "without any it is built from the commit");
}

#[test]
fn a_replaced_git_dir_is_noticed() {
    let world = World::new();
    let (repo, prepared) = world.started();
    let tree = repo.snapshot().unwrap().tree;
    let commit = repo.commit(&new_commit(&tree, &prepared.head.commit)).unwrap();
    world.shell("cp -r .git copy && rm -rf .git && mv copy .git");
    assert!(matches!(repo.publish(&to_branch(&commit, None)), Err(Error::Replaced { .. })));
}

#[test]
fn cco_started_inside_a_hook_means_the_repository_it_stands_in() {
    let (world, other) = (World::new(), World::new());
    let mut variables = world.variables();
    variables.push(("GIT_DIR".into(), other.path(".git").into()));
    variables.push(("GIT_INDEX_FILE".into(), other.path(".git/index").into()));
    let environment = cco::repo::Environment::select(variables);
    let repo = cco::repo::Repo::open(&cco::repo::Options { start: &world.root, environment }).unwrap();
    assert_eq!(repo.common_dir(), world.path(".git"));
}
