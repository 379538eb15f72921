//! One repository of each kind that design section 9 names.

use std::path::{Path, PathBuf};

use cco::repo::{BranchChoice, Error, Why};

use crate::world::{BRANCH, World, iterate, start};

/// The whole way of one iteration, with what a user would look at afterwards.
fn runs_through(world: &World) {
    let (repo, prepared) = world.started();
    assert!(prepared.dirty.left_out.is_empty(), "{:?}", prepared.dirty.left_out);
    world.write("new.txt", "new\n");
    let (tree, commit) = iterate(&repo);
    assert_eq!(world.git(&["rev-parse", "HEAD"]), commit.as_str());
    assert_eq!(world.git(&["rev-parse", "HEAD^{tree}"]), tree.as_str());
    assert_eq!(world.git(&["symbolic-ref", "--short", "HEAD"]), BRANCH);
    assert_eq!(world.status(), "");
    assert_eq!(world.git(&["log", "-1", "--format=%an %ae %ct"]), "Ada ada@example.org 1767323045");
    let dir = world.base().join("proof");
    let proof = repo.checkout_fresh(&commit, &dir).unwrap();
    assert_eq!(proof.tree, tree);
    assert_eq!(std::fs::read_to_string(dir.join("new.txt")).unwrap(), "new\n");
    assert_eq!(world.git_in(&dir, &["status", "--porcelain"]), "");
    assert_eq!(world.git_in(&dir, &["rev-parse", "HEAD"]), commit.as_str());
    world.git(&["switch", "-q", "main"]);
    assert!(!world.path("new.txt").exists());
    world.git(&["fsck", "--strict"]);
}

#[test]
fn a_plain_repository() {
    runs_through(&World::new());
}

#[test]
fn the_version_of_git_is_told() {
    let version = cco::repo::git_version(&World::empty().environment()).unwrap();
    assert!(version.starts_with("2."), "{version}");
}

#[test]
fn a_sha256_repository() {
    runs_through(&World::with(&["--object-format=sha256"]));
}

#[test]
fn a_reftable_repository_where_git_knows_it() {
    let probe = World::empty();
    if probe.try_git(&["init", "-q", "--ref-format=reftable"]) {
        runs_through(&World::with(&["--ref-format=reftable"]));
    }
}

#[test]
fn a_repository_with_split_index_and_untracked_cache() {
    let world = World::new();
    world.git(&["update-index", "--split-index", "--untracked-cache"]);
    runs_through(&world);
}

#[test]
fn a_shallow_clone() {
    let origin = World::new();
    origin.write("a.txt", "two\n");
    origin.commit_all("second");
    let world = World::empty();
    world.git(&["clone", "-q", "--depth=1", &format!("file://{}", origin.root.display()), "."]);
    runs_through(&world);
    assert_eq!(world.git(&["rev-list", "--count", BRANCH]), "2");
}

#[test]
fn a_clone_that_borrows_its_objects() {
    let origin = World::new();
    let world = World::empty();
    world.git(&["clone", "-q", "--shared", &origin.root.display().to_string(), "."]);
    runs_through(&world);
}

#[test]
fn a_detached_head_is_fine_except_with_the_current_branch() {
    let world = World::new();
    world.git(&["switch", "-q", "--detach"]);
    let repo = world.open();
    repo.prepare().unwrap();
    assert!(matches!(repo.can_enter(&BranchChoice::Current), Err(Error::Detached)));
    assert!(matches!(repo.enter_branch(&BranchChoice::Current), Err(Error::Detached)));
    runs_through(&world);
}

#[test]
fn a_linked_work_tree_shares_the_state_and_moves_only_its_own_head() {
    let main = World::new();
    let linked = main.base().join("linked");
    main.git(&["worktree", "add", "-q", "-b", "side", &linked.display().to_string()]);
    let repo = main.open_at(&linked.join("src")).unwrap();
    assert_eq!(repo.work_tree(), linked);
    assert_eq!(repo.state_dir(), main.path(".git/cco"));
    let (repo, _) = start(&repo);
    std::fs::write(linked.join("new.txt"), "new\n").unwrap();
    let (_, commit) = iterate(&repo);
    assert_eq!(main.git_in(&linked, &["rev-parse", "HEAD"]), commit.as_str());
    assert_eq!(main.git_in(&linked, &["status", "--porcelain"]), "");
    assert_eq!(main.git(&["symbolic-ref", "--short", "HEAD"]), "main");
    assert_eq!(main.status(), "");
    let other = main.open();
    assert!(matches!(
        other.can_enter(&BranchChoice::Named(BRANCH.to_owned())),
        Err(Error::BranchElsewhere { path, .. }) if path == linked
    ));
}

