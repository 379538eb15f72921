//! Claude Code's command line and environment for one action. Pure.
//!
//! One process per action, the session carried by `--resume`, the prompt on standard input, events out. The
//! repository's own settings, hooks and MCP servers are shut out (`--setting-sources ""`, `--strict-mcp-config`):
//! they would run code and could redirect the API key (`faults.md` C8). Measured on claude 2.1.328.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::credential::{Credential, user_settings};
use super::request::{Opening, Request};
use crate::process::surroundings;

/// The tools a worker may use without asking, unless configured otherwise.
pub const ALLOWED_TOOLS: [&str; 11] =
    ["Bash", "Edit", "Write", "Read", "Glob", "Grep", "Agent", "NotebookEdit", "TaskStop", "WebFetch", "WebSearch"];

/// Tools that keep the process alive after its result, leave the work tree, or wait for somebody who is not there.
const NEVER: [&str; 9] = [
    "ScheduleWakeup",
    "CronCreate",
    "Monitor",
    "Workflow",
    "SendMessage",
    "ListAgents",
    "EnterWorktree",
    "ExitWorktree",
    "ReportFindings",
];

/// What holds for every action.
#[derive(Debug)]
pub struct Claude {
    /// The program.
    pub program: PathBuf,
    /// The user's environment, from which what is allowed is passed.
    pub environment: Vec<(OsString, OsString)>,
    /// Names of further variables to pass (`pass_env`).
    pub pass_env: Vec<String>,
    /// Variables to set, over all others (`claude_code.env`).
    pub env: Vec<(String, String)>,
    /// How it pays.
    pub credential: Credential,
    /// A folder of cco's own for Claude Code's sessions and temporary files; not used with a login.
    pub private_dir: PathBuf,
    /// Claude Code's permission mode.
    pub permission_mode: String,
    /// Tools, or rules for tools, that need no asking.
    pub allowed_tools: Vec<String>,
    /// Tools, or rules for tools, that are refused in every mode.
    pub disallowed_tools: Vec<String>,
    /// Further settings, in Claude Code's own form.
    pub settings: Map<String, Value>,
}

/// Files of an attempt that the command line names.
pub(super) const SYSTEM_PROMPT: &str = "system.md";
pub(super) const AGENTS: &str = "agents.json";

impl Claude {
    /// The folder for sessions, if it is cco's own.
    pub(super) fn config_dir(&self) -> Option<PathBuf> {
        (!matches!(self.credential, Credential::Login(_))).then(|| self.private_dir.join("claude"))
    }

    /// The folder for temporary files, if it is cco's own.
    pub(super) fn temp_dir(&self) -> Option<PathBuf> {
        (!matches!(self.credential, Credential::Login(_))).then(|| self.private_dir.join("tmp"))
    }

    /// The command line.
    pub(super) fn argv(&self, request: &Request) -> Vec<OsString> {
        let mut argv = Arguments(vec![self.program.clone().into_os_string()]);
        argv.flag("-p").option("--output-format", "stream-json").flag("--verbose");
        let entry = match request.opening {
            Opening::Start => "--session-id",
            Opening::Resume => "--resume",
        };
        argv.option(entry, request.session.to_string());
        argv.option("--permission-mode", &self.permission_mode);
        if !self.allowed_tools.is_empty() {
            argv.option("--allowedTools", self.allowed_tools.join(","));
        }
        let never = NEVER.into_iter().chain(self.disallowed_tools.iter().map(String::as_str));
        argv.option("--disallowedTools", never.collect::<Vec<_>>().join(","));
        argv.option("--setting-sources", "").flag("--strict-mcp-config");
        argv.option("--settings", self.settings().to_string());
        // Without it a resumed session keeps the system prompt of its first request.
        argv.option("--system-prompt-snapshot", "off");
        if !request.system_prompt.is_empty() {
            argv.option("--append-system-prompt-file", request.dir.join(SYSTEM_PROMPT));
        }
        if request.agents.is_some() {
            argv.option("--agents", request.dir.join(AGENTS));
        }
        request.plugins.iter().for_each(|plugin| {
            argv.option("--plugin-dir", plugin);
        });
        argv.limits(request);
        argv.0
    }

    fn settings(&self) -> Value {
        let mut settings = match &self.credential {
            Credential::Login(dir) => user_settings(dir),
            Credential::ConfiguredKey(_) | Credential::OauthToken(_) | Credential::Cloud(_) | Credential::ApiKey(_) => {
                Map::new()
            }
        };
        // Commits carry cco's trailers and nobody's advertisement.
        settings.insert("attribution".to_owned(), json!({"commit": "", "pr": ""}));
        settings.extend(self.settings.clone());
        Value::Object(settings)
    }

