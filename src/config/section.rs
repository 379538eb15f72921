//! The sections that decide how a mission goes: loop, repository, manager, worker, checks (`experience.md` section 4).

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretSource;
use crate::reading::{Count, DollarLimit, Period, PlainText, Size, UrlText, VariableName, limit, list, period, size};
use crate::words::Money;

/// The loop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Orchestrator {
    /// One worker for one repository.
    pub mode: Mode,
    /// Who plans.
    pub manager: ManagerChoice,
    /// Who acts.
    pub execution_mode: ExecutionMode,
    /// Most iterations of a mission; `None`: no limit.
    #[serde(with = "limit::count")]
    #[schemars(with = "Count")]
    pub max_iterations: Option<u64>,
    /// The soft slice of one action (design section 9, Time).
    #[serde(with = "period")]
    #[schemars(with = "Period")]
    pub iteration_timeout: Duration,
    /// How long a worker may be silent while no tool call is open.
    #[serde(with = "period")]
    #[schemars(with = "Period")]
    pub idle_timeout: Duration,
    /// A full restore point every so many iterations.
    #[schemars(range(min = 1))]
    pub checkpoint_interval: u64,
    /// Iterations without progress that count as a stall.
    #[schemars(range(min = 1))]
    pub stall_after: u32,
    /// What is done at a stall.
    pub on_stall: OnStall,
}

/// One cco drives one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The only one there is.
    SingleInstance,
}

/// Who plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManagerChoice {
    /// OpenRouter if a key is set, else the checklist.
    Auto,
    /// A model by OpenRouter.
    #[serde(rename = "openrouter")]
    OpenRouter,
    /// The embedded checklist manager.
    Checklist,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionMode {
    /// The `claude` program.
    Api,
    /// A person who types `cco done`.
    InSession,
    /// A scripted worker.
    Stub,
}

/// What is done at a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnStall {
    /// The manager plans anew.
    Replan,
    /// A person is asked.
    Escalate,
    /// The mission pauses.
    Pause,
    /// The mission ends.
    Stop,
}

/// The repository and what is published in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Repository {
    /// Where it is; `.` is the one cco runs in.
    #[schemars(length(min = 1))]
    pub path: String,
    /// `false`: snapshots only, nothing is published until `cco commit` or the end.
    pub auto_commit: bool,
    /// How often work is published.
    pub commit_frequency: CommitFrequency,
    /// The branch; `{mission}` is the mission's id, `current` the one that is checked out.
    #[schemars(length(min = 1))]
    pub branch: String,
    /// When the branch is pushed.
    pub push: Push,
}

/// How often work is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitFrequency {
    /// After each iteration.
    PerIteration,
    /// At the end of each session.
    PerSession,
    /// At the end of each phase.
    PerPhase,
    /// At the end.
    OnCompletion,
}

/// When the branch is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// Never.
    Never,
    /// At the end. Not obeyed yet.
    OnCompletion,
}

/// The manager's model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpenRouter {
    /// The key.
    #[schemars(extend("x-aliases" = ["apiKey"]))]
    pub api_key: SecretSource,
    /// The model that plans.
    #[schemars(length(min = 1))]
    pub model: String,
    /// How freely it answers.
    #[schemars(range(min = 0, max = 2))]
    pub temperature: f64,
    /// Longest answer.
    #[schemars(range(min = 256), extend("x-aliases" = ["maxTokens"]))]
    pub max_tokens: u64,
    /// Models that are asked when the first cannot answer.
    pub fallback_models: Vec<String>,
    /// The model that judges; empty: chosen so that it is not the worker's.
    pub judge_model: String,
    /// Where the interface is.
    #[schemars(with = "UrlText")]
    pub base_url: String,
    /// Replaces the embedded system prompt; empty: it is not replaced.
    #[schemars(extend("x-aliases" = ["systemPrompt"]))]
    pub system_prompt: String,
}