#[test]
fn every_way_of_excluding_files_is_honoured() {
    let world = World::new();
    world.write(".gitignore", "*.log\n");
    world.commit_all("ignore");
    std::fs::write(world.path(".git/info/exclude"), "private.txt\n").unwrap();
    std::fs::create_dir_all(world.base().join("home/.config/git")).unwrap();
    std::fs::write(world.base().join("home/.config/git/ignore"), "*.swp\n").unwrap();
    std::fs::write(world.base().join("home/mine"), "*.mine\n").unwrap();
    for name in ["x.log", "private.txt", "x.swp", "x.mine", "kept.txt"] {
        world.write(name, "x");
    }
    let tree = world.open().prepare().unwrap().dirty.tree;
    let names = World::names(&world.open(), &tree);
    assert_eq!(names, [".gitignore", "a.txt", "kept.txt", "run.sh", "src/lib.rs", "x.mine"]);
    world.git(&["config", "--global", "core.excludesFile", "~/mine"]);
    let tree = world.open().prepare().unwrap().dirty.tree;
    assert!(World::names(&world.open(), &tree).contains(&"x.swp".to_owned()));
    assert!(!World::names(&world.open(), &tree).contains(&"x.mine".to_owned()));
}

#[test]
fn line_endings_are_stored_as_the_users_git_would() {
    let world = World::new();
    world.git(&["config", "core.autocrlf", "input"]);
    let (repo, _) = world.started();
    world.write("dos.txt", "one\r\ntwo\r\n");
    let (tree, _) = iterate(&repo);
    assert_eq!(repo.read_blob(&tree, Path::new("dos.txt")).unwrap(), b"one\ntwo\n");
    assert_eq!(world.status(), "");
}

#[test]
fn a_sparse_checkout_keeps_what_it_leaves_out_and_sees_what_is_written_there() {
    for index in ["--no-sparse-index", "--sparse-index"] {
        let world = World::new();
        world.write("left/out.txt", "out\n");
        world.write("left/two.txt", "two\n");
        world.commit_all("more");
        world.git(&["sparse-checkout", "set", "--cone", index, "src"]);
        assert!(!world.path("left").exists());
        let (repo, prepared) = world.started();
        assert_eq!(prepared.dirty.tree, prepared.base, "nothing is committed as deleted");
        assert_eq!(prepared.skipped, [PathBuf::from("left/out.txt"), PathBuf::from("left/two.txt")]);
        world.write("left/new.txt", "new\n");
        world.write("left/out.txt", "changed\n");
        world.write("src/lib.rs", "// changed\n");
        let (tree, commit) = iterate(&repo);
        assert_eq!(repo.read_blob(&tree, Path::new("left/new.txt")).unwrap(), b"new\n");
        assert_eq!(repo.read_blob(&tree, Path::new("left/out.txt")).unwrap(), b"changed\n");
        assert_eq!(repo.read_blob(&tree, Path::new("left/two.txt")).unwrap(), b"two\n");
        assert_eq!(world.status(), "");
        assert!(!world.path("left/two.txt").exists());
        let dir = world.base().join("proof");
        repo.checkout_fresh(&commit, &dir).unwrap();
        assert!(dir.join("left/two.txt").exists(), "a check tree is whole");
    }
}

#[test]
fn a_file_the_user_skips_by_hand_stays_as_committed() {
    let world = World::new();
    world.git(&["update-index", "--skip-worktree", "a.txt"]);
    world.write("a.txt", "my local setting\n");
    let (repo, prepared) = world.started();
    assert_eq!(prepared.skipped, [PathBuf::from("a.txt")]);
    world.write("b.txt", "b\n");
    let (tree, _) = iterate(&repo);
    assert_eq!(repo.read_blob(&tree, Path::new("a.txt")).unwrap(), b"one\n");
    assert_eq!((world.status().as_str(), world.read("a.txt").as_str()), ("", "my local setting\n"));
}

#[test]
fn a_partial_clone_is_refused_and_the_named_command_completes_it() {
    let origin = World::new();
    origin.write("a.txt", "two\n");
    origin.commit_all("second");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let world = World::empty();
    world.git(&["clone", "-q", "--filter=blob:none", &format!("file://{}", origin.root.display()), "."]);
    let refused = world.open().fit();
    let Err(Error::PartialClone { command, .. }) = refused else { panic!("{refused:?}") };
    assert!(matches!(world.open().prepare(), Err(Error::PartialClone { .. })));
    world.shell(&command);
    world.open().fit().unwrap();
    world.git(&["rev-list", "--objects", "--all", "--quiet"]);
    runs_through(&world);
}

