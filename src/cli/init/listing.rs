//! What is known of a repository before a mission is proposed: names, and the contents of a few small files.

use std::collections::{BTreeMap, BTreeSet};

/// Files at the root whose contents tell how a project is built and tested.
const TELLING: [&str; 12] = [
    ".gitignore",
    ".config/nextest.toml",
    "CLAUDE.md",
    "Cargo.toml",
    "Makefile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "go.mod",
    "justfile",
    "package.json",
    "pyproject.toml",
    "requirements-dev.txt",
];

/// The names in a repository, relative to its root, and what was read.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Files at the root and in the folders of [`Listing::FOLDERS`].
    pub files: BTreeSet<String>,
    /// Folders at the root.
    pub folders: BTreeSet<String>,
    /// The contents of the files that [`Listing::wanted`] named.
    pub contents: BTreeMap<String, String>,
}

impl Listing {
    /// Folders whose files are listed beside those of the root.
    pub const FOLDERS: [&str; 2] = [".github/workflows", ".config"];

    /// The files whose contents are to be read.
    #[must_use]
    pub fn wanted(&self) -> Vec<String> {
        let telling = |file: &&String| TELLING.contains(&file.as_str()) || is_workflow(file);
        self.files.iter().filter(telling).cloned().collect()
    }

    /// Whether there is a file of this name.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.files.contains(file)
    }

    /// What was read of a file; empty where there is none.
    #[must_use]
    pub fn content(&self, file: &str) -> &str {
        self.contents.get(file).map_or("", String::as_str)
    }

    /// The workflow files.
    pub fn workflows(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str).filter(|file| is_workflow(file))
    }

    /// Whether git leaves a file of the root out, by the root's `.gitignore`: the last pattern that fits decides.
    #[must_use]
    pub fn ignores(&self, name: &str) -> bool {
        let mut ignored = false;
        for line in self.content(".gitignore").lines().map(str::trim) {
            let (pattern, wanted) = line.strip_prefix('!').map_or((line, true), |rest| (rest, false));
            let pattern = pattern.trim_start_matches('/').trim_start_matches("**/");
            if pattern.is_empty() || pattern.starts_with('#') || pattern.ends_with('/') {
                continue;
            }
            if globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name)) {
                ignored = wanted;
            }
        }
        ignored
    }
}

fn is_workflow(file: &str) -> bool {
    file.starts_with(".github/workflows/") && (file.ends_with(".yml") || file.ends_with(".yaml"))
}
