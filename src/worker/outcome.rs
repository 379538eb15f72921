//! What an action of the worker came to: the failure table of Claude Code as one pure function.
//!
//! The outcome is a function of the last result line, the exit status and what cco itself did to the process, never
//! of `subtype` alone: an API failure comes as `subtype: success` with `is_error: true`, and SIGINT leaves with
//! code 0 and no result at all (measured on claude 2.1.328; the table is in `tests/worker`).

use crate::process::Status;

use super::facts::Facts;
use super::stream::{RateLimit, ResultLine};
use crate::words::clip;

/// Why cco itself ended the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Somebody asked for it.
    Stopped,
    /// The time slice of the action was over; the session goes on with the next one.
    Sliced,
    /// Nothing came from it after the start.
    HungAtStart,
    /// Nothing came from it for too long, with no tool at work.
    HungIdle,
    /// It had given its result and did not leave.
    HungAfterResult,
    /// The API refused the credential again and again; waiting out Claude Code's own retries would take minutes.
    Refused,
}

/// What an action came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The turn came to its end. Nothing is said about whether the work is done.
    Finished,
    /// A call of the API failed for good.
    Api(ApiFault),
    /// The limit of turns was reached; the session can go on.
    MaxTurns,
    /// The worker's own spending limit was reached; the session can go on.
    BudgetExhausted,
    /// The session to be resumed is not there any more.
    SessionLost,
    /// The session id of a fresh start was used before.
    SessionInUse,
    /// The worker did not get as far as a first call.
    StartupFailed {
        /// Its words.
        message: String,
    },
    /// The turn failed in a way that is none of the above.
    Failed {
        /// The worker's reason.
        reason: String,
    },
    /// It left without a result, and not because of cco.
    Crashed {
        /// How.
        status: Status,
    },
    /// A signal that cco did not send ended it: out of memory, a person, a shutdown.
    Killed {
        /// Which.
        signal: i32,
    },
    /// cco ended it because it was asked to.
    Stopped,
    /// The time slice was over.
    Sliced,
    /// Nothing came from it after the start.
    HungAtStart,
    /// It fell silent.
    HungIdle,
}

/// A failed call of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiFault {
    /// What kind of failure; this decides whether to wait, to ask or to give up.
    pub kind: ApiKind,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The worker's words, bounded.
    pub message: String,
}

/// The kinds of API failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiKind {
    /// 401: the key is wrong or the token has expired.
    Unauthorized,
    /// 403: the account may not, or the login was revoked.
    Forbidden,
    /// There is no credential at all.
    NotLoggedIn,
    /// The account has no money.
    Credit,
    /// 429 without a usage window: too many requests.
    RateLimited,
    /// The subscription's window is used up.
    UsageLimit {
        /// When it opens again, in seconds since 1970.
        resets_at: Option<i64>,
        /// Which window: `five_hour`, `seven_day` …
        window: Option<String>,
    },
    /// 529: no capacity.
    Overloaded,
    /// 5xx: a fault of the server.
    Server,
    /// No connection, a dropped one, or an answer that is not the API's.
    Connection,
    /// No answer in time.
    Timeout,
    /// 400: the request itself is wrong.
    BadRequest,
    /// The conversation is longer than the model takes; a fresh session helps.
    PromptTooLong,
    /// 413: attachments are too large; a fresh session helps.
    RequestTooLarge,
    /// 404: there is no such model, or not for this account.
    ModelNotFound,
    /// The model declined to answer.
    Refused,
}

/// Judges a finished process.
#[must_use]
pub fn judge(facts: &Facts, status: Status, cut: Option<Cut>, stderr: &str) -> Outcome {
    if let Some(result) = &facts.result {
        // Whatever cco did after the result, the result stands.
        return by_result(facts, result);
    }
    match cut {
        Some(Cut::Stopped) => Outcome::Stopped,
        Some(Cut::Sliced) => Outcome::Sliced,
        Some(Cut::HungAtStart) => Outcome::HungAtStart,
        Some(Cut::HungIdle | Cut::HungAfterResult) => Outcome::HungIdle,
        Some(Cut::Refused) => Outcome::Api(refused_by_retries(facts)),
        None => by_exit(facts, status, stderr),
    }
}

fn by_result(facts: &Facts, result: &ResultLine) -> Outcome {
    match result.subtype.as_str() {
        "error_max_turns" => Outcome::MaxTurns,
        "error_max_budget_usd" => Outcome::BudgetExhausted,
        "success" if !result.is_error && reason(result) == "completed" => Outcome::Finished,
        "success" if result.is_error => Outcome::Api(api_fault(facts, result)),
        _ => by_errors(result),
    }
}

