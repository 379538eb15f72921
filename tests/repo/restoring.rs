//! Rolling the work tree back to a tree.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;

use crate::world::{World, iterate};

/// Everything outside `.git`: kind, rights and content.
pub(crate) fn contents(dir: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().display());
        let kind = entry.file_type().unwrap();
        if name == ".git" {
            continue;
        } else if kind.is_dir() {
            contents(&entry.path(), &format!("{name}/"), found);
        } else if kind.is_symlink() {
            found.insert(name, format!("-> {}", std::fs::read_link(entry.path()).unwrap().display()));
        } else {
            let executable = entry.metadata().unwrap().permissions().mode() & 0o100;
            found.insert(
                name,
                format!("{executable} {}", String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap())),
            );
        }
    }
}

fn all(world: &World) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    contents(&world.root, "", &mut found);
    found
}

#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Write(u8, u8),
    Execute(u8),
    Link(u8),
    Remove(u8),
    Folder(u8),
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (0..6u8, any::<u8>()).prop_map(|(file, content)| Edit::Write(file, content)),
        (0..6u8).prop_map(Edit::Execute),
        (0..6u8).prop_map(Edit::Link),
        (0..6u8).prop_map(Edit::Remove),
        (0..6u8).prop_map(Edit::Folder),
    ]
}

fn clear(path: &Path) {
    if path.is_dir() && !path.is_symlink() {
        std::fs::remove_dir_all(path).unwrap();
    } else if path.symlink_metadata().is_ok() {
        std::fs::remove_file(path).unwrap();
    }
}

pub(crate) fn apply(root: &Path, edit: &Edit) {
    let name = |file: &u8| root.join(format!("f{file}"));
    match edit {
        Edit::Write(file, content) => {
            clear(&name(file));
            std::fs::write(name(file), [*content]).unwrap();
        }
        Edit::Execute(file) => {
            clear(&name(file));
            std::fs::write(name(file), "x").unwrap();
            std::fs::set_permissions(name(file), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        Edit::Link(file) => {
            clear(&name(file));
            std::os::unix::fs::symlink("a.txt", name(file)).unwrap();
        }
        Edit::Remove(file) => clear(&name(file)),
        Edit::Folder(file) => {
            clear(&name(file));
            std::fs::create_dir(name(file)).unwrap();
            std::fs::write(name(file).join("inner"), "x").unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn restoring_snapshot_n_gives_work_tree_n(steps in prop::collection::vec(prop::collection::vec(edit(), 1..4), 2..4)) {
        let world = World::new();
        let (repo, _) = world.started();
        let mut seen = Vec::new();
        for edits in &steps {
            edits.iter().for_each(|edit| apply(&world.root, edit));
            seen.push((repo.snapshot().unwrap().tree, all(&world)));
        }
        for (tree, expected) in seen.iter().rev().chain(&seen) {
            repo.restore(tree).unwrap();
            prop_assert_eq!(&all(&world), expected);
            prop_assert_eq!(&repo.snapshot().unwrap().tree, tree);
        }
    }
}

#[test]
fn what_was_there_before_a_restore_is_kept_and_ignored_files_stay() {
    let world = World::new();
    world.write(".gitignore", "*.log\n");
    world.commit_all("ignore");
    let (repo, prepared) = world.started();
    world.write("a.txt", "two\n");
    world.write("new.txt", "x");
    iterate(&repo);
    world.write("a.txt", "unsaved\n");
    world.write("trace.log", "x");
    let restored = repo.restore(&prepared.base).unwrap();
    assert_eq!(repo.read_blob(&restored.before.tree, Path::new("a.txt")).unwrap(), b"unsaved\n");
    assert_eq!((world.read("a.txt").as_str(), world.path("new.txt").exists()), ("one\n", false));
    assert!(world.path("trace.log").exists());
    repo.restore(&restored.before.tree).unwrap();
    assert_eq!((world.read("a.txt").as_str(), world.read("new.txt").as_str()), ("unsaved\n", "x"));
}
