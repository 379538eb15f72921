//! What a check run found: the only thing that can prove a criterion.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CheckId, CriterionId, Hash, TreeId};

/// The three ends of a check run. A time-out, a missing tool or a broken report is never a pass and never a fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The check ran to its end and found what it asks for.
    Pass,
    /// The check ran to its end and did not find it.
    Fail,
    /// The check could not be decided: time-out, missing tool, unreadable report, a person who has not answered.
    Inconclusive,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        })
    }
}

/// The recorded outcome of one check on one tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The criterion the check belongs to.
    pub criterion: CriterionId,
    /// The check's place in the mission.
    pub check: CheckId,
    /// The kind as written in the mission: `command`, `file`, `tests` …
    pub kind: String,
    /// Pass, fail or inconclusive.
    pub outcome: Outcome,
    /// The tree that was checked: the outcome says nothing about any other.
    pub tree: TreeId,
    /// Hash of the check's own definition as sealed.
    pub check_hash: Hash,
    /// Hash of what the check saw beside the tree: carried files, set-up key, passed variables' names.
    pub environment_hash: Hash,
    /// Why the outcome is what it is.
    pub evidence: Evidence,
    /// How long the run took, in milliseconds; of the original run if `cached`.
    pub duration_ms: u64,
    /// Whether the verdict was taken over from an earlier run with the same tree, check and environment hash.
    pub cached: bool,
}

/// What a person needs to believe or doubt a verdict.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Evidence {
    /// One line: what was found, against what was asked (`lines 81.3 % ≥ 80 %`).
    pub summary: String,
    /// The exact command, URL, path or rubric.
    pub subject: String,
    /// The exit code of the command, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Numbers the check found, with the bounds they were held against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// The end of the output, at most 4 KiB, escape sequences removed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tail: String,
    /// `path:line: quote` for each place that supports the outcome, looked up in the tree by cco itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<String>,
    /// Of a baseline: the names of the tests that passed, as pinned in the state folder under this hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<Hash>,
}

/// One number a check found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// What was measured: `lines`, `tests`, `failed`, `latency_ms`.
    pub name: String,
    /// The number found.
    pub value: f64,
    /// The bound it was held against, as written: `>80%`, `>= 20`; empty where there was none.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub bound: String,
}
