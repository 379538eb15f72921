//! A check as people write it: a shell command, or a mapping with exactly one kind beside the common keys. The same
//! form is used by the mission lock and by the manager's proposals, so all of them pass the same reading.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bound::{BoundText, ShareText};
use crate::reading::{
    Glob, Many, NameText, Pattern, Period, QueryText, RelativePath, Sha256Text, Short, UrlText, Wording,
};

/// Every kind, in the order in which messages list them.
pub(super) const KINDS: [&str; 14] = [
    "command", "file", "tests", "coverage", "http", "judge", "manual", "all", "any", "not", "git", "sarif", "metric",
    "plugin",
];

/// A shell command that must exit with 0, or a validator with its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Check")]
pub(crate) enum CheckFile {
    /// Given to `sh -c`.
    Shell(Wording),
    /// Everything else.
    Full(Box<CheckKeys>),
}

/// One kind and the keys common to all kinds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Validator", extend("x-kinds" = KINDS))]
pub(crate) struct CheckKeys {
    /// A name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// How long one run may take; 10 minutes unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<Period>,
    /// How often a run that did not pass is repeated.
    #[schemars(range(max = 20))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retries: Option<u32>,
    /// The folder it runs in, relative to the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cwd: Option<RelativePath>,
    /// How often it runs; all run in the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every: Option<EveryWord>,
    /// What the outcome depends on (cache key only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inputs: Option<Many<Glob>>,
    /// What the worker must not change, for this check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protect: Option<Many<Glob>>,
    /// Whether an earlier verdict on the same inputs may be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache: Option<bool>,
    /// The service that must be up while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<NameText>,
    /// `true`: passes if the check fails. Or a check of its own that must fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not: Option<NotFile>,
    /// Runs a shell command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<Short<Wording, CommandKeys>>,
    /// Looks at files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<Short<Glob, FileKeys>>,
    /// Runs tests and counts their report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tests: Option<TestsKeys>,
    /// Measures coverage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) coverage: Option<CoverageKeys>,
    /// Sends a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<Short<UrlText, HttpKeys>>,
    /// Asks a model, which must cite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) judge: Option<Short<Wording, JudgeKeys>>,
    /// Asks a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manual: Option<Short<Wording, ManualKeys>>,
    /// Passes if all pass.
    #[schemars(length(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) all: Option<Vec<CheckFile>>,
    /// Passes if one passes.
    #[schemars(length(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) any: Option<Vec<CheckFile>>,
    /// Looks at what changed since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) git: Option<GitKeys>,
    /// Runs an analyser and counts the findings of its report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sarif: Option<SarifKeys>,
    /// Holds a number that a command prints against bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<MetricKeys>,
    /// Runs a program that speaks JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plugin: Option<Short<Wording, PluginKeys>>,
}

/// `not: true` or `not: {…}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum NotFile {
    /// Turns the check beside it round.
    Flag(bool),
    /// The check that must fail.
    Check(CheckFile),
}

/// How often a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Every")]
pub(crate) enum EveryWord {
    /// After each action.
    Iteration,
    /// At the end of a phase.
    Phase,
    /// In the proof, and when all else holds.
    Final,
}

/// Runs a shell command and looks at how it ended and what it said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub(crate) struct CommandKeys {
    /// The shell command.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// The exit code that passes; 0 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i32>,
    /// Texts that the output must contain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout_contains: Option<Many<String>>,
    /// Regular expressions that must match in the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdout_matches: Option<Many<Pattern>>,
    /// Whether output on stderr fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stderr_empty: Option<bool>,
    /// Numbers in the output, each with the bound that it must keep.
    #[schemars(extend("x-aliases" = ["numbers"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<Many<NumberKeys>>,
    /// A query into the output read as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json: Option<QueryKeys>,
}

/// A number in a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Number")]
pub(crate) struct NumberKeys {
    /// A regular expression whose first group is the number; without a group the whole match is.
    pub(crate) matches: Pattern,
    /// The bound that each such number must keep, such as `<= 200`.
    pub(crate) bound: BoundText,
}

/// Looks at files of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "File")]
pub(crate) struct FileKeys {
    /// A path or glob; `**` crosses folders.
    pub(crate) path: Glob,
    /// `false`: nothing may match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exists: Option<bool>,
    /// How many files must match; 1 unless given.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_count: Option<u64>,
    /// How many files may match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_count: Option<u64>,
    /// Smallest size of each file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_bytes: Option<u64>,
    /// Largest size of each file, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_bytes: Option<u64>,
    /// Texts that each file must contain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contains: Option<Many<String>>,
    /// Regular expressions that must match in each file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matches: Option<Many<Pattern>>,
    /// The digest of the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<Sha256Text>,
    /// A query into the content read as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json: Option<QueryKeys>,
    /// A query into the content read as YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) yaml: Option<QueryKeys>,
    /// A query into the content read as TOML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) toml: Option<QueryKeys>,
}