#[test]
fn a_filter_of_the_users_cleans_snapshots_and_smudges_check_trees() {
    let world = World::new();
    world.git(&["config", "--global", "filter.upper.clean", "tr a-z A-Z"]);
    world.git(&["config", "--global", "filter.upper.smudge", "tr A-Z a-z"]);
    world.git(&["config", "--global", "filter.upper.required", "true"]);
    world.write(".gitattributes", "*.up filter=upper\n");
    world.commit_all("attributes");
    let (repo, _) = world.started();
    world.git(&["config", "--global", "filter.upper.clean", "false"]);
    world.write("big.up", "content");
    let tree = repo.snapshot().unwrap().tree;
    assert_eq!(repo.read_blob(&tree, Path::new("big.up")).unwrap(), b"CONTENT");
    let dir = world.base().join("check");
    repo.update_kept(&tree, &dir).unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("big.up")).unwrap(), "content");
}

/// A repository with a checked-out submodule `sub` that holds another, `sub/inner`.
fn with_submodules() -> (World, World, World) {
    let (inner, middle, world) = (World::new(), World::new(), World::new());
    middle.git(&["submodule", "--quiet", "add", &inner.root.display().to_string(), "inner"]);
    middle.commit_all("inner");
    world.git(&["submodule", "--quiet", "add", &middle.root.display().to_string(), "sub"]);
    world.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    world.commit_all("sub");
    (world, middle, inner)
}

#[test]
fn submodules_are_recorded_and_materialised_at_their_commit() {
    let (world, _middle, _inner) = with_submodules();
    let (repo, prepared) = world.started();
    let paths: Vec<_> = prepared.submodules.iter().map(|sub| sub.path.display().to_string()).collect();
    assert_eq!(paths, ["sub", "sub/inner"]);
    assert_eq!(prepared.dirty.tree, prepared.base);
    world.write("new.txt", "new\n");
    let (tree, commit) = iterate(&repo);
    assert_eq!(world.status(), "");
    let dir = world.base().join("check");
    for _ in 0..2 {
        repo.update_kept(&tree, &dir).unwrap();
        assert_eq!(std::fs::read_to_string(dir.join("sub/a.txt")).unwrap(), "one\n");
        assert_eq!(std::fs::read_to_string(dir.join("sub/inner/a.txt")).unwrap(), "one\n");
        assert_eq!(world.git_in(&dir, &["status", "--porcelain", "-uno"]).lines().count(), 0);
        std::fs::write(dir.join("sub/a.txt"), "spoiled").unwrap();
        std::fs::write(dir.join("sub/extra"), "spoiled").unwrap();
    }
    repo.update_kept(&tree, &dir).unwrap();
    assert!(!dir.join("sub/extra").exists());
    repo.checkout_fresh(&commit, &world.base().join("fresh")).unwrap();
    assert!(world.base().join("fresh/sub/inner/a.txt").exists());
}

#[test]
fn a_change_inside_a_submodule_is_told_and_not_taken() {
    let (world, _middle, _inner) = with_submodules();
    let (repo, prepared) = world.started();
    let why = |repo: &cco::repo::Repo| {
        let snapshot = repo.snapshot().unwrap();
        assert_eq!(snapshot.tree, prepared.base);
        snapshot.left_out.into_iter().map(|entry| (entry.path.display().to_string(), entry.why)).collect::<Vec<_>>()
    };
    world.write("sub/a.txt", "changed\n");
    assert_eq!(why(&repo), [("sub".to_owned(), Why::SubmoduleChanged)]);
    let patch = String::from_utf8(repo.submodule_patch(Path::new("sub")).unwrap()).unwrap();
    assert!(patch.ends_with("-one\n+changed\n"), "{patch}");
    world.git_in(&world.path("sub"), &["commit", "-qam", "moved"]);
    assert_eq!(why(&repo), [("sub".to_owned(), Why::SubmoduleMoved)]);
    let moved = String::from_utf8(repo.submodule_patch(Path::new("sub")).unwrap()).unwrap();
    assert!(moved.ends_with("-one\n+changed\n"), "{moved}");
    world.git(&["submodule", "--quiet", "update"]);
    assert_eq!(why(&repo), []);
    world.write("sub/inner/a.txt", "deep\n");
    assert_eq!(why(&repo), [("sub/inner".to_owned(), Why::SubmoduleChanged)]);
}

