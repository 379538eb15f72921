//! What a snapshot leaves out, and that nothing in a work tree makes it hang or lie.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cco::repo::{Repo, Why};

use crate::world::{World, iterate};

fn left_out(repo: &Repo) -> Vec<(String, Why)> {
    repo.snapshot().unwrap().left_out.into_iter().map(|entry| (entry.path.display().to_string(), entry.why)).collect()
}

fn sized(world: &World, path: &str, bytes: u64) {
    std::fs::create_dir_all(world.path(path).parent().unwrap()).unwrap();
    std::fs::File::create(world.path(path)).unwrap().set_len(bytes).unwrap();
}

#[test]
fn untracked_caches_are_left_out_and_named_once_each() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("node_modules/x/index.js", "x");
    world.write("pkg/.venv/bin/python", "x");
    world.write("pkg/code.py", "x");
    world.write("pkg/__pycache__/code.pyc", "x");
    world.write("crate/Cargo.toml", "x");
    world.write("crate/target/debug/x", "x");
    world.write("plain/target/x", "x");
    world.write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    world.write("cache/x", "x");
    let snapshot = repo.snapshot().unwrap();
    let names: Vec<_> = repo.changed_paths(&prepared.base, &snapshot.tree).unwrap();
    let names: Vec<_> = names.iter().map(|change| change.path.display().to_string()).collect();
    assert_eq!(names, ["crate/Cargo.toml", "pkg/code.py", "plain/target/x"]);
    let out: Vec<_> = left_out(&repo).into_iter().map(|(path, why)| (path, why == Why::Cache)).collect();
    let expected = ["cache", "crate/target", "node_modules", "pkg/.venv", "pkg/__pycache__"];
    assert_eq!(out, expected.map(|path| (path.to_owned(), true)));
    world.write(".gitignore", "node_modules\ntarget\n.venv\n__pycache__\ncache\n");
    assert_eq!(left_out(&repo), [], "what is ignored properly is not mentioned");
}

#[test]
fn a_cache_that_the_user_tracks_goes_on_being_tracked() {
    let world = World::new();
    world.write("node_modules/vendored/index.js", "x");
    world.commit_all("vendored");
    let (repo, _) = world.started();
    world.write("node_modules/vendored/index.js", "changed");
    world.write("node_modules/vendored/more.js", "x");
    for _ in 0..2 {
        let snapshot = repo.snapshot().unwrap();
        assert!(World::names(&repo, &snapshot.tree).contains(&"node_modules/vendored/more.js".to_owned()));
        assert_eq!(snapshot.left_out, []);
    }
}

#[test]
fn a_file_over_the_limit_is_left_out_until_it_shrinks() {
    let world = World::new();
    let (repo, prepared) = world.started();
    sized(&world, "data/big [1].bin", 60_000_000);
    sized(&world, "top.bin", 50_000_001);
    sized(&world, "just.bin", 1_000);
    let snapshot = repo.snapshot().unwrap();
    assert_eq!(
        left_out(&repo),
        [
            ("data/big [1].bin".to_owned(), Why::Big { bytes: 60_000_000 }),
            ("top.bin".to_owned(), Why::Big { bytes: 50_000_001 }),
        ]
    );
    assert_eq!(repo.changed_paths(&prepared.base, &snapshot.tree).unwrap().len(), 1);
    sized(&world, "top.bin", 10);
    std::fs::remove_dir_all(world.path("data")).unwrap();
    assert_eq!(left_out(&repo), []);
    sized(&world, "just.bin", 50_000_001);
    assert_eq!(left_out(&repo), [("just.bin".to_owned(), Why::Big { bytes: 50_000_001 })]);
    let names = World::names(&repo, &repo.snapshot().unwrap().tree);
    assert!(names.contains(&"top.bin".to_owned()) && !names.contains(&"just.bin".to_owned()), "{names:?}");
}

