//! The program that must be up while a check runs.
//!
//! Its ports must be free before it starts and held by its own processes once it is ready; `stop` and `teardown` always
//! run, even if the check is abandoned half way (then in the background, and the job's hold is kept meanwhile).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::finding::Finding;
use super::ground::{Ground, variables, with_port};
use super::http;
use super::port;
use super::shell::{self, Line, seconds};
use super::stopwatch::Stopwatch;
use crate::mission::{Check, CheckKind, Readiness, Service};
use crate::process::{Process, Status, Stdin, Stop, is_taken, listeners};

/// Between two looks at whether it is ready. Readiness has no event to wait for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One request or command that asks whether it is ready.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// `stop` and `teardown` each; they must not hold up the end.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// What a service has left to end by itself after its `stop` command.
const LEAVE_GRACE: Duration = Duration::from_secs(10);

/// A service that is up. [`Running::end`] ends it; dropped, it is ended in the background.
pub(super) struct Running {
    pub(super) port: Option<u16>,
    parts: Option<Parts>,
}

struct Parts {
    ground: Arc<Ground>,
    service: Service,
    port: Option<u16>,
    process: Option<Process>,
}

/// Brings a check's service up.
pub(super) async fn start(ground: &Arc<Ground>, check: &Check, name: &str) -> Result<Running, Finding> {
    let Some(service) = ground.services.iter().find(|service| service.name == name).cloned() else {
        return Err(Finding::inconclusive(format!("there is no service named `{name}`")));
    };
    let port = chosen_port(&service, check)?;
    let ports = ports(&service, check, port);
    if let Some(taken) = ports.iter().find(|port| is_taken(**port)) {
        return Err(taken_before(&service, *taken));
    }
    let parts = Parts { ground: Arc::clone(ground), service, port, process: None };
    let mut running = Running { port, parts: Some(parts) };
    match running.come_up(&ports).await {
        Ok(()) => Ok(running),
        Err(finding) => {
            running.end().await;
            Err(finding)
        }
    }
}

fn taken_before(service: &Service, port: u16) -> Finding {
    let holders: Vec<String> = listeners(port).iter().map(ToString::to_string).collect();
    let by = if holders.is_empty() { "another user's process".to_owned() } else { holders.join(", ") };
    Finding::inconclusive(format!("port {port} of service `{}` is taken before it starts, by {by}", service.name))
}

/// A free port where the mission asks for one by `${PORT}`.
fn chosen_port(service: &Service, check: &Check) -> Result<Option<u16>, Finding> {
    let asks = |text: &str| text.contains("${PORT}") || text.contains("$PORT");
    let ready = match &service.ready {
        Readiness::Http(http) => asks(&http.url),
        Readiness::Port(_) => false,
        Readiness::Command(line) => asks(line),
    };
    if !(ready || asks(&service.run) || url_of(check).is_some_and(asks)) {
        return Ok(None);
    }
    port::free().map(Some).map_err(|error| Finding::inconclusive(format!("no free port: {error}")))
}

fn url_of(check: &Check) -> Option<&str> {
    if let CheckKind::Http(http) = &check.kind { Some(&http.url) } else { None }
}

/// The ports that the service must own.
fn ports(service: &Service, check: &Check, chosen: Option<u16>) -> Vec<u16> {
    let ready = match &service.ready {
        Readiness::Http(http) => http::loopback_port(&with_port(&http.url, chosen)),
        Readiness::Port(port) => Some(*port),
        Readiness::Command(_) => None,
    };
    let asked = url_of(check).and_then(|url| http::loopback_port(&with_port(url, chosen)));
    let mut ports: Vec<u16> = [chosen, ready, asked].into_iter().flatten().collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

impl Running {
    async fn come_up(&mut self, ports: &[u16]) -> Result<(), Finding> {
        let Some(parts) = &mut self.parts else { return Ok(()) };
        parts.start().await?;
        parts.wait_until_ready().await?;
        let supervisor = parts.process.as_ref().and_then(Process::supervisor_pid);
        for port in ports {
            if let Some(stranger) = port::stranger(*port, supervisor) {
                let name = &parts.service.name;
                return Err(Finding::inconclusive(format!(
                    "port {port} is held by {stranger}, not by service `{name}`"
                )));
            }
        }
        Ok(())
    }

    /// Ends it: `stop`, then the ladder, then `teardown`.
    pub(super) async fn end(mut self) {
        if let Some(parts) = self.parts.take() {
            parts.end().await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(parts) = self.parts.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(parts.end()));
        }
    }
}

