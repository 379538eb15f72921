//! `http`: one request and its answer. Redirects are never followed (headers may be secrets, and the URL that was asked
//! for is the one that is judged); the body is read up to a cap; loopback never goes through a proxy.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, NoProxy, Proxy, Response, Url, redirect};

use super::environment::Environment;
use super::finding::{Finding, Tally, number};
use super::ground::{Place, Served, with_port};
use super::path_query::{self, Unread};
use super::shell::seconds;
use super::stopwatch::{Stopwatch, milliseconds};
use super::tail;
use super::text::{Completeness, Searched, short};
use crate::mission::HttpCheck;

/// What is read of a body, after decompression.
const BODY_CAP: usize = 8 * 1024 * 1024;

pub(super) async fn check(place: &Place<'_>, what: &HttpCheck) -> Finding {
    let url = place.with_port(&what.url);
    let asked = ask(&place.ground.environment, what, place.port, place.check.timeout).await;
    let finding = match asked {
        Ok(answer) => answer.judge(what),
        Err(Unanswered::Refused(reason)) if place.served == Served::Yes => Finding::fail(reason),
        Err(Unanswered::Refused(reason) | Unanswered::Undecided(reason)) => Finding::inconclusive(reason),
    };
    finding.subject(format!("{} {url}", what.method))
}

/// Whether a URL leads out of this machine: what it says may change without the tree.
pub(super) fn is_external(url: &str) -> bool {
    let url = url.replace("${PORT}", "1");
    Url::parse(&url).map_or(true, |url| !is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("");
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The port of a URL on loopback.
pub(super) fn loopback_port(url: &str) -> Option<u16> {
    let url = Url::parse(url).ok()?;
    if is_loopback(&url) { url.port_or_known_default() } else { None }
}

/// Why there is no answer to judge.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// Nobody took the connection, or it broke off.
    Refused(String),
    /// Anything else: time-out, a URL that is none, no way to the network.
    Undecided(String),
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    completeness: Completeness,
    latency: Duration,
}

/// Sends the request and reads the answer within the time-out.
pub(super) async fn ask(
    environment: &Environment,
    what: &HttpCheck,
    port: Option<u16>,
    timeout: Duration,
) -> Result<Answered, Unanswered> {
    let undecided = |reason: String| Unanswered::Undecided(reason);
    let url = with_port(&what.url, port);
    let url = Url::parse(&url).map_err(|error| undecided(format!("`{url}` is not a URL: {error}")))?;
    let method = Method::from_bytes(what.method.as_bytes())
        .map_err(|_| undecided(format!("`{}` is not a method", what.method)))?;
    let client = client(environment, &url)?;
    let request = client.request(method, url).headers(headers(what, port).map_err(undecided)?);
    let request = if what.body.is_empty() { request } else { request.body(with_port(&what.body, port)) };
    let watch = Stopwatch::start();
    let exchange = async {
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        read(response, watch).await
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
        Err(undecided(format!("no whole answer within {}; a time-out is not a pass", seconds(timeout))))
    })
}

/// Plain HTTP needs no certificates and must work whatever was installed; HTTPS uses what `main` installed.
fn client(environment: &Environment, url: &Url) -> Result<Client, Unanswered> {
    let undecided = |error: &dyn std::error::Error| Unanswered::Undecided(format!("no HTTP client: {error}"));
    let mut builder =
        Client::builder().redirect(redirect::Policy::none()).no_proxy().user_agent("cco-check").referer(false);
    if url.scheme() == "http" {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let plain = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let plain = plain.map_err(|error| undecided(&error))?.with_root_certificates(rustls::RootCertStore::empty());
        builder = builder.tls_backend_preconfigured(plain.with_no_client_auth());
    } else if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(Unanswered::Undecided("no TLS provider is installed".to_owned()));
    }
    if let Some(proxy) = proxy(environment, url) {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| undecided(&error))
}

/// The proxy that the check's environment names; none for loopback.
fn proxy(environment: &Environment, url: &Url) -> Option<Proxy> {
    if is_loopback(url) {
        return None;
    }
    let names = match url.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let address =
        names.into_iter().find_map(|name| environment.variable(name)).filter(|address| !address.is_empty())?;
    let except = environment.variable("NO_PROXY").or_else(|| environment.variable("no_proxy")).unwrap_or("");
    Some(Proxy::all(address).ok()?.no_proxy(NoProxy::from_string(except)))
}

