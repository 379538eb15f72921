//! Makes the adapters and doers that a configuration asks for: worker, manager, verifier; with the secrets they need.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::access;
use super::boot::Options;
use super::error::Error;
use super::inputs::Inputs;
use super::perform::Models;
use super::{charter, clock};
use crate::config::{Config, ExecutionMode, ManagerChoice};
use crate::manager::{Manager, ModelManager, ModelSettings, derive_tokens, reserve};
use crate::mission::{Check, CheckKind, Mission};
use crate::openrouter::{Client, PriceTable, Settings};
use crate::process::Supervisor;
use crate::session::{Reserves, WorkerDollars};
use crate::store::StateDir;
use crate::verify::Verifier;
use crate::words::Money;
use crate::worker::{Billing, Claude, Kind, Limits, Stub, Worker};

/// How long a worker may take to its first word; the program itself starts within a second (measured on claude 2.1.328).
const FIRST_EVENT: Duration = Duration::from_secs(120);
/// How long it may stay after its result.
const AFTER_RESULT: Duration = Duration::from_secs(30);
/// From TERM to KILL. Claude Code ends its tools and itself within half a second of TERM (measured on 2.1.328); a stop and
/// its checkpoint must be over within 7 s (design section 9, Time).
const GRACE: Duration = Duration::from_secs(5);
/// How long the list of prices is waited for: it makes reserves tighter, and nothing depends on it.
const PRICES: Duration = Duration::from_secs(5);
/// What a manager call counts where no price is known.
const UNKNOWN_CALL: Money = Money::from_micros(100_000);
/// The largest question to the manager, in bytes; see `prompt`.
const PROMPT: usize = 64 << 10;
/// The largest question to a judge, in bytes, but for what many criteria at once add; see `verify`.
const EVIDENCE: usize = 256 << 10;

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
    let supervisor = Supervisor::new(&options.program);
    supervisor.get_ready();
    let (manager, asking) = manager(options).await?;
    let (kind, worker_dollars, worker) = worker_kind(options, state)?;
    let reserves = Reserves { worker, ..asking };
    let worker = Worker {
        kind,
        supervisor: supervisor.clone().durable(),
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
        verifier: Verifier::new(Arc::new(supervisor)),
        reserves,
        worker_dollars,
    })
}

/// Whether the crew can work on the mission: words need a model, and so does a judge.
pub(super) fn mission_fits(inputs: &Inputs, crew: &Crew) -> Result<(), Error> {
    if let Manager::Model(_) = crew.manager {
        return Ok(());
    }
    not_only_words(inputs)?;
    let judged = inputs.mission.criteria.iter().filter(|criterion| criterion.checks.iter().any(asks_judge));
    let criteria: Vec<String> = judged.map(|criterion| criterion.text.clone()).collect();
    if criteria.is_empty() { Ok(()) } else { Err(Error::NoJudge { criteria }) }
}

/// Fails if a criterion has no check and there is no model to derive one.
pub(super) fn not_only_words(inputs: &Inputs) -> Result<(), Error> {
    let criteria = inputs.only_words();
    if criteria.is_empty() { Ok(()) } else { Err(Error::OnlyWords { criteria }) }
}

fn asks_judge(check: &Check) -> bool {
    matches!(check.kind, CheckKind::Judge(_)) || check.parts().iter().any(asks_judge)
}

/// Who plans, and what is set aside for the questions.
async fn manager(options: &Options) -> Result<(Manager, Reserves), Error> {
    let config = options.inputs.config();
    let key = access::manager_key(config, &options.environment)?;
    if key.is_none() && config.orchestrator.manager == ManagerChoice::Auto {
        options.observer.note("no OpenRouter key is set: the embedded checklist manager plans");
    }
    let Some(key) = key else { return Ok((Manager::Checklist, Reserves::default())) };
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
    let reserves = reserves(config, &settings);
    let prompts = Arc::new(options.inputs.prompts(options.repo.work_tree())?);
    Ok((Manager::Model(Box::new(ModelManager::new(client, prompts, settings))), reserves))
}