#[test]
fn what_a_submodule_held_at_the_start_is_no_change_and_what_is_added_to_it_is() {
    let (world, _middle, _inner) = with_submodules();
    world.write("sub/a.txt", "mine\n");
    let (repo, _) = world.started();
    let touched = || {
        let left_out = repo.snapshot().unwrap().left_out;
        let touched = repo.touched_submodules(&left_out).unwrap().into_iter();
        touched.map(|(path, patch)| (path.display().to_string(), String::from_utf8(patch).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(touched(), []);
    std::fs::create_dir(world.path("sub/node_modules")).unwrap();
    world.write("sub/node_modules/x.js", "fetched\n");
    assert_eq!(touched(), [], "what a tool fetches is nobody's work");
    world.write("sub/new.txt", "new\n");
    let found = touched();
    assert_eq!(found.len(), 1);
    assert!(found[0].0 == "sub" && found[0].1.contains("+mine") && found[0].1.contains("+new"), "{found:?}");
    std::fs::remove_file(world.path("sub/new.txt")).unwrap();
    assert_eq!(touched(), []);
    world.write("sub/inner/a.txt", "deep\n");
    assert_eq!(touched()[0].0, "sub/inner");
}

#[test]
fn what_is_not_supported_is_refused_with_a_reason() {
    let nowhere = World::empty();
    assert!(matches!(nowhere.open_at(&nowhere.root), Err(Error::NotARepository { .. })));
    let unborn = World::unborn(&[]);
    let refused = unborn.open().fit().unwrap_err();
    assert!(matches!(refused, Error::Unborn { .. }) && refused.to_string().contains("git commit"), "{refused}");
    assert!(matches!(World::unborn(&["--object-format=sha256"]).open().prepare(), Err(Error::Unborn { .. })));
    let bare = World::unborn(&["--bare"]);
    assert!(matches!(bare.open_at(&bare.root), Err(Error::Bare { .. })));
    let redirected = World::new();
    redirected.git(&["config", "core.worktree", "/"]);
    assert!(matches!(redirected.open_at(&redirected.root), Err(Error::Redirected { .. })));
}

#[test]
fn unfinished_operations_are_refused_by_name() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "other"]);
    world.write("a.txt", "theirs\n");
    world.commit_all("theirs");
    world.git(&["switch", "-q", "main"]);
    world.write("a.txt", "ours\n");
    world.commit_all("ours");
    assert!(!world.try_git(&["merge", "other"]));
    assert!(matches!(world.open().fit(), Err(Error::InProgress { what: "merge", .. })));
    std::fs::remove_file(world.path(".git/MERGE_HEAD")).unwrap();
    let unmerged = [PathBuf::from("a.txt")];
    assert!(matches!(world.open().fit(), Err(Error::Unmerged { paths }) if paths == unmerged));
    assert!(matches!(world.open().prepare(), Err(Error::Unmerged { paths }) if paths == unmerged));
    world.git(&["reset", "-q", "--hard"]);
    assert!(!world.try_git(&["rebase", "other"]));
    assert!(matches!(world.open().fit(), Err(Error::InProgress { what: "rebase", .. })));
    world.git(&["rebase", "--abort"]);
    world.git(&["bisect", "start"]);
    assert!(matches!(world.open().prepare(), Err(Error::InProgress { what: "bisect", .. })));
    world.git(&["bisect", "reset"]);
    world.open().fit().unwrap();
}

#[test]
fn a_repository_of_another_user_is_refused_unless_trusted() {
    let world = World::new();
    // Only root can give a folder away.
    if std::os::unix::fs::chown(&world.root, Some(12_345), None).is_err() {
        return;
    }
    std::os::unix::fs::chown(world.path(".git"), Some(12_345), None).unwrap();
    let refused = world.open_at(&world.root);
    let Err(Error::ForeignOwner { path }) = refused else { panic!("{refused:?}") };
    world.git(&["config", "--global", "--add", "safe.directory", &path.display().to_string()]);
    runs_through(&world);
}

#[test]
fn dirty_and_staged_work_is_kept_and_neither_is_touched() {
    let world = World::new();
    world.write("a.txt", "staged\n");
    world.git(&["add", "a.txt"]);
    world.write("a.txt", "dirty\n");
    world.write("untracked.txt", "new\n");
    let before = (world.status(), world.git(&["diff", "--cached"]), world.git(&["stash", "list"]));
    let repo = world.open();
    let prepared = repo.prepare().unwrap();
    assert_eq!(repo.read_blob(&prepared.staged, Path::new("a.txt")).unwrap(), b"staged\n");
    assert_eq!(repo.read_blob(&prepared.dirty.tree, Path::new("a.txt")).unwrap(), b"dirty\n");
    assert_eq!(repo.read_blob(&prepared.dirty.tree, Path::new("untracked.txt")).unwrap(), b"new\n");
    assert_eq!(world.git(&["write-tree"]).trim(), prepared.staged.as_str());
    repo.enter_branch(&BranchChoice::Named(BRANCH.to_owned())).unwrap();
    let after = (world.status(), world.git(&["diff", "--cached"]), world.git(&["stash", "list"]));
    assert_eq!(before, after);
    assert_eq!(world.read("a.txt"), "dirty\n");
    let kept = World::new();
    let clean = kept.open().prepare().unwrap();
    assert_eq!((&clean.staged, &clean.dirty.tree), (&clean.base, &clean.base));
}
