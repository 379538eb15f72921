//! Makes the adapters and doers that a configuration asks for: worker, manager, verifier; with the secrets they need.

#![expect(clippy::disallowed_methods, reason = "looks for programs and reads the files that hold secrets")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::boot::Options;
use super::clock;
use super::error::Error;
use super::inputs::Inputs;
use super::perform::Models;
use crate::config::{Config, ExecutionMode, ManagerChoice, SecretSource, resolve_env};
use crate::manager::{Manager, ModelManager, ModelSettings, reserve};
use crate::mission::{Check, CheckKind};
use crate::openrouter::{Client, PriceTable, Settings};
use crate::process::Supervisor;
use crate::session::{Reserves, WorkerDollars};
use crate::store::StateDir;
use crate::verify::Verifier;
use crate::words::Money;
use crate::worker::{Available, Billing, Claude, Cloud, Credential, Kind, Limits, Stub, Worker, find_login};

/// How long a worker may take to its first word; the program itself starts within a second (measured on claude 2.1.328).
const FIRST_EVENT: Duration = Duration::from_secs(120);
/// How long it may stay after its result.
const AFTER_RESULT: Duration = Duration::from_secs(30);
/// From TERM to KILL. Claude Code ends its tools and itself within half a second of TERM (measured on 2.1.328); a stop and
/// its checkpoint must be over within 7 s (design section 9, Time).
const GRACE: Duration = Duration::from_secs(5);
/// What a manager call counts where no price is known.
const UNKNOWN_CALL: Money = Money::from_micros(100_000);
/// The largest prompt to the manager, in bytes; see `prompt`.
const PROMPT: usize = 64 << 10;

/// Those who act, plan and prove.
pub(super) struct Crew {
    pub(super) worker: Worker,
    pub(super) models: Models,
    pub(super) judges: Vec<String>,
    pub(super) manager: Manager,
    pub(super) verifier: Verifier,
    pub(super) reserves: Reserves,
    pub(super) worker_dollars: WorkerDollars,
}

pub(super) async fn crew(options: &Options, state: &StateDir) -> Result<Crew, Error> {
    let config = options.inputs.config();
    let (manager, manager_reserve) = manager(options).await?;
    let (kind, dollars, worker_reserve) = worker_kind(options, state)?;
    let worker = Worker {
        kind,
        supervisor: Supervisor::new(&options.program).durable(),
        cwd: options.repo.work_tree().to_owned(),
        limits: Limits {
            first_event: FIRST_EVENT,
            idle: config.orchestrator.idle_timeout,
            slice: config.orchestrator.iteration_timeout,
            after_result: AFTER_RESULT,
        },
        grace: GRACE,
        orphan_grace: Duration::ZERO,
    };
    Ok(Crew {
        worker,
        models: models(config),
        judges: judges(config),
        manager,
        verifier: Verifier::new(Arc::new(Supervisor::new(&options.program))),
        reserves: Reserves { manager: manager_reserve, worker: worker_reserve },
        worker_dollars: dollars,
    })
}

/// Whether the crew can work on the mission: words need a model, and so does a judge.
pub(super) fn mission_fits(inputs: &Inputs, crew: &Crew) -> Result<(), Error> {
    if let Manager::Model(_) = crew.manager {
        return Ok(());
    }
    let criteria = inputs.only_words();
    if !criteria.is_empty() {
        return Err(Error::OnlyWords { criteria });
    }
    let judged = inputs.mission.criteria.iter().filter(|criterion| criterion.checks.iter().any(asks_judge));
    let criteria: Vec<String> = judged.map(|criterion| criterion.text.clone()).collect();
    if criteria.is_empty() { Ok(()) } else { Err(Error::NoJudge { criteria }) }
}