fn reason(result: &ResultLine) -> &str {
    // Versions before the field had only `is_error`.
    result.terminal_reason.as_deref().unwrap_or("completed")
}

fn by_errors(result: &ResultLine) -> Outcome {
    let message = result.errors.join("; ");
    if message.starts_with("No conversation found with session ID") {
        return Outcome::SessionLost;
    }
    if result.startup_failure.is_some() {
        return Outcome::StartupFailed { message };
    }
    let said = if message.is_empty() { result.text.clone() } else { message };
    Outcome::Failed { reason: format!("{} ({}): {said}", result.subtype, reason(result)) }
}

fn by_exit(facts: &Facts, status: Status, stderr: &str) -> Outcome {
    let stderr = stderr.trim();
    match status {
        // 128 + n is how claude itself reports SIGHUP, SIGINT and SIGTERM.
        Status::Code(code @ (129 | 130 | 143)) => Outcome::Killed { signal: code - 128 },
        Status::Signal(signal) => Outcome::Killed { signal },
        Status::Code(_) if !facts.started => by_stderr(status, stderr),
        Status::Code(_) => Outcome::Crashed { status },
    }
}

fn by_stderr(status: Status, stderr: &str) -> Outcome {
    if stderr.contains("Session ID") && stderr.contains("is already in use") {
        return Outcome::SessionInUse;
    }
    if stderr.contains("No conversation found with session ID") {
        return Outcome::SessionLost;
    }
    if stderr.is_empty() {
        return Outcome::Crashed { status };
    }
    Outcome::StartupFailed { message: clip(stderr, MESSAGE) }
}

/// How much of the worker's words is kept in an outcome.
const MESSAGE: usize = 1000;

fn api_fault(facts: &Facts, result: &ResultLine) -> ApiFault {
    ApiFault { kind: api_kind(facts, result), status: result.status, message: clip(&result.text, MESSAGE) }
}

fn api_kind(facts: &Facts, result: &ResultLine) -> ApiKind {
    match reason(result) {
        "prompt_too_long" => return ApiKind::PromptTooLong,
        "image_error" => return ApiKind::RequestTooLarge,
        _ => {}
    }
    if result.api_error.as_deref() == Some("usage_limit_reached") {
        return usage_limit(facts.rate_limit.as_ref());
    }
    if facts.refusal || result.stop_reason.as_deref() == Some("refusal") {
        return ApiKind::Refused;
    }
    let error = facts.api_error.as_ref().map_or("", |error| error.error.as_str());
    match result.status {
        Some(status) => by_status(status, error),
        None => without_answer(error, result.api_error.as_deref()),
    }
}

fn usage_limit(limit: Option<&RateLimit>) -> ApiKind {
    let (resets_at, window) = limit.map_or((None, None), |limit| (limit.resets_at, limit.window.clone()));
    ApiKind::UsageLimit { resets_at, window }
}

fn by_status(status: u16, error: &str) -> ApiKind {
    match (status, error) {
        (402, _) | (_, "billing_error") => ApiKind::Credit,
        (401, _) => ApiKind::Unauthorized,
        (403, _) => ApiKind::Forbidden,
        (404, _) => ApiKind::ModelNotFound,
        (408, _) => ApiKind::Timeout,
        (413, _) => ApiKind::RequestTooLarge,
        (429, _) => ApiKind::RateLimited,
        (529, _) => ApiKind::Overloaded,
        (500.., _) => ApiKind::Server,
        (_, _) => ApiKind::BadRequest,
    }
}

fn without_answer(error: &str, api_error: Option<&str>) -> ApiKind {
    match (error, api_error) {
        ("authentication_failed", _) => ApiKind::NotLoggedIn,
        ("billing_error", _) => ApiKind::Credit,
        // "Request timed out" is the one server error without a status and without a name of its own.
        ("server_error", None) => ApiKind::Timeout,
        (_, _) => ApiKind::Connection,
    }
}

fn refused_by_retries(facts: &Facts) -> ApiFault {
    let retry = facts.retry.clone().unwrap_or_default();
    let kind = if retry.status == Some(403) { ApiKind::Forbidden } else { ApiKind::Unauthorized };
    ApiFault { kind, status: retry.status, message: format!("{} after {} tries", retry.error, retry.attempt) }
}
