//! The house of the design, held by a test: rooms stand on floors and use only rooms below them.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may unwrap and read the sources")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and its floor. Rooms of one floor do not use each other, but for the pairs in [`NEIGHBOURS`].
const FLOORS: &[(&str, u8)] = &[
    ("words", 0),
    ("config", 1),
    ("mission", 1),
    ("reading", 1),
    ("session", 2),
    ("prompt", 3),
    ("view", 3),
    ("openrouter", 4),
    ("process", 4),
    ("repo", 4),
    ("store", 4),
    ("manager", 5),
    ("report", 5),
    ("verify", 5),
    ("worker", 5),
    ("daemon", 6),
    ("cli", 7),
];

/// Pairs on one floor of which the first may use the second, each for a reason said in ARCHITECTURE.md.
const NEIGHBOURS: &[(&str, &str)] = &[("config", "reading"), ("mission", "reading")];

/// Lines of a file without its tests; beyond this a file hides a second idea.
const LONGEST_FILE: usize = 500;

fn sources() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    found
}

/// The room a source file belongs to; `None` for `lib.rs`, `main.rs` and the test programs.
fn room_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.components().next()?.as_os_str().to_str()?.to_owned();
    (inside.components().count() > 1 && first != "bin").then_some(first)
}

/// The rooms that a line of code names after `crate::`, groups included.
fn rooms_named(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let after = code.split("crate::").skip(1);
    after
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>())
        .filter(|room| !room.is_empty())
        .collect()
}

fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn every_room_uses_only_rooms_below_it() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources() {
        let Some(room) = room_of(&path) else { continue };
        let Some(floor) = floors.get(room.as_str()) else {
            wrong.push(format!("{}: the room {room} has no floor: add it to the table", path.display()));
            continue;
        };
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for used in rooms_named(line) {
                let neighbours = NEIGHBOURS.contains(&(room.as_str(), used.as_str()));
                let allowed =
                    used == room || neighbours || floors.get(used.as_str()).is_some_and(|below| below < floor);
                if !allowed {
                    wrong.push(format!("{}:{}: {room} may not use {used}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn groups_after_crate_are_not_used_because_the_table_cannot_read_them() {
    let found: Vec<String> = sources()
        .iter()
        .filter(|path| fs::read_to_string(path).unwrap().contains("use crate::{"))
        .map(|path| path.display().to_string())
        .collect();
    assert!(found.is_empty(), "write one `use crate::room::…` a line in {found:?}");
}

#[test]
fn every_room_is_listed_and_every_listed_room_exists() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for (room, _) in FLOORS {
        assert!(library.contains(&format!("pub mod {room};")), "{room} is not in lib.rs");
    }
}

#[test]
fn no_file_hides_a_second_idea() {
    let long: Vec<String> = sources()
        .iter()
        .map(|path| (path, without_tests(&fs::read_to_string(path).unwrap()).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn there_is_one_select_in_the_whole_crate() {
    let selects: usize = sources()
        .iter()
        .map(|path| without_tests(&fs::read_to_string(path).unwrap()).matches("select! {").count())
        .sum();
    assert!(selects <= 1, "{selects} select loops");
}

#[test]
fn the_pure_floors_touch_nothing_outside() {
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let forbidden = ["std::fs", "std::net", "std::env", "std::process", "std::thread", "tokio::", "Instant", "rand::"];
    let mut wrong = Vec::new();
    for path in sources() {
        let pure = room_of(&path).and_then(|room| floors.get(room.as_str()).copied()).is_some_and(|floor| floor <= 3);
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in without_tests(&text).lines().enumerate().filter(|_| pure) {
            let code = line.split("//").next().unwrap_or_default();
            if forbidden.iter().any(|power| code.contains(power)) {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