impl Parts {
    async fn start(&mut self) -> Result<(), Finding> {
        let line = self.line("service", &self.service.run, None);
        let named = |finding: Finding| finding.subject(self.service.run.clone());
        self.process = Some(shell::start(&self.ground, &line).await.map_err(named)?);
        Ok(())
    }

    fn line(&self, name: &'static str, run: &str, timeout: Option<Duration>) -> Line {
        let variables = variables(&self.ground, self.port);
        let run = with_port(run, self.port);
        Line { name, run, folder: self.folder(), variables, timeout, stdin: Stdin::Null }
    }

    fn folder(&self) -> PathBuf {
        self.ground.dir.clone()
    }

    async fn wait_until_ready(&mut self) -> Result<(), Finding> {
        let (watch, limit) = (Stopwatch::start(), self.service.ready_timeout);
        loop {
            if self.is_ready().await {
                return Ok(());
            }
            self.must_live().await?;
            if watch.elapsed() >= limit {
                let text = format!("service `{}` was not ready within {}", self.service.name, seconds(limit));
                return Err(Finding::inconclusive(text).tail(self.tail()));
            }
        }
    }

    /// Waits one step for the service's end, which comes too early.
    async fn must_live(&mut self) -> Result<(), Finding> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let Ok(ended) = tokio::time::timeout(LOOK_EVERY, process.wait()).await else { return Ok(()) };
        let (tail, name) = (self.tail(), self.service.name.clone());
        self.process = None;
        Err(match ended.map(|exit| exit.status) {
            Ok(Status::Code(code @ (126 | 127))) => {
                Finding::inconclusive(format!("a program that service `{name}` needs is missing (exit {code})"))
                    .exit_code(code)
            }
            Ok(Status::Code(code)) => {
                Finding::fail(format!("service `{name}` ended with exit {code} before it was ready")).exit_code(code)
            }
            Ok(Status::Signal(signal)) => {
                Finding::inconclusive(format!("service `{name}` was ended by signal {signal}"))
            }
            Err(error) => Finding::inconclusive(format!("service `{name}` was lost: {error}")),
        }
        .tail(tail))
    }

    fn tail(&self) -> String {
        self.process
            .as_ref()
            .map(|process| shell::tail_of(process.stdout_path(), process.stderr_path()))
            .unwrap_or_default()
    }

    async fn is_ready(&self) -> bool {
        match &self.service.ready {
            Readiness::Http(http) => {
                let asked = http::ask(&self.ground.environment, http, self.port, LOOK_TIMEOUT).await;
                asked.is_ok_and(|answer| answer.judge(http).outcome == crate::words::Outcome::Pass)
            }
            Readiness::Port(port) => {
                let connect = tokio::net::TcpStream::connect(("127.0.0.1", *port));
                tokio::time::timeout(LOOK_TIMEOUT, connect).await.is_ok_and(|connected| connected.is_ok())
            }
            Readiness::Command(line) => {
                let line = self.line("ready", line, Some(LOOK_TIMEOUT));
                shell::run_line(&self.ground, &line, 0).await.is_ok_and(|ran| ran.code == 0)
            }
        }
    }

    async fn end(mut self) {
        if let Some(mut process) = self.process.take() {
            if let Some(stop) = self.service.stop.clone() {
                self.command("stop", &stop).await;
                if tokio::time::timeout(LEAVE_GRACE, process.wait()).await.is_err() {
                    leave(&mut process).await;
                }
            } else {
                leave(&mut process).await;
            }
        }
        if let Some(teardown) = self.service.teardown.clone() {
            self.command("teardown", &teardown).await;
        }
    }

    /// Runs `stop` or `teardown`; how it ends changes no verdict, but it is not kept silent.
    async fn command(&self, name: &'static str, run: &str) {
        let line = self.line(name, run, Some(END_TIMEOUT));
        match shell::run_line(&self.ground, &line, 0).await {
            Ok(ran) if ran.code == 0 => {}
            Ok(ran) => tracing::warn!(service = self.service.name, command = name, code = ran.code, "did not succeed"),
            Err(finding) => tracing::warn!(
                service = self.service.name,
                command = name,
                reason = finding.evidence.summary,
                "did not run"
            ),
        }
    }
}

async fn leave(process: &mut Process) {
    process.stop(Stop::Polite).await;
    if let Err(error) = process.wait().await {
        tracing::warn!(%error, "the end of a service was not seen");
    }
}
