//! Check trees: fresh ones for the proof, kept ones for the loop.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use cco::repo::Error;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::restoring::{apply, contents, edit};
use crate::world::{World, iterate};

fn changed(path: &Path) -> SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

fn exists(dir: &Path, names: &[&str]) -> Vec<bool> {
    names.iter().map(|name| dir.join(name).exists()).collect()
}

#[test]
fn a_kept_tree_keeps_ignored_files_and_the_times_of_what_did_not_change() {
    let world = World::new();
    world.write(".gitignore", "out/\n");
    world.commit_all("ignore");
    let (repo, prepared) = world.started();
    let dir = world.base().join("check");
    repo.update_kept(&prepared.base, &dir).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::open(dir.join("src/lib.rs")).unwrap().set_modified(long_ago).unwrap();
    repo.update_kept(&prepared.base, &dir).unwrap();
    let before = changed(&dir.join("src/lib.rs"));
    std::fs::create_dir(dir.join("out")).unwrap();
    for (name, content) in [("out/build", "x"), ("junk", "x"), ("a.txt", "spoiled"), ("new.txt", "spoiled")] {
        std::fs::write(dir.join(name), content).unwrap();
    }
    world.git(&["init", "-q", &dir.join("nested").display().to_string()]);
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    repo.update_kept(&tree, &dir).unwrap();
    assert_eq!(exists(&dir, &["out/build", "junk", "nested"]), [true, false, false]);
    assert_eq!(std::fs::read_to_string(dir.join("a.txt")).unwrap(), "one\n");
    assert_eq!(std::fs::read_to_string(dir.join("new.txt")).unwrap(), "new\n");
    assert_eq!(changed(&dir.join("src/lib.rs")), before);
    assert_eq!(world.git_in(&dir, &["status", "--porcelain"]), "A  new.txt");
    std::fs::remove_file(world.path("src/lib.rs")).unwrap();
    repo.update_kept(&repo.snapshot().unwrap().tree, &dir).unwrap();
    assert!(!dir.join("src").exists());
    repo.discard(&dir).unwrap();
    assert!(!dir.exists());
}

/// A tree that is large enough for the way that names single paths to git. A check leaves what it likes behind.
#[test]
fn a_large_kept_tree_holds_what_it_should_whatever_was_done_to_both_trees() {
    let world = World::new();
    for n in 0..5_100 {
        world.write(&format!("bulk/{:02}/{n}", n / 100), "x");
    }
    world.commit_all("bulk");
    let (repo, prepared) = world.started();
    let dir = world.base().join("check");
    repo.update_kept(&prepared.base, &dir).unwrap();
    let all = |root: &Path| {
        let mut found = BTreeMap::new();
        contents(root, "", &mut found);
        found
    };
    let mut runner = TestRunner::deterministic();
    let steps = prop::collection::vec(edit(), 0..4);
    for step in 0..30 {
        for root in [&world.root, &dir] {
            steps.new_tree(&mut runner).unwrap().current().iter().for_each(|edit| apply(root, edit));
        }
        if step % 10 == 9 {
            // Rules change what is untracked.
            world.write(".gitignore", format!("*.log\n# {step}\n"));
        }
        std::fs::create_dir_all(dir.join("left behind")).unwrap();
        let tree = repo.snapshot().unwrap().tree;
        repo.update_kept(&tree, &dir).unwrap();
        assert_eq!(all(&dir), all(&world.root), "step {step}");
        assert!(!dir.join("left behind").exists());
    }
}

#[test]
fn a_kept_tree_whose_index_another_has_written_is_looked_at_whole() {
    let world = World::new();
    for n in 0..5_100 {
        world.write(&format!("bulk/{n}"), "x");
    }
    world.commit_all("bulk");
    let (repo, prepared) = world.started();
    let dir = world.base().join("check");
    repo.update_kept(&prepared.base, &dir).unwrap();
    let home = std::fs::read_dir(repo.state_dir().join("check-git")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(dir.join("a.txt"), "forged").unwrap();
    let place = [format!("--git-dir={}", home.display()), format!("--work-tree={}", dir.display())];
    world.git_in(&dir, &[&place[0], &place[1], "add", "a.txt"]);
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("a.txt")).unwrap(), "one\n");
}

