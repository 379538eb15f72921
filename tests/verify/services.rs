//! `http`, and services of checks: who answers, and that nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use cco::mission::{Check, CheckKind, HttpCheck, PathCondition, Readiness, Service};
use cco::verify::Job;
use cco::words::Outcome::{Fail, Inconclusive, Pass};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::error::TryRecvError;

use crate::support::*;

/// Serves one canned answer to every request, and nothing at all for `None`.
async fn server(answer: Option<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            match &answer {
                Some(answer) => {
                    let mut request = [0; 4096];
                    assert!(stream.read(&mut request).await.unwrap() > 0);
                    drop(stream.write_all(answer.as_bytes()).await); // The client may leave at its cap.
                }
                None => open.push(stream),
            }
        }
    });
    format!("http://{address}/")
}

fn answer(head: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn of(what: HttpCheck) -> Check {
    check(CheckKind::Http(what))
}

fn port_of(url: &str) -> u16 {
    url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_answer_is_judged_by_status_headers_and_body() {
    let tree = Tree::new();
    let url = server(Some(answer("200 OK\r\nX-Kind: tasks", r#"[{"id": 7}]"#))).await;
    let verdict = tree.run(http(&url)).await;
    assert_eq!(verdict.outcome, Pass, "{}", verdict.evidence.summary);
    assert!(verdict.evidence.measures.iter().any(|measure| measure.name == "latency_ms"));
    assert_eq!(tree.run(of(HttpCheck { status: 201, ..asks(&url) })).await.outcome, Fail);
    let header = |value: &str| HttpCheck { expect_headers: vec![("x-kind".into(), value.into())], ..asks(&url) };
    assert_eq!(tree.run(of(header("tasks"))).await.outcome, Pass);
    assert_eq!(tree.run(of(header("users"))).await.outcome, Fail);
    let json = |value| HttpCheck { json: query("$[0].id", PathCondition::Equals(value)), ..asks(&url) };
    assert_eq!(tree.run(of(json(json!(7)))).await.outcome, Pass);
    assert_eq!(tree.run(of(json(json!(8)))).await.outcome, Fail);
    let fast = HttpCheck { max_latency: Some(LONG), ..asks(&url) };
    assert_eq!(tree.run(of(fast)).await.outcome, Pass);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let secret = server(Some(answer("200 OK", "stolen"))).await;
    let url = server(Some(answer(&format!("302 Found\r\nLocation: {secret}"), ""))).await;
    let verdict = Tree::new().run(http(&url)).await;
    assert_eq!(verdict.outcome, Fail);
    assert!(verdict.evidence.summary.contains("status 302, asked for 200 (redirects to"));
    assert_eq!(Tree::new().run(of(HttpCheck { status: 302, ..asks(&url) })).await.outcome, Pass);
}

#[tokio::test]
async fn silence_and_refusal_decide_nothing_without_a_service() {
    let tree = Tree::new();
    let silent = Check { timeout: Duration::from_millis(300), ..http(&server(None).await) };
    let verdict = tree.run(silent).await;
    assert_eq!(verdict.outcome, Inconclusive);
    assert!(verdict.evidence.summary.contains("within 300 ms"), "{}", verdict.evidence.summary);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(tree.run(http(&url)).await.outcome, Inconclusive);
    assert_eq!(tree.run(http("not a url")).await.outcome, Inconclusive);
}

#[tokio::test]
async fn a_body_beyond_the_cap_is_cut_and_what_was_not_seen_is_undecided() {
    let url = server(Some(answer("200 OK", &format!("{}end", "x".repeat(9 << 20))))).await;
    let ends = HttpCheck { body_contains: vec!["end".into()], ..asks(&url) };
    assert_eq!(Tree::new().run(of(ends)).await.outcome, Inconclusive);
}

/// A real server in the tree's folder that writes down when it was stopped and torn down.
fn python() -> Service {
    let url = "http://127.0.0.1:${PORT}/index.html";
    Service {
        stop: Some("echo stop >> ends; kill $(cat pid)".into()),
        teardown: Some("echo teardown >> ends".into()),
        ..service(
            "echo $$ > pid; exec python3 -m http.server --bind 127.0.0.1 ${PORT}",
            Readiness::Http(Box::new(asks(url))),
        )
    }
}

fn served() -> Check {
    let what = HttpCheck { body_contains: vec!["hello".into()], ..asks("http://127.0.0.1:${PORT}/index.html") };
    beside("api", of(what))
}

fn is_alive(tree: &Tree) -> bool {
    std::path::Path::new("/proc").join(tree.read("pid").trim()).exists()
}

#[tokio::test]
async fn a_service_is_up_while_its_check_runs_and_gone_after() {
    let mut tree = Tree::new();
    tree.services = vec![python()];
    tree.write("index.html", "hello");
    let verdict = tree.run(served()).await;
    assert_eq!(verdict.outcome, Pass, "{} {}", verdict.evidence.summary, verdict.evidence.tail);
    assert_eq!(tree.read("ends"), "stop\nteardown\n");
    assert!(!is_alive(&tree));
    tree.write("index.html", "goodbye");
    assert_eq!(tree.run(served()).await.outcome, Fail);
    assert_eq!(tree.read("ends").lines().count(), 4, "it ends the same way when the check fails");
}

#[tokio::test]
async fn a_service_without_stop_is_ended_by_signal() {
    let mut tree = Tree::new();
    tree.services = vec![Service { stop: None, ..python() }];
    tree.write("index.html", "hello");
    let command =
        command("python3 -c \"import os,urllib.request as u; u.urlopen('http://127.0.0.1:'+os.environ['PORT'])\"");
    assert_eq!(tree.run(beside("api", command)).await.outcome, Pass);
    assert!(!is_alive(&tree));
}

#[tokio::test]
async fn a_port_that_is_taken_before_is_refused_and_its_holder_named() {
    let mut tree = Tree::new();
    let url = server(Some(answer("200 OK", "hello"))).await;
    let ready = Readiness::Port(port_of(&url));
    tree.services = vec![Service { teardown: Some("touch torn".into()), ..service("touch started; sleep 600", ready) }];
    let verdict = tree.run(beside("api", http(&url))).await;
    assert_eq!(verdict.outcome, Inconclusive, "a server left running must not answer");
    assert!(verdict.evidence.summary.contains(&format!("pid {}", std::process::id())), "{}", verdict.evidence.summary);
    assert!(!tree.at("started").exists());
}

#[tokio::test]
async fn a_stranger_that_takes_the_port_meanwhile_is_found_out() {
    let mut tree = Tree::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    nix::unistd::mkfifo(&tree.at("begun"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    tree.services = vec![service("echo now > begun; sleep 600", Readiness::Port(port))];
    let begun = tree.at("begun");
    let stranger = tokio::task::spawn_blocking(move || {
        std::fs::read(begun).unwrap();
        std::net::TcpListener::bind(("127.0.0.1", port)).unwrap()
    });
    let verdict = tree.run(beside("api", http(&format!("http://127.0.0.1:{port}/")))).await;
    drop(stranger.await.unwrap());
    assert_eq!(verdict.outcome, Inconclusive);
    assert!(verdict.evidence.summary.contains("not by service `api`"), "{}", verdict.evidence.summary);
}

#[tokio::test]
async fn a_service_that_does_not_come_up_is_told_and_torn_down() {
    let mut tree = Tree::new();
    let never = |run: &str| Service {
        ready_timeout: Duration::from_millis(300),
        teardown: Some("echo teardown >> ends".into()),
        ..service(run, Readiness::Command("false".into()))
    };
    tree.services = vec![never("sleep 600")];
    let slow = tree.run(beside("api", command("true"))).await;
    assert_eq!((slow.outcome, tree.read("ends").as_str()), (Inconclusive, "teardown\n"));
    assert!(slow.evidence.summary.contains("not ready within 300 ms"), "{}", slow.evidence.summary);
    tree.services = vec![Service { ready_timeout: LONG, ..never("echo no database; exit 4") }];
    let dead = tree.run(beside("api", command("true"))).await;
    assert_eq!((dead.outcome, dead.evidence.exit_code), (Fail, Some(4)));
    assert!(dead.evidence.tail.contains("no database"), "{}", dead.evidence.tail);
    tree.services = vec![Service { ready_timeout: LONG, ..never("no-such-tool-of-cco") }];
    assert_eq!(tree.run(beside("api", command("true"))).await.outcome, Inconclusive);
    assert_eq!(tree.read("ends").lines().count(), 3);
    assert_eq!(tree.run(beside("other", command("true"))).await.outcome, Inconclusive, "no such service");
}

#[tokio::test]
async fn an_abandoned_check_still_tears_its_service_down_and_is_held_until_then() {
    let mut tree = Tree::new();
    for fifo in ["checking", "torn"] {
        nix::unistd::mkfifo(&tree.at(fifo), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let ready = Readiness::Command("true".into());
    tree.services = vec![Service { teardown: Some("echo yes > torn".into()), ..service("sleep 600", ready) }];
    let (hold, mut over) = tokio::sync::mpsc::channel::<()>(1);
    let check = beside("api", command("echo now > checking; sleep 600"));
    let job = Job { hold: Arc::new(hold), ..tree.job(vec![check]) };
    let running = tokio::spawn(async move { verifier().run(job, |_, _| {}).await });
    let (checking, torn) = (tree.at("checking"), tree.at("torn"));
    tokio::task::spawn_blocking(move || std::fs::read(checking).unwrap()).await.unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(over.try_recv(), Err(TryRecvError::Empty), "it cannot be torn down before someone reads the pipe");
    let said = tokio::task::spawn_blocking(move || std::fs::read_to_string(torn).unwrap());
    assert_eq!(tokio::time::timeout(LONG, said).await.unwrap().unwrap(), "yes\n");
    assert_eq!(tokio::time::timeout(LONG, over.recv()).await.unwrap(), None);
}