#[test]
fn a_snapshot_does_not_depend_on_earlier_snapshots() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("a.log", "x");
    world.write("tool/x", "x");
    repo.snapshot().unwrap();
    world.write(".gitignore", "*.log\n");
    world.write("tool/CACHEDIR.TAG", "x");
    let after = repo.snapshot().unwrap();
    let fresh = World::new();
    let (other, _) = fresh.started();
    fresh.write("a.log", "x");
    fresh.write("tool/x", "x");
    fresh.write(".gitignore", "*.log\n");
    fresh.write("tool/CACHEDIR.TAG", "x");
    assert_eq!(after, other.snapshot().unwrap());
}

#[test]
fn a_carried_file_stays_out_whatever_becomes_of_the_rules_until_the_next_start() {
    let world = World::new();
    world.write(".gitignore", ".env\nconf\n");
    world.commit_all("rules");
    world.write(".env", "secret");
    world.write("conf/a b.local", "secret");
    let (repo, _) = world.started();
    world.write(".gitignore", "");
    let taken = repo.snapshot().unwrap();
    assert!(World::names(&repo, &taken.tree).contains(&".env".to_owned()));
    repo.leave_out_carried(&[".env".into(), "conf/a b.local".into()]).unwrap();
    world.write("conf/b.local", "no secret");
    for rules in ["", "!.env\n!conf/**\n"] {
        world.write(".gitignore", rules);
        let snapshot = repo.snapshot().unwrap();
        let names = World::names(&repo, &snapshot.tree);
        assert!(!names.iter().any(|name| name == ".env" || name == "conf/a b.local"), "{names:?}");
        assert!(names.contains(&"conf/b.local".to_owned()), "{names:?}");
        assert_eq!(snapshot, world.open().snapshot().unwrap(), "another process knows it too");
        let out: Vec<_> = snapshot.left_out.into_iter().map(|entry| (entry.path, entry.why)).collect();
        assert_eq!(out, [".env", "conf/a b.local"].map(|path| (path.into(), Why::Carried)));
    }
    let before = repo.snapshot().unwrap().tree;
    world.write("a.txt", "two\n");
    repo.restore(&before).unwrap();
    assert_eq!(world.read(".env"), "secret", "what is left out stays where it is");
    std::fs::remove_file(world.path(".env")).unwrap();
    world.write(".env/inside", "secret");
    assert_eq!(left_out(&repo)[0], (".env/inside".to_owned(), Why::Carried));
    repo.prepare().unwrap();
    assert_eq!(left_out(&repo), [], "each mission carries its own");
}

#[test]
fn a_folder_taken_once_may_become_a_link() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("folder/inner", "x");
    repo.snapshot().unwrap();
    std::fs::remove_dir_all(world.path("folder")).unwrap();
    std::os::unix::fs::symlink("src", world.path("folder")).unwrap();
    let names = World::names(&repo, &repo.snapshot().unwrap().tree);
    assert!(names.contains(&"folder".to_owned()) && !names.contains(&"folder/inner".to_owned()), "{names:?}");
}

#[test]
fn what_is_committed_stays_tracked_even_when_ignored_later() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("a.log", "x");
    iterate(&repo);
    world.write(".gitignore", "*.log\n");
    assert!(World::names(&repo, &repo.snapshot().unwrap().tree).contains(&"a.log".to_owned()));
}

