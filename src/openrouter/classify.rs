//! From an HTTP status and a body to a classified error. Pure.
//!
//! OpenRouter's rules as documented and measured (`crates.md` section 1): integer codes, errors inside a 200, a 402 with
//! `Retry-After` that only means "too much in flight".

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::error::Error;
use crate::words::{cut, one_line};

/// The longest text of a provider that is kept, in characters.
const WORDS: usize = 300;
/// The name under which the key stands where a provider echoes it.
const KEY_MARK: &str = "[key]";

/// When a provider says to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// After a time.
    In(Duration),
    /// At a time.
    At(Timestamp),
}

impl Hint {
    /// The time meant, as seen from now.
    pub(super) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::In(delay) => SignedDuration::try_from(delay)
                .ok()
                .and_then(|delay| now.checked_add(delay).ok())
                .unwrap_or(Timestamp::MAX),
        }
    }

    /// Reads a `Retry-After` header: seconds, fractions of them, or an HTTP date.
    pub(super) fn retry_after(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok().map(Self::In);
        }
        jiff::fmt::rfc2822::parse(text).ok().map(|date| Self::At(date.timestamp()))
    }

    /// Reads an `X-RateLimit-Reset`: milliseconds or seconds since the epoch, or a small number of seconds from now.
    pub(super) fn reset(text: &str) -> Option<Self> {
        match text.trim().parse::<i64>().ok()? {
            millis @ 100_000_000_000.. => Timestamp::from_millisecond(millis).ok().map(Self::At),
            seconds @ 1_000_000_000.. => Timestamp::from_second(seconds).ok().map(Self::At),
            seconds => u64::try_from(seconds).ok().map(|seconds| Self::In(Duration::from_secs(seconds))),
        }
    }

    /// Looks for a time in an error body: `metadata.headers` as OpenRouter repeats them there, or `resets_at`.
    pub(super) fn in_body(body: &Value) -> Option<Self> {
        let error = body.get("error")?;
        let metadata = error.get("metadata");
        let header = |name: &str| {
            let headers = metadata?.get("headers")?.as_object()?;
            headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| text_of(value))
        };
        let resets_at = || text_of(metadata.and_then(|data| data.get("resets_at")).or_else(|| error.get("resets_at"))?);
        header("retry-after")
            .and_then(|text| Self::retry_after(&text))
            .or_else(|| header("x-ratelimit-reset").and_then(|text| Self::reset(&text)))
            .or_else(|| {
                let text = resets_at()?;
                text.parse().ok().map(Self::At).or_else(|| Self::reset(&text))
            })
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An error answer.
pub(super) struct Refusal<'a> {
    /// The HTTP status, or the code inside a body that came with 200.
    pub(super) status: u16,
    /// When to come back, if told.
    pub(super) retry_at: Option<Timestamp>,
    /// The body, `Null` where it is not JSON.
    pub(super) body: &'a Value,
    /// The provider's words, already bounded and free of the key.
    pub(super) what: String,
    /// The model that was asked for; empty where none was.
    pub(super) model: &'a str,
}

/// Tells error answers apart by what has to happen next.
pub(super) fn classify(refusal: Refusal<'_>) -> Error {
    let Refusal { status, retry_at, body, what, model } = refusal;
    let metadata = body.pointer("/error/metadata");
    let moderated = metadata.is_some_and(|data| data.get("flagged_input").is_some() || data.get("reasons").is_some());
    match status {
        401 => Error::Credentials { what },
        403 if moderated => Error::Filtered { what, paid: None },
        402 | 403 if retry_at.is_some() => Error::RateLimited { retry_at, what },
        402 => Error::Credit { what },
        403 => Error::Credentials { what },
        404 => Error::ModelGone { model: model.to_owned(), what },
        400 if what.contains("not a valid model") => Error::ModelGone { model: model.to_owned(), what },
        429 => Error::RateLimited { retry_at, what },
        408 => Error::Unavailable { retry_at, what },
        300..=399 => Error::BadRequest { what: format!("a redirect came, which is not followed with a key ({what})") },
        400..=499 => Error::BadRequest { what },
        _ => Error::Unavailable { retry_at, what },
    }
}

/// The status inside an error object: OpenRouter writes integers, others texts; anything else counts as 502.
pub(super) fn code_of(error: &Value) -> u16 {
    let code = error.get("code").and_then(text_of).and_then(|text| text.parse::<u16>().ok());
    code.filter(|code| (300..600).contains(code)).unwrap_or(502)
}

