//! Comparison and reading, by libgit2 (sha1) and by the command line (sha256): the same questions, the same answers.

use std::path::Path;

use cco::repo::{ChangeKind, CommitMessage, DiffStat, Error, NewCommit, Repo, Trailer};
use cco::words::TreeId;

use crate::world::World;

fn both(test: impl Fn(&World, &Repo, &TreeId)) {
    for format in ["--object-format=sha1", "--object-format=sha256"] {
        let world = World::with(&[format]);
        let (repo, prepared) = world.started();
        test(&world, &repo, &prepared.base);
    }
}

#[test]
fn changes_have_kind_and_lines() {
    both(|world, repo, base| {
        world.write("a.txt", "one\ntwo\nthree\n");
        world.write("binary", b"\0\x01\x02");
        world.write("ä ö", "x\n");
        std::fs::remove_file(world.path("src/lib.rs")).unwrap();
        std::fs::remove_file(world.path("run.sh")).unwrap();
        std::os::unix::fs::symlink("a.txt", world.path("run.sh")).unwrap();
        let tree = repo.snapshot().unwrap().tree;
        let changes = repo.changed_paths(base, &tree).unwrap();
        let told: Vec<_> =
            changes.iter().map(|change| (change.path.display().to_string(), change.kind, change.lines)).collect();
        assert_eq!(
            told,
            [
                ("a.txt".to_owned(), ChangeKind::Modified, Some((2, 0))),
                ("binary".to_owned(), ChangeKind::Added, None),
                ("run.sh".to_owned(), ChangeKind::TypeChanged, None),
                ("src/lib.rs".to_owned(), ChangeKind::Deleted, Some((0, 1))),
                ("ä ö".to_owned(), ChangeKind::Added, Some((1, 0))),
            ]
        );
        assert_eq!(DiffStat::of(&changes), DiffStat { files: 5, added: 3, removed: 1 });
        assert_eq!(repo.changed_paths(base, base).unwrap(), []);
    });
}

#[test]
fn a_diff_shows_text_and_names_binary_files() {
    both(|world, repo, base| {
        world.write("a.txt", "two\n");
        world.write("binary", b"\0\x01\x02");
        let tree = repo.snapshot().unwrap().tree;
        let whole = repo.diff_text(base, &tree, usize::MAX).unwrap();
        assert_eq!(whole.omitted, 0);
        assert!(whole.text.contains("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n"), "{}", whole.text);
        assert!(whole.text.contains("binary differ") && !whole.text.contains('\0'), "{}", whole.text);
        let cut = repo.diff_text(base, &tree, 40).unwrap();
        assert!(cut.text.len() <= 40 && cut.text.ends_with('\n'));
        assert_eq!(cut.text.len() + cut.omitted, whole.text.len());
    });
}

#[test]
fn files_are_read_from_a_tree_and_absent_ones_are_an_error() {
    both(|_, repo, base| {
        assert_eq!(repo.read_blob(base, Path::new("src/lib.rs")).unwrap(), b"fn main() {}\n");
        for path in ["src", "nothing", "src/nothing", "a.txt/x"] {
            let read = repo.read_blob(base, Path::new(path));
            assert!(matches!(read, Err(Error::NotInTree { .. })), "{path}: {read:?}");
        }
        assert!(repo.contains(base, Path::new("src")).unwrap());
        assert!(!repo.contains(base, Path::new("nothing")).unwrap());
    });
}

#[test]
fn a_tree_is_listed_with_modes() {
    both(|_, repo, base| {
        let listed = repo.list_tree(base).unwrap();
        let told: Vec<_> = listed.iter().map(|entry| (entry.path.display().to_string(), entry.mode)).collect();
        assert_eq!(
            told,
            [("a.txt".to_owned(), 0o100_644), ("run.sh".to_owned(), 0o100_755), ("src/lib.rs".to_owned(), 0o100_644),]
        );
    });
}

#[test]
fn head_and_refs_are_the_same_either_way() {
    both(|world, repo, _| {
        world.git(&["tag", "-a", "v1", "-m", "one"]);
        world.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/main"]);
        let refs = repo.refs().unwrap();
        let names: Vec<_> = refs.refs.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["HEAD", "refs/heads/cco/test", "refs/heads/main", "refs/remotes/origin/HEAD", "refs/tags/v1"]
        );
        assert_eq!(refs.refs["refs/tags/v1"], world.git(&["rev-parse", "refs/tags/v1"]));
        assert_eq!(refs.refs["refs/remotes/origin/HEAD"], "ref: refs/heads/main");
        assert_eq!(repo.head().unwrap().commit.as_str(), refs.refs["refs/heads/main"]);
        assert_eq!(repo.branch_tip("nothing").unwrap(), None);
        assert_eq!(repo.branch_tip("main").unwrap().unwrap().as_str(), refs.refs["refs/heads/main"]);
    });
}

#[test]
fn a_repository_is_read_before_it_is_prepared() {
    let world = World::new();
    let repo = world.open();
    let tree = repo.tree_of(&repo.head().unwrap().commit).unwrap();
    assert_eq!(repo.list_tree(&tree).unwrap().len(), 3);
    assert!(!repo.state_dir().exists());
}

#[test]
fn commits_are_told_oldest_first_with_their_iteration() {
    both(|world, repo, _| {
        let start = repo.head().unwrap().commit;
        let mut parent = start.clone();
        for number in 1..=3_u64 {
            world.write("a.txt", format!("{number}\n"));
            let tree = repo.snapshot().unwrap().tree;
            let message = CommitMessage::new(&format!("step {number}")).trailer(Trailer::Iteration, number);
            let time = jiff::Timestamp::from_second(1_700_000_000).unwrap();
            parent = repo.commit(&NewCommit { tree, parent, time, message }).unwrap();
        }
        let told = repo.commits_between(&start, &parent).unwrap();
        let told: Vec<_> =
            told.iter().map(|one| (one.subject.as_str(), one.iteration.map(|number| number.0))).collect();
        assert_eq!(told, [("step 1", Some(1)), ("step 2", Some(2)), ("step 3", Some(3))]);
        assert_eq!(repo.commits_between(&parent, &start).unwrap(), []);
        assert_eq!(repo.commits_between(&parent, &parent).unwrap(), []);
    });
}