#[test]
fn a_file_changed_behind_its_time_is_reset() {
    let world = World::new();
    let (repo, prepared) = world.started();
    let dir = world.base().join("check");
    repo.update_kept(&prepared.base, &dir).unwrap();
    repo.update_kept(&prepared.base, &dir).unwrap();
    let file = dir.join("a.txt");
    let time = changed(&file);
    std::fs::write(&file, "ONE\n").unwrap();
    std::fs::File::open(&file).unwrap().set_modified(time).unwrap();
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\n");
}

#[test]
fn what_a_check_does_to_the_git_it_sees_has_no_effect() {
    let world = World::new();
    let (repo, prepared) = world.started();
    let (dir, marker) = (world.base().join("check"), world.base().join("marker"));
    repo.update_kept(&prepared.base, &dir).unwrap();
    let program = format!("touch {}; cat", marker.display());
    world.git_in(&dir, &["config", "filter.evil.smudge", &program]);
    world.git_in(&dir, &["config", "filter.evil.clean", &program]);
    std::fs::write(dir.join(".git/info/attributes"), "* filter=evil\n").unwrap();
    std::fs::write(dir.join("a.txt"), "spoiled").unwrap();
    world.git_in(&dir, &["update-index", "--assume-unchanged", "a.txt"]);
    std::fs::remove_file(&marker).ok();
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("a.txt")).unwrap(), "one\n");
    assert!(!marker.exists());
    std::fs::remove_dir_all(dir.join(".git")).unwrap();
    std::fs::write(dir.join(".git"), format!("gitdir: {}", world.path(".git").display())).unwrap();
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert!(dir.join(".git").is_dir());
    assert_eq!(world.status(), "");
}

#[test]
fn a_check_tree_replaced_by_a_link_to_the_users_files_does_not_reset_them() {
    let world = World::new();
    let (repo, prepared) = world.started();
    let dir = world.base().join("check");
    repo.update_kept(&prepared.base, &dir).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    std::os::unix::fs::symlink(&world.root, &dir).unwrap();
    world.write("a.txt", "work in progress\n");
    world.write("untracked.txt", "x");
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert_eq!(world.read("a.txt"), "work in progress\n");
    assert!(world.path("untracked.txt").exists());
    assert_eq!(std::fs::read_to_string(dir.join("a.txt")).unwrap(), "one\n");
    let inside = dir.join("src");
    std::fs::remove_dir_all(&inside).unwrap();
    std::os::unix::fs::symlink(world.path("src"), &inside).unwrap();
    world.write("src/lib.rs", "// work in progress\n");
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert_eq!(world.read("src/lib.rs"), "// work in progress\n");
    assert!(!inside.is_symlink());
}