/// What is set aside for each kind of question.
fn reserves(config: &Config, settings: &ModelSettings) -> Reserves {
    let ask = |models: &[&str], bytes, tokens| reserve(&settings.prices, models, bytes, tokens, UNKNOWN_CALL);
    let planners: Vec<&str> = std::iter::once(&settings.model).chain(&settings.fallbacks).map(String::as_str).collect();
    let judges = judges(config);
    let judges: Vec<&str> = judges.iter().map(String::as_str).collect();
    Reserves {
        manager: ask(&planners, PROMPT, settings.max_tokens),
        derive: ask(&planners, PROMPT, derive_tokens(settings.max_tokens)),
        judge: ask(&judges, EVIDENCE, settings.max_tokens),
        worker: Money::ZERO,
    }
}

/// What models cost; without an answer calls are settled by what the provider reports, and each counts
/// [`UNKNOWN_CALL`] until then.
async fn prices(options: &Options, client: &Client) -> PriceTable {
    let why = match timeout(PRICES, client.models(clock::now())).await {
        Ok(Ok(prices)) => return prices,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PRICES.as_secs()),
    };
    options.observer.note(format!("prices are not known ({why}): {UNKNOWN_CALL} is set aside for each call"));
    PriceTable::default()
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

/// The most that one action may spend: its own ceiling, else the whole budget; zero where there is neither.
fn ceiling(mission: &Mission, config: &Config) -> Money {
    let budget = || charter::limits(mission, config).usd;
    config.claude_code.max_budget_usd.or_else(budget).unwrap_or_default()
}

fn worker_kind(options: &Options, state: &StateDir) -> Result<(Kind, WorkerDollars, Money), Error> {
    let config = options.inputs.config();
    let environment: Vec<_> = options.environment.clone().into_iter().collect();
    match config.orchestrator.execution_mode {
        ExecutionMode::InSession => Ok((Kind::Human, WorkerDollars::Billed, Money::ZERO)),
        ExecutionMode::Stub => {
            let script = access::variable(&options.environment, "CCO_STUB_SCRIPT").map(PathBuf::from);
            if script.is_none() && options.inputs.mission.id.as_str() != "demo" {
                options.observer.note(
                    "the scripted worker plays the demo's script, which writes greet.sh, tests and README.md; set \
                     CCO_STUB_SCRIPT to play one of yours"
                        .to_owned(),
                );
            }
            let pace = access::variable(&options.environment, "CCO_STUB_PACE")
                .and_then(|pace| pace.parse().ok())
                .unwrap_or(100);
            let stub = Stub { program: options.program.clone(), script, pace, environment };
            Ok((Kind::Stub(stub), WorkerDollars::Billed, Money::ZERO))
        }
        ExecutionMode::Api => {
            let credential = access::credential(config, &options.environment)?;
            options.observer.note(format!("the worker uses {credential}"));
            let dollars = match credential.billing() {
                Billing::Metered => WorkerDollars::Billed,
                Billing::Subscription => WorkerDollars::Equivalent,
            };
            let worker = &config.claude_code;
            let claude = Claude {
                program: access::program(&worker.path, options.repo.work_tree(), &options.environment)?,
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
            Ok((Kind::Claude(Box::new(claude)), dollars, ceiling(&options.inputs.mission, config)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_without_a_ceiling_of_its_own_may_use_the_budget() {
        let text =
            b"title: m\ndefinition_of_done: [{ criteria: it is there, validator: test -e x }]\nbudget: { usd: 7 }\n";
        let mission = crate::mission::read("m.yaml", text).unwrap().mission;
        let mut config = Config::default();
        assert_eq!(Some(ceiling(&mission, &config)), config.claude_code.max_budget_usd);
        config.claude_code.max_budget_usd = None;
        assert_eq!(ceiling(&mission, &config), Money::from_micros(7_000_000));
        config.budget.usd = Some(Money::from_micros(2_000_000));
        assert_eq!(ceiling(&mission, &config), Money::from_micros(2_000_000), "the tighter one binds");
        let unbounded = Mission { budget: crate::mission::Budget::default(), ..mission };
        config.budget.usd = None;
        assert_eq!(ceiling(&unbounded, &config), Money::ZERO);
    }
}
