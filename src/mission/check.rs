//! Checks: executable validators of a criterion, as checked values.

use std::time::Duration;

/// One validator, with what all kinds share.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// A name for people; empty: derived from the kind.
    pub name: String,
    /// What is checked.
    pub kind: CheckKind,
    /// How long one run may take; 10 min unless the file says otherwise.
    pub timeout: Duration,
    /// How often a run that did not pass is repeated; each run is kept as evidence.
    pub retries: u32,
    /// The folder it runs in, relative to the repository; empty: its root.
    pub cwd: String,
    /// How often it runs.
    pub every: Every,
    /// Globs of what the outcome depends on (cache key only); empty: the whole tree.
    pub inputs: Vec<String>,
    /// Globs sealed for this check, beside the mission's.
    pub protect: Vec<String>,
    /// Whether an earlier verdict on the same inputs may be taken over.
    pub cache: bool,
    /// The service that must be up while it runs.
    pub service: Option<String>,
}

/// How often a check runs. All run in the proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Every {
    /// After each action.
    #[default]
    Iteration,
    /// At the end of a phase.
    Phase,
    /// Only in the proof, and when all else holds.
    Final,
}

/// What is checked.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckKind {
    /// A program and what it says.
    Command(CommandCheck),
    /// Files and what they hold.
    File(FileCheck),
    /// A request and its answer.
    Http(HttpCheck),
    /// A test report, counted.
    Tests(TestsCheck),
    /// A coverage report, measured.
    Coverage(CoverageCheck),
    /// A number, held against bounds and against what it was at the start.
    Metric(MetricCheck),
    /// What changed since the start, and the commits since.
    Git(GitCheck),
    /// A SARIF report, its findings counted.
    Sarif(SarifCheck),
    /// A program that is told what to check and answers with a verdict of its own.
    Plugin(PluginCheck),
    /// A model's opinion with citations that cco looks up.
    Judge(JudgeCheck),
    /// A person's word.
    Manual(ManualCheck),
    /// Passes if all pass.
    All(Vec<Check>),
    /// Passes if one passes.
    Any(Vec<Check>),
    /// Passes if the other fails; inconclusive stays inconclusive.
    Not(Box<Check>),
}

impl Check {
    /// The checks that this one combines, in their order; none of a plain one.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match &self.kind {
            CheckKind::All(parts) | CheckKind::Any(parts) => parts,
            CheckKind::Not(part) => std::slice::from_ref(part),
            CheckKind::Command(_)
            | CheckKind::File(_)
            | CheckKind::Http(_)
            | CheckKind::Tests(_)
            | CheckKind::Coverage(_)
            | CheckKind::Metric(_)
            | CheckKind::Git(_)
            | CheckKind::Sarif(_)
            | CheckKind::Plugin(_)
            | CheckKind::Judge(_)
            | CheckKind::Manual(_) => &[],
        }
    }
}

impl CheckKind {
    /// The kind as written in a mission file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::File(_) => "file",
            Self::Http(_) => "http",
            Self::Tests(_) => "tests",
            Self::Coverage(_) => "coverage",
            Self::Metric(_) => "metric",
            Self::Git(_) => "git",
            Self::Sarif(_) => "sarif",
            Self::Plugin(_) => "plugin",
            Self::Judge(_) => "judge",
            Self::Manual(_) => "manual",
            Self::All(_) => "all",
            Self::Any(_) => "any",
            Self::Not(_) => "not",
        }
    }
}

/// Runs a shell command and looks at how it ended and what it said.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandCheck {
    /// Given to `sh -c`.
    pub run: String,
    /// The exit code that passes; 0 unless the file says otherwise.
    pub exit_code: i32,
    /// Texts that stdout must contain.
    pub stdout_contains: Vec<String>,
    /// Regular expressions that must match in stdout.
    pub stdout_matches: Vec<String>,
    /// Whether a non-empty stderr fails.
    pub stderr_empty: bool,
    /// Numbers in stdout, each with its bound.
    pub numbers: Vec<NumberQuery>,
    /// A query into stdout read as JSON.
    pub json: Option<PathQuery>,
}

