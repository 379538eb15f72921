//! A check in its one written form: what the lock stores and what a check's hash is taken of.

use super::bound::{BoundText, ShareText};
use super::check::{
    Check, CheckKind, CommandCheck, CoverageCheck, CoverageMetric, Every, FileCheck, GitCheck, HttpCheck, JudgeCheck,
    Level, MetricCheck, NumberPlace, NumberQuery, PathCondition, PathQuery, PluginCheck, SarifCheck, TestsCheck,
};
use super::check_file::{
    CheckFile, CheckKeys, CommandKeys, CoverageKeys, EveryWord, FileKeys, GitKeys, HttpKeys, JudgeKeys, ManualKeys,
    Method, MetricKeys, NotFile, NumberKeys, PluginKeys, QueryKeys, SarifKeys, SarifLevel, TestsKeys,
};
use super::check_reading::{THRESHOLD, TIMEOUT, default_every};
use crate::reading::{
    Glob, Many, NameText, Pattern, Period, QueryText, RelativePath, Sha256Text, Short, UrlText, Wording,
};
use crate::words::Hash;

/// Changes when the meaning of the same written check changes, which voids every cached verdict.
const MEANING: &[u8] = b"cco check 1";

impl Check {
    /// The hash of the definition: of everything but the names, which are for people. Defaults that are written out
    /// and defaults that are not give the same hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let written = written(&self.unnamed()).to_string();
        Hash::of_parts([MEANING, written.as_bytes()])
    }

    /// The check as it would be written in a mission file, keys at their defaults left out.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        written(self)
    }

    fn unnamed(&self) -> Self {
        let all = |checks: &[Self]| checks.iter().map(Self::unnamed).collect();
        let kind = match &self.kind {
            CheckKind::All(checks) => CheckKind::All(all(checks)),
            CheckKind::Any(checks) => CheckKind::Any(all(checks)),
            CheckKind::Not(check) => CheckKind::Not(Box::new(check.unnamed())),
            CheckKind::Command(_)
            | CheckKind::File(_)
            | CheckKind::Http(_)
            | CheckKind::Tests(_)
            | CheckKind::Coverage(_)
            | CheckKind::Metric(_)
            | CheckKind::Git(_)
            | CheckKind::Sarif(_)
            | CheckKind::Plugin(_)
            | CheckKind::Judge(_)
            | CheckKind::Manual(_) => self.kind.clone(),
        };
        Self { name: String::new(), kind, ..self.clone() }
    }
}

fn written(check: &Check) -> serde_json::Value {
    // Serialising these types fails only for map keys that are no text, and there are none.
    serde_json::to_value(CheckFile::from(check)).unwrap_or_default()
}

impl From<&Check> for CheckFile {
    fn from(check: &Check) -> Self {
        let mut keys = CheckKeys {
            name: text(&check.name),
            timeout: (check.timeout != TIMEOUT).then_some(Period(check.timeout)),
            retries: other_than(check.retries, 0),
            cwd: text(&check.cwd).map(RelativePath),
            every: (check.every != default_every(&check.kind)).then_some(match check.every {
                Every::Iteration => EveryWord::Iteration,
                Every::Phase => EveryWord::Phase,
                Every::Final => EveryWord::Final,
            }),
            inputs: list(&check.inputs, Glob),
            protect: list(&check.protect, Glob),
            cache: other_than(check.cache, true),
            service: check.service.clone().map(NameText),
            ..CheckKeys::default()
        };
        let all = |checks: &[Check]| Some(checks.iter().map(Self::from).collect());
        match &check.kind {
            CheckKind::Command(command) => keys.command = Some(command_keys(command)),
            CheckKind::File(file) => keys.file = Some(Short::Full(file_keys(file))),
            CheckKind::Http(http) => keys.http = Some(Short::Full(http_keys(http))),
            CheckKind::Tests(tests) => keys.tests = Some(tests_keys(tests)),
            CheckKind::Coverage(coverage) => keys.coverage = Some(coverage_keys(coverage)),
            CheckKind::Metric(metric) => keys.metric = Some(metric_keys(metric)),
            CheckKind::Git(git) => keys.git = Some(git_keys(git)),
            CheckKind::Sarif(sarif) => keys.sarif = Some(sarif_keys(sarif)),
            CheckKind::Plugin(plugin) => keys.plugin = Some(Short::Full(plugin_keys(plugin))),
            CheckKind::Judge(judge) => keys.judge = Some(Short::Full(judge_keys(judge))),
            CheckKind::Manual(manual) => {
                keys.manual = Some(Short::Full(ManualKeys { instruction: manual.instruction.clone() }));
            }
            CheckKind::All(checks) => keys.all = all(checks),
            CheckKind::Any(checks) => keys.any = all(checks),
            CheckKind::Not(inner) => keys.not = Some(NotFile::Check(Self::from(&**inner))),
        }
        Self::Full(Box::new(keys))
    }
}

