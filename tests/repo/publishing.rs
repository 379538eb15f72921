//! Commits and their way into the user's repository.

use cco::repo::{CommitMessage, Error, Publish, Published, Trailer};

use crate::world::{BRANCH, World, iterate, new_commit, to_branch};

#[test]
fn a_redo_gives_the_same_commit_in_another_process_too() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    let mut new = new_commit(&tree, &prepared.head.commit);
    new.message = CommitMessage::new("add new").paragraph("Why.").trailer(Trailer::Journal, "7:abc");
    let commit = repo.commit(&new).unwrap();
    world.git(&["config", "--global", "user.name", "Mallory"]);
    assert_eq!(world.open().commit(&new).unwrap(), commit);
    repo.publish(&to_branch(&commit, Some(&prepared.head.commit))).unwrap();
    assert_eq!(world.git(&["log", "-1", "--format=%B", BRANCH]), "add new\n\nWhy.\n\nCco-Journal: 7:abc");
    assert_eq!(world.git(&["log", "-1", "--format=%(trailers:key=Cco-Journal,valueonly)", BRANCH]), "7:abc");
    assert_eq!(world.git(&["log", "-1", "--format=%an|%cn|%ae", BRANCH]), "Ada|Ada|ada@example.org");
}

#[test]
fn without_a_name_the_commits_are_by_cco() {
    let world = World::new();
    std::fs::write(world.base().join("home/.gitconfig"), "").unwrap();
    let (repo, _) = world.started();
    iterate(&repo);
    assert_eq!(world.git(&["log", "-1", "--format=%an <%ae>"]), "cco <cco@localhost>");
}

#[test]
fn a_branch_that_was_moved_is_not_overwritten() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    let commit = repo.commit(&new_commit(&tree, &prepared.head.commit)).unwrap();
    world.git(&["commit", "--allow-empty", "-qm", "by the worker"]);
    let theirs = world.git(&["rev-parse", "HEAD"]);
    let refused = repo.publish(&to_branch(&commit, Some(&prepared.head.commit)));
    let Err(Error::BranchMoved { expected, found, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!((expected, found.unwrap().to_string()), (Some(prepared.head.commit.clone()), theirs.clone()));
    assert_eq!(world.git(&["rev-parse", BRANCH]), theirs);
    assert!(matches!(repo.publish(&to_branch(&commit, None)), Err(Error::BranchMoved { .. })));
    let gone = Publish { branch: "gone".to_owned(), ..to_branch(&commit, Some(&prepared.head.commit)) };
    assert!(matches!(repo.publish(&gone), Err(Error::BranchMoved { found: None, .. })));
}

#[test]
fn a_publish_repeated_after_a_crash_changes_nothing_more() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("new.txt", "new\n");
    let (_, commit) = iterate(&repo);
    let again = world.open().publish(&to_branch(&commit, Some(&prepared.head.commit))).unwrap();
    assert_eq!(again, Published::AlreadyThere);
    assert_eq!(world.git(&["reflog", "show", "--format=%gs", BRANCH]), "cco: iteration 1\ncco: start of the mission");
}

#[test]
fn only_the_one_ref_moves_and_only_the_commits_objects_arrive() {
    let world = World::new();
    world.git(&["branch", "other"]);
    world.git(&["tag", "v1"]);
    let (repo, _) = world.started();
    let before = repo.refs().unwrap();
    world.write("secret.txt", "only in a snapshot\n");
    let secret = repo.snapshot().unwrap().tree;
    std::fs::remove_file(world.path("secret.txt")).unwrap();
    world.write("new.txt", "new\n");
    let (_, commit) = iterate(&repo);
    let changes = before.changes_to(&repo.refs().unwrap());
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].after.as_deref(), Some(commit.as_str()));
    assert!(!world.try_git(&["cat-file", "-e", secret.as_str()]));
    assert_eq!(
        world.git(&["count-objects"]).split(' ').next(),
        Some("9"),
        "six of the start, and one blob, tree, commit"
    );
}

#[test]
fn published_work_survives_the_users_gc_and_the_loss_of_the_private_git_dir() {
    let world = World::new();
    let (repo, _) = world.started();
    for number in 0..3 {
        world.write("new.txt", format!("{number}\n"));
        iterate(&repo);
    }
    world.git(&["gc", "-q", "--prune=now"]);
    world.write("new.txt", "after\n");
    iterate(&repo);
    std::fs::remove_dir_all(world.path(".git/cco")).unwrap();
    world.git(&["fsck", "--strict", "--full"]);
    assert_eq!(world.git(&["rev-list", "--count", "HEAD"]), "5");
    assert!(matches!(repo.snapshot(), Err(Error::NotPrepared { .. })));
}

#[test]
fn a_kept_snapshot_has_a_ref() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    repo.keep("snapshots/1", tree.as_str()).unwrap();
    let private = world.path(".git/cco/git").display().to_string();
    assert_eq!(world.git(&["--git-dir", &private, "rev-parse", "refs/cco/snapshots/1"]), tree.as_str());
}

#[test]
fn objects_in_a_private_pack_arrive_too() {
    let world = World::new();
    let (repo, prepared) = world.started();
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    repo.keep("snapshots/1", tree.as_str()).unwrap();
    let private = world.path(".git/cco/git");
    world.git(&["--git-dir", &private.display().to_string(), "repack", "-q", "-a", "-d", "-l"]);
    assert!(std::fs::read_dir(private.join("objects/pack")).unwrap().count() > 0);
    let commit = repo.commit(&new_commit(&tree, &prepared.head.commit)).unwrap();
    repo.publish(&to_branch(&commit, Some(&prepared.head.commit))).unwrap();
    std::fs::remove_dir_all(world.path(".git/cco")).unwrap();
    assert_eq!(world.git(&["show", "cco/test:new.txt"]), "new");
    world.git(&["fsck", "--strict"]);
}

#[test]
fn a_snapshot_that_a_power_cut_emptied_is_taken_again() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("new.txt", "new\n");
    let tree = repo.snapshot().unwrap().tree;
    let private = world.path(".git/cco/git");
    let blob = &repo.list_tree(&tree).unwrap().into_iter().find(|entry| entry.path.ends_with("new.txt")).unwrap().id;
    for id in [blob.as_str(), tree.as_str()] {
        let object = private.join("objects").join(&id[..2]).join(&id[2..]);
        std::fs::remove_file(&object).unwrap();
        std::fs::write(&object, "").unwrap();
    }
    std::fs::write(private.join("boot"), "an earlier boot").unwrap();
    let own = private.join(format!("index.{}", std::process::id()));
    std::fs::rename(&own, private.join("index.1")).unwrap();
    let again = world.open();
    assert_eq!(again.snapshot().unwrap().tree, tree);
    assert_eq!(again.read_blob(&tree, std::path::Path::new("new.txt")).unwrap(), b"new\n");
}