/// A number that is picked out of a text by a pattern, and the bound it must keep.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberQuery {
    /// A regular expression; the number is its first group, or the whole match if it has none. Every match must keep the
    /// bound, and there must be one.
    pub pattern: String,
    /// The bound.
    pub bound: Bound,
}

/// Looks at files of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct FileCheck {
    /// A path or glob relative to `cwd`; `**` crosses folders, `*` does not.
    pub path: String,
    /// `false`: passes only if nothing matches the path.
    pub exists: bool,
    /// How many files must match the path and all conditions below; 1 unless the file says otherwise.
    pub min_count: u64,
    /// At most this many may.
    pub max_count: Option<u64>,
    /// Smallest size of each file, in bytes.
    pub min_bytes: Option<u64>,
    /// Largest size of each file, in bytes.
    pub max_bytes: Option<u64>,
    /// Texts each file must contain.
    pub contains: Vec<String>,
    /// Regular expressions that must match in each file.
    pub matches: Vec<String>,
    /// The digest of the content, 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// A query into the content read as JSON.
    pub json: Option<PathQuery>,
    /// A query into the content read as YAML.
    pub yaml: Option<PathQuery>,
    /// A query into the content read as TOML.
    pub toml: Option<PathQuery>,
}

/// Sends a request and looks at the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpCheck {
    /// The URL; `${PORT}` is the port of the check's service.
    pub url: String,
    /// The method; GET unless the file says otherwise.
    pub method: String,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// Body to send; empty: none.
    pub body: String,
    /// The status that passes; 200 unless the file says otherwise.
    pub status: u16,
    /// Headers the answer must carry, by name and exact value.
    pub expect_headers: Vec<(String, String)>,
    /// Texts the body must contain.
    pub body_contains: Vec<String>,
    /// Regular expressions that must match in the body.
    pub body_matches: Vec<String>,
    /// A query into the body read as JSON.
    pub json: Option<PathQuery>,
    /// The longest time to the whole answer.
    pub max_latency: Option<Duration>,
}

/// Runs a test command and counts its report.
#[derive(Clone, Debug, PartialEq)]
pub struct TestsCheck {
    /// Given to `sh -c`; the report must be newer than its start.
    pub run: String,
    /// The report's path or glob relative to `cwd`, told apart by content; empty: the command's stdout.
    pub report: String,
    /// At least this many tests must have run and not been skipped; 1 unless the file says more: no test is no proof.
    pub min_total: u64,
    /// At most this many may fail; 0 unless the file says otherwise.
    pub max_failed: u64,
    /// At most this many may be skipped.
    pub max_skipped: Option<u64>,
    /// Names (`class::name` or name) of tests that must be among the passed ones.
    pub must_pass: Vec<String>,
    /// Whether a test that passed at the baseline may not be missing or fail now.
    pub no_regression: bool,
}

/// Runs a command and measures its coverage report.
#[derive(Clone, Debug, PartialEq)]
pub struct CoverageCheck {
    /// Given to `sh -c`; the report must be newer than its start.
    pub run: String,
    /// The report's path relative to `cwd`, told apart by content.
    pub report: String,
    /// What is held against which bound; never empty.
    pub bounds: Vec<(CoverageMetric, Bound)>,
}

/// What a coverage report measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageMetric {
    /// Executed lines.
    Lines,
    /// Taken branches.
    Branches,
    /// Called functions.
    Functions,
}

impl CoverageMetric {
    /// The metric as written in a mission file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Branches => "branches",
            Self::Functions => "functions",
        }
    }
}

/// Runs a command that prints a number.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricCheck {
    /// Given to `sh -c`; it must exit with 0.
    pub run: String,
    /// Where in stdout the number stands.
    pub number: NumberPlace,
    /// The smallest number that passes.
    pub min: Option<f64>,
    /// The largest number that passes.
    pub max: Option<f64>,
    /// What is asked of the change since the start; at least one of `min`, `max` and this is given.
    pub baseline: Option<ChangeBound>,
}

/// Where in an output the one number stands.
#[derive(Clone, Debug, PartialEq)]
pub enum NumberPlace {
    /// The output is the number and nothing else.
    Whole,
    /// Where this regular expression matches: its first group, or the whole match.
    Pattern(String),
    /// What this RFC 9535 query selects in the output read as JSON.
    Json(String),
}

