//! What is said about an effective configuration: what contradicts itself, what someone should know, and what is asked
//! for and not obeyed yet.

use std::collections::BTreeMap;

use super::layers::{Files, Origin, Setting, setting};
use super::{Config, Provider, Push, Sandbox, SecretSource, StorageType};
use crate::reading::{Code, Diagnostic, Severity, Unsupported};

type Settings = BTreeMap<String, Setting>;

/// Mistakes and warnings, and the keys that are not obeyed yet.
pub(super) fn remarks(config: &Config, settings: &Settings, files: Files<'_>) -> (Vec<Diagnostic>, Vec<Unsupported>) {
    let mut found = Vec::new();
    let mut say = |severity, code, key: &str, message: String, hint: &str| {
        let Some(setting) = setting(settings, key) else { return };
        found.push(setting.with_source(files, |source, at| match severity {
            Severity::Error => source.error(code, at, message).help(hint),
            Severity::Warning => source.warning(code, at, message).help(hint),
        }));
    };
    let storage = "state is kept in `<git-dir>/cco` with sled; remove the key";
    if config.persistence.kind == StorageType::Sqlite {
        let message = "`persistence.type: sqlite` is accepted and means sled".to_owned();
        say(Severity::Warning, Code::StoredWithSled, "persistence.type", message, storage);
    }
    if config.persistence.path.is_some() {
        let message = "`persistence.path` has no effect".to_owned();
        say(Severity::Warning, Code::StoredWithSled, "persistence.path", message, storage);
    }
    for (key, _) in literal_secrets(config) {
        let message = format!("`{key}` holds the secret itself");
        let hint = "name where it is found: `${VARIABLE}`, `file:/path`, `cmd:…` or `keyring:name`";
        say(Severity::Warning, Code::LiteralSecret, &key, message, hint);
    }
    for (key, instead) in without_effect(config) {
        let message = format!("`{key}` is not obeyed yet");
        say(Severity::Warning, Code::WithoutEffect, key, message, instead);
    }
    let given = setting(settings, "repository.path").is_some_and(|setting| setting.origin != Origin::Default);
    if let Some(workspace) = config.claude_code.workspace.as_deref().filter(|_| given) {
        let plain = |path: &str| path.trim_start_matches("./").trim_end_matches('/').to_owned();
        if plain(workspace) != plain(&config.repository.path) {
            let message = format!("`claude_code.workspace` is not `repository.path` ({})", config.repository.path);
            let hint = "the worker works in the one repository; remove `workspace`";
            say(Severity::Error, Code::Conflict, "claude_code.workspace", message, hint);
        }
    }
    let asked = not_obeyed(config).into_iter().filter_map(|(key, why)| {
        Some(setting(settings, key)?.with_source(files, |source, at| source.unsupported(key, at, why)))
    });
    let asked = asked.collect();
    (found, asked)
}

/// What is set to something else than what happens, and guards nothing: what happens instead.
fn without_effect(config: &Config) -> Vec<(&'static str, &'static str)> {
    let defaults = Config::default();
    let (worker, seen) = (&config.claude_code, &config.monitoring);
    let log = "a log is written to stderr where the variable CCO_LOG asks for one: CCO_LOG=cco=debug";
    let page = "there is no page yet";
    [
        (
            worker.instance_id != defaults.claude_code.instance_id,
            "claude_code.instance_id",
            "a run is known by its own id",
        ),
        (
            worker.max_file_size != defaults.claude_code.max_file_size,
            "claude_code.max_file_size",
            "what is quoted to a model has bounds of its own",
        ),
        (
            config.persistence.retention != defaults.persistence.retention,
            "persistence.retention",
            "finished runs are kept until somebody removes them from `<git-dir>/cco/runs`",
        ),
        (seen.log_level != defaults.monitoring.log_level, "monitoring.log_level", log),
        (seen.log_format != defaults.monitoring.log_format, "monitoring.log_format", log),
        (!seen.metrics_enabled, "monitoring.metrics_enabled", "metrics are part of every status and report"),
        (seen.dashboard_port != defaults.monitoring.dashboard_port, "monitoring.dashboard_port", page),
        (seen.dashboard_bind != defaults.monitoring.dashboard_bind, "monitoring.dashboard_bind", page),
        (seen.otlp.include_content, "monitoring.otlp.include_content", "nothing is exported yet"),
        (!seen.otlp.worker_telemetry, "monitoring.otlp.worker_telemetry", "the worker exports nothing as it is"),
        (config.notifications.enabled, "notifications.enabled", "nobody is notified; `cco status --watch` shows a run"),
    ]
    .into_iter()
    .filter_map(|(asked, key, instead)| asked.then_some((key, instead)))
    .collect()
}

fn literal_secrets(config: &Config) -> Vec<(String, &SecretSource)> {
    let mut all = vec![("openrouter.api_key".to_owned(), &config.openrouter.api_key)];
    all.extend(config.claude_code.api_key.iter().map(|source| ("claude_code.api_key".to_owned(), source)));
    let urls = config.notifications.sinks.iter().filter_map(|sink| sink.url.as_ref());
    all.extend(urls.map(|source| ("notifications.sinks".to_owned(), source)));
    all.retain(|(_, source)| matches!(source, SecretSource::Literal(_)));
    all.dedup_by(|left, right| left.0 == right.0);
    all
}

/// What is set and cannot be done yet.
fn not_obeyed(config: &Config) -> Vec<(&'static str, &'static str)> {
    let fence = "there is no fence yet; `off` is the only value";
    let push = "nothing is pushed yet; push the branch yourself";
    let sinks = "notices are not sent yet; remove the key";
    [
        (config.persistence.encrypt, "persistence.encrypt", "state is not encrypted yet; remove the key"),
        (config.repository.push != Push::Never, "repository.push", push),
        (config.claude_code.sandbox != Sandbox::Off, "claude_code.sandbox", fence),
        (
            !config.monitoring.otlp.endpoint.is_empty(),
            "monitoring.otlp.endpoint",
            "nothing is exported yet; remove the key",
        ),
        (
            config.budget.window_share.is_some(),
            "budget.window_share",
            "usage windows are not measured yet; use `usd` or `tokens`",
        ),
        (!config.notifications.sinks.is_empty(), "notifications.sinks", sinks),
        (config.notifications.provider == Provider::Ntfy, "notifications.provider", sinks),
    ]
    .into_iter()
    .filter_map(|(asked, key, why)| asked.then_some((key, why)))
    .collect()
}
