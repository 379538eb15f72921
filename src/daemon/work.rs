//! Runs the worker on one action, or takes over what an earlier daemon's worker left.

use super::observer::Update;
use super::perform::Task;
use super::seal;
use crate::manager::Manager;
use crate::prompt::{self, WorkFacts, WorkPrompt};
use crate::session::{Event, Fault, ModelTier, WorkOrder, WorkerOutcome, WorkerReport};
use crate::words::{IterationNumber, boundary};
use crate::worker::{self, ApiFault, ApiKind, Control, Live, Outcome, Report, Request};

use super::perform::unfit;

/// The worker's last words as journaled, in bytes.
const CLAIM: usize = 4 * 1024;

pub(super) async fn work(task: &Task, order: &WorkOrder, control: Control) -> Result<Event, Fault> {
    let (report, adopted) = match adopt(task, order).await? {
        Some(report) => (report, true),
        None if order.nothing_is_left() => (worker::not_started(), false),
        None => (act(task, order, &control).await?, false),
    };
    task.tools.supervisor.send_replace(None);
    let report = Box::new(in_the_words_of_the_core(report, order, adopted));
    Ok(Event::WorkerEnded { attempt: task.attempt, report })
}

/// The result of an attempt that came to its own end while no daemon was there (invariant I9).
async fn adopt(task: &Task, order: &WorkOrder) -> Result<Option<Report>, Fault> {
    let Some(lost) = order.adopt else { return Ok(None) };
    let dir = task.tools.state.attempt(lost);
    let report = worker::adopt(&dir).await.map_err(|error| unfit(&error))?;
    Ok(report
        .filter(|report| matches!(report.outcome, Outcome::Finished | Outcome::MaxTurns | Outcome::BudgetExhausted)))
}

/// What is sealed though the mission does not name it.
async fn inferred(task: &Task) -> Result<Vec<String>, Fault> {
    let (mission, session) = (task.mission.clone(), task.session.clone());
    task.blocking(move |tools| match &session.prepared {
        Some(start) => Ok(seal::Guard::of(&tools.repo, &mission, &start.tree)?.inferred()),
        None => Ok(Vec::new()),
    })
    .await
}

async fn act(task: &Task, order: &WorkOrder, control: &Control) -> Result<Report, Fault> {
    let tools = &task.tools;
    let inferred = inferred(task).await?;
    let facts = WorkFacts { mission: &task.mission, session: &task.session, order, sealed: &inferred };
    let prompt = match tools.worker.kind {
        worker::Kind::Human => for_a_person(task, &facts),
        worker::Kind::Claude(_) | worker::Kind::Stub(_) => tools.prompts.work(&facts).map_err(|error| unfit(&error))?,
    };
    let sealed = task.session.sealed.clone();
    let project = task.blocking(move |tools| super::pins::project(tools, sealed.as_ref())).await?;
    let request = Request {
        prompt: prompt.prompt,
        session: order.session,
        opening: match order.opening {
            crate::session::Opening::Start => worker::Opening::Start,
            crate::session::Opening::Resume => worker::Opening::Resume,
        },
        iteration: IterationNumber(order.iteration.0),
        model: model(task, order.action.tier),
        effort: None,
        max_turns: tools.models.max_turns,
        max_budget: order.max_cost,
        system_prompt: format!("{}\n\n{}", prompt.append_system.trim_end(), project.instructions),
        agents: project.agents,
        plugins: project.plugin.into_iter().collect(),
        dir: tools.state.attempt(task.attempt),
        marker: format!("{}-{}", task.session.run, task.attempt),
    };
    let (observer, supervisor, progress) = (tools.observer.clone(), tools.supervisor.clone(), task.progress());
    let (attempt, session) = (task.attempt, order.session);
    let live = move |live| match live {
        Live::Started { supervisor: pid } => {
            supervisor.send_replace(pid);
        }
        Live::Model(model) => progress(Event::WorkerSeen { attempt, session, model }),
        Live::Chip(chip) => observer.tell(Update::Chip(chip)),
        Live::Instruction(text) => observer.tell(Update::Instruction(text)),
        Live::Context(_) | Live::RateLimit(_) => {}
    };
    tools.worker.act(&request, control, live).await.map_err(|error| unfit(&error))
}

