//! One check from its service to its finding: retries, combinations, and the one match over the kinds.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::finding::{Finding, number};
use super::ground::{Ground, Place, Served};
use super::{combine, command, coverage, file, git, http, judge, manual, metric, plugin, sarif, service, tail, tests};
use crate::mission::{Check, CheckKind};
use crate::words::{CheckId, Measure, Outcome, last};

/// The service a combination runs beside, which its parts share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    port: Option<u16>,
}

/// Runs a check until it passes or its retries are used up. Each run stays in the evidence: a pass on the third run is
/// shown as one.
pub(super) fn evaluate(
    ground: Arc<Ground>,
    id: CheckId,
    check: Check,
    around: Option<Around>,
) -> Pin<Box<dyn Future<Output = Finding> + Send>> {
    Box::pin(async move {
        let mut earlier: Vec<Finding> = Vec::new();
        loop {
            let finding = once(&ground, &id, &check, around).await;
            if finding.outcome == Outcome::Pass || earlier.len() >= retries(&check) {
                return with_earlier(finding, &earlier);
            }
            earlier.push(finding);
        }
    })
}

/// What depends on nothing but tree, answers and approvals finds the same again.
const fn retries(check: &Check) -> usize {
    match check.kind {
        CheckKind::File(_) | CheckKind::Git(_) | CheckKind::Judge(_) | CheckKind::Manual(_) => 0,
        CheckKind::Command(_)
        | CheckKind::Http(_)
        | CheckKind::Tests(_)
        | CheckKind::Coverage(_)
        | CheckKind::Metric(_)
        | CheckKind::Sarif(_)
        | CheckKind::Plugin(_)
        | CheckKind::All(_)
        | CheckKind::Any(_)
        | CheckKind::Not(_) => check.retries as usize,
    }
}

fn with_earlier(mut finding: Finding, earlier: &[Finding]) -> Finding {
    if earlier.is_empty() {
        return finding;
    }
    let run = earlier.len() + 1;
    let before: Vec<String> = earlier.iter().map(|one| format!("{}: {}", one.outcome, one.evidence.summary)).collect();
    let evidence = &mut finding.evidence;
    evidence.summary = format!("run {run}: {}; before: {}", evidence.summary, before.join(" / "));
    evidence.measures.push(Measure { name: "runs".to_owned(), value: number(run as u64), bound: String::new() });
    // The last run has half of the room, those before it share the other.
    let room = tail::TAIL_CAP / 2 / earlier.len() - 40;
    let mut tails: Vec<String> = earlier
        .iter()
        .enumerate()
        .map(|(at, one)| format!("[run {}: {}]\n{}", at + 1, one.outcome, last(&one.evidence.tail, room)))
        .collect();
    tails.push(format!("[run {run}: {}]\n{}", finding.outcome, last(&evidence.tail, tail::TAIL_CAP / 2 - 40)));
    evidence.tail = tails.join("\n");
    finding
}

async fn once(ground: &Arc<Ground>, id: &CheckId, check: &Check, around: Option<Around>) -> Finding {
    let Some(name) = &check.service else { return kind(ground, id, check, around).await };
    match service::start(ground, check, name).await {
        Ok(running) => {
            let around = Around { port: running.port };
            let finding = kind(ground, id, check, Some(around)).await;
            running.end().await;
            finding
        }
        Err(finding) => finding,
    }
}

async fn kind(ground: &Arc<Ground>, id: &CheckId, check: &Check, around: Option<Around>) -> Finding {
    let served = if around.is_some() { Served::Yes } else { Served::No };
    let port = around.and_then(|around| around.port);
    let place = Place { ground, id, check, port, served };
    match &check.kind {
        CheckKind::Command(what) => command::check(&place, what).await,
        CheckKind::Http(what) => http::check(&place, what).await,
        CheckKind::Tests(what) => tests::check(&place, what).await,
        CheckKind::Coverage(what) => coverage::check(&place, what).await,
        CheckKind::Metric(what) => metric::check(&place, what).await,
        CheckKind::Sarif(what) => sarif::check(&place, what).await,
        CheckKind::Plugin(what) => plugin::check(&place, what).await,
        CheckKind::File(_) | CheckKind::Git(_) | CheckKind::Judge(_) | CheckKind::Manual(_) => {
            reading(ground, id, check).await
        }
        CheckKind::All(_) => combined(ground, id, check, around, combine::all).await,
        CheckKind::Any(_) => combined(ground, id, check, around, combine::any).await,
        CheckKind::Not(_) => combined(ground, id, check, around, |parts| combine::not(combine::all(parts))).await,
    }
}

/// Kinds that only read: they may read much, so they do it where nothing waits for them.
async fn reading(ground: &Arc<Ground>, id: &CheckId, check: &Check) -> Finding {
    let (ground, id, check) = (Arc::clone(ground), id.clone(), check.clone());
    let read = move || {
        let place = Place { ground: &ground, id: &id, check: &check, port: None, served: Served::No };
        match &check.kind {
            CheckKind::File(what) => file::check(&place, what),
            CheckKind::Git(what) => git::check(&place, what),
            CheckKind::Judge(what) => judge::check(&place, what),
            CheckKind::Manual(what) => manual::check(&place, what),
            CheckKind::Command(_)
            | CheckKind::Http(_)
            | CheckKind::Tests(_)
            | CheckKind::Coverage(_)
            | CheckKind::Metric(_)
            | CheckKind::Sarif(_)
            | CheckKind::Plugin(_)
            | CheckKind::All(_)
            | CheckKind::Any(_)
            | CheckKind::Not(_) => Finding::inconclusive("is not a kind that only reads"),
        }
    };
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|error| Finding::inconclusive(format!("the check itself broke: {error}")))
}

async fn combined(
    ground: &Arc<Ground>,
    id: &CheckId,
    check: &Check,
    around: Option<Around>,
    combine: impl Fn(&[Outcome]) -> Outcome,
) -> Finding {
    let mut parts = Vec::new();
    for (id, part) in combine::parts(id, check) {
        let name = if part.name.is_empty() { part.kind.name().to_owned() } else { part.name.clone() };
        parts.push((name, evaluate(Arc::clone(ground), id, part.clone(), around).await));
    }
    let outcomes: Vec<Outcome> = parts.iter().map(|(_, part)| part.outcome).collect();
    combine::finding(check.kind.name(), combine(&outcomes), parts)
}
