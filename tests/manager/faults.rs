//! The table of transport faults (`crates.md` section 1, faults F1 to F3 and F5): each is a named error within a bounded
//! time, and none of them carries the key.

use std::time::Duration;

use cco::openrouter::{AnswerForm, Call, ChatRequest, Client, Error, Patience, Settings, TimeOuts, Turn};
use cco::words::Money;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::openrouter::{OpenRouter, Reply, completion};

pub(crate) const KEY: &str = "sk-or-v1-canary-0123456789";

pub(crate) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn settings(server: &OpenRouter) -> Settings {
    let patience =
        Patience { first: Duration::from_millis(5), longest: Duration::from_secs(5), total: Duration::from_secs(20) };
    Settings { patience, ..Settings::with_key(server.url(), SecretString::from(KEY.to_owned())) }
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "test/model".to_owned(),
        stable: "system".to_owned(),
        rest: String::new(),
        turns: vec![Turn::Ask("question".to_owned())],
        answer: AnswerForm::Strict { name: "plan", schema: json!({ "type": "object" }) },
        max_tokens: 100,
        temperature: Some(0.5),
    }
}

async fn call_with(server: &OpenRouter, change: impl Fn(&mut Settings)) -> Call {
    let mut settings = settings(server);
    change(&mut settings);
    let call = Client::new(&settings).unwrap().chat(&request(), now()).await;
    if let Err(error) = &call.outcome {
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains(KEY), "{texts}");
        assert!(texts.len() < 2000, "{} bytes", texts.len());
    }
    call
}

async fn call(server: &OpenRouter) -> Call {
    call_with(server, |_| ()).await
}

/// Whether an error is the one meant.
type IsRight = fn(&Error) -> bool;

/// The error of a script of one reply, and how many requests it took.
async fn fault(reply: Reply) -> (Error, u32) {
    let call = call(&OpenRouter::start(vec![reply])).await;
    (call.outcome.unwrap_err(), call.sent)
}

#[tokio::test]
async fn an_answer_comes_with_its_price_and_the_request_is_as_it_should_be() {
    let server = OpenRouter::start(vec![Reply::says("{}")]);
    let got = call_with(&server, |settings| settings.base_url.push('/')).await.outcome.unwrap();
    assert_eq!((got.text.as_str(), got.paid.cost), ("{}", Some(Money::from_micros(2100))));
    assert_eq!((got.paid.usage.input, got.paid.usage.cache_read, got.paid.usage.output), (400, 600, 50));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/api/v1/chat/completions"));
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));
    assert!(!seen.headers.contains_key("openai-organization"));
    assert_eq!(seen.body["provider"]["require_parameters"], true);
    assert_eq!(seen.body["stream"], false);
    assert_eq!(server.billed(), 2100);
}

#[tokio::test]
async fn statuses_have_their_class_in_one_request_each() {
    let table: [(Reply, IsRight); 8] = [
        (Reply::error(400, "bad"), |error| matches!(error, Error::BadRequest { .. })),
        (Reply::error(401, "No auth credentials found"), |error| matches!(error, Error::Credentials { .. })),
        (Reply::error(403, "no"), |error| matches!(error, Error::Credentials { .. })),
        (Reply::error(402, "Insufficient credits"), |error| matches!(error, Error::Credit { .. })),
        (
            Reply::error(404, "No endpoints found"),
            |error| matches!(error, Error::ModelGone { model, .. } if model == "test/model"),
        ),
        (Reply::error(413, "too large"), |error| matches!(error, Error::BadRequest { .. })),
        (Reply::raw(401, "<html>login</html>"), |error| matches!(error, Error::Credentials { .. })),
        (Reply::error(401, &format!("key {KEY} is revoked")), |error| error.to_string().contains("[key] is revoked")),
    ];
    for (reply, is_right) in table {
        let shown = format!("{reply:?}");
        let (error, sent) = fault(reply).await;
        assert!(is_right(&error) && sent == 1, "{shown}: {error:?} after {sent}");
    }
}

