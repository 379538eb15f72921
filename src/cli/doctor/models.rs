//! How the models are reached: which key or login would be used, and whether it works. Never what it is.

#![expect(clippy::disallowed_methods, reason = "asks a program for its version")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::timeout;

use super::{broken, doubtful, fine};
use crate::cli::code::Code;
use crate::cli::command::doctor::Finding;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::config::{Config, ExecutionMode};
use crate::daemon::{access, clock};
use crate::openrouter::{self, Client, KeyState, PriceTable, Settings};
use crate::words::Money;

/// The version of Claude Code whose behaviour was measured and tested.
const TESTED: &str = "2.1.328";
/// How long a provider or a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The manager: which one plans, whether its key works, whether its models are there.
pub(super) fn manager(context: &Context<'_>, config: &Config) -> Vec<Finding> {
    let key = match access::manager_key(config, context.variables()) {
        Ok(Some(key)) => key,
        Ok(None) => {
            let found = "the embedded checklist manager plans: no OpenRouter key is used";
            return vec![fine("manager", found)];
        }
        Err(error) => return vec![broken("manager", &error.into())],
    };
    let source = config.openrouter.api_key.to_string();
    let mut findings = vec![fine("manager", format!("{} with the key from {source}", config.openrouter.model))];
    match ask_provider(&config.openrouter.base_url, key) {
        Ok((state, prices)) => {
            findings.push(credit(&state));
            findings.extend(models(config, &prices));
        }
        Err(error) => findings.push(broken("openrouter", &error)),
    }
    findings
}

fn credit(state: &KeyState) -> Finding {
    match state.left {
        Some(left) if left == Money::ZERO => broken(
            "openrouter",
            &Error::new(Code::Credentials, "reached; nothing is left on the key").hint("add credit"),
        ),
        Some(left) => fine("openrouter", format!("reached; ${:.2} left on the key", left.dollars())),
        None => fine("openrouter", "reached; the key has no limit of its own"),
    }
}

fn models(config: &Config, prices: &PriceTable) -> Vec<Finding> {
    let settings = &config.openrouter;
    let main = [&settings.model].into_iter().chain(Some(&settings.judge_model).filter(|judge| !judge.is_empty()));
    let missing = |name: &&String| prices.model(name).is_none();
    let mut findings: Vec<Finding> = main
        .filter(missing)
        .map(|name| {
            broken(
                "model",
                &Error::new(Code::Settings, format!("{name} is not served")).hint("see openrouter.ai/models"),
            )
        })
        .collect();
    let fallbacks = settings.fallback_models.iter().filter(missing);
    findings.extend(
        fallbacks.map(|name| doubtful("model", format!("{name} is not served"), "a fallback that cannot help")),
    );
    findings
}

/// Asks for the key and the models, within bounds.
fn ask_provider(base_url: &str, key: SecretString) -> Result<(KeyState, PriceTable), Error> {
    let client = Client::new(&Settings::with_key(base_url, key))?;
    let asked = in_time(async {
        let state = client.key(clock::now()).await?;
        Ok::<_, openrouter::Error>((state, client.models(clock::now()).await?))
    })?;
    match asked {
        Some(answer) => Ok(answer?),
        None => Err(Error::new(Code::Provider, format!("no answer from {base_url} in {PATIENCE:?}"))),
    }
}

/// The worker: its program with its version, and the credential that it would use.
pub(super) fn worker(context: &Context<'_>, config: &Config, root: &Path) -> Vec<Finding> {
    match config.orchestrator.execution_mode {
        ExecutionMode::Stub => {
            return vec![doubtful("worker", "scripted: it plays a script", "for demos and rehearsals")];
        }
        ExecutionMode::InSession => return vec![fine("worker", "a person, who types `cco done`")],
        ExecutionMode::Api => {}
    }
    let program = match access::program(&config.claude_code.path, root, context.variables()) {
        Ok(program) => match version(&program, context) {
            Ok(version) => claude(&program, &version),
            Err(error) => broken("claude", &error),
        },
        Err(error) => broken("claude", &error.into()),
    };
    let login = match access::credential(config, context.variables()) {
        Ok(credential) => fine("login", credential.to_string()),
        Err(error) => broken("login", &error.into()),
    };
    vec![program, login]
}

fn claude(program: &Path, version: &str) -> Finding {
    let found = format!("{version} at {}", program.display());
    if version == TESTED {
        return fine("claude", found);
    }
    doubtful("claude", found, format!("{TESTED} is the version that this cco was tested with"))
}

fn version(program: &Path, context: &Context<'_>) -> Result<String, Error> {
    let failed = |why: String| Error::new(Code::Process, format!("{} --version: {why}", program.display()));
    let mut command = tokio::process::Command::new(program);
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true).env_clear().envs(context.variables());
    let output = in_time(async { command.output().await })?
        .ok_or_else(|| failed(format!("no answer in {PATIENCE:?}")))?
        .map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.split_whitespace().next().filter(|_| output.status.success());
    first.map(str::to_owned).ok_or_else(|| failed(format!("it ended with {}", output.status)))
}

/// Runs something to its end, or gives it up; `None`: it took too long.
fn in_time<T>(work: impl Future<Output = T>) -> Result<Option<T>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    Ok(runtime.block_on(async { timeout(PATIENCE, work).await.ok() }))
}