fn command_keys(check: &CommandCheck) -> Short<Wording, CommandKeys> {
    Short::Full(CommandKeys {
        run: check.run.clone(),
        exit_code: other_than(check.exit_code, 0),
        stdout_contains: list(&check.stdout_contains, |text| text),
        stdout_matches: list(&check.stdout_matches, Pattern),
        stderr_empty: other_than(check.stderr_empty, false),
        number: (!check.numbers.is_empty()).then(|| Many::List(check.numbers.iter().map(number_keys).collect())),
        json: check.json.as_ref().map(query_keys),
    })
}

fn file_keys(check: &FileCheck) -> FileKeys {
    FileKeys {
        path: Glob(check.path.clone()),
        exists: other_than(check.exists, true),
        min_count: other_than(check.min_count, 1),
        max_count: check.max_count,
        min_bytes: check.min_bytes,
        max_bytes: check.max_bytes,
        contains: list(&check.contains, |text| text),
        matches: list(&check.matches, Pattern),
        sha256: check.sha256.clone().map(Sha256Text),
        json: check.json.as_ref().map(query_keys),
        yaml: check.yaml.as_ref().map(query_keys),
        toml: check.toml.as_ref().map(query_keys),
    }
}

fn http_keys(check: &HttpCheck) -> HttpKeys {
    let map = |pairs: &[(String, String)]| (!pairs.is_empty()).then(|| pairs.iter().cloned().collect());
    HttpKeys {
        url: UrlText(check.url.clone()),
        method: match check.method.as_str() {
            "HEAD" => Some(Method::Head),
            "POST" => Some(Method::Post),
            "PUT" => Some(Method::Put),
            "PATCH" => Some(Method::Patch),
            "DELETE" => Some(Method::Delete),
            "OPTIONS" => Some(Method::Options),
            _ => None,
        },
        headers: map(&check.headers),
        body: text(&check.body).map(Short::Short),
        status: other_than(check.status, 200),
        expect_headers: map(&check.expect_headers),
        body_contains: list(&check.body_contains, |text| text),
        body_matches: list(&check.body_matches, Pattern),
        json: check.json.as_ref().map(query_keys),
        max_latency: check.max_latency.map(Period),
    }
}

fn tests_keys(check: &TestsCheck) -> TestsKeys {
    TestsKeys {
        run: check.run.clone(),
        report: text(&check.report).map(Glob),
        min_total: other_than(check.min_total, 1),
        max_failed: other_than(check.max_failed, 0),
        max_skipped: check.max_skipped,
        must_pass: list(&check.must_pass, |text| text),
        no_regression: other_than(check.no_regression, false),
    }
}

fn coverage_keys(check: &CoverageCheck) -> CoverageKeys {
    let bound = |metric: CoverageMetric| {
        let found = check.bounds.iter().find(|(of, _)| *of == metric);
        found.map(|(_, bound)| ShareText(bound.clone()))
    };
    CoverageKeys {
        run: check.run.clone(),
        report: RelativePath(check.report.clone()),
        lines: bound(CoverageMetric::Lines),
        branches: bound(CoverageMetric::Branches),
        functions: bound(CoverageMetric::Functions),
    }
}

fn number_keys(query: &NumberQuery) -> NumberKeys {
    NumberKeys { matches: Pattern(query.pattern.clone()), bound: BoundText(query.bound.clone()) }
}

fn metric_keys(check: &MetricCheck) -> MetricKeys {
    let (matches, json) = match &check.number {
        NumberPlace::Whole => (None, None),
        NumberPlace::Pattern(pattern) => (Some(Pattern(pattern.clone())), None),
        NumberPlace::Json(query) => (None, Some(QueryText(query.clone()))),
    };
    MetricKeys {
        run: check.run.clone(),
        matches,
        json,
        min: check.min,
        max: check.max,
        baseline: check.baseline.as_ref().map(|change| BoundText(change.bound.clone())),
    }
}

fn git_keys(check: &GitCheck) -> GitKeys {
    GitKeys {
        clean: other_than(check.clean, false),
        changed: list(&check.changed, Glob),
        unchanged: list(&check.unchanged, Glob),
        max_diff: check.max_diff,
        conventional_commits: other_than(check.conventional_commits, false),
    }
}