fn asks_judge(check: &Check) -> bool {
    match &check.kind {
        CheckKind::Judge(_) => true,
        CheckKind::All(parts) | CheckKind::Any(parts) => parts.iter().any(asks_judge),
        CheckKind::Not(part) => asks_judge(part),
        CheckKind::Command(_)
        | CheckKind::File(_)
        | CheckKind::Http(_)
        | CheckKind::Tests(_)
        | CheckKind::Coverage(_)
        | CheckKind::Manual(_) => false,
    }
}

async fn manager(options: &Options) -> Result<(Manager, Money), Error> {
    let config = options.inputs.config();
    let key = match config.orchestrator.manager {
        ManagerChoice::Checklist => None,
        ManagerChoice::OpenRouter => secret(options, "openrouter.api_key", &config.openrouter.api_key)?,
        ManagerChoice::Auto => {
            let key = secret(options, "openrouter.api_key", &config.openrouter.api_key).unwrap_or_default();
            if key.is_none() {
                options.observer.note("no OpenRouter key is set: the embedded checklist manager plans");
            }
            key
        }
    };
    let Some(key) = key else { return Ok((Manager::Checklist, Money::ZERO)) };
    let client = Client::new(&Settings::with_key(&config.openrouter.base_url, key))?;
    let prices = prices(options, &client).await;
    let max_tokens = u32::try_from(config.openrouter.max_tokens).unwrap_or(u32::MAX);
    let settings = ModelSettings {
        model: config.openrouter.model.clone(),
        fallbacks: config.openrouter.fallback_models.clone(),
        max_tokens,
        temperature: Some(config.openrouter.temperature),
        prices,
        agents: Vec::new(),
        unknown_call: UNKNOWN_CALL,
    };
    let names: Vec<&str> = std::iter::once(&settings.model).chain(&settings.fallbacks).map(String::as_str).collect();
    let amount = reserve(&settings.prices, &names, PROMPT, max_tokens).unwrap_or(UNKNOWN_CALL);
    let prompts = Arc::new(options.inputs.prompts(options.repo.work_tree())?);
    Ok((Manager::Model(Box::new(ModelManager::new(client, prompts, settings))), amount))
}

/// What models cost; without an answer calls are settled by what the provider reports.
async fn prices(options: &Options, client: &Client) -> PriceTable {
    match client.models(clock::now()).await {
        Ok(prices) => prices,
        Err(error) => {
            options.observer.note(format!("prices are not known: {error}"));
            PriceTable::default()
        }
    }
}

fn models(config: &Config) -> Models {
    let worker = &config.claude_code;
    let standard = (!worker.model.is_empty()).then(|| worker.model.clone());
    Models {
        standard,
        light: Some("haiku".to_owned()),
        strong: Some("opus".to_owned()),
        max_turns: Some(worker.max_turns),
    }
}

/// The judges in the order in which they are asked; the planning model where no other is named.
fn judges(config: &Config) -> Vec<String> {
    let named = [&config.openrouter.judge_model, &config.openrouter.model];
    named.into_iter().filter(|name| !name.is_empty()).cloned().collect()
}

fn worker_kind(options: &Options, state: &StateDir) -> Result<(Kind, WorkerDollars, Money), Error> {
    let config = options.inputs.config();
    let environment: Vec<_> = options.environment.clone().into_iter().collect();
    match config.orchestrator.execution_mode {
        ExecutionMode::InSession => Ok((Kind::Human, WorkerDollars::Billed, Money::ZERO)),
        ExecutionMode::Stub => {
            let script = variable(options, "CCO_STUB_SCRIPT").map(PathBuf::from);
            let pace = variable(options, "CCO_STUB_PACE").and_then(|pace| pace.parse().ok()).unwrap_or(100);
            let stub = Stub { program: options.program.clone(), script, pace, environment };
            Ok((Kind::Stub(stub), WorkerDollars::Billed, Money::ZERO))
        }
        ExecutionMode::Api => {
            let credential = credential(options)?;
            options.observer.note(format!("the worker uses {credential}"));
            let dollars = match credential.billing() {
                Billing::Metered => WorkerDollars::Billed,
                Billing::Subscription => WorkerDollars::Equivalent,
            };
            let worker = &config.claude_code;
            let claude = Claude {
                program: program(options, &worker.path)?,
                environment,
                pass_env: worker.pass_env.iter().chain(&options.inputs.mission.pass_env).cloned().collect(),
                env: worker.env.clone().into_iter().collect(),
                credential,
                private_dir: state.worker(),
                permission_mode: worker.permission_mode.as_str().to_owned(),
                allowed_tools: worker.allowed_tools.clone(),
                disallowed_tools: Vec::new(),
                settings: serde_json::Map::new(),
            };
            Ok((Kind::Claude(Box::new(claude)), dollars, worker.max_budget_usd.unwrap_or_default()))
        }
    }
}