/// The provider's words about an error: the message of a JSON body, or the beginning of any other.
pub(super) fn words(status: u16, body: &Value, raw: &[u8], key: &str) -> String {
    let message = body.pointer("/error/message").and_then(Value::as_str).map(str::to_owned);
    let upstream = body.pointer("/error/metadata/raw").and_then(text_of);
    let text = match (message, upstream) {
        (Some(message), Some(upstream)) => format!("{message}: {upstream}"),
        (Some(message), None) => message,
        (None, _) => String::from_utf8_lossy(&raw[..raw.len().min(4 * WORDS)]).into_owned(),
    };
    let text = bounded(&text, key);
    if text.is_empty() { format!("status {status}") } else { format!("status {status}: {text}") }
}

/// A text from outside on one line, without what steers a terminal and without the key.
pub(super) fn bounded(text: &str, key: &str) -> String {
    // Folded first: a key that is torn apart by what is taken out would not be found before.
    let line = one_line(text, usize::MAX);
    if key.is_empty() { cut(&line, WORDS) } else { cut(&line.replace(key, KEY_MARK), WORDS) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn class(status: u16, retry_at: Option<Timestamp>, body: &Value) -> Error {
        classify(Refusal { status, retry_at, body, what: words(status, body, b"", ""), model: "m" })
    }

    #[test]
    fn a_time_to_come_back_is_read_in_every_form() {
        let at = |hint: Hint| hint.from(now()).to_string();
        assert_eq!(at(Hint::retry_after("3").unwrap()), "2026-01-02T03:04:08Z");
        assert_eq!(at(Hint::retry_after("0.5").unwrap()), "2026-01-02T03:04:05.5Z");
        assert_eq!(at(Hint::retry_after("Fri, 02 Jan 2026 03:05:00 GMT").unwrap()), "2026-01-02T03:05:00Z");
        assert_eq!(at(Hint::reset("1767323100000").unwrap()), "2026-01-02T03:05:00Z");
        assert_eq!(at(Hint::reset("1767323100").unwrap()), "2026-01-02T03:05:00Z");
        let body = json!({ "error": { "metadata": { "headers": { "X-RateLimit-Reset": "1767323100000" } } } });
        assert_eq!(at(Hint::in_body(&body).unwrap()), "2026-01-02T03:05:00Z");
        let body = json!({ "error": { "metadata": { "resets_at": "2026-01-03T00:00:00Z" } } });
        assert_eq!(at(Hint::in_body(&body).unwrap()), "2026-01-03T00:00:00Z");
        for wrong in ["", "soon", "-1", "nan"] {
            assert_eq!(Hint::retry_after(wrong), None, "{wrong}");
        }
        assert_eq!(Hint::retry_after("1e30").map(|hint| hint.from(now())), None);
    }

    #[test]
    fn money_and_keys_are_told_from_what_passes() {
        let none = Value::Null;
        assert!(matches!(class(401, None, &none), Error::Credentials { .. }));
        assert!(matches!(class(403, None, &none), Error::Credentials { .. }));
        assert!(matches!(class(402, None, &none), Error::Credit { .. }));
        assert!(matches!(class(402, Some(now()), &none), Error::RateLimited { .. }));
        let flagged = json!({ "error": { "message": "flagged", "metadata": { "reasons": ["x"] } } });
        assert!(matches!(class(403, None, &flagged), Error::Filtered { paid: None, .. }));
        let gone = json!({ "error": { "message": "x/y is not a valid model ID", "code": 400 } });
        assert!(matches!(class(400, None, &gone), Error::ModelGone { .. }));
        for passing in [408, 429, 500, 502, 503, 529] {
            assert!(class(passing, None, &none).is_passing(), "{passing}");
        }
        for lasting in [302, 400, 404, 413, 422] {
            assert!(!class(lasting, None, &none).is_passing(), "{lasting}");
        }
    }

    #[test]
    fn an_echoed_key_and_control_characters_do_not_reach_the_text() {
        let body = json!({ "error": { "message": "bad key sk-1\u{1b}[31m\nnext" } });
        assert_eq!(words(401, &body, b"", "sk-1"), "status 401: bad key [key] next");
        assert!(words(500, &Value::Null, &[b'x'; 9000], "").chars().count() < 330);
    }
}