/// What is asked of the difference between a number now and the same number at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeBound {
    /// The bound, `<= 5%`.
    pub bound: Bound,
    /// How the difference is taken.
    pub unit: ChangeUnit,
}

/// How a difference is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeUnit {
    /// In percent of the number at the start.
    Percent,
    /// As it is.
    Plain,
}

/// Looks at what changed since the start. At least one of its conditions is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GitCheck {
    /// Whether the tree must be exactly that of the newest commit.
    pub clean: bool,
    /// Globs that each must match a changed path.
    pub changed: Vec<String>,
    /// Globs that no changed path may match.
    pub unchanged: Vec<String>,
    /// The most lines that may be added and removed together.
    pub max_diff: Option<u64>,
    /// Whether the subject of each commit must follow Conventional Commits 1.0.
    pub conventional_commits: bool,
}

/// Runs a command and counts the findings of its SARIF 2.1.0 report.
#[derive(Clone, Debug, PartialEq)]
pub struct SarifCheck {
    /// Given to `sh -c`; the report must be newer than its start.
    pub run: String,
    /// The report's path relative to `cwd`.
    pub report: String,
    /// The worst level that passes; `None`: findings of any level are counted by `findings` alone.
    pub max_level: Option<Level>,
    /// The most findings that pass, of whatever level.
    pub findings: Option<u64>,
}

/// How bad a finding is, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not a problem.
    None,
    /// A remark.
    Note,
    /// A problem.
    Warning,
    /// A serious problem.
    Error,
}

impl Level {
    /// The level as written in a mission file and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Runs a program that speaks JSON (`docs/plugins.md`).
#[derive(Clone, Debug, PartialEq)]
pub struct PluginCheck {
    /// Given to `sh -c`.
    pub run: String,
    /// Handed to the program as it is.
    pub config: serde_json::Map<String, serde_json::Value>,
}

/// A number and how another is held against it. `80` and `>=80%` mean at least, `>80%` means strictly more.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// How the measured number is compared.
    pub relation: Relation,
    /// The number it is compared with.
    pub value: f64,
    /// The bound as written, for evidence.
    pub text: String,
}

/// How a measured number is compared with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `>`
    Above,
    /// `>=`, or no sign.
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==` or `=`
    Equal,
}

impl Bound {
    /// Whether a measured number keeps the bound.
    #[must_use]
    pub fn holds(&self, measured: f64) -> bool {
        match self.relation {
            Relation::Above => measured > self.value,
            Relation::AtLeast => measured >= self.value,
            Relation::Below => measured < self.value,
            Relation::AtMost => measured <= self.value,
            Relation::Equal => (measured - self.value).abs() < f64::EPSILON,
        }
    }
}

/// Asks a model for an opinion with citations.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgeCheck {
    /// What must be true.
    pub rubric: String,
    /// Paths or globs the judge is shown.
    pub evidence: Vec<String>,
    /// How many independent answers; 1 unless the file says otherwise.
    pub votes: u32,
    /// The share of votes that must pass, in (0, 1].
    pub threshold: f64,
    /// Whether an answer without citations that resolve is a fail.
    pub require_citations: bool,
}

/// Asks a person.
#[derive(Clone, Debug, PartialEq)]
pub struct ManualCheck {
    /// What the person is asked to do or look at.
    pub instruction: String,
}

/// An RFC 9535 query and what its result must be.
#[derive(Clone, Debug, PartialEq)]
pub struct PathQuery {
    /// The query, `$.paths`.
    pub path: String,
    /// What the selected nodes must satisfy.
    pub condition: PathCondition,
}

/// What the nodes that a query selects must satisfy.
#[derive(Clone, Debug, PartialEq)]
pub enum PathCondition {
    /// At least one node (`true`) or none (`false`).
    Exists(bool),
    /// Exactly one node, equal to this value.
    Equals(serde_json::Value),
    /// A text node matches this regular expression.
    Matches(String),
    /// A number node keeps this bound.
    Number(Bound),
}