    /// The complete environment.
    pub(super) fn env(&self) -> Vec<(OsString, OsString)> {
        let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
        env.insert("TERM".into(), "dumb".into());
        env.extend(surroundings(&self.environment, &self.pass_env));
        env.extend(self.companions());
        env.extend(FIXED.map(|(name, value)| (name.into(), value.into())));
        match &self.credential {
            Credential::Login(dir) => env.extend(self.login_dir(dir)),
            Credential::ConfiguredKey(_) | Credential::OauthToken(_) | Credential::Cloud(_) | Credential::ApiKey(_) => {
                env.extend(self.config_dir().map(|dir| ("CLAUDE_CONFIG_DIR".into(), dir.into())));
                for name in ["TMPDIR", "CLAUDE_CODE_TMPDIR"] {
                    env.extend(self.temp_dir().map(|dir| (name.into(), dir.into())));
                }
            }
        }
        env.extend(self.credential.variable().map(|(name, value)| (name.into(), value.into())));
        env.extend(self.env.iter().map(|(name, value)| (name.into(), value.into())));
        env.into_iter().collect()
    }

    /// A login outside `~/.claude` is found by the variable that names it.
    fn login_dir(&self, dir: &Path) -> Option<(OsString, OsString)> {
        let named = self.environment.iter().any(|(name, value)| name == "CLAUDE_CONFIG_DIR" && Path::new(value) == dir);
        named.then(|| ("CLAUDE_CONFIG_DIR".into(), dir.into()))
    }

    fn companions(&self) -> impl Iterator<Item = (OsString, OsString)> + '_ {
        let sandboxed = |name: &str| name == "IS_SANDBOX" && self.permission_mode == "bypassPermissions";
        let belongs = move |name: &str| {
            let companions = self.credential.companions();
            companions.iter().any(|begin| name == *begin || (begin.ends_with('_') && name.starts_with(begin)))
        };
        let wanted = move |name: &str| belongs(name) || sandboxed(name);
        self.environment.iter().filter(move |(name, _)| name.to_str().is_some_and(&wanted)).cloned()
    }
}

/// What makes Claude Code reproducible and quick to fail (`claude-code.md` section 0): no update, no traffic beside
/// the API, no background work that outlives the result, long builds allowed, a hung API noticed after five minutes
/// instead of an hour.
const FIXED: [(&str, &str); 10] = [
    ("DISABLE_AUTOUPDATER", "1"),
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("DISABLE_TELEMETRY", "1"),
    ("DISABLE_ERROR_REPORTING", "1"),
    ("CLAUDE_CODE_STARTUP_FAILURE_RESULTS", "1"),
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("BASH_DEFAULT_TIMEOUT_MS", "600000"),
    ("BASH_MAX_TIMEOUT_MS", "3600000"),
    ("API_TIMEOUT_MS", "300000"),
    ("CLAUDE_CODE_MAX_RETRIES", "4"),
];

struct Arguments(Vec<OsString>);

impl Arguments {
    fn flag(&mut self, flag: &str) -> &mut Self {
        self.0.push(flag.into());
        self
    }

    fn option(&mut self, flag: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.extend([flag.into(), value.into()]);
        self
    }

