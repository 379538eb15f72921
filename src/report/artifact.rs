//! What a mission made: changed files, told apart by their path.

use serde::{Deserialize, Serialize};

/// One changed file, compared with the commit the mission started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// What kind of file it is, by its path.
    #[serde(rename = "type")]
    pub kind: ArtifactKind,
    /// Relative to the repository.
    pub path: String,
    /// The git object id of its content; `null`: it was removed.
    pub blob: Option<String>,
    /// What happened to it.
    pub change: ChangeKind,
}

/// Kinds of files (`Deliverable.artifacts` of the specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactKind {
    /// Source text.
    Code,
    /// Text for people.
    Documentation,
    /// What tests the code.
    Test,
    /// All else: settings, data, pictures.
    Other,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It has another content.
    Changed,
    /// It is gone.
    Removed,
}

impl Artifact {
    /// A changed file, its kind read off its path.
    #[must_use]
    pub fn new(path: impl Into<String>, blob: Option<String>, change: ChangeKind) -> Self {
        let path = path.into();
        Self { kind: ArtifactKind::of(&path), path, blob, change }
    }
}

impl ArtifactKind {
    /// Reads the kind off a path: folders before names, names before endings.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let mut folders: Vec<&str> = lower.split('/').collect();
        let name = folders.pop().unwrap_or_default();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let in_folder = |names: &[&str]| folders.iter().any(|folder| names.contains(folder));
        if is_code(ending) && is_test_name(stem) || in_folder(&["test", "tests", "__tests__", "spec", "specs", "e2e"]) {
            return Self::Test;
        }
        if is_document(stem, ending) || in_folder(&["doc", "docs"]) {
            return Self::Documentation;
        }
        if is_code(ending) || matches!(name, "makefile" | "dockerfile" | "justfile" | "rakefile") {
            return Self::Code;
        }
        Self::Other
    }

    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Documentation => "documentation",
            Self::Test => "test",
            Self::Other => "other",
        }
    }
}

fn is_test_name(stem: &str) -> bool {
    let ends = ["_test", ".test", "-test", "_tests", "_spec", ".spec", "-spec"];
    stem.starts_with("test_")
        || matches!(stem, "test" | "tests" | "conftest")
        || ends.iter().any(|end| stem.ends_with(end))
}

fn is_document(stem: &str, ending: &str) -> bool {
    let named = ["readme", "changelog", "contributing", "license", "licence", "security", "architecture", "authors"];
    matches!(ending, "md" | "mdx" | "rst" | "adoc" | "txt" | "tex") || named.contains(&stem)
}

fn is_code(ending: &str) -> bool {
    let endings = "rs c h cc cpp hpp cs go java kt kts scala swift m py pyi rb php pl lua r jl ex exs erl hs ml mli fs \
                   clj js jsx ts tsx mjs cjs mts cts vue svelte html css scss sass less sql sh bash zsh fish ps1 bat \
                   zig nim dart proto graphql tf";
    endings.split_whitespace().any(|known| known == ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_off_paths() {
        let of = |path| ArtifactKind::of(path);
        for test in ["tests/api.rs", "src/user.test.ts", "pkg/user_test.go", "test_app.py", "spec/fixtures/a.json"] {
            assert_eq!(of(test), ArtifactKind::Test, "{test}");
        }
        for document in ["README.md", "docs/openapi.yaml", "LICENSE", "guide/intro.rst"] {
            assert_eq!(of(document), ArtifactKind::Documentation, "{document}");
        }
        for code in ["src/lib.rs", "index.html", "Dockerfile", "scripts/contest.sh", "src/latest.ts"] {
            assert_eq!(of(code), ArtifactKind::Code, "{code}");
        }
        for other in ["package.json", ".gitignore", "logo.png", "data/rows.csv"] {
            assert_eq!(of(other), ArtifactKind::Other, "{other}");
        }
    }
}
