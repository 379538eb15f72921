//! The client: chat completions through async-openai, and three small reads beside it.

use std::sync::Arc;

use async_openai::config::Config;
use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::classify::{Hint, Refusal, classify, words};
use super::error::Error;
use super::patience::Waits;
use super::prices::PriceTable;
use super::reply::{self, Completion};
use super::request::ChatRequest;
use super::settings::{Patience, Settings};
use super::transport::{Transport, Trouble, value};
use crate::words::{Money, Usage};

/// Where the product introduces itself to OpenRouter.
const TITLE: &str = "cco";

/// A client of OpenRouter. Cloning shares its connections.
#[derive(Clone)]
pub struct Client {
    api: async_openai::Client<Address>,
    transport: Arc<Transport>,
    patience: Patience,
}

/// What became of a question, over all tries.
#[derive(Debug)]
pub struct Call {
    /// The answer, or why there is none.
    pub outcome: Result<Completion, Error>,
    /// How many requests were sent.
    pub sent: u32,
    /// The requests whose answer was lost on the way: they may have been billed all the same.
    pub doubts: Vec<Doubt>,
}

/// A request that may have been billed without an answer that tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The provider's name of the call, to be looked up with [`Client::generation`]; `None`: not known.
    pub generation: Option<String>,
}

/// What OpenRouter tells about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// What is left of the key's own limit; `None`: it has none.
    pub left: Option<Money>,
    /// What was spent with it so far.
    pub used: Option<Money>,
    /// Whether it may only be used with free models.
    pub free_tier: bool,
}

/// What OpenRouter tells about an earlier call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// What it cost.
    pub cost: Money,
    /// Its tokens as the model counts them.
    pub usage: Usage,
}

/// Makes ring the process's TLS provider; a client cannot be built without one. Calling it again changes nothing.
pub fn install_tls() {
    // The only error is that one is installed already, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
}

