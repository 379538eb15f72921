//! The house kept clean: nothing of the machine it was written on, nothing put off, no file that cargo never sees.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may unwrap and read the sources")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders of `tests/` that are no test binaries: what the binaries share, and what they read.
const SHARED: [&str; 3] = ["data", "fixtures", "support"];

/// Files that speak of a word which elsewhere puts something off: the directive of the Test Anything Protocol.
const SPEAK_OF_TAP: [&str; 1] = ["src/verify/reports/tap.rs"];

/// Written by cargo, it names where the crates come from.
const LOCK_FILE: &str = "Cargo.lock";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files that are tracked or about to be, without those that git ignores.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let found: BTreeSet<PathBuf> = names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    // One that was removed from the work tree and not yet from the index is on its way out.
    found.into_iter().filter(|path| root().join(path).is_file()).collect()
}

/// Every line of every text file but the lock file, with where it stands.
fn lines() -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for path in files().iter().filter(|path| path.as_path() != Path::new(LOCK_FILE)) {
        let Ok(text) = String::from_utf8(fs::read(root().join(path)).unwrap()) else { continue };
        let numbered = text.lines().enumerate();
        lines.extend(numbered.map(|(number, line)| (format!("{}:{}", path.display(), number + 1), line.to_owned())));
    }
    assert!(lines.len() > 1000, "only {} lines were read", lines.len());
    lines
}

/// The lines that a rule finds fault with.
fn offences(rule: impl Fn(&str) -> bool) -> Vec<String> {
    let wrong = lines().into_iter().filter(|(_, line)| rule(line));
    wrong.map(|(place, line)| format!("{place}: {}", line.trim())).collect()
}

/// What follows each occurrence of a path that begins here, so not in the middle of a longer one.
fn after<'a>(line: &'a str, path: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(path).filter_map(move |(at, _)| {
        let before = line[..at].chars().next_back();
        let begins = before.is_none_or(|c| !(c.is_alphanumeric() || "_-.~}/$*\\".contains(c)));
        begins.then(|| &line[at + path.len()..])
    })
}

/// A path of a developer's own machine. The words are put together here so that this file does not offend itself.
fn names_a_machine(line: &str) -> bool {
    let folders = ["root", "work"].map(|name| format!("/{name}/"));
    let in_folder = folders.iter().any(|folder| after(line, folder).next().is_some());
    let home = after(line, "/home/").any(|rest| {
        let name = rest.chars().take_while(|c| c.is_alphanumeric() || "_-.".contains(*c)).collect::<String>();
        // Names that examples use; whoever writes a new example takes one of them, or a single letter.
        name.len() > 1 && !["user", "me", "alice", "bob"].contains(&name.as_str())
    });
    let temporary = [concat!("/tmp/", "bash"), concat!("/tmp/", "brief")];
    in_folder || home || temporary.iter().any(|path| line.contains(path))
}