#[test]
fn pipes_and_sockets_neither_hang_nor_enter() {
    let world = World::new();
    let (repo, prepared) = world.started();
    nix::unistd::mkfifo(&world.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(world.path("socket")).unwrap();
    let snapshot = repo.snapshot().unwrap();
    assert_eq!((snapshot.tree, snapshot.left_out.len()), (prepared.base, 0));
    std::fs::remove_file(world.path("a.txt")).unwrap();
    nix::unistd::mkfifo(&world.path("a.txt"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for _ in 0..2 {
        let snapshot = repo.snapshot().unwrap();
        assert!(!World::names(&repo, &snapshot.tree).contains(&"a.txt".to_owned()));
    }
}

#[test]
fn nested_repositories_are_told_and_not_taken() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.git(&["init", "-q", "empty"]);
    world.git(&["init", "-q", "deep/full"]);
    world.write("deep/full/x", "x");
    world.write("deep/y", "y");
    world.git_in(&world.path("deep/full"), &["add", "-A"]);
    world.git_in(&world.path("deep/full"), &["commit", "-qm", "x"]);
    let snapshot = repo.snapshot().unwrap();
    let changed: Vec<_> =
        repo.changed_paths(&prepared.base, &snapshot.tree).unwrap().into_iter().map(|change| change.path).collect();
    assert_eq!(changed, [PathBuf::from("deep/y")]);
    assert_eq!(
        left_out(&repo),
        [("deep/full".to_owned(), Why::NestedRepository), ("empty".to_owned(), Why::NestedRepository),]
    );
}

#[test]
fn a_repository_made_inside_a_tracked_folder_hides_no_edit_there() {
    let world = World::new();
    let (repo, _) = world.started();
    world.git(&["init", "-q", "src"]);
    world.write("src/lib.rs", "// edited\n");
    let snapshot = repo.snapshot().unwrap();
    assert_eq!(repo.read_blob(&snapshot.tree, Path::new("src/lib.rs")).unwrap(), b"// edited\n");
}

#[test]
fn what_cannot_be_read_is_told_and_stays_as_last_seen() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("locked.txt", "x");
    world.write("a.txt", "changed\n");
    world.write("ok.txt", "x");
    for name in ["locked.txt", "a.txt"] {
        std::fs::set_permissions(world.path(name), std::fs::Permissions::from_mode(0o000)).unwrap();
    }
    if std::fs::read(world.path("a.txt")).is_ok() {
        // Root reads everything; then it is a file like any other.
        assert_eq!(left_out(&repo), []);
        return;
    }
    let snapshot = repo.snapshot().unwrap();
    let out: Vec<_> = snapshot.left_out.iter().map(|entry| entry.path.display().to_string()).collect();
    assert_eq!(out, ["a.txt", "locked.txt"]);
    assert!(matches!(&snapshot.left_out[0].why, Why::Refused { reason } if reason.contains("Permission denied")));
    assert_eq!(repo.read_blob(&snapshot.tree, Path::new("a.txt")).unwrap(), b"one\n");
    assert!(World::names(&repo, &snapshot.tree).contains(&"ok.txt".to_owned()));
}

#[test]
fn names_that_git_refuses_are_told_and_odd_names_are_taken() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("sub/.GIT/config", "x");
    world.write("with\nnewline", "x");
    world.write("quote\"'", "x");
    world.write(":(top)magic", "x");
    let raw = world.root.join(std::ffi::OsStr::from_bytes(b"latin-\xe9"));
    std::fs::write(raw, "x").unwrap();
    world.write(&"n".repeat(255), "x");
    let snapshot = repo.snapshot().unwrap();
    assert_eq!(repo.changed_paths(&prepared.base, &snapshot.tree).unwrap().len(), 5);
    assert!(
        repo.list_tree(&snapshot.tree).unwrap().iter().any(|entry| entry.path.as_os_str().as_bytes() == b"latin-\xe9")
    );
    let out = left_out(&repo);
    assert!(matches!(out.as_slice(), [(path, Why::Refused { .. })] if path.starts_with("sub/.GIT")), "{out:?}");
}

#[test]
fn an_empty_work_tree_is_an_empty_tree() {
    let world = World::new();
    let (repo, _) = world.started();
    for name in ["a.txt", "run.sh", "src/lib.rs"] {
        std::fs::remove_file(world.path(name)).unwrap();
    }
    assert_eq!(repo.snapshot().unwrap().tree.as_str(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}
