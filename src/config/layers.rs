//! Lays the layers over each other: flag > `CCO_*` variable > files, the first over the next > default. Each value
//! keeps the place it came from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Config;
use super::moved::settle;
use super::obeyed::remarks;
use super::schema::SHAPE;
use crate::reading::{self, Code, Content, Diagnostic, Entry, Map, Node, Severity, Source, Span, Unsupported, nearest};

/// What a configuration is made of. The caller reads files and environment (design section 9, Where things are looked
/// for); nothing is read here.
#[derive(Clone, Copy, Debug)]
pub struct Layers<'a> {
    /// What the command line sets.
    pub flags: &'a [Flag<'a>],
    /// The environment.
    pub environment: &'a BTreeMap<String, String>,
    /// Name and content of files, the strongest first: `.cco/config.yaml`, the user's, `/etc/cco/config.yaml`.
    pub files: &'a [(&'a str, &'a [u8])],
}

/// One setting of the command line.
#[derive(Clone, Copy, Debug)]
pub struct Flag<'a> {
    /// As the user wrote it: `--max-iterations`.
    pub name: &'a str,
    /// What it sets: `orchestrator.max_iterations`.
    pub key: &'a str,
    /// The value as text.
    pub value: &'a str,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing set it.
    Default,
    /// A file, with the place in it, counted from 1.
    File {
        /// The file as the caller named it.
        name: String,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// The effective configuration.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// What someone should know.
    pub warnings: Vec<Diagnostic>,
    /// What is asked for and cannot be done yet; a start is refused.
    pub unsupported: Vec<Unsupported>,
    settings: BTreeMap<String, Setting>,
}

/// One effective value, for `cco config show --origin`.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// `orchestrator.max_iterations`.
    pub key: String,
    /// As it would be written in a file; a literal secret is `***`.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a key was set.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) origin: Origin,
    at: Span,
}

impl Loaded {
    /// Where the value of a key came from; for a section, where any of its keys did.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        setting(&self.settings, key).map_or(Origin::Default, |setting| setting.origin.clone())
    }

    /// Every key with its value and origin, in the order of the sections.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.rows_below(String::new(), serde_json::to_value(&self.config).unwrap_or_default(), &mut rows);
        rows
    }

    fn rows_below(&self, key: String, value: Value, rows: &mut Vec<Row>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (name, value) in map {
                    let path = if key.is_empty() { name } else { format!("{key}.{name}") };
                    self.rows_below(path, value, rows);
                }
            }
            value => {
                let origin = self.origin(&key);
                rows.push(Row { key, value, origin });
            }
        }
    }
}

/// Where a key was set: itself, the section above it, or a key below it.
pub(super) fn setting<'s>(settings: &'s BTreeMap<String, Setting>, key: &str) -> Option<&'s Setting> {
    let above = |path: &str| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    let below = |path: &str| path.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    let near = || settings.iter().find(|(path, _)| above(path) || below(path)).map(|(_, setting)| setting);
    settings.get(key).or_else(near)
}

impl Setting {
    /// A diagnostic of this setting, made by `of` from its source and place.
    pub(super) fn with_source<T>(&self, files: Files<'_>, of: impl FnOnce(Source<'_>, Span) -> T) -> T {
        let (name, text) = match &self.origin {
            Origin::File { name, .. } => {
                let found = files.iter().find(|(file, _)| file == name).map(|(_, text)| *text);
                (
                    name.clone(),
                    found
                        .and_then(|text| std::str::from_utf8(text).ok())
                        .unwrap_or_default()
                        .trim_start_matches('\u{feff}'),
                )
            }
            Origin::Variable(_) | Origin::Flag(_) | Origin::Default => (self.origin.to_string(), ""),
        };
        of(Source { name: &name, text }, self.at)
    }
}

/// Names and contents, as in [`Layers::files`].
pub(super) type Files<'a> = &'a [(&'a str, &'a [u8])];