/// An address of a package registry or of a mirror of one: where packages come from is the user's configuration.
fn names_a_registry(line: &str) -> bool {
    let kinds = ["registry", "index", "static", "mirror", "proxy", "pypi", "files", "npm", "deb", "crates"];
    ["https://", "http://"].iter().any(|scheme| {
        line.split(scheme).skip(1).any(|rest| {
            let host = rest.split(['/', ':', '"', ' ']).next().unwrap_or_default();
            host.contains('.') && kinds.contains(&host.split('.').next().unwrap_or_default())
        })
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|own| own == word)
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let wrong = offences(names_a_machine);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_file_names_a_package_registry() {
    let wrong = offences(names_a_registry);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nothing_is_put_off_in_a_comment() {
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut wrong = offences(|line| words.iter().any(|word| has_word(line, word)));
    wrong.retain(|place| !SPEAK_OF_TAP.iter().any(|file| place.starts_with(file)));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A test may be a program: one that other tests of its file start, in a process of its own.
const ROLE: &str = concat!("#[ig", "nore = \"a role that other tests start\"]");

#[test]
fn no_test_is_skipped() {
    let mut wrong = offences(|line| line.contains(concat!("#[ig", "nore")));
    wrong.retain(|place| {
        let file = place.split(':').next().unwrap();
        let is_role = place.ends_with(ROLE) && fs::read_to_string(root().join(file)).unwrap().contains("\"--ignored\"");
        !is_role
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_rules_find_what_they_are_for() {
    // Spelled with another mark, for this file is searched too.
    let machine =
        ["cd @root@x", "(\"@work@y\")", "see @home@jsmith@z", "ls @tmp@bash_jobs"].map(|line| line.replace('@', "/"));
    let fine = ["src/work/mod.rs", "{dir}/work/", "/home/alice/repo", "/rooting", "/homework", "$HOME/root/x"];
    assert!(machine.iter().all(|line| names_a_machine(line)));
    assert!(fine.iter().all(|line| !names_a_machine(line)));
    assert!(names_a_registry(concat!("http", "s://registry.example.org/x")));
    assert!(!names_a_registry("https://docs.example.org/x") && !names_a_registry("http://127.0.0.1:80/"));
    assert!(has_word("// LATER: x", "LATER") && !has_word("LATERAL", "LATER"));
}

/// The `.rs` files that a root file draws in by its `mod` lines, itself included.
fn drawn_in(file: &Path, is_root: bool, seen: &mut BTreeSet<PathBuf>) {
    if !seen.insert(file.to_owned()) {
        return;
    }
    let folder = file.parent().unwrap();
    let plain = is_root || file.file_name().is_some_and(|name| name == "mod.rs");
    let inner = if plain { folder.to_owned() } else { file.with_extension("") };
    let text = fs::read_to_string(file).unwrap();
    let mut given: Option<PathBuf> = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            given = Some(fs::canonicalize(folder.join(path)).unwrap());
            continue;
        }
        let Some(name) = module_named(line) else { continue };
        let candidates = [inner.join(format!("{name}.rs")), inner.join(name).join("mod.rs")];
        let found = given.take().into_iter().chain(candidates).find(|path| path.is_file());
        if let Some(found) = found {
            drawn_in(&found, false, seen);
        }
    }
}

/// The module that a line declares in a file of its own.
fn module_named(line: &str) -> Option<&str> {
    let declaration = line.strip_suffix(';')?;
    let (before, name) = declaration.rsplit_once("mod ")?;
    let visible = before.is_empty() || before.starts_with("pub");
    (visible && name.chars().all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
}

/// The files that cargo builds by itself or is told to build.
fn roots() -> Vec<PathBuf> {
    let is_root = |path: &PathBuf| {
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        match parts.as_slice() {
            ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
            ["src", "bin", file] | ["tests" | "benches" | "examples", file] => file.ends_with(".rs"),
            ["src", "bin", _, "main.rs"] | ["tests" | "benches" | "examples", _, "main.rs"] => true,
            _ => false,
        }
    };
    files().into_iter().filter(is_root).collect()
}

#[test]
fn every_source_file_is_compiled() {
    let mut seen = BTreeSet::new();
    for file in roots() {
        drawn_in(&root().join(file), true, &mut seen);
    }
    let is_data = |path: &Path| path.iter().any(|part| part == "fixtures" || part == "data");
    let forgotten: Vec<PathBuf> = files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs") && !is_data(path))
        .filter(|path| !seen.contains(&root().join(path)))
        .collect();
    assert!(forgotten.is_empty(), "no `mod` line leads to {forgotten:?}");
}

#[test]
fn every_folder_of_tests_is_a_test_binary_or_shared() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("autotests"), "cargo finds the tests by itself");
    let mut binaries = 0;
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !path.is_dir() || SHARED.contains(&name) || name == "snapshots" {
            continue;
        }
        assert!(path.join("main.rs").is_file(), "tests/{name} has no main.rs, so cargo does not build it");
        binaries += 1;
    }
    assert!(binaries > 0);
}

#[test]
fn every_script_can_be_run() {
    let scripts: Vec<PathBuf> = files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "sh") || path == Path::new(".ci/run"))
        .filter(|path| !path.starts_with("tests"))
        .collect();
    assert!(scripts.len() >= 2, "only {scripts:?} were found");
    for script in scripts {
        let mode = fs::metadata(root().join(&script)).unwrap().permissions().mode();
        assert!(mode & 0o100 != 0, "{} is not executable", script.display());
    }
}