#[tokio::test]
async fn passing_faults_are_waited_out_within_one_call() {
    let server = OpenRouter::start(vec![
        Reply::error(429, "slow down").header("retry-after", "0.2"),
        Reply::error(503, "no provider"),
        Reply::error(408, "timeout"),
        Reply::error(529, "overloaded"),
        Reply::json(200, &json!({ "error": { "code": 502, "message": "upstream" } })),
        Reply::Close,
        Reply::says("{}"),
    ]);
    let call = call(&server).await;
    assert_eq!(call.outcome.unwrap().text, "{}");
    assert_eq!((call.sent, call.doubts.len(), server.seen().len()), (7, 1, 7));
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_core_with_its_time() {
    let at = |seconds: i64| now().checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let close = |error: &Error, time: Timestamp| {
        let told = error.retry_at().unwrap();
        told >= time && told <= time.checked_add(jiff::SignedDuration::from_secs(60)).unwrap()
    };
    let (error, sent) = fault(Reply::error(429, "day limit").header("retry-after", "86400")).await;
    assert!(matches!(error, Error::RateLimited { .. }) && close(&error, at(86_400)) && sent == 1, "{error:?}");
    let in_flight = Reply::json(
        402,
        &json!({ "error": { "code": 402, "message": "in flight",
        "metadata": { "limit_source": "openrouter_in_flight_budget" } } }),
    );
    let (error, _) = fault(in_flight.header("retry-after", "3600")).await;
    assert!(matches!(error, Error::RateLimited { .. }) && close(&error, at(3600)), "{error:?}");
    let reset = at(7200).as_millisecond().to_string();
    let (error, _) = fault(Reply::error(429, "free tier").header("x-ratelimit-reset", &reset)).await;
    assert!(close(&error, at(7200)), "{error:?}");
}

#[tokio::test]
async fn a_provider_that_stays_away_is_given_up_within_a_bound() {
    let server = OpenRouter::start((0..500).map(|_| Reply::error(503, "down")).collect());
    let call = call_with(&server, |settings| settings.patience.total = Duration::from_millis(600)).await;
    assert!(matches!(call.outcome, Err(Error::Unavailable { .. })));
    assert!((2..200).contains(&call.sent), "{}", call.sent);
}

#[tokio::test]
async fn what_is_no_answer_is_named_and_not_taken_for_an_empty_one() {
    let mut length = completion("{\"a\"", 2100);
    length["choices"][0]["finish_reason"] = json!("length");
    let mut filtered = completion("", 2100);
    filtered["choices"][0]["finish_reason"] = json!("content_filter");
    let mut empty = completion("", 2100);
    empty["choices"][0]["message"]["reasoning"] = json!("hm");
    let mut none = completion("", 2100);
    none["choices"] = json!([]);
    let table: [(Reply, IsRight); 7] = [
        (Reply::raw(200, "<html>captive portal</html>"), |error| matches!(error, Error::Malformed { paid: None, .. })),
        (Reply::raw(200, ""), |error| matches!(error, Error::Malformed { paid: None, .. })),
        (Reply::raw(200, "\n \n"), |error| matches!(error, Error::Malformed { paid: None, .. })),
        (Reply::json(200, &length), |error| matches!(error, Error::Truncated { .. })),
        (Reply::json(200, &filtered), |error| matches!(error, Error::Filtered { .. })),
        (
            Reply::json(200, &empty),
            |error| matches!(error, Error::Malformed { what, .. } if what.contains("reasoning")),
        ),
        (Reply::json(200, &none), |error| matches!(error, Error::Malformed { .. })),
    ];
    for (reply, is_right) in table {
        let shown = format!("{reply:?}");
        let paid_for = shown.contains("gen-") || matches!(&reply, Reply::Http { body, .. } if body.len() > 100);
        let (error, sent) = fault(reply).await;
        assert!(is_right(&error) && sent == 1, "{shown}: {error:?}");
        let cost = error.paid().and_then(|paid| paid.cost);
        assert_eq!(cost, paid_for.then_some(Money::from_micros(2100)), "{shown}");
    }
}

#[tokio::test]
async fn blank_keep_alive_lines_before_the_answer_are_skipped() {
    let server = OpenRouter::start(vec![Reply::Blanks { content: "{}".to_owned() }]);
    assert_eq!(call(&server).await.outcome.unwrap().text, "{}");
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_left_in_time_and_may_have_billed() {
    let hang = OpenRouter::start(vec![Reply::Hang]);
    let short = |settings: &mut Settings| {
        settings.time_outs = TimeOuts {
            connect: Duration::from_secs(10),
            read: Duration::from_millis(300),
            total: Duration::from_secs(60),
        };
    };
    let got = call_with(&hang, short).await;
    assert!(matches!(got.outcome, Err(Error::TimedOut { .. })), "{got:?}");
    assert_eq!((got.sent, got.doubts.len()), (1, 1));
    let drip = OpenRouter::start(vec![Reply::Drip]);
    let got = call_with(&drip, |settings| settings.time_outs.total = Duration::from_millis(700)).await;
    assert!(matches!(got.outcome, Err(Error::TimedOut { .. })), "{got:?}");
}

#[tokio::test]
async fn a_cut_answer_is_asked_again_and_known_by_name() {
    let half = completion("{}", 2100).to_string().into_bytes();
    let server = OpenRouter::start(vec![
        Reply::Cut { body: half[..60].to_vec() },
        Reply::Http { status: 200, headers: vec![], body: half[..60].to_vec() },
        Reply::says("{}"),
    ]);
    let call = call(&server).await;
    assert!(call.outcome.is_ok());
    let names: Vec<Option<&str>> = call.doubts.iter().map(|doubt| doubt.generation.as_deref()).collect();
    assert_eq!(names, [Some("gen-1700000000-abc"); 2]);
}

#[tokio::test]
async fn a_body_is_read_no_further_than_its_bound_compressed_or_not() {
    for reply in [Reply::Huge { bytes: 64 << 20 }, Reply::Bomb { matches: 400_000 }] {
        let server = OpenRouter::start(vec![reply]);
        let call = call_with(&server, |settings| settings.max_body = 1 << 20).await;
        assert!(matches!(&call.outcome, Err(Error::Malformed { what, .. }) if what.contains("larger")), "{call:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = OpenRouter::start(vec![Reply::says("{}")]);
    for status in [301, 302, 307, 308] {
        let to = format!("{}/chat/completions", elsewhere.url());
        let (error, _) = fault(Reply::raw(status, "").header("location", &to)).await;
        assert!(matches!(error, Error::BadRequest { .. }), "{status}: {error:?}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn nobody_at_the_address_is_a_passing_fault_without_a_doubt() {
    let gone = OpenRouter::start(vec![]);
    let url = "http://127.0.0.1:1/api/v1".to_owned();
    let call = call_with(&gone, |settings| {
        settings.base_url.clone_from(&url);
        settings.patience.total = Duration::from_millis(100);
    })
    .await;
    assert!(matches!(call.outcome, Err(Error::Unavailable { .. })), "{call:?}");
    assert_eq!((call.sent, call.doubts.len()), (0, 0));
}

#[tokio::test]
async fn dropping_a_call_ends_its_wait() {
    let server = OpenRouter::start(vec![Reply::error(503, "down").header("retry-after", "4")]);
    let client = Client::new(&settings(&server)).unwrap();
    let (request, _kept) = (request(), &server);
    let cancelled = tokio::select! {
        call = client.chat(&request, now()) => panic!("{call:?}"),
        () = async { while server.seen().is_empty() { tokio::task::yield_now().await } } => true,
    };
    assert!(cancelled);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn models_key_and_generation_are_read() {
    let server = OpenRouter::start(vec![]);
    let client = Client::new(&settings(&server)).unwrap();
    assert!(matches!(client.models(now()).await, Err(Error::ModelGone { .. })), "404 before it is scripted");
    server.reads(
        "/models",
        json!({ "data": [{ "id": "a/b", "context_length": 1000,
        "pricing": { "prompt": "0.000001", "completion": "0.000002" }, "supported_parameters": ["temperature"] }] }),
    );
    let table = client.models(now()).await.unwrap();
    assert_eq!(table.model("a/b").unwrap().context_length, 1000);
    server
        .reads("/key", json!({ "data": { "limit": 10, "limit_remaining": 7.5, "usage": 2.5, "is_free_tier": false } }));
    let key = client.key(now()).await.unwrap();
    assert_eq!((key.left, key.used), (Some(Money::from_micros(7_500_000)), Some(Money::from_micros(2_500_000))));
    server.reads("/key", json!({ "data": { "limit": null, "limit_remaining": -0.1, "usage": 2.5 } }));
    assert_eq!(client.key(now()).await.unwrap().left, Some(Money::ZERO), "overdrawn is empty");
    server.reads(
        "/generation",
        json!({ "data": { "id": "gen-1", "total_cost": 0.004, "native_tokens_prompt": 100,
        "native_tokens_completion": 7 } }),
    );
    let generation = client.generation("gen-1", now()).await.unwrap();
    assert_eq!((generation.cost, generation.usage.output), (Money::from_micros(4000), 7));
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert!(paths.contains(&"/api/v1/generation?id=gen-1".to_owned()), "{paths:?}");
    server.reads("/models", Value::Null);
    assert!(matches!(client.models(now()).await, Err(Error::Malformed { .. })), "no models is not an empty table");
}

/// What was logged, at every level.
#[derive(Clone, Default)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn neither_the_key_nor_a_models_words_reach_the_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log works");
    for reply in [
        Reply::raw(200, "<html>the-words</html>"),
        Reply::raw(200, "{\"choices\": [{\"message\": \"the-words\"}]}"),
        Reply::raw(200, "{\"the-words\""),
        Reply::raw(500, &format!("the-words {KEY}")),
        Reply::error(401, &format!("the-words {KEY}")),
        Reply::says("the-words"),
    ] {
        let server = OpenRouter::start(vec![reply]);
        drop(call_with(&server, |settings| settings.patience.total = Duration::ZERO).await);
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("the log works"));
    assert!(!text.contains(KEY) && !text.contains("the-words"), "{text}");
}

#[test]
fn a_key_that_cannot_be_sent_is_an_error_and_not_a_panic() {
    for broken in ["", "a\nb", "ä"] {
        let settings = Settings::with_key("https://openrouter.ai/api/v1", SecretString::from(broken.to_owned()));
        assert!(matches!(Client::new(&settings), Err(Error::Settings { .. })));
    }
    let server = OpenRouter::start(vec![]);
    assert!(!format!("{:?}", Client::new(&settings(&server)).unwrap()).contains(KEY));
}