#[test]
fn a_fresh_checkout_wants_an_empty_folder_and_holds_modes_and_links() {
    let world = World::new();
    let (repo, _) = world.started();
    std::os::unix::fs::symlink("a.txt", world.path("link")).unwrap();
    let (tree, commit) = iterate(&repo);
    let dir = world.base().join("proof");
    assert_eq!(repo.checkout_fresh(&commit, &dir).unwrap().tree, tree);
    assert_eq!(std::fs::read_link(dir.join("link")).unwrap(), Path::new("a.txt"));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(dir.join("run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
    assert!(matches!(repo.checkout_fresh(&commit, &dir), Err(Error::NotEmpty { .. })));
    repo.discard(&dir).unwrap();
    repo.checkout_fresh(&commit, &dir).unwrap();
}

#[test]
fn tools_in_a_check_tree_have_a_git_of_their_own() {
    let world = World::new();
    world.git(&["tag", "-a", "v1", "-m", "one"]);
    let (repo, _) = world.started();
    world.write("new.txt", "new\n");
    let (_, commit) = iterate(&repo);
    let dir = world.base().join("proof");
    repo.checkout_fresh(&commit, &dir).unwrap();
    assert_eq!(world.git_in(&dir, &["describe", "--match", "v*", "--abbrev=0"]), "v1");
    assert_eq!(world.git_in(&dir, &["diff", "--name-only", "main"]), "new.txt");
    assert_eq!(world.git_in(&dir, &["rev-list", "--count", "HEAD"]), "2");
    assert_eq!(world.git_in(&dir, &["ls-files"]).lines().count(), 4);
    let before = repo.refs().unwrap();
    world.git_in(&dir, &["commit", "-q", "--allow-empty", "-m", "by a check"]);
    assert_eq!(before, repo.refs().unwrap());
}

#[test]
fn sealed_paths_are_put_back_and_absent_ones_removed() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("run.sh", "exit 0\n");
    world.write("src/lib.rs", "// by the worker\n");
    world.write("conf/evil", "x");
    std::os::unix::fs::symlink(world.path("src"), world.path("link")).unwrap();
    let tree = repo.snapshot().unwrap().tree;
    let dir = world.base().join("check");
    repo.update_kept(&tree, &dir).unwrap();
    let sealed = ["run.sh", "conf", "link/lib.rs", "nowhere"].map(std::path::PathBuf::from);
    repo.restore_paths(&prepared.base, &sealed, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("run.sh")).unwrap(), "#!/bin/sh\n");
    assert_eq!(std::fs::read_to_string(dir.join("src/lib.rs")).unwrap(), "// by the worker\n");
    assert_eq!(exists(&dir, &["conf", "link/lib.rs"]), [false, true]);
    assert!(world.path("src/lib.rs").exists());
    repo.update_kept(&tree, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("run.sh")).unwrap(), "exit 0\n");
    assert_eq!(exists(&dir, &["conf/evil"]), [true]);
}

#[test]
fn a_sealed_path_is_not_put_back_through_a_link() {
    let world = World::new();
    let (repo, prepared) = world.started();
    let elsewhere = world.base().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("lib.rs"), "not yours\n").unwrap();
    std::fs::remove_dir_all(world.path("src")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, world.path("src")).unwrap();
    let dir = world.base().join("check");
    repo.update_kept(&repo.snapshot().unwrap().tree, &dir).unwrap();
    repo.restore_paths(&prepared.base, &["src/lib.rs".into()], &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("src/lib.rs")).unwrap(), "fn main() {}\n");
    assert_eq!(std::fs::read_to_string(elsewhere.join("lib.rs")).unwrap(), "not yours\n");
}

#[test]
fn what_a_check_put_into_its_git_dir_is_gone_at_the_next_update() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let world = World::new();
    let (repo, prepared) = world.started();
    let dir = world.base().join("check");
    repo.update_kept(&prepared.base, &dir).unwrap();
    let listed = || {
        let found = std::process::Command::new("find").arg(".").current_dir(dir.join(".git")).output().unwrap();
        let mut names: Vec<String> = String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect();
        names.sort();
        names
    };
    let (before, config) = (listed(), std::fs::read(dir.join(".git/config")).unwrap());
    world.git_in(&dir, &["commit", "-q", "--allow-empty", "-m", "by a check"]);
    world.git_in(&dir, &["branch", "planted"]);
    let git = dir.join(".git");
    std::fs::create_dir_all(git.join("hooks")).unwrap();
    std::fs::write(git.join("hooks/pre-commit"), "#!/bin/sh\n").unwrap();
    std::fs::remove_file(git.join("config")).unwrap();
    symlink(world.path(".git/config"), git.join("config")).unwrap();
    std::fs::remove_dir_all(git.join("info")).unwrap();
    symlink(world.path(".git/info"), git.join("info")).unwrap();
    std::fs::set_permissions(git.join("packed-refs"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let users = std::fs::read(world.path(".git/config")).unwrap();
    repo.update_kept(&prepared.base, &dir).unwrap();
    assert_eq!(listed(), before);
    assert_eq!(std::fs::read(git.join("config")).unwrap(), config);
    assert!(!git.join("config").is_symlink() && !git.join("info").is_symlink());
    assert_eq!(std::fs::read(world.path(".git/config")).unwrap(), users);
    assert_eq!(world.git_in(&dir, &["status", "--porcelain"]), "");
    assert_eq!(world.git_in(&dir, &["rev-list", "--count", "HEAD"]), "1");
}