/// The effective configuration.
///
/// # Errors
///
/// Every mistake and every warning in all layers.
pub fn load(layers: &Layers<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    let mut work = Work {
        merged: serde_json::to_value(Config::default()).unwrap_or_default(),
        settings: BTreeMap::new(),
        diagnostics: Vec::new(),
        unsupported: BTreeMap::new(),
    };
    for (name, text) in layers.files.iter().rev() {
        work.file(name, text);
    }
    work.variables(layers.environment);
    for flag in layers.flags {
        work.single(flag.name, flag.key, flag.value, &Origin::Flag(flag.name.to_owned()));
    }
    work.finish(layers.files)
}

struct Work {
    merged: Value,
    settings: BTreeMap<String, Setting>,
    diagnostics: Vec<Diagnostic>,
    unsupported: BTreeMap<String, Unsupported>,
}

impl Work {
    fn file(&mut self, name: &str, text: &[u8]) {
        let (source, root) = match reading::parse(name, text) {
            Ok(read) => read,
            // A file of comments only, such as the default one with everything commented out, sets nothing.
            Err(found) if found.iter().all(|diagnostic| diagnostic.code == Code::Empty) => return,
            Err(found) => return self.diagnostics.extend(found),
        };
        let before = self.diagnostics.len();
        if let Some(mut layer) = SHAPE.hold(source, root, &mut self.diagnostics) {
            let (mistakes, unsupported) = settle(&mut layer, source);
            self.diagnostics.extend(mistakes);
            self.unsupported.extend(unsupported.into_iter().map(|key| (key.key.clone(), key)));
            let origin = |at: Span| Origin::File { name: name.to_owned(), line: at.line, column: at.column };
            self.lay(&layer, &origin);
        }
        if let Some(found) = self.diagnostics.get_mut(before..) {
            found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        }
    }

    fn variables(&mut self, environment: &BTreeMap<String, String>) {
        let mut known = BTreeSet::new();
        for key in SHAPE.leaves() {
            let own = format!("CCO_{}", key.to_uppercase().replace('.', "_"));
            // The short names are for people; the weakest comes first.
            let names = match key.as_str() {
                "orchestrator.execution_mode" => vec!["ORCHESTRATOR_EXECUTION_MODE", &own, "CCO_EXECUTION_MODE"],
                _ => vec![own.as_str()],
            };
            for name in names {
                if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
                    let source = format!("${name}");
                    self.single(&source, &key, value, &Origin::Variable(name.to_owned()));
                }
            }
            known.insert(own);
        }
        let sections: BTreeSet<String> = Value::as_object(&self.merged)
            .into_iter()
            .flatten()
            .map(|(section, _)| format!("CCO_{}_", section.to_uppercase()))
            .collect();
        for name in environment.keys() {
            let ours = sections.iter().any(|section| name.starts_with(section.as_str()));
            if ours && !known.contains(name) {
                let source = format!("${name}");
                let message = format!("the variable {name} sets nothing: there is no such key");
                let found = Source { name: &source, text: "" }.warning(Code::UnknownVariable, Span::START, message);
                self.diagnostics.push(match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => found.help(format!("did you mean {near}?")),
                    None => found,
                });
            }
        }
    }

    /// A value that came alone, as text.
    fn single(&mut self, name: &str, key: &str, raw: &str, origin: &Origin) {
        let path: Vec<&str> = key.split('.').collect();
        let (types, format) = SHAPE.at(&path).unwrap_or_default();
        // What may be a secret is not quoted in messages.
        let text = if format == Some("secret") { "" } else { raw };
        let source = Source { name, text };
        let mut node = node_of(raw, &types);
        for key in path.iter().rev() {
            let entry = Entry { key: (*key).to_owned(), key_at: Span::START, value: node };
            node = Node { at: Span::START, content: Content::Map(Map { entries: vec![entry], dropped: Vec::new() }) };
        }
        if let Some(mut layer) = SHAPE.hold(source, node, &mut self.diagnostics) {
            let (mistakes, unsupported) = settle(&mut layer, source);
            self.diagnostics.extend(mistakes);
            self.unsupported.extend(unsupported.into_iter().map(|key| (key.key.clone(), key)));
            self.lay(&layer, &|_| origin.clone());
        }
    }

    fn lay(&mut self, layer: &Node, origin: &dyn Fn(Span) -> Origin) {
        let mut merged = std::mem::take(&mut self.merged);
        lay(&mut merged, layer, "", &mut |path: &str, at: Span| {
            self.settings.insert(path.to_owned(), Setting { origin: origin(at), at });
        });
        self.merged = merged;
    }

    fn finish(mut self, files: Files<'_>) -> Result<Loaded, Vec<Diagnostic>> {
        let config = match serde_json::from_value::<Config>(self.merged) {
            Ok(config) => config,
            Err(error) => {
                let message = format!("the configuration could not be taken over: {error}");
                let source = Source { name: "configuration", text: "" };
                self.diagnostics.push(source.error(Code::Broken, Span::START, message));
                return Err(self.diagnostics);
            }
        };
        let mut unsupported: Vec<Unsupported> = self.unsupported.into_values().collect();
        let (remarks, not_obeyed) = remarks(&config, &self.settings, files);
        self.diagnostics.extend(remarks);
        unsupported.extend(not_obeyed);
        if self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(self.diagnostics);
        }
        Ok(Loaded { config, warnings: self.diagnostics, unsupported, settings: self.settings })
    }
}