fn sarif_keys(check: &SarifCheck) -> SarifKeys {
    SarifKeys {
        run: check.run.clone(),
        report: RelativePath(check.report.clone()),
        max_level: check.max_level.map(|level| match level {
            Level::None => SarifLevel::None,
            Level::Note => SarifLevel::Note,
            Level::Warning => SarifLevel::Warning,
            Level::Error => SarifLevel::Error,
        }),
        findings: check.findings,
    }
}

fn plugin_keys(check: &PluginCheck) -> PluginKeys {
    PluginKeys { run: check.run.clone(), config: (!check.config.is_empty()).then(|| check.config.clone()) }
}

fn judge_keys(check: &JudgeCheck) -> JudgeKeys {
    JudgeKeys {
        rubric: check.rubric.clone(),
        evidence: list(&check.evidence, Glob),
        votes: other_than(check.votes, 1),
        threshold: ((check.threshold - THRESHOLD).abs() > f64::EPSILON).then_some(check.threshold),
        require_citations: other_than(check.require_citations, true),
    }
}

fn query_keys(query: &PathQuery) -> QueryKeys {
    let plain =
        QueryKeys { path: QueryText(query.path.clone()), exists: None, equals: None, matches: None, number: None };
    match &query.condition {
        PathCondition::Exists(true) => plain,
        PathCondition::Exists(false) => QueryKeys { exists: Some(false), ..plain },
        PathCondition::Equals(value) => QueryKeys { equals: Some(value.clone()), ..plain },
        PathCondition::Matches(pattern) => QueryKeys { matches: Some(Pattern(pattern.clone())), ..plain },
        PathCondition::Number(bound) => QueryKeys { number: Some(BoundText(bound.clone())), ..plain },
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn other_than<T: PartialEq + Copy>(value: T, default: T) -> Option<T> {
    (value != default).then_some(value)
}

fn list<T>(texts: &[String], of: impl Fn(String) -> T) -> Option<Many<T>> {
    (!texts.is_empty()).then(|| Many::List(texts.iter().cloned().map(of).collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mission::{check_from_json, read};

    fn check(value: &serde_json::Value) -> Check {
        check_from_json(value).unwrap()
    }

    #[test]
    fn a_hash_stands_for_the_meaning_and_not_for_the_writing() {
        let short = check(&json!("make test"));
        assert_eq!(short.hash(), check(&json!({"command": "make test", "name": "tests", "retries": 0})).hash());
        assert_eq!(
            short.hash(),
            check(&json!({"command": {"run": "make test", "exit_code": 0}, "timeout": "600s"})).hash()
        );
        assert_ne!(short.hash(), check(&json!("make  test")).hash());
        assert_ne!(short.hash(), check(&json!({"command": "make test", "cwd": "sub"})).hash());
        let named = json!({"all": [{"command": "a", "name": "x"}]});
        assert_eq!(check(&named).hash(), check(&json!({"all": ["a"]})).hash());
    }

    #[test]
    fn the_hash_of_a_check_never_changes() {
        // Cached verdicts and locks of released versions rest on it.
        let hash = check(&json!({"file": {"path": "a/*.md", "contains": "x"}, "every": "phase"})).hash();
        assert_eq!(hash.short(), "a565961c336b");
    }

    #[test]
    fn every_check_of_the_example_missions_is_read_back_as_it_was() {
        let missions = [
            include_str!("../../missions/command.yaml"),
            include_str!("../../missions/file.yaml"),
            include_str!("../../missions/tests.yaml"),
            include_str!("../../missions/coverage.yaml"),
            include_str!("../../missions/http.yaml"),
            include_str!("../../missions/judge.yaml"),
            include_str!("../../missions/manual.yaml"),
            include_str!("../../missions/combined.yaml"),
            include_str!("../../missions/metric.yaml"),
            include_str!("../../missions/git.yaml"),
            include_str!("../../missions/sarif.yaml"),
            include_str!("../../missions/plugin.yaml"),
        ];
        for text in missions {
            for criterion in read("m", text).unwrap().mission.criteria {
                for written in criterion.checks {
                    assert_eq!(check(&written.to_json()), written);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_command_is_read_back_as_it_was(run in "\\PC{1,30}", texts in proptest::collection::vec("\\PC{0,10}", 0..3), code in any::<i32>()) {
            prop_assume!(!run.trim().is_empty());
            let written = check(&json!({"command": {"run": run, "stdout_contains": texts, "exit_code": code}}));
            prop_assert_eq!(check(&written.to_json()), written);
        }
    }
}
