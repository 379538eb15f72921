//! A mission file as people write it: a superset of section 12.1 of the specification, whose TypeScript names
//! (section 3.2.1) are accepted too. The JSON Schema for editors is generated from these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check_file::{CheckFile, HttpKeys};
use crate::reading::{
    Count, DollarLimit, Glob, Many, NameText, Percent, Period, Short, UrlText, VariableName, Wording,
};
use crate::words::Priority;

/// What is asked of the worker, and what proves that it was done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mission")]
pub(crate) struct MissionKeys {
    /// A name for branch and refs; a slug of the title unless given.
    pub(crate) id: Option<NameText>,
    /// What is to be done, in one line.
    #[schemars(length(min = 1))]
    pub(crate) title: String,
    /// The repository, relative to this file; the one cco runs in unless given.
    #[schemars(length(min = 1), extend("x-aliases" = ["repo"]))]
    pub(crate) repository: Option<String>,
    /// What is to be done, in full.
    pub(crate) description: Option<String>,
    /// Knowledge of the repository that goes into every prompt.
    pub(crate) context: Option<String>,
    /// When the mission was written; for people only.
    #[schemars(extend("x-aliases" = ["createdAt"]))]
    pub(crate) created_at: Option<String>,
    /// A client whose governance applies. Not obeyed yet.
    pub(crate) client: Option<String>,
    /// Shell commands that prepare a fresh checkout; what the lock files imply unless given; `[]`: none.
    pub(crate) setup: Option<Many<Wording>>,
    /// What the worker must not change.
    pub(crate) protect: Option<Many<Glob>>,
    /// What it may change although cco would seal it.
    pub(crate) unprotect: Option<Many<Glob>>,
    /// Ignored files that checks need: copied in, pinned, never committed.
    pub(crate) carry: Option<Many<Glob>>,
    /// Variables that worker and checks may see.
    #[schemars(extend("x-aliases" = ["passEnv"]))]
    pub(crate) pass_env: Option<Many<VariableName>>,
    /// Programs that run while checks do.
    pub(crate) services: Option<Vec<ServiceKeys>>,
    /// What must hold for the mission to be done.
    #[schemars(length(min = 1), extend("x-aliases" = ["definitionOfDone", "dod"]))]
    pub(crate) definition_of_done: Vec<CriterionFile>,
    /// Rules the worker is told.
    pub(crate) constraints: Option<ConstraintsFile>,
    /// The ordered parts; one unless given.
    pub(crate) phases: Option<Vec<PhaseFile>>,
    /// Checks by name that guard the end of phases. Not obeyed yet.
    pub(crate) gates: Option<BTreeMap<String, CheckFile>>,
    /// Places where a person must agree. Not obeyed yet.
    pub(crate) approvals: Option<Vec<ApprovalKeys>>,
    /// The ceiling of cost; no limit unless given.
    pub(crate) budget: Option<BudgetKeys>,
}

/// The words of a criterion, or a criterion with its checks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum CriterionFile {
    /// Words only.
    Text(Wording),
    /// All keys.
    Full(Box<CriterionKeys>),
}

/// One item of the definition of done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Criterion")]
pub(crate) struct CriterionKeys {
    /// What must hold, in words.
    #[schemars(length(min = 1), extend("x-aliases" = ["criterion", "description"]))]
    pub(crate) criteria: String,
    /// A name; a slug of the text unless given.
    pub(crate) id: Option<NameText>,
    /// Whether a machine can decide it; `false` needs a judge or a person.
    pub(crate) measurable: Option<bool>,
    /// The order of work.
    pub(crate) priority: Option<Priority>,
    /// Whether the mission can end without it; it cannot unless given.
    pub(crate) required: Option<bool>,
    /// How many passes in a row it takes.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) stable_for: Option<u32>,
    /// The checks that prove it; all must pass.
    #[schemars(extend("x-aliases" = ["validator", "checks", "check"]))]
    pub(crate) validators: Option<Many<CheckFile>>,
    /// Read and never trusted.
    pub(crate) completed: Option<bool>,
}

/// A list of rules, or the map of the intake form.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum ConstraintsFile {
    /// Rules.
    List(Vec<ConstraintFile>),
    /// Named values, each told as a rule; `budget_tokens` becomes the budget.
    Map(serde_json::Map<String, Value>),
}