/// A text from a variable or a flag, as the kind of value that is wanted.
fn node_of(raw: &str, types: &[&str]) -> Node {
    let text = |text: &str| Node {
        at: Span { length: raw.chars().count().max(1), ..Span::START },
        content: Content::Text(text.to_owned()),
    };
    let others = types.iter().any(|kind| !matches!(*kind, "string" | "null"));
    let read = reading::parse("", raw.as_bytes()).map(|(_, node)| node);
    match read {
        Ok(node) if others => match &node.content {
            Content::Text(list) if types.contains(&"array") => {
                let items = list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(text).collect();
                Node { content: Content::List(items), ..node }
            }
            Content::Null
            | Content::Bool(_)
            | Content::Number(_)
            | Content::Text(_)
            | Content::List(_)
            | Content::Map(_) => node,
        },
        Ok(_) | Err(_) => text(raw),
    }
}

/// Sections are laid over each other key by key, everything else as a whole.
fn lay(merged: &mut Value, layer: &Node, path: &str, set: &mut dyn FnMut(&str, Span)) {
    let (Value::Object(merged), Content::Map(map)) = (merged, &layer.content) else { return };
    for entry in &map.entries {
        let path = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        match (merged.get_mut(&entry.key), &entry.value.content) {
            (Some(below @ Value::Object(_)), Content::Map(_)) => lay(below, &entry.value, &path, set),
            _ => {
                merged.insert(entry.key.clone(), entry.value.to_json());
                set(&path, entry.key_at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::config::{
        CommitFrequency, DEFAULT_TEXT, ExecutionMode, LogLevel, ManagerChoice, PermissionMode, SecretSource,
    };
    use crate::reading::render;
    use crate::words::Money;

    const SPECIFICATION: &str = include_str!("../../tests/fixtures/config/specification.yaml");

    fn load_all(files: &[&str], environment: &[(&str, &str)], flags: &[Flag<'_>]) -> Result<Loaded, Vec<Diagnostic>> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let names = ["strong.yaml", "middle.yaml", "weak.yaml"];
        let files: Vec<(&str, &[u8])> = names.into_iter().zip(files.iter().map(|text| text.as_bytes())).collect();
        load(&Layers { flags, environment: &environment, files: &files })
    }

    fn load_file(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
        load_all(&[text], &[], &[])
    }

    fn mistakes(text: &str) -> Vec<String> {
        let found = load_file(text).unwrap_err();
        found.iter().map(|d| format!("{}:{} {} {}", d.line, d.column, d.code.as_str(), d.message)).collect()
    }

    #[test]
    fn without_layers_everything_is_at_its_default() {
        let loaded = load_all(&[], &[], &[]).unwrap();
        assert_eq!(loaded.config, Config::default());
        assert!(loaded.rows().iter().all(|row| row.origin == Origin::Default));
        assert_eq!(
            loaded.rows().len(),
            SHAPE.leaves().len() - 6,
            "all leaves but the six keys that have another place"
        );
    }

    #[test]
    fn the_default_file_says_what_the_types_say() {
        let loaded = load_file(DEFAULT_TEXT).unwrap();
        assert_eq!(loaded.config, Config::default());
        assert_eq!((loaded.warnings.len(), loaded.unsupported.len()), (0, 0));
        for row in loaded.rows() {
            let name = row.key.rsplit('.').next().unwrap();
            let written = matches!(row.origin, Origin::File { .. });
            // A key without a default can only be shown in a comment.
            let shown = row.value.is_null() && DEFAULT_TEXT.contains(&format!("  # {name}: "));
            // An empty map is laid over key by key, so there is no place to remember.
            let empty = row.value.as_object().is_some_and(serde_json::Map::is_empty)
                && DEFAULT_TEXT.contains(&format!("  {name}: {{}}"));
            assert!(written || shown || empty, "config.yaml does not show {}", row.key);
        }
    }

    #[test]
    fn the_specifications_own_text_is_read_with_a_warning_about_storage() {
        let loaded = load_file(SPECIFICATION).unwrap();
        let codes: Vec<Code> = loaded.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, [Code::StoredWithSled, Code::StoredWithSled]);
        assert!(loaded.unsupported.is_empty());
        let config = &loaded.config;
        assert_eq!(config.orchestrator.max_iterations, None);
        assert_eq!(config.orchestrator.iteration_timeout, Duration::from_secs(300));
        assert_eq!(config.openrouter.model, "anthropic/claude-3-opus");
        assert_eq!(config.claude_code.api_key, Some(SecretSource::Environment("ANTHROPIC_API_KEY".into())));
        assert_eq!(config.claude_code.max_file_size, 100_000);
        assert_eq!(config.monitoring.log_level, LogLevel::Info);
    }

    #[test]
    fn what_guards_nothing_and_has_no_effect_warns_by_name() {
        let text = "monitoring: {metrics_enabled: false, log_level: trace}\nclaude_code: {instance_id: a, max_file_size: 1MB}\n";
        let loaded = load_file(text).unwrap();
        let shown = render(&loaded.warnings);
        for key in ["metrics_enabled", "log_level", "instance_id", "max_file_size"] {
            assert!(shown.contains(&format!(".{key}` is not obeyed yet")), "{key}: {shown}");
        }
        assert!(loaded.warnings.iter().all(|warning| warning.code == Code::WithoutEffect));
    }

    #[test]
    fn the_names_of_the_specifications_interfaces_are_read() {
        let text = "openrouter: {apiKey: '${K}', maxTokens: 2048, systemPrompt: be brief}\n\
                    claude_code: {apiKey: '${A}', projectPath: ., maxIterations: 7, timeoutMs: 90000, contextWindow: 100000}\n";
        let config = load_file(text).unwrap().config;
        assert_eq!((config.openrouter.max_tokens, config.openrouter.system_prompt.as_str()), (2048, "be brief"));
        assert_eq!(config.orchestrator.max_iterations, Some(7));
        assert_eq!(config.orchestrator.iteration_timeout, Duration::from_secs(90));
        assert_eq!((config.claude_code.workspace.as_deref(), config.claude_code.context_window), (Some("."), 100_000));
    }

    #[test]
    fn flat_keys_have_their_place_and_strictness_is_not_ignored() {
        let loaded = load_file("timeout: 1800\nmodel: opus\nmax_retries: 2\nstrict_compliance: true\n").unwrap();
        assert_eq!(loaded.config.orchestrator.iteration_timeout, Duration::from_secs(1800));
        assert_eq!(loaded.config.claude_code.model, "opus");
        let keys: Vec<&str> = loaded.unsupported.iter().map(|key| key.key.as_str()).collect();
        assert_eq!(keys, ["max_retries", "strict_compliance"]);
        assert_eq!(mistakes("timeout: 1800\norchestrator: {iteration_timeout: 5m}\n").len(), 1);
    }

    #[test]
    fn a_flag_is_stronger_than_a_variable_and_a_variable_than_a_file() {
        let files = ["orchestrator: {stall_after: 2}\n", "orchestrator: {stall_after: 3, checkpoint_interval: 9}\n"];
        let flags = [Flag { name: "--max-iterations", key: "orchestrator.max_iterations", value: "12" }];
        let environment = [
            ("CCO_ORCHESTRATOR_MAX_ITERATIONS", "5"),
            ("CCO_CLAUDE_CODE_ALLOWED_TOOLS", "Read, Grep"),
            ("CCO_REPOSITORY_COMMIT_FREQUENCY", "per_phase"),
            ("CCO_BUDGET_USD", "40"),
            ("CCO_CLAUDE_CODE_PERMISSION_MODE", ""),
        ];
        let loaded = load_all(&files, &environment, &flags).unwrap();
        let config = &loaded.config;
        assert_eq!(config.orchestrator.max_iterations, Some(12));
        assert_eq!((config.orchestrator.stall_after, config.orchestrator.checkpoint_interval), (2, 9));
        assert_eq!(config.claude_code.allowed_tools, ["Read", "Grep"]);
        assert_eq!(config.repository.commit_frequency, CommitFrequency::PerPhase);
        assert_eq!(config.budget.usd, Some(Money::from_micros(40_000_000)));
        assert_eq!(config.claude_code.permission_mode, PermissionMode::DontAsk);
        assert_eq!(loaded.origin("orchestrator.max_iterations"), Origin::Flag("--max-iterations".into()));
        assert_eq!(loaded.origin("budget.usd"), Origin::Variable("CCO_BUDGET_USD".into()));
        assert_eq!(loaded.origin("orchestrator.stall_after").to_string(), "strong.yaml:1:16");
        assert_eq!(loaded.origin("orchestrator.checkpoint_interval").to_string(), "middle.yaml:1:32");
        assert_eq!(loaded.origin("orchestrator.mode"), Origin::Default);
    }

    #[test]
    fn the_execution_mode_has_short_names() {
        let mode =
            |environment: &[(&str, &str)]| load_all(&[], environment, &[]).unwrap().config.orchestrator.execution_mode;
        assert_eq!(mode(&[("ORCHESTRATOR_EXECUTION_MODE", "in_session")]), ExecutionMode::InSession);
        assert_eq!(
            mode(&[("ORCHESTRATOR_EXECUTION_MODE", "in_session"), ("CCO_EXECUTION_MODE", "stub")]),
            ExecutionMode::Stub
        );
        let manager = load_all(&[], &[("CCO_ORCHESTRATOR_MANAGER", "openrouter")], &[]).unwrap();
        assert_eq!(manager.config.orchestrator.manager, ManagerChoice::OpenRouter);
    }

    #[test]
    fn maps_are_laid_over_each_other_and_lists_replaced() {
        let files =
            ["claude_code: {env: {A: 1}, pass_env: [X]}\n", "claude_code: {env: {A: 2, B: true}, pass_env: [Y, Z]}\n"];
        let loaded = load_all(&files, &[], &[]).unwrap();
        let env: Vec<(&str, &str)> =
            loaded.config.claude_code.env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(env, [("A", "1"), ("B", "true")]);
        assert_eq!(loaded.config.claude_code.pass_env, ["X"]);
        assert_eq!(loaded.origin("claude_code.env.B").to_string(), "middle.yaml:1:27");
    }

    #[test]
    fn all_mistakes_of_all_layers_are_found() {
        let file = "orchestrator: {max_iteration: 5, iteration_timeout: soon, manager: robot}\nclaude_code:\n  sandbox: on\nbudgets: {}\n";
        let environment = [("CCO_ORCHESTRATOR_STALL_AFTER", "0"), ("CCO_OPENROUTER_MODLE", "x")];
        let flags = [Flag { name: "--budget", key: "budget.usd", value: "much" }];
        insta::assert_snapshot!("all_layers", render(&load_all(&[file], &environment, &flags).unwrap_err()));
    }

    #[test]
    fn what_is_not_obeyed_yet_is_named() {
        let text = "persistence: {encrypt: true}\nclaude_code: {sandbox: required}\nmonitoring: {otlp: {endpoint: 'http://x'}}\n\
                    notifications: {sinks: [{kind: slack, url: '${U}', events: [done]}]}\nrepository: {push: on_completion}\n";
        let keys: Vec<(String, usize)> =
            load_file(text).unwrap().unsupported.into_iter().map(|key| (key.key, key.line)).collect();
        let keys: Vec<(&str, usize)> = keys.iter().map(|(key, line)| (key.as_str(), *line)).collect();
        assert_eq!(
            keys,
            [
                ("persistence.encrypt", 1),
                ("repository.push", 5),
                ("claude_code.sandbox", 2),
                ("monitoring.otlp.endpoint", 3),
                ("notifications.sinks", 4),
            ]
        );
    }

    #[test]
    fn a_secret_in_plain_text_warns_and_is_shown_nowhere() {
        let text = "openrouter: {api_key: hunter2hunter2}\nclaude_code:\n  api_key: sk-ant-0123456789abcdef\n";
        let loaded = load_all(&[text], &[], &[]).unwrap();
        assert_eq!(loaded.warnings.len(), 2);
        let shown = format!(
            "{} {:?} {:?} {}",
            render(&loaded.warnings),
            loaded.rows(),
            loaded.config,
            loaded.config.seal_text()
        );
        assert!(!shown.contains("hunter2") && !shown.contains("0123456789abcdef"), "{shown}");
        let wrong =
            load_all(&["openrouter: {api_key: 'hunter2 ${X}'}\n"], &[("CCO_CLAUDE_CODE_API_KEY", "hunter2${Y}")], &[])
                .unwrap_err();
        assert_eq!(wrong.len(), 2);
        assert!(!render(&wrong).contains("hunter2"), "{}", render(&wrong));
    }

    #[test]
    fn the_worker_works_in_the_repository() {
        assert_eq!(mistakes("repository: {path: ./a}\nclaude_code: {workspace: ./b}\n").len(), 1);
        assert!(load_file("repository: {path: ./a}\nclaude_code: {workspace: a/}\n").is_ok());
    }

    #[test]
    fn the_seal_covers_what_decides_and_not_what_watches() {
        let seal = |text: &str| load_file(text).unwrap().config.seal_text();
        assert_eq!(seal("monitoring: {log_level: debug}"), Config::default().seal_text());
        assert_eq!(seal("orchestrator: {iteration_timeout: 3600}"), Config::default().seal_text());
        assert_ne!(seal("claude_code: {model: opus}"), Config::default().seal_text());
    }

    #[test]
    fn a_file_of_comments_sets_nothing_and_other_variables_are_not_ours() {
        let loaded = load_all(&["# nothing\n"], &[("CCO_RUN", "x"), ("CCO_UPDATE", "1"), ("HOME", "/")], &[]).unwrap();
        assert_eq!((loaded.config, loaded.warnings.len()), (Config::default(), 0));
    }

    proptest! {
        #[test]
        fn a_bent_file_never_makes_it_panic(place in any::<usize>(), cut in any::<usize>(), byte in any::<u8>()) {
            let mut bytes = DEFAULT_TEXT.as_bytes().to_vec();
            let place = place % bytes.len();
            bytes[place] = byte;
            bytes.truncate(place.max(cut % bytes.len()) + 1);
            let environment = BTreeMap::new();
            drop(load(&Layers { flags: &[], environment: &environment, files: &[("f", &bytes)] }));
        }

        #[test]
        fn no_variable_makes_it_panic(value in "\\PC{0,20}", which in any::<usize>()) {
            let leaves = SHAPE.leaves();
            let name = format!("CCO_{}", leaves[which % leaves.len()].to_uppercase().replace('.', "_"));
            drop(load_all(&[], &[(&name, &value)], &[]));
        }
    }
}
