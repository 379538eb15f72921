//! A proposed mission: checks that the project already has, and what should be sealed and carried.

use super::listing::Listing;
use super::{by_hand, go, java, node, python, rust};

/// The most commands that are only mentioned.
const MENTIONED: usize = 12;

/// What is proposed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposal {
    /// What was recognised, for people: `Rust (Cargo.toml)`.
    pub found: Vec<String>,
    /// The definition of done to begin with.
    pub checks: Vec<Check>,
    /// Checks that make sense once a bound is chosen; written as comments.
    pub later: Vec<Check>,
    /// What the worker must not change.
    pub protect: Vec<Commented>,
    /// Ignored files that checks may need.
    pub carry: Vec<Commented>,
    /// Other commands of the project, each with the file it was seen in; written as comments.
    pub mentioned: Vec<(String, String)>,
}

/// One proposed criterion with its one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The project's part, to tell several languages apart.
    pub part: Part,
    /// What it guards.
    pub role: Role,
    /// What must hold, in words.
    pub words: String,
    /// How it is checked.
    pub validator: Validator,
    /// Whether the mission can end without it.
    pub required: bool,
    /// The file that gave it away.
    pub why: String,
}

/// A part of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Cargo.
    Rust,
    /// npm and its kin.
    Node,
    /// Python.
    Python,
    /// Go.
    Go,
    /// Maven or Gradle.
    Java,
    /// .NET.
    Dotnet,
    /// A container image.
    Image,
    /// Make, just or Task.
    Any,
}

/// What a check guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Tests.
    Tests,
    /// Style and likely mistakes.
    Lint,
    /// Types.
    Types,
    /// It can be built.
    Build,
    /// How much of it tests run.
    Coverage,
}

/// How a criterion is checked, as mission files write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validator {
    /// A shell command that exits 0.
    Command(String),
    /// A test command and its report.
    Tests {
        /// The command.
        run: String,
        /// The report.
        report: String,
    },
    /// A coverage command and its report.
    Coverage {
        /// The command.
        run: String,
        /// The report.
        report: String,
    },
}

/// A line of a list that may be written as a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commented {
    /// The glob or path.
    pub value: String,
    /// Why it is there.
    pub why: String,
    /// Whether it is in force, or only a comment.
    pub active: bool,
}

impl Part {
    /// The word in identifiers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Node => "node",
            Self::Python => "python",
            Self::Go => "go",
            Self::Java => "java",
            Self::Dotnet => "dotnet",
            Self::Image => "image",
            Self::Any => "project",
        }
    }
}

impl Role {
    /// The word in identifiers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Lint => "lint",
            Self::Types => "types",
            Self::Build => "build",
            Self::Coverage => "coverage",
        }
    }
}

impl Check {
    /// A required criterion.
    pub(super) fn new(part: Part, role: Role, words: &str, validator: Validator, why: &str) -> Self {
        Self { part, role, words: words.to_owned(), validator, required: true, why: why.to_owned() }
    }
}

impl Validator {
    /// A shell command that exits 0.
    pub(super) fn command(run: impl Into<String>) -> Self {
        Self::Command(run.into())
    }

    /// What is run.
    #[must_use]
    pub fn run(&self) -> &str {
        match self {
            Self::Command(run) | Self::Tests { run, .. } | Self::Coverage { run, .. } => run,
        }
    }
}

impl Proposal {
    /// The identifier of a check: its role, with its part where several parts have one.
    #[must_use]
    pub fn id(&self, check: &Check) -> String {
        let all = || self.checks.iter().chain(&self.later);
        let alone = all().filter(|other| other.role == check.role).count() == 1;
        if alone { check.role.word().to_owned() } else { format!("{}-{}", check.part.word(), check.role.word()) }
    }

    /// Whether some part has a check of this role already.
    pub(super) fn has(&self, role: Role) -> bool {
        self.checks.iter().any(|check| check.role == role)
    }

    /// Mentions a command that is proposed nowhere else.
    pub(super) fn mention(&mut self, command: &str, file: &str) {
        let known = self.checks.iter().any(|check| check.validator.run() == command)
            || self.mentioned.iter().any(|(other, _)| other == command);
        if !known && self.mentioned.len() < MENTIONED {
            self.mentioned.push((command.to_owned(), file.to_owned()));
        }
    }
}

/// Proposes a mission for what a listing shows.
#[must_use]
pub fn propose(listing: &Listing) -> Proposal {
    let mut proposal = Proposal::default();
    rust::look(listing, &mut proposal);
    node::look(listing, &mut proposal);
    python::look(listing, &mut proposal);
    go::look(listing, &mut proposal);
    java::look(listing, &mut proposal);
    by_hand::look(listing, &mut proposal);
    protect(listing, &mut proposal);
    carry(listing, &mut proposal);
    proposal
}

fn protect(listing: &Listing, proposal: &mut Proposal) {
    let mut line = |value: &str, why: &str, active| {
        let (value, why) = (value.to_owned(), why.to_owned());
        proposal.protect.push(Commented { value, why, active });
    };
    if listing.workflows().next().is_some() {
        line(".github/workflows/**", "what CI runs", true);
    }
    for folder in ["tests", "test", "spec", "e2e", "__tests__"] {
        if listing.folders.contains(folder) {
            line(&format!("{folder}/**"), "if the worker may add no tests and change none", false);
        }
    }
}

/// Settings of tests are carried; what may hold real secrets only if somebody says so.
fn carry(listing: &Listing, proposal: &mut Proposal) {
    for file in listing.files.iter().filter(|file| !file.contains('/') && listing.ignores(file)) {
        let (why, active) = match file.as_str() {
            ".env.test" | ".env.testing" | ".env.ci" => ("settings of the tests", true),
            ".env" | ".envrc" | "local.properties" | "appsettings.Development.json" => {
                ("if checks need it; it may hold secrets", false)
            }
            name if name.starts_with(".env.") => ("if checks need it; it may hold secrets", false),
            _ => continue,
        };
        proposal.carry.push(Commented { value: file.clone(), why: why.to_owned(), active });
    }
}