/// The worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClaudeCode {
    /// The key, where the user wrote one; it then comes before any login (design section 9, Credentials).
    #[schemars(extend("x-aliases" = ["apiKey"]))]
    pub api_key: Option<SecretSource>,
    /// The program: a name that is looked for on PATH, or a path.
    #[schemars(length(min = 1))]
    pub path: String,
    /// What this worker is called in logs and views.
    pub instance_id: String,
    /// The specification's second name of the repository; must be the same.
    #[schemars(extend("x-aliases" = ["projectPath", "project_path"]))]
    pub workspace: Option<String>,
    /// The largest file that is quoted to a model, in bytes.
    #[serde(with = "size")]
    #[schemars(with = "Size")]
    pub max_file_size: u64,
    /// The model.
    pub model: String,
    /// What the worker may do without being asked.
    pub permission_mode: PermissionMode,
    /// The tools it may use.
    pub allowed_tools: Vec<String>,
    /// Most turns of one action.
    #[schemars(range(min = 1))]
    pub max_turns: u32,
    /// Most cost of one action; without one it may use what is left of the budget.
    #[serde(with = "limit::dollars")]
    #[schemars(with = "DollarLimit")]
    pub max_budget_usd: Option<Money>,
    /// How many tokens the model can have before it.
    #[schemars(range(min = 1000), extend("x-aliases" = ["contextWindow"]))]
    pub context_window: u64,
    /// Variables that are set for it; no place for secrets, which are passed by name.
    #[serde(with = "list::texts_by_name")]
    #[schemars(with = "BTreeMap<String, PlainText>")]
    pub env: BTreeMap<String, String>,
    /// Names of variables that it may see beside the usual ones.
    #[schemars(with = "Vec<VariableName>")]
    pub pass_env: Vec<String>,
    /// What fences it in.
    pub sandbox: Sandbox,
}

/// What the worker may do without being asked, in Claude Code's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "Claude Code's own words")]
pub enum PermissionMode {
    AcceptEdits,
    Auto,
    BypassPermissions,
    Manual,
    DontAsk,
    Plan,
}

impl PermissionMode {
    /// The word as the program takes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptEdits => "acceptEdits",
            Self::Auto => "auto",
            Self::BypassPermissions => "bypassPermissions",
            Self::Manual => "manual",
            Self::DontAsk => "dontAsk",
            Self::Plan => "plan",
        }
    }
}

/// What fences the worker in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// Nothing; the only value until the fence exists.
    Off,
    /// The strongest fence there is. Not obeyed yet.
    Required,
}

/// The checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Verify {
    /// How many checks run at once; those with a service run alone.
    #[schemars(range(min = 1, max = 64))]
    pub jobs: u32,
}

impl Default for Orchestrator {
    fn default() -> Self {
        Self {
            mode: Mode::SingleInstance,
            manager: ManagerChoice::Auto,
            execution_mode: ExecutionMode::Api,
            max_iterations: None,
            iteration_timeout: Duration::from_secs(60 * 60),
            idle_timeout: Duration::from_secs(10 * 60),
            checkpoint_interval: 5,
            stall_after: 5,
            on_stall: OnStall::Replan,
        }
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self {
            path: ".".into(),
            auto_commit: true,
            commit_frequency: CommitFrequency::PerSession,
            branch: "cco/{mission}".into(),
            push: Push::Never,
        }
    }
}

impl Default for OpenRouter {
    fn default() -> Self {
        Self {
            api_key: SecretSource::Environment("OPENROUTER_API_KEY".into()),
            model: "anthropic/claude-sonnet-4.5".into(),
            temperature: 0.5,
            max_tokens: 4096,
            fallback_models: Vec::new(),
            judge_model: String::new(),
            base_url: "https://openrouter.ai/api/v1".into(),
            system_prompt: String::new(),
        }
    }
}

/// Default of `allowed_tools` (design section 9, The worker's surroundings).
const TOOLS: [&str; 11] =
    ["Bash", "Edit", "Write", "Read", "Glob", "Grep", "Agent", "NotebookEdit", "TaskStop", "WebFetch", "WebSearch"];

impl Default for ClaudeCode {
    fn default() -> Self {
        Self {
            api_key: None,
            path: "claude".into(),
            instance_id: "cc-worker-001".into(),
            workspace: None,
            max_file_size: 100_000,
            model: "sonnet".into(),
            permission_mode: PermissionMode::DontAsk,
            allowed_tools: TOOLS.map(str::to_owned).to_vec(),
            max_turns: 80,
            max_budget_usd: Some(Money::from_micros(2_500_000)),
            context_window: 200_000,
            env: BTreeMap::new(),
            pass_env: Vec::new(),
            sandbox: Sandbox::Off,
        }
    }
}

impl Default for Verify {
    fn default() -> Self {
        Self { jobs: 1 }
    }
}
