//! A folder to be checked, and short ways to write checks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cco::mission::{
    Bound, Check, CheckKind, CommandCheck, CoverageCheck, CoverageMetric, Every, FileCheck, HttpCheck, PathCondition,
    PathQuery, Readiness, Relation, Service, TestsCheck,
};
use cco::process::Supervisor;
use cco::verify::{Environment, Item, Job, Report, Surroundings, Verifier};
use cco::words::{CheckId, CriterionId, Hash, TreeId, Verdict};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(120);

pub(crate) struct Tree {
    dir: TempDir,
    spool: TempDir,
    pub(crate) services: Vec<Service>,
    pub(crate) variables: BTreeMap<OsString, OsString>,
    pub(crate) pass_env: Vec<String>,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let path = std::env::var_os("PATH").unwrap();
        Self {
            dir: tempfile::tempdir().unwrap(),
            spool: tempfile::tempdir().unwrap(),
            services: Vec::new(),
            variables: BTreeMap::from([("PATH".into(), path)]),
            pass_env: Vec::new(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    pub(crate) fn job(&self, checks: Vec<Check>) -> Job {
        let item = |(at, check)| Item {
            criterion: CriterionId::new("c"),
            id: CheckId::new(format!("c/{at}")),
            check,
            check_hash: Hash::of(b"check"),
        };
        let surroundings =
            Surroundings { variables: &self.variables, pass_env: &self.pass_env, carried: &[], setup: Hash::ZERO };
        Job {
            dir: self.path().to_path_buf(),
            tree: TreeId::new("a".repeat(40)),
            environment: Environment::new(surroundings),
            items: checks.into_iter().enumerate().map(item).collect(),
            services: self.services.clone(),
            baseline: None,
            history: None,
            answers: BTreeMap::new(),
            approvals: Vec::new(),
            hidden: Vec::new(),
            spool: self.spool.path().to_path_buf(),
            marker: "check".into(),
            soiled: false,
            refresh: None,
            jobs: 1,
            hold: Arc::new(()),
        }
    }

    pub(crate) async fn run(&self, check: Check) -> Verdict {
        run(self.job(vec![check])).await.verdicts.remove(0)
    }
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(Arc::new(Supervisor::new(PathBuf::from(env!("CARGO_BIN_EXE_cco")))))
}

pub(crate) async fn run(job: Job) -> Report {
    verifier().run(job, |_, _| {}).await.unwrap()
}

pub(crate) fn check(kind: CheckKind) -> Check {
    Check {
        name: String::new(),
        kind,
        timeout: LONG,
        retries: 0,
        cwd: String::new(),
        every: Every::Iteration,
        inputs: vec![],
        protect: vec![],
        cache: true,
        service: None,
    }
}

pub(crate) fn says(run: &str) -> CommandCheck {
    CommandCheck {
        run: run.into(),
        exit_code: 0,
        stdout_contains: vec![],
        stdout_matches: vec![],
        stderr_empty: false,
        numbers: vec![],
        json: None,
    }
}

pub(crate) fn command(run: &str) -> Check {
    check(CheckKind::Command(says(run)))
}

pub(crate) fn holds(path: &str) -> FileCheck {
    FileCheck {
        path: path.into(),
        exists: true,
        min_count: 1,
        max_count: None,
        min_bytes: None,
        max_bytes: None,
        contains: vec![],
        matches: vec![],
        sha256: None,
        json: None,
        yaml: None,
        toml: None,
    }
}

pub(crate) fn file(path: &str) -> Check {
    check(CheckKind::File(holds(path)))
}

pub(crate) fn counts(run: &str, report: &str) -> TestsCheck {
    TestsCheck {
        run: run.into(),
        report: report.into(),
        min_total: 1,
        max_failed: 0,
        max_skipped: None,
        must_pass: vec![],
        no_regression: false,
    }
}

pub(crate) fn tests(run: &str, report: &str) -> Check {
    check(CheckKind::Tests(counts(run, report)))
}

pub(crate) fn lines(run: &str, report: &str, relation: Relation, value: f64) -> Check {
    let bound = Bound { relation, value, text: format!("{relation:?} {value}") };
    let bounds = vec![(CoverageMetric::Lines, bound)];
    check(CheckKind::Coverage(CoverageCheck { run: run.into(), report: report.into(), bounds }))
}

pub(crate) fn asks(url: &str) -> HttpCheck {
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

pub(crate) fn http(url: &str) -> Check {
    check(CheckKind::Http(asks(url)))
}

pub(crate) fn service(run: &str, ready: Readiness) -> Service {
    Service { name: "api".into(), run: run.into(), ready, ready_timeout: LONG, stop: None, teardown: None }
}

pub(crate) fn beside(name: &str, check: Check) -> Check {
    Check { service: Some(name.into()), ..check }
}

pub(crate) fn query(path: &str, condition: PathCondition) -> Option<PathQuery> {
    Some(PathQuery { path: path.into(), condition })
}