/// What a person reads. The embedded manager's own prompt says nothing that a person is not told anyway.
fn for_a_person(task: &Task, facts: &WorkFacts<'_>) -> WorkPrompt {
    let advice = match task.tools.manager {
        Manager::Model(_) => Some(facts.order.action.prompt.as_str()),
        Manager::Checklist => None,
    };
    WorkPrompt { prompt: prompt::person(facts, advice), append_system: String::new() }
}

fn model(task: &Task, tier: ModelTier) -> Option<String> {
    let models = &task.tools.models;
    let special = match tier {
        ModelTier::Light => models.light.clone(),
        ModelTier::Standard => None,
        ModelTier::Strong => models.strong.clone(),
    };
    special.or_else(|| models.standard.clone())
}

fn in_the_words_of_the_core(report: Report, order: &WorkOrder, adopted: bool) -> WorkerReport {
    WorkerReport {
        outcome: outcome(&report),
        session: order.session,
        model: report.model,
        text: claim(&report.text).to_owned(),
        usage: report.usage,
        own_cost: report.own_cost,
        session_cost: report.session_cost,
        calls: u32::try_from(report.api_calls).unwrap_or(u32::MAX),
        tool_calls: u32::try_from(report.tool_calls).unwrap_or(u32::MAX),
        context_tokens: report.context_tokens,
        denials: report.denials,
        duration_ms: u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
        adopted,
    }
}

/// The worker's failure table in the classes of the core: what says something about the work, and what does not.
fn outcome(report: &Report) -> WorkerOutcome {
    match &report.outcome {
        Outcome::Finished => WorkerOutcome::Finished,
        Outcome::MaxTurns => WorkerOutcome::MaxTurns,
        Outcome::BudgetExhausted => WorkerOutcome::ActionBudget,
        Outcome::Api(fault) => api_fault(fault),
        Outcome::SessionLost | Outcome::SessionInUse => WorkerOutcome::SessionLost,
        Outcome::StartupFailed { message } => {
            WorkerOutcome::Misconfigured { what: format!("the worker does not start: {message}") }
        }
        Outcome::Failed { reason } => WorkerOutcome::Crashed { what: reason.clone() },
        Outcome::Crashed { status } => WorkerOutcome::Crashed { what: died(&status.to_string(), &report.stderr) },
        Outcome::Killed { signal } => {
            WorkerOutcome::Crashed { what: died(&format!("signal {signal}"), &report.stderr) }
        }
        Outcome::Stopped => WorkerOutcome::Stopped,
        Outcome::Sliced => WorkerOutcome::Sliced,
        Outcome::HungAtStart => WorkerOutcome::Hung { phase: "at the start".to_owned() },
        Outcome::HungIdle => WorkerOutcome::Hung { phase: "idle".to_owned() },
    }
}

fn died(how: &str, stderr: &str) -> String {
    match stderr.trim().lines().next_back() {
        Some(last) => format!("the worker died ({how}): {last}"),
        None => format!("the worker died ({how}) without a word"),
    }
}

fn api_fault(fault: &ApiFault) -> WorkerOutcome {
    let what = fault.message.clone();
    match &fault.kind {
        ApiKind::Unauthorized | ApiKind::Forbidden | ApiKind::NotLoggedIn => WorkerOutcome::Unauthorized { what },
        ApiKind::Credit => WorkerOutcome::NoCredit { what },
        ApiKind::RateLimited => WorkerOutcome::Limited { until: None, what },
        ApiKind::UsageLimit { resets_at, .. } => {
            let until = resets_at.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
            WorkerOutcome::Limited { until, what }
        }
        ApiKind::Overloaded | ApiKind::Server | ApiKind::Connection | ApiKind::Timeout => {
            WorkerOutcome::Unreachable { what }
        }
        ApiKind::BadRequest | ApiKind::ModelNotFound => WorkerOutcome::Misconfigured { what },
        ApiKind::PromptTooLong | ApiKind::RequestTooLarge => WorkerOutcome::PromptTooLong,
        ApiKind::Refused => WorkerOutcome::Refused { text: what },
    }
}

/// What is kept of the words of who acts.
pub(super) fn claim(text: &str) -> &str {
    &text[..boundary(text, CLAIM)]
}
