//! One exchange over HTTP: a request out, a bounded JSON body or a reason in. Sits below async-openai as its service.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::classify::{Hint, bounded};
use super::error::Error;
use super::settings::Settings;

/// How the provider names a call in a header.
const GENERATION_HEADER: &str = "x-generation-id";
/// How its names for calls begin.
const GENERATION_PREFIX: &str = "gen-";

/// The connection pool and the key.
pub(super) struct Transport {
    http: reqwest::Client,
    pub(super) base: String,
    pub(super) key: SecretString,
    max_body: usize,
}

/// Why an exchange gave no JSON with a good status.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// A status other than 2xx.
    #[error("status {status}")]
    Status {
        /// The status.
        status: u16,
        /// When to come back, by the headers.
        hint: Option<Hint>,
        /// The body's beginning.
        body: Vec<u8>,
    },
    /// The request never got there.
    #[error("{0}")]
    NotSent(String),
    /// Our timer ran out after the request was sent.
    #[error("{0}")]
    TimedOut(String),
    /// The answer broke off.
    #[error("{what}")]
    Cut {
        /// How.
        what: String,
        /// The call's name, where its beginning told.
        generation: Option<String>,
    },
    /// What came is not JSON, or more than is read.
    #[error("{what}")]
    NotJson {
        /// What it is.
        what: String,
        /// The call's name, where its beginning told.
        generation: Option<String>,
    },
}

impl Transport {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let base = settings.checked_base()?;
        let key = settings.checked_key()?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(settings.time_outs.connect)
            .read_timeout(settings.time_outs.read)
            .timeout(settings.time_outs.total)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("cco/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Nothing is encrypted on the own network: no certificate authorities are needed, and no proxy is asked.
            builder = builder.tls_certs_only([]).no_proxy();
        }
        let http = builder.build().map_err(|error| {
            let what = format!("{}; is the package ca-certificates installed?", chain(&error));
            Error::Settings { what }
        })?;
        let base = base.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http, base, key, max_body: settings.max_body })
    }

    /// The pool, for async-openai to build its requests with.
    pub(super) fn http(&self) -> reqwest::Client {
        self.http.clone()
    }

    /// A request to read something, with the key.
    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<reqwest::Request, Trouble> {
        let request = self.http.get(format!("{}{path}", self.base)).query(query);
        request.bearer_auth(self.key.expose_secret()).build().map_err(|error| Trouble::NotSent(chain(&error)))
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(&self, request: reqwest::Request) -> Result<Vec<u8>, Trouble> {
        let response = self.http.execute(request).await.map_err(|error| self.trouble(error, None))?;
        let status = response.status();
        let named = response.headers().get(GENERATION_HEADER).and_then(|name| name.to_str().ok()).map(str::to_owned);
        if !status.is_success() {
            let hint = hint(response.headers());
            // An error's body matters less than its status: what of it cannot be read is left.
            let body = self.body(response, None).await.unwrap_or_default();
            return Err(Trouble::Status { status: status.as_u16(), hint, body });
        }
        let body = self.body(response, named.clone()).await?;
        match serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
            Ok(_) => Ok(body),
            Err(error) => Err(self.not_json(&body, &error, named)),
        }
    }

    async fn body(&self, mut response: reqwest::Response, named: Option<String>) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_body => {
                    let what = format!("it is larger than {} bytes", self.max_body);
                    return Err(Trouble::NotJson { what, generation: named.or_else(|| generation_in(&body)) });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body),
                Err(error) => return Err(self.trouble(error, named.or_else(|| generation_in(&body)))),
            }
        }
    }

    fn trouble(&self, error: reqwest::Error, generation: Option<String>) -> Trouble {
        let error = error.without_url();
        let what = bounded(&chain(&error), self.key.expose_secret());
        if error.is_connect() || error.is_builder() {
            Trouble::NotSent(what)
        } else if error.is_timeout() {
            Trouble::TimedOut(what)
        } else {
            Trouble::Cut { what, generation }
        }
    }

    fn not_json(&self, body: &[u8], error: &serde_json::Error, named: Option<String>) -> Trouble {
        let generation = named.or_else(|| generation_in(body));
        let begin = String::from_utf8_lossy(&body[..body.len().min(200)]);
        let what = match bounded(&begin, self.key.expose_secret()) {
            begin if begin.is_empty() => "the body is empty".to_owned(),
            _ if error.is_eof() => format!("the body breaks off after {} bytes", body.len()),
            begin => format!("the body is not JSON: {begin}"),
        };
        if error.is_eof() && !body.trim_ascii().is_empty() {
            return Trouble::Cut { what, generation };
        }
        Trouble::NotJson { what, generation }
    }
}

fn hint(headers: &HeaderMap) -> Option<Hint> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let after = header("retry-after").and_then(Hint::retry_after);
    after.or_else(|| header("x-ratelimit-reset").and_then(Hint::reset))
}

/// An error with its causes, outermost first.
fn chain(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Finds the name of a call in the beginning of an answer that broke off.
fn generation_in(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
    let (_, from) = text.split_once(&format!("\"{GENERATION_PREFIX}"))?;
    let (name, _) = from.split_once('"')?;
    let plain = name.len() < 100 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    plain.then(|| format!("{GENERATION_PREFIX}{name}"))
}

/// Reads a body that [`Transport::exchange`] has found to be JSON.
pub(super) fn value(body: &[u8]) -> Result<Value, Trouble> {
    let not_json = |error: serde_json::Error| Trouble::NotJson {
        what: format!("the body is not JSON: {error}"),
        generation: None,
    };
    serde_json::from_slice(body).map_err(not_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_by_the_beginning_of_its_answer() {
        assert_eq!(generation_in(b"\n\n{\"id\": \"gen-17-aB\", \"mod").as_deref(), Some("gen-17-aB"));
        assert_eq!(generation_in(b"{\"id\":\"gen-17"), None);
        assert_eq!(generation_in(b"<html>"), None);
    }
}
