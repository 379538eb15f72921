//! The sections around a mission: what is kept, what can be seen, what it may cost, who is told
//! (`experience.md` section 4).

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SecretSource;
use crate::reading::{Count, DollarLimit, Percent, Period, Scalar, limit, list, period, scalar_text};
use crate::words::Money;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Persistence {
    /// `sqlite` is accepted, with a warning, and means `sled`.
    #[serde(rename = "type")]
    pub kind: StorageType,
    /// Accepted, with a warning: state is in `<git-dir>/cco`.
    pub path: Option<String>,
    /// Whether state is encrypted. Not obeyed yet.
    pub encrypt: bool,
    /// How long finished missions are kept.
    #[serde(with = "period")]
    #[schemars(with = "Period")]
    pub retention: Duration,
}

/// The word of the specification for where state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "names of products")]
pub enum StorageType {
    Sled,
    Sqlite,
}

/// What can be seen from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Monitoring {
    /// What is logged.
    pub log_level: LogLevel,
    /// In what form.
    pub log_format: LogFormat,
    /// Whether metrics are kept.
    pub metrics_enabled: bool,
    /// The page's port; 0 picks a free one.
    pub dashboard_port: u16,
    /// The address it listens on.
    #[schemars(length(min = 1))]
    pub dashboard_bind: String,
    /// Traces and metrics for OpenTelemetry.
    pub otlp: Otlp,
}

/// Traces and metrics for OpenTelemetry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// Where they are sent; empty: nowhere. Not obeyed yet.
    pub endpoint: String,
    /// Whether prompts and answers are sent too.
    pub include_content: bool,
    /// Whether the worker sends its own.
    pub worker_telemetry: bool,
}

/// What is logged, in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the usual levels")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The level in capital letters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }
}

impl Scalar for LogLevel {
    const FORMAT: &'static str = "log-level";
    const TYPES: &'static [&'static str] = &["string"];
    const NOUN: &'static str = "one of ERROR, WARN, INFO, DEBUG, TRACE";

    fn read(value: &Value) -> Result<Self, String> {
        let text = value.as_str().unwrap_or_default();
        let found = Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("must be {}", Self::NOUN))
    }

    fn show(&self) -> Value {
        self.as_str().into()
    }
}

scalar_text!(LogLevel);

/// In what form is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

/// The ceiling of cost. `None`: no limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Dollars of a whole mission.
    #[serde(with = "limit::dollars")]
    #[schemars(with = "DollarLimit")]
    pub usd: Option<Money>,
    /// Tokens of a whole mission.
    #[serde(with = "limit::count")]
    #[schemars(with = "Count")]
    pub tokens: Option<u64>,
    /// Shares of the budget, in percent, at which a notice is given.
    #[serde(with = "list::percents")]
    #[schemars(with = "Vec<Percent>")]
    pub warn_at: Vec<u8>,
    /// What happens when it is used up.
    pub on_exceed: OnExceed,
    /// Share of a subscription's usage window that may be used. Not obeyed yet.
    pub window_share: Option<WindowShare>,
}

/// A share of a usage window, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WindowShare(#[serde(with = "list::percent")] pub u8);

impl JsonSchema for WindowShare {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WindowShare".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Percent::json_schema(generator)
    }
}

/// What happens when a budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnExceed {
    /// The mission pauses until a person raises it.
    Pause,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Notifications {
    /// Whether anyone is.
    pub enabled: bool,
    /// How the person at this machine is told.
    pub provider: Provider,
    /// Who else is told. Not obeyed yet.
    pub sinks: Vec<Sink>,
}

/// How the person at this machine is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "names of products")]
pub enum Provider {
    Desktop,
    Ntfy,
    None,
}

/// Someone who is told. Not obeyed yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// How.
    pub kind: SinkKind,
    /// Where.
    pub url: Option<SecretSource>,
    /// Of what; everything unless given.
    #[serde(default)]
    pub events: Vec<String>,
}

/// How someone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "names of products")]
pub enum SinkKind {
    Desktop,
    Ntfy,
    Slack,
    Discord,
    Webhook,
    Github,
}

impl Default for Persistence {
    fn default() -> Self {
        let retention = Duration::from_secs(90 * 24 * 60 * 60);
        Self { kind: StorageType::Sled, path: None, encrypt: false, retention }
    }
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            log_level: LogLevel::Info,
            log_format: LogFormat::Auto,
            metrics_enabled: true,
            dashboard_port: 8080,
            dashboard_bind: "127.0.0.1".into(),
            otlp: Otlp::default(),
        }
    }
}

impl Default for Otlp {
    fn default() -> Self {
        Self { endpoint: String::new(), include_content: false, worker_telemetry: true }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { usd: None, tokens: None, warn_at: vec![50, 80], on_exceed: OnExceed::Pause, window_share: None }
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Self { enabled: false, provider: Provider::Desktop, sinks: Vec::new() }
    }
}