/// A rule in words, or one with what guards it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum ConstraintFile {
    /// Words only.
    Text(Wording),
    /// All keys.
    Full(Box<ConstraintKeys>),
}

/// A rule the worker is told.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Constraint")]
pub(crate) struct ConstraintKeys {
    /// The rule in words.
    #[schemars(length(min = 1))]
    pub(crate) rule: String,
    /// What the worker must not touch.
    pub(crate) paths_denied: Option<Many<Glob>>,
    /// A check that guards the rule.
    pub(crate) check: Option<CheckFile>,
}

/// A program that runs while checks do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Service")]
pub(crate) struct ServiceKeys {
    /// How checks name it.
    pub(crate) name: NameText,
    /// The shell command that runs it in the foreground; `${PORT}` is a free port.
    #[schemars(length(min = 1))]
    pub(crate) run: String,
    /// What shows that it is up: `http`, `port` or `command`.
    pub(crate) ready: ReadyKeys,
    /// How long it may take to get there; 60 seconds unless given.
    pub(crate) ready_timeout: Option<Period>,
    /// A shell command that ends it.
    pub(crate) stop: Option<Wording>,
    /// A shell command that always runs after it has ended.
    pub(crate) teardown: Option<Wording>,
}

/// The ways in which a service shows that it is up.
pub(super) const READY: [&str; 3] = ["http", "port", "command"];

/// What shows that a service is up; exactly one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ready", extend("x-kinds" = READY))]
pub(crate) struct ReadyKeys {
    /// A request that is answered as asked.
    pub(crate) http: Option<Short<UrlText, HttpKeys>>,
    /// A TCP port on loopback that accepts a connection.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
    /// A shell command that exits with 0.
    pub(crate) command: Option<Wording>,
}

/// A phase's name, or a phase with its parts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum PhaseFile {
    /// Its name only.
    Name(NameText),
    /// All keys.
    Full(Box<PhaseKeys>),
}

/// An ordered part of a mission.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Phase")]
pub(crate) struct PhaseKeys {
    /// Its name.
    #[schemars(extend("x-aliases" = ["name"]))]
    pub(crate) id: NameText,
    /// Phases that come before it; they must stand before it.
    pub(crate) depends_on: Option<Many<NameText>>,
    /// Roles that work in it. Not obeyed yet.
    pub(crate) agents: Option<Many<String>>,
    /// The criteria that end it; those of no phase belong to the last.
    pub(crate) criteria: Option<Many<NameText>>,
    /// Gates that guard its end. Not obeyed yet.
    pub(crate) gates: Option<Many<String>>,
    /// Who must agree to its end. Only `none` is obeyed yet.
    pub(crate) approval: Option<ApprovalWord>,
    /// Files it must leave behind. Not obeyed yet.
    pub(crate) artifacts: Option<Many<Glob>>,
}

/// Who must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApprovalWord {
    /// Nobody.
    None,
    /// A person.
    Manual,
    /// Several roles.
    Consensus,
}

/// A place where a person must agree. Not obeyed yet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Approval")]
pub(crate) struct ApprovalKeys {
    /// Where, such as `phase:planning`.
    #[schemars(length(min = 1))]
    pub(crate) at: String,
    /// What the person is told.
    pub(crate) message: Option<String>,
    /// How long it waits.
    pub(crate) timeout: Option<Period>,
    /// What happens then.
    pub(crate) on_timeout: Option<OnTimeout>,
}

/// What happens when nobody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnTimeout {
    /// It goes on waiting.
    Wait,
    /// It counts as agreed.
    Approve,
    /// It counts as refused.
    Reject,
}

/// The ceiling of cost.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MissionBudget")]
pub(crate) struct BudgetKeys {
    /// Dollars, or `unlimited`.
    pub(crate) usd: Option<DollarLimit>,
    /// Tokens, or `unlimited`.
    pub(crate) tokens: Option<Count>,
    /// Shares of the budget at which a notice is given.
    pub(crate) warn_at: Option<Many<Percent>>,
    /// What happens when it is used up.
    pub(crate) on_exceed: Option<OnExceed>,
    /// Share of a subscription's usage window that may be used. Not obeyed yet.
    pub(crate) window_share: Option<Percent>,
}

/// What happens when a budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnExceed {
    /// The mission pauses until a person raises it.
    Pause,
}
