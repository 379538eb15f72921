//! The lines of `stream-json` as they come, field by field, and how each becomes an event. Pure.
//!
//! A struct here names only what is used; everything else in a line is skipped over. Fields take whatever they are
//! given (`field`), because one odd field must not cost the whole event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::field::{Count, Flag, Long, Number, Real, Text, list_or_nothing};
use super::stream::{
    ApiError, ApiRetry, Assistant, Block, Init, ModelSpend, RateLimit, ResultLine, ToolResult, ToolResults,
};
use crate::words::Usage;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InitWire {
    session_id: Text,
    model: Text,
    cwd: Text,
    claude_code_version: Text,
    #[serde(rename = "apiKeySource")]
    api_key_source: Text,
}

impl From<InitWire> for Init {
    fn from(wire: InitWire) -> Self {
        Self {
            session: wire.session_id.0,
            model: wire.model.0,
            cwd: wire.cwd.0,
            version: wire.claude_code_version.0,
            api_key_source: wire.api_key_source.0,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RetryWire {
    attempt: Number,
    max_retries: Number,
    error_status: Option<Number>,
    error: Text,
}

impl From<RetryWire> for ApiRetry {
    fn from(wire: RetryWire) -> Self {
        let status = wire.error_status.and_then(|status| u16::try_from(status.0).ok()).filter(|status| *status > 0);
        Self { attempt: wire.attempt.0, max: wire.max_retries.0, status, error: wire.error.0 }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeniedWire {
    pub(super) tool_name: Text,
    pub(super) message: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CompactWire {
    pub(super) compact_metadata: CompactMetadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CompactMetadata {
    pub(super) pre_tokens: Number,
    pub(super) post_tokens: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct FallbackWire {
    pub(super) original_model: Text,
    pub(super) fallback_model: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RateLimitWire {
    pub(super) rate_limit_info: RateLimitInfo,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RateLimitInfo {
    status: Text,
    resets_at: Option<Number>,
    rate_limit_type: Option<Text>,
    unified_windows: BTreeMap<String, WindowWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WindowWire {
    utilization: Real,
}

impl From<RateLimitInfo> for RateLimit {
    fn from(wire: RateLimitInfo) -> Self {
        Self {
            status: wire.status.0,
            window: wire.rate_limit_type.map(|text| text.0),
            resets_at: wire.resets_at.and_then(|at| i64::try_from(at.0).ok()).filter(|at| *at > 0),
            windows: wire.unified_windows.into_iter().map(|(name, window)| (name, window.utilization.0)).collect(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AssistantWire<'a> {
    #[serde(borrow)]
    message: MessageWire<'a>,
    #[serde(borrow)]
    parent_tool_use_id: Option<Cow<'a, str>>,
    is_api_error_message: Flag,
    error: Text,
    api_error_params: Option<ApiErrorParams>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ApiErrorParams {
    rate_limit_info: Option<RateLimitInfo>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct MessageWire<'a> {
    id: Text,
    #[serde(borrow, deserialize_with = "list_or_nothing")]
    content: Vec<BlockWire<'a>>,
    usage: Option<UsageWire>,
}

/// A content block with the fields of all kinds side by side: blocks of a new kind leave them empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct BlockWire<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    id: Text,
    name: Text,
    text: Text,
    input: Option<InputWire>,
    tool_use_id: Text,
    is_error: Flag,
    content: Text,
}

/// The arguments that tell what a tool call is about; all others, the contents of files among them, are skipped.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InputWire {
    file_path: Option<Text>,
    notebook_path: Option<Text>,
    command: Option<Text>,
    pattern: Option<Text>,
    url: Option<Text>,
    query: Option<Text>,
    path: Option<Text>,
    description: Option<Text>,
    skill: Option<Text>,
    todos: Option<Count>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageWire {
    input_tokens: Number,
    cache_creation_input_tokens: Number,
    cache_read_input_tokens: Number,
}

impl BlockWire<'_> {
    fn into_block(self) -> Option<Block> {
        match &*self.kind {
            "text" => Some(Block::Text(self.text.0)),
            "thinking" | "redacted_thinking" => Some(Block::Thinking),
            "tool_use" | "server_tool_use" => {
                let input = self.input.unwrap_or_default();
                let items = input.todos.as_ref().map(|count| count.0);
                Some(Block::ToolUse { id: self.id.0, tool: self.name.0, subject: input.subject(), items })
            }
            _ => None,
        }
    }
}

impl InputWire {
    fn subject(self) -> Option<String> {
        let Self { file_path, notebook_path, command, pattern, url, query, path, description, skill, todos: _ } = self;
        let first = [file_path, notebook_path, command, pattern, url, query, path, description, skill];
        first.into_iter().flatten().map(|text| text.0).find(|text| !text.is_empty())
    }
}

impl From<AssistantWire<'_>> for Assistant {
    fn from(wire: AssistantWire<'_>) -> Self {
        let usage = wire.message.usage.unwrap_or_default();
        let limit = wire.api_error_params.and_then(|params| params.rate_limit_info).map(RateLimit::from);
        let error = ApiError { error: wire.error.0, rate_limit: limit };
        Self {
            message: wire.message.id.0,
            subagent: wire.parent_tool_use_id.is_some(),
            blocks: wire.message.content.into_iter().filter_map(BlockWire::into_block).collect(),
            context: usage.input_tokens.0 + usage.cache_creation_input_tokens.0 + usage.cache_read_input_tokens.0,
            api_error: wire.is_api_error_message.0.then_some(error),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserWire<'a> {
    #[serde(borrow)]
    message: UserMessage<'a>,
    #[serde(borrow)]
    parent_tool_use_id: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct UserMessage<'a> {
    /// A plain string where somebody typed it: such a message holds no results.
    #[serde(borrow, deserialize_with = "list_or_nothing")]
    content: Vec<BlockWire<'a>>,
}

impl From<UserWire<'_>> for ToolResults {
    fn from(wire: UserWire<'_>) -> Self {
        let results = wire.message.content.into_iter().filter(|block| block.kind == "tool_result");
        let result = |block: BlockWire<'_>| ToolResult {
            id: block.tool_use_id.0,
            error: block.is_error.0.then_some(block.content.0),
        };
        Self { subagent: wire.parent_tool_use_id.is_some(), results: results.map(result).collect() }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ResultWire {
    subtype: Text,
    is_error: Flag,
    api_error_status: Option<Number>,
    api_error: Option<Text>,
    terminal_reason: Option<Text>,
    stop_reason: Option<Text>,
    startup_failure_reason: Option<Text>,
    num_turns: Number,
    result: Long,
    #[serde(deserialize_with = "list_or_nothing")]
    errors: Vec<Text>,
    #[serde(deserialize_with = "list_or_nothing")]
    permission_denials: Vec<DenialWire>,
    total_cost_usd: Real,
    #[serde(rename = "modelUsage")]
    model_usage: BTreeMap<String, ModelWire>,
    model_usage_since_last_result: Option<BTreeMap<String, ModelWire>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DenialWire {
    tool_name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModelWire {
    input_tokens: Number,
    output_tokens: Number,
    cache_read_input_tokens: Number,
    cache_creation_input_tokens: Number,
    thinking_tokens: Number,
    context_window: Number,
    #[serde(rename = "costUSD")]
    cost: Real,
}

impl From<ModelWire> for ModelSpend {
    fn from(wire: ModelWire) -> Self {
        let usage = Usage {
            input: wire.input_tokens.0,
            output: wire.output_tokens.0,
            cache_read: wire.cache_read_input_tokens.0,
            cache_write: wire.cache_creation_input_tokens.0,
            reasoning: wire.thinking_tokens.0,
        };
        Self { usage, cost: wire.cost.0 }
    }
}

impl From<ResultWire> for ResultLine {
    fn from(wire: ResultWire) -> Self {
        let text = |text: Option<Text>| text.map(|text| text.0);
        let window = wire.model_usage.values().map(|model| model.context_window.0).max();
        let spend = |models: BTreeMap<String, ModelWire>| {
            models.into_iter().map(|(name, model)| (name, model.into())).collect()
        };
        Self {
            subtype: wire.subtype.0,
            is_error: wire.is_error.0,
            status: wire.api_error_status.and_then(|status| u16::try_from(status.0).ok()).filter(|status| *status > 0),
            api_error: text(wire.api_error),
            terminal_reason: text(wire.terminal_reason),
            stop_reason: text(wire.stop_reason),
            startup_failure: text(wire.startup_failure_reason),
            turns: wire.num_turns.0,
            text: wire.result.0,
            errors: wire.errors.into_iter().map(|error| error.0).collect(),
            denials: wire.permission_denials.into_iter().map(|denial| denial.tool_name.0).collect(),
            total_cost: wire.total_cost_usd.0,
            since_last: wire.model_usage_since_last_result.map(spend),
            context_window: window.filter(|window| *window > 0),
        }
    }
}