    fn limits(&mut self, request: &Request) {
        if let Some(model) = &request.model {
            self.option("--model", model);
        }
        if let Some(effort) = &request.effort {
            self.option("--effort", effort);
        }
        if let Some(turns) = request.max_turns {
            self.option("--max-turns", turns.to_string());
        }
        // Zero is refused by Claude Code; who has nothing left does not start a worker.
        if let Some(budget) = request.max_budget.filter(|budget| budget.micros() > 0) {
            self.option("--max-budget-usd", format!("{:.6}", budget.dollars()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{IterationNumber, Money, SessionId};

    fn claude(credential: Credential) -> Claude {
        let environment = ["PATH", "HOME", "GITHUB_TOKEN", "ANTHROPIC_BASE_URL", "AWS_PROFILE", "IS_SANDBOX", "MINE"];
        Claude {
            program: "/opt/claude".into(),
            environment: environment.map(|name| (name.into(), format!("user-{name}").into())).to_vec(),
            pass_env: vec!["MINE".to_owned()],
            env: vec![("API_TIMEOUT_MS".to_owned(), "5000".to_owned())],
            credential,
            private_dir: "/state".into(),
            permission_mode: "dontAsk".to_owned(),
            allowed_tools: ALLOWED_TOOLS.map(str::to_owned).to_vec(),
            disallowed_tools: vec!["Bash(git push:*)".to_owned()],
            settings: Map::new(),
        }
    }

    fn request(opening: Opening) -> Request {
        Request {
            prompt: "do".to_owned(),
            session: SessionId(uuid::Uuid::from_u128(7)),
            opening,
            iteration: IterationNumber(1),
            model: Some("opus".to_owned()),
            effort: None,
            max_turns: Some(9),
            max_budget: Some(Money::from_micros(2_500_000)),
            system_prompt: "rules".to_owned(),
            agents: None,
            plugins: Vec::new(),
            dir: "/attempt".into(),
            marker: "m".to_owned(),
        }
    }

    #[test]
    fn the_command_line_is_exactly_this() {
        let argv = claude(Credential::ApiKey("k".into())).argv(&request(Opening::Start));
        let argv: Vec<&str> = argv.iter().map(|arg| arg.to_str().unwrap()).collect();
        assert_eq!(
            argv,
            [
                "/opt/claude",
                "-p",
                "--output-format",
                "stream-json",
                "--verbose",
                "--session-id",
                "00000000-0000-0000-0000-000000000007",
                "--permission-mode",
                "dontAsk",
                "--allowedTools",
                "Bash,Edit,Write,Read,Glob,Grep,Agent,NotebookEdit,TaskStop,WebFetch,WebSearch",
                "--disallowedTools",
                "ScheduleWakeup,CronCreate,Monitor,Workflow,SendMessage,ListAgents,EnterWorktree,ExitWorktree,ReportFindings,Bash(git push:*)",
                "--setting-sources",
                "",
                "--strict-mcp-config",
                "--settings",
                r#"{"attribution":{"commit":"","pr":""}}"#,
                "--system-prompt-snapshot",
                "off",
                "--append-system-prompt-file",
                "/attempt/system.md",
                "--model",
                "opus",
                "--max-turns",
                "9",
                "--max-budget-usd",
                "2.500000",
            ]
        );
        let resumed = claude(Credential::ApiKey("k".into())).argv(&request(Opening::Resume));
        assert!(resumed.iter().any(|arg| arg == "--resume") && !resumed.iter().any(|arg| arg == "--session-id"));
    }

    fn names(claude: &Claude) -> Vec<String> {
        claude.env().into_iter().map(|(name, _)| name.into_string().unwrap()).collect()
    }

    #[test]
    fn the_environment_holds_what_is_allowed_and_nothing_else() {
        let claude = claude(Credential::ConfiguredKey("k".into()));
        let mut expected = vec![
            "ANTHROPIC_API_KEY",
            "CLAUDE_CODE_TMPDIR",
            "CLAUDE_CONFIG_DIR",
            "HOME",
            "MINE",
            "PATH",
            "TERM",
            "TMPDIR",
        ];
        expected.extend(FIXED.map(|(name, _)| name));
        expected.sort_unstable();
        assert_eq!(names(&claude), expected);
        let timeout = claude.env().into_iter().find(|(name, _)| name == "API_TIMEOUT_MS");
        assert_eq!(timeout.unwrap().1, "5000", "what the user configures wins");
    }

    #[test]
    fn each_credential_brings_what_belongs_to_it() {
        let with = |credential| names(&claude(credential));
        assert!(with(Credential::ApiKey("k".into())).contains(&"ANTHROPIC_BASE_URL".to_owned()));
        let bedrock = with(Credential::Cloud(super::super::Cloud::Bedrock));
        assert!(bedrock.contains(&"AWS_PROFILE".to_owned()) && !bedrock.contains(&"ANTHROPIC_API_KEY".to_owned()));
        let login = with(Credential::Login("/home/u/.claude".into()));
        assert!(!login.iter().any(|name| name == "CLAUDE_CONFIG_DIR" || name == "TMPDIR" || name.contains("KEY")));
        let mut bypass = claude(Credential::OauthToken("t".into()));
        assert!(!names(&bypass).contains(&"IS_SANDBOX".to_owned()));
        bypass.permission_mode = "bypassPermissions".to_owned();
        assert!(names(&bypass).contains(&"IS_SANDBOX".to_owned()));
    }
}