impl Client {
    /// Builds a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Settings`] for a key or an address that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        install_tls();
        let transport = Arc::new(Transport::new(settings)?);
        let address = Address::new(&transport)?;
        let below = Arc::clone(&transport);
        let service = tower::service_fn(move |factory: HttpRequestFactory| {
            let transport = Arc::clone(&below);
            async move { send(&transport, factory).await.map_err(tower::BoxError::from) }
        });
        let api = async_openai::Client::build(transport.http(), address).with_http_service(service);
        Ok(Self { api, transport, patience: settings.patience })
    }

    /// Asks a model. Passing faults are waited out within the bounds of [`Patience`]; dropping the future cancels.
    pub async fn chat(&self, request: &ChatRequest, now: Timestamp) -> Call {
        let body = request.body();
        let mut waits = Waits::start(self.patience, now);
        let mut call = Call { outcome: Err(Error::TimedOut { what: "not sent".to_owned() }), sent: 0, doubts: vec![] };
        loop {
            let answer = self.chat_once(&body).await;
            if !matches!(answer, Err(Trouble::NotSent(_))) {
                call.sent += 1;
            }
            call.doubts.extend(answer.as_ref().err().and_then(doubt));
            let key = self.transport.key.expose_secret();
            call.outcome = answer
                .map_err(|trouble| self.error(trouble, &request.model, waits.now()))
                .and_then(|answer| reply::read(&answer, &request.model, key));
            let delay = call.outcome.as_ref().err().and_then(|error| waits.next(error));
            let Some(delay) = delay else { return call };
            tokio::time::sleep(delay).await;
        }
    }

    /// Reads the models with their prices.
    ///
    /// # Errors
    /// As classified; an answer without a single model is [`Error::Malformed`].
    pub async fn models(&self, now: Timestamp) -> Result<PriceTable, Error> {
        let table = PriceTable::read(&self.read("/models", &[], now).await?);
        if table.is_empty() {
            return Err(malformed("it lists no models"));
        }
        Ok(table)
    }

    /// Asks what is left on the key.
    ///
    /// # Errors
    /// As classified.
    pub async fn key(&self, now: Timestamp) -> Result<KeyState, Error> {
        let answer = self.read("/key", &[], now).await?;
        let data = answer.get("data").filter(|data| data.is_object()).ok_or_else(|| malformed("it has no `data`"))?;
        let money = |key: &str| data.get(key).and_then(Value::as_f64).and_then(Money::from_dollars);
        // A key that is overdrawn has nothing left, which money cannot say with a sign.
        let overdrawn = data.get("limit_remaining").and_then(Value::as_f64).is_some_and(|left| left < 0.0);
        let left = if overdrawn { Some(Money::ZERO) } else { money("limit_remaining") };
        let free_tier = data.get("is_free_tier").and_then(Value::as_bool).unwrap_or_default();
        Ok(KeyState { left, used: money("usage"), free_tier })
    }

    /// Looks up what an earlier call cost. OpenRouter may take some seconds to know it.
    ///
    /// # Errors
    /// As classified.
    pub async fn generation(&self, id: &str, now: Timestamp) -> Result<Generation, Error> {
        let answer = self.read("/generation", &[("id", id)], now).await?;
        let data = answer.get("data").unwrap_or(&Value::Null);
        let money = |key: &str| data.get(key).and_then(Value::as_f64).and_then(Money::from_dollars);
        let count = |key: &str| data.get(key).and_then(Value::as_u64).unwrap_or_default();
        let cost = money("total_cost").ok_or_else(|| malformed("it has no `total_cost`"))?;
        let upstream = money("upstream_inference_cost").filter(|_| data.get("is_byok") == Some(&Value::Bool(true)));
        let cache_read = count("native_tokens_cached");
        let usage = Usage {
            input: count("native_tokens_prompt").saturating_sub(cache_read),
            output: count("native_tokens_completion"),
            cache_read,
            cache_write: 0,
            reasoning: count("native_tokens_reasoning"),
        };
        Ok(Generation { cost: cost + upstream.unwrap_or_default(), usage })
    }

    async fn chat_once(&self, body: &Value) -> Result<Value, Trouble> {
        self.api.chat().create_byot::<_, Value>(body).await.map_err(|error| match error {
            OpenAIError::Boxed(inner) => match inner.downcast::<Trouble>() {
                Ok(trouble) => *trouble,
                Err(other) => Trouble::NotSent(other.to_string()),
            },
            // The body is JSON by now, and any JSON is a `Value`: nothing else is left to go wrong in between.
            other => Trouble::NotSent(other.to_string()),
        })
    }

    async fn read(&self, path: &str, query: &[(&str, &str)], now: Timestamp) -> Result<Value, Error> {
        let mut waits = Waits::start(self.patience, now);
        loop {
            let got = self.read_once(path, query).await.map_err(|trouble| self.error(trouble, "", waits.now()));
            let error = match got {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(delay) = waits.next(&error) else { return Err(error) };
            tokio::time::sleep(delay).await;
        }
    }

    async fn read_once(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Trouble> {
        let request = self.transport.get(path, query)?;
        value(&self.transport.exchange(request).await?)
    }

    fn error(&self, trouble: Trouble, model: &str, now: Timestamp) -> Error {
        match trouble {
            Trouble::Status { status, hint, body } => {
                let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let retry_at = hint.or_else(|| Hint::in_body(&json)).map(|hint| hint.from(now));
                let what = words(status, &json, &body, self.transport.key.expose_secret());
                classify(Refusal { status, retry_at, body: &json, what, model })
            }
            Trouble::NotSent(what) | Trouble::Cut { what, .. } => Error::Unavailable { retry_at: None, what },
            Trouble::TimedOut(what) => Error::TimedOut { what },
            // What it may have cost all the same is told by the call's doubts.
            Trouble::NotJson { what, .. } => Error::Malformed { what, paid: None },
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.transport.base).finish_non_exhaustive()
    }
}

fn malformed(what: &str) -> Error {
    Error::Malformed { what: what.to_owned(), paid: None }
}

/// Whether a request may have been billed although no answer tells.
fn doubt(trouble: &Trouble) -> Option<Doubt> {
    match trouble {
        Trouble::TimedOut(_) => Some(Doubt { generation: None }),
        Trouble::Cut { generation, .. } => Some(Doubt { generation: generation.clone() }),
        // HTML of a proxy was never billed; the beginning of a real answer was.
        Trouble::NotJson { generation, .. } => generation.as_ref().map(|name| Doubt { generation: Some(name.clone()) }),
        Trouble::Status { .. } | Trouble::NotSent(_) => None,
    }
}

/// The service below async-openai: it sees only whole, bounded JSON bodies of good answers.
async fn send(transport: &Transport, factory: HttpRequestFactory) -> Result<reqwest::Response, Trouble> {
    let request = factory.build().await.map_err(|error| Trouble::NotSent(error.to_string()))?;
    let body = transport.exchange(request).await?;
    Ok(reqwest::Response::from(http::Response::new(body)))
}

/// Where requests go and what they carry. async-openai's own configuration would read OPENAI_* from the environment and
/// panic on a key with a line break.
#[derive(Clone)]
struct Address {
    base: String,
    headers: HeaderMap,
    key: SecretString,
}

impl Address {
    fn new(transport: &Transport) -> Result<Self, Error> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", transport.key.expose_secret()))
            .map_err(|_| Error::Settings { what: "the key cannot be sent in a header".to_owned() })?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(HeaderName::from_static("x-title"), HeaderValue::from_static(TITLE));
        Ok(Self { base: transport.base.clone(), headers, key: transport.key.clone() })
    }
}

impl Config for Address {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}