/// The first credential of the order of design section 9.
fn credential(options: &Options) -> Result<Credential, Error> {
    let config = &options.inputs.config().claude_code;
    let configured = match &config.api_key {
        // The specification's own text names the variable: then it is no more than the environment's key.
        Some(source) => secret(options, "claude_code.api_key", source)?,
        None => None,
    };
    let set = |name: &str| variable(options, name).filter(|value| !value.is_empty());
    let switched = |name: &str| set(name).is_some_and(|value| !matches!(value.as_str(), "0" | "false"));
    let cloud = if switched("CLAUDE_CODE_USE_BEDROCK") {
        Some(Cloud::Bedrock)
    } else {
        switched("CLAUDE_CODE_USE_VERTEX").then_some(Cloud::Vertex)
    };
    let home = set("HOME").map(PathBuf::from);
    let config_dir = set("CLAUDE_CONFIG_DIR").map(PathBuf::from);
    Available {
        configured_key: configured,
        oauth_token: set("CLAUDE_CODE_OAUTH_TOKEN").map(SecretString::from),
        cloud,
        login: home.and_then(|home| find_login(&home, config_dir.as_deref())),
        api_key: set("ANTHROPIC_API_KEY").map(SecretString::from),
    }
    .choose()
    .ok_or(Error::NoCredential)
}

/// Fetches a secret from its place.
fn secret(options: &Options, key: &str, source: &SecretSource) -> Result<Option<SecretString>, Error> {
    if let Some(secret) = resolve_env(key, source, |name| variable(options, name))? {
        return Ok(Some(SecretString::from(secret.expose().to_owned())));
    }
    let fail = |why: String| Error::SecretPlace { key: key.to_owned(), place: source.to_string(), why };
    let text = match source {
        SecretSource::File(path) => std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?,
        SecretSource::Command(command) => printed_by(command).map_err(fail)?,
        SecretSource::Keyring(_) => {
            return Err(fail("key rings are not supported yet; use `cmd:secret-tool …`".to_owned()));
        }
        SecretSource::Environment(_) | SecretSource::Literal(_) => String::new(),
    };
    let text = text.trim();
    if text.is_empty() { Err(fail("it is empty".to_owned())) } else { Ok(Some(SecretString::from(text.to_owned()))) }
}

fn printed_by(command: &str) -> Result<String, String> {
    let output = std::process::Command::new("sh").args(["-c", command]).stdin(std::process::Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|_| "it printed what is no text".to_owned())
    } else {
        Err(format!("the command ended with {}", output.status))
    }
}

fn variable(options: &Options, name: &str) -> Option<String> {
    options.environment.get(OsStr::new(name)).and_then(|value| value.to_str()).map(str::to_owned)
}

/// Finds a program: a path as it is, a name on PATH.
fn program(options: &Options, name: &str) -> Result<PathBuf, Error> {
    let missing = || Error::MissingProgram { program: name.to_owned() };
    if name.contains('/') {
        let path = options.repo.work_tree().join(name);
        return if is_program(&path) { Ok(path) } else { Err(missing()) };
    }
    let path = variable(options, "PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| is_program(path)).ok_or_else(missing)
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