fn headers(what: &HttpCheck, port: Option<u16>) -> Result<HeaderMap, String> {
    let one = |(name, value): &(String, String)| {
        let bad = || format!("`{name}` is not a header that can be sent");
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        HeaderValue::from_str(&with_port(value, port)).map(|value| (header, value)).map_err(|_| bad())
    };
    what.headers.iter().map(one).collect()
}

async fn read(mut response: Response, watch: Stopwatch) -> Result<Answered, Unanswered> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let (mut body, mut completeness) = (Vec::new(), Completeness::Whole);
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(&error))? {
        let room = BODY_CAP - body.len();
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or(&chunk));
        if chunk.len() > room {
            completeness = Completeness::Cut;
            break;
        }
    }
    Ok(Answered { status, headers, body, completeness, latency: watch.elapsed() })
}

fn unanswered(error: &reqwest::Error) -> Unanswered {
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    let refused = error.is_connect() || error.is_body() || error.is_decode() || error.is_request();
    let reason = format!("no answer: {}", short(&reason));
    if refused { Unanswered::Refused(reason) } else { Unanswered::Undecided(reason) }
}

impl Answered {
    pub(super) fn judge(&self, what: &HttpCheck) -> Finding {
        let mut tally = Tally::default();
        self.note_status(&mut tally, what.status);
        for (name, wanted) in &what.expect_headers {
            let found: Vec<String> = self
                .headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            let holds = found.iter().any(|value| value == wanted);
            let shown = if found.is_empty() { "missing".to_owned() } else { short(&found.join(", ")) };
            tally.note(holds, format!("header {name} is {shown}, asked for {wanted}"));
        }
        self.note_body(&mut tally, what);
        let latency = milliseconds(self.latency);
        let most = what.max_latency.map(milliseconds);
        tally.measure("latency_ms", number(latency), most.map(|most| format!("<= {most}")).unwrap_or_default());
        if let Some(most) = most {
            tally.note(latency <= most, format!("answered in {latency} ms, asked for {most} at most"));
        }
        tally.finding().tail(tail::of_streams(&self.body, b""))
    }

    fn note_status(&self, tally: &mut Tally, wanted: u16) {
        let holds = self.status == wanted;
        let asked = if holds { String::new() } else { format!(", asked for {wanted}") };
        let moved = match self.headers.get("location") {
            Some(to) if !holds => {
                format!(" (redirects to {}, which is not followed)", short(&String::from_utf8_lossy(to.as_bytes())))
            }
            _ => String::new(),
        };
        tally.note(holds, format!("status {}{asked}{moved}", self.status));
    }

    fn note_body(&self, tally: &mut Tally, what: &HttpCheck) {
        let text = String::from_utf8_lossy(&self.body);
        let searched = Searched { name: "body", text: &text, completeness: self.completeness };
        searched.note(tally, &what.body_contains, &what.body_matches);
        if let Some(query) = &what.json {
            let document = match self.completeness {
                Completeness::Whole => path_query::parse_json(&self.body),
                Completeness::Cut => Err(Unread::TooLarge("was cut, so it is not read as JSON".to_owned())),
            };
            path_query::note(tally, "body", document, query);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::words::Outcome;

    /// A plain request that wants status 200 and nothing else.
    pub(in crate::verify) fn get(url: &str) -> HttpCheck {
        HttpCheck {
            url: url.into(),
            method: "GET".into(),
            headers: vec![],
            body: String::new(),
            status: 200,
            expect_headers: vec![],
            body_contains: vec![],
            body_matches: vec![],
            json: None,
            max_latency: None,
        }
    }

    #[test]
    fn only_loopback_is_inside() {
        assert!(!is_external("http://127.0.0.1:${PORT}/health") && !is_external("http://localhost/"));
        assert!(!is_external("http://[::1]:80/"));
        assert!(
            is_external("https://example.com/") && is_external("http://127.0.0.1.example.com/") && is_external("x")
        );
        assert_eq!(loopback_port("http://127.0.0.1:3000/x"), Some(3000));
        assert_eq!(loopback_port("http://localhost/"), Some(80));
        assert_eq!(loopback_port("http://10.0.0.1:3000/x"), None);
    }

    #[test]
    fn an_answer_that_took_too_long_fails() {
        let answered = |milliseconds| Answered {
            status: 200,
            headers: HeaderMap::new(),
            body: Vec::new(),
            completeness: Completeness::Whole,
            latency: Duration::from_millis(milliseconds),
        };
        let what = HttpCheck { max_latency: Some(Duration::from_millis(200)), ..get("") };
        assert_eq!(answered(200).judge(&what).outcome, Outcome::Pass);
        assert_eq!(answered(201).judge(&what).outcome, Outcome::Fail);
    }
}