/// A query (RFC 9535) and what its result must be; without a condition something must be selected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Query")]
pub(crate) struct QueryKeys {
    /// The query, such as `$.paths`.
    pub(crate) path: QueryText,
    /// Whether something must be selected, or nothing may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exists: Option<bool>,
    /// The value that must be selected.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub(crate) equals: Option<Value>,
    /// A regular expression that the selected text must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matches: Option<Pattern>,
    /// A bound that the selected number must keep, such as `>= 3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<BoundText>,
}

/// Runs a test command and counts its report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tests")]
pub(crate) struct TestsKeys {
    /// The shell command that runs the tests.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// The report: JUnit, TAP, TRX, or what libtest, nextest, `go test -json` or pytest-json-report write, told apart by
    /// content. Without it stdout is read as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<Glob>,
    /// How many tests must have run; 1 unless given.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min_total: Option<u64>,
    /// How many may fail; none unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_failed: Option<u64>,
    /// How many may be skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_skipped: Option<u64>,
    /// Tests that must be among the passed ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) must_pass: Option<Many<String>>,
    /// Whether a test that passed at the start must pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) no_regression: Option<bool>,
}

/// Runs a command and measures its coverage report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Coverage")]
pub(crate) struct CoverageKeys {
    /// The shell command that writes the report.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// The report: lcov, Cobertura, JaCoCo, Clover, Istanbul, coverage.py, llvm-cov or a Go cover profile, told apart by
    /// content.
    pub(crate) report: RelativePath,
    /// Share of executed lines: `>80%` is strict, `80` and `>=80%` mean at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lines: Option<ShareText>,
    /// Share of taken branches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) branches: Option<ShareText>,
    /// Share of called functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) functions: Option<ShareText>,
}

/// Sends a request and looks at the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Http")]
pub(crate) struct HttpKeys {
    /// Where it goes; `${PORT}` is the port of the check's service.
    pub(crate) url: UrlText,
    /// GET unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<Method>,
    /// Headers to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<BTreeMap<String, String>>,
    /// What to send: a text, or a mapping that is sent as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Short<String, serde_json::Map<String, Value>>>,
    /// The status that passes; 200 unless given.
    #[schemars(range(min = 100, max = 599))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Headers the answer must carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expect_headers: Option<BTreeMap<String, String>>,
    /// Texts the answer must contain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body_contains: Option<Many<String>>,
    /// Regular expressions that must match in the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body_matches: Option<Many<Pattern>>,
    /// A query into the answer read as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json: Option<QueryKeys>,
    /// The longest time to the whole answer.
    #[schemars(extend("x-aliases" = ["latency"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_latency: Option<Period>,
}

/// A request method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

/// Asks a model for an opinion with citations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Judge")]
pub(crate) struct JudgeKeys {
    /// What must be true.
    #[schemars(length(min = 1))]
    pub(crate) rubric: String,
    /// What the judge is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<Many<Glob>>,
    /// How many independent answers; 1 unless given.
    #[schemars(range(min = 1, max = 9))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) votes: Option<u32>,
    /// The share of votes that must pass; 0.6 unless given.
    #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threshold: Option<f64>,
    /// Whether an answer without citations that resolve is a fail; it is unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) require_citations: Option<bool>,
}

/// Asks a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Manual")]
pub(crate) struct ManualKeys {
    /// What the person is asked to do or look at.
    #[schemars(length(min = 1))]
    pub(crate) instruction: String,
}

/// Looks at what changed since the mission's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Git")]
pub(crate) struct GitKeys {
    /// The tree must be that of the newest commit. By default looked at in the proof, and when all else holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clean: Option<bool>,
    /// Paths that must have changed; each glob must match one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<Many<Glob>>,
    /// Paths that must not have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unchanged: Option<Many<Glob>>,
    /// Most lines that may be added and removed together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_diff: Option<u64>,
    /// Whether the subjects of the commits since the start follow Conventional Commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conventional_commits: Option<bool>,
}

/// Runs an analyser and counts the findings of its SARIF report. Without a bound there may be none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Sarif")]
pub(crate) struct SarifKeys {
    /// The shell command that writes the report.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// The report.
    pub(crate) report: RelativePath,
    /// The worst level that passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_level: Option<SarifLevel>,
    /// Most findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) findings: Option<u64>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SarifLevel {
    None,
    Note,
    Warning,
    Error,
}

/// Holds a number that a command prints against bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Metric")]
pub(crate) struct MetricKeys {
    /// The shell command that prints the number.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// A regular expression whose first group is the number; without it, and without `json`, the output is the number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matches: Option<Pattern>,
    /// A query (RFC 9535) that selects the number in the output read as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json: Option<QueryText>,
    /// Smallest number that passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<f64>,
    /// Largest number that passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<f64>,
    /// How far it may be from the number at the start: `<= 5%` of it, or without a percent sign by so much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) baseline: Option<BoundText>,
}

/// Runs a program that is told in JSON what to check and answers in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Plugin")]
pub(crate) struct PluginKeys {
    /// The program.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// Handed to the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<serde_json::Map<String, Value>>,
}

/// Keeps `equals: null` apart from no `equals`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
