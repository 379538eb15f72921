//! Entering the mission's branch.

use cco::repo::{BranchChoice, Error};

use crate::world::{BRANCH, World, iterate};

fn named(name: &str) -> BranchChoice {
    BranchChoice::Named(name.to_owned())
}

#[test]
fn the_current_branch_can_be_used() {
    let world = World::new();
    let repo = world.open();
    repo.prepare().unwrap();
    let head = repo.enter_branch(&BranchChoice::Current).unwrap();
    assert_eq!(head.branch.as_deref(), Some("main"));
}

#[test]
fn entering_twice_is_as_once() {
    let world = World::new();
    let (repo, _) = world.started();
    let head = repo.enter_branch(&named(BRANCH)).unwrap();
    assert_eq!(Some(head), repo.head().ok());
}

#[test]
fn a_branch_that_is_ahead_is_continued_and_dirty_work_stays() {
    let world = World::new();
    world.git(&["update-index", "--split-index"]);
    let (repo, _) = world.started();
    world.write("done.txt", "done\n");
    let (_, commit) = iterate(&repo);
    world.git(&["switch", "-q", "main"]);
    assert!(!world.path("done.txt").exists());
    world.write("a.txt", "dirty\n");
    let repo = world.open();
    repo.prepare().unwrap();
    let head = repo.enter_branch(&named(BRANCH)).unwrap();
    assert_eq!(head.commit, commit);
    assert_eq!((world.read("done.txt").as_str(), world.read("a.txt").as_str()), ("done\n", "dirty\n"));
    assert_eq!(world.status(), " M a.txt");
    iterate(&repo);
    assert_eq!(world.git(&["rev-list", "--count", "HEAD"]), "3");
    assert_eq!(world.status(), "");
}

#[test]
fn head_is_put_back_on_the_mission_s_branch_wherever_it_was_left() {
    let world = World::new();
    let (repo, _) = world.started();
    assert!(!repo.return_to_branch(BRANCH).unwrap());
    for moved in [&["switch", "-q", "main"][..], &["checkout", "-q", "--detach"], &["switch", "-q", "--orphan", "new"]]
    {
        world.git(moved);
        world.write("a.txt", "by the worker\n");
        assert!(repo.return_to_branch(BRANCH).unwrap(), "{moved:?}");
        assert_eq!(world.git(&["symbolic-ref", "--short", "HEAD"]), BRANCH);
        assert_eq!(world.read("a.txt"), "by the worker\n");
        world.git(&["reset", "-q", "--hard"]);
    }
}

#[test]
fn head_is_not_put_on_a_branch_that_is_gone() {
    let world = World::new();
    let (repo, _) = world.started();
    world.git(&["switch", "-q", "main"]);
    world.git(&["branch", "-q", "-D", BRANCH]);
    let gone = repo.return_to_branch(BRANCH).unwrap_err();
    assert!(matches!(&gone, Error::BranchGone { branch, .. } if branch == BRANCH), "{gone}");
    assert_eq!(world.git(&["symbolic-ref", "--short", "HEAD"]), "main");
}

#[test]
fn work_that_would_be_overwritten_stops_the_move() {
    let world = World::new();
    let (repo, _) = world.started();
    world.write("a.txt", "by cco\n");
    world.write("new.txt", "by cco\n");
    iterate(&repo);
    world.git(&["switch", "-q", "main"]);
    for name in ["a.txt", "new.txt"] {
        world.write(name, "by the user\n");
        let repo = world.open();
        repo.prepare().unwrap();
        assert!(matches!(repo.enter_branch(&named(BRANCH)), Err(Error::WouldOverwrite { .. })), "{name}");
        assert_eq!(world.read(name), "by the user\n");
        assert_eq!(world.git(&["symbolic-ref", "--short", "HEAD"]), "main");
        world.git(&["reset", "-q", "--hard"]);
        world.git(&["clean", "-fdq"]);
    }
}

#[test]
fn a_branch_of_another_history_is_refused() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", BRANCH]);
    world.git(&["commit", "--allow-empty", "-qm", "elsewhere"]);
    world.git(&["switch", "-q", "main"]);
    world.git(&["commit", "--allow-empty", "-qm", "here"]);
    let repo = world.open();
    assert!(matches!(repo.can_enter(&named(BRANCH)), Err(Error::BranchDiverged { .. })));
    repo.prepare().unwrap();
    assert!(matches!(repo.enter_branch(&named(BRANCH)), Err(Error::BranchDiverged { .. })));
}

#[test]
fn a_branch_that_stands_where_another_needs_a_folder_is_named_with_the_way_out() {
    let world = World::new();
    let repo = world.open();
    world.git(&["branch", "cco"]);
    let Err(error @ Error::BranchBlocked { .. }) = repo.can_enter(&named("cco/x")) else { panic!("it is blocked") };
    assert!(error.to_string().contains("git branch -m cco cco-old"), "{error}");
    world.git(&["branch", "-m", "cco", "cco-x"]);
    world.git(&["branch", "cco/x/y"]);
    assert!(matches!(repo.can_enter(&named("cco/x")), Err(Error::BranchBlocked { by, .. }) if by == "cco/x/y"));
    repo.can_enter(&named("cco/z")).unwrap();
}

#[test]
fn names_that_are_no_branch_names_are_refused() {
    let repo = World::new();
    for name in ["", "a..b", "-x", "@{-1}", "a b", "HEAD"] {
        assert!(matches!(repo.open().can_enter(&named(name)), Err(Error::BranchName { .. })), "{name:?}");
    }
}
