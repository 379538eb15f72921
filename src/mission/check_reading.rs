//! From a check as written to a checked value: defaults are filled in and what contradicts itself is found.

use std::time::Duration;

use super::check::{
    Bound, ChangeBound, ChangeUnit, Check, CheckKind, CommandCheck, CoverageCheck, CoverageMetric, Every, FileCheck,
    GitCheck, HttpCheck, JudgeCheck, Level, ManualCheck, MetricCheck, NumberPlace, NumberQuery, PathCondition,
    PathQuery, PluginCheck, SarifCheck, TestsCheck,
};
use super::check_file::{
    CheckFile, CheckKeys, CommandKeys, CoverageKeys, EveryWord, FileKeys, GitKeys, HttpKeys, JudgeKeys, KINDS, Method,
    MetricKeys, NotFile, NumberKeys, PluginKeys, QueryKeys, SarifKeys, SarifLevel, TestsKeys,
};
use super::findings::{Findings, texts};
use crate::reading::{Code, Many, Node, Short};

/// Default of `timeout` (design section 9, Check trees).
pub(super) const TIMEOUT: Duration = Duration::from_secs(600);
/// Default of a judge's `threshold`: two of three and three of five pass, one of two does not.
pub(super) const THRESHOLD: f64 = 0.6;

/// The check, unless something is wrong with it or its kind is not obeyed yet; both are then among the findings.
pub(super) fn check(file: &CheckFile, at: &Node, found: &mut Findings<'_>) -> Option<Check> {
    match file {
        CheckFile::Shell(run) => Some(with_defaults(CheckKind::Command(shell(run.0.clone())))),
        CheckFile::Full(keys) => {
            if let Some(service) = &keys.service {
                found.service(&service.0, at.child("service").at);
            }
            let name = only_kind(keys, at, found)?;
            let kind = kind(keys, at.child(name), found)?;
            Some(with_keys(keys, kind))
        }
    }
}

/// A check of this kind with the common keys at their defaults.
pub(super) fn with_defaults(kind: CheckKind) -> Check {
    Check {
        name: String::new(),
        every: default_every(&kind),
        kind,
        timeout: TIMEOUT,
        retries: 0,
        cwd: String::new(),
        inputs: Vec::new(),
        protect: Vec::new(),
        cache: true,
        service: None,
    }
}

/// A person is asked when all else holds, not after each action; and what asks for commits is looked at once there are.
pub(super) const fn default_every(kind: &CheckKind) -> Every {
    match kind {
        CheckKind::Manual(_) => Every::Final,
        CheckKind::Git(git) if git.clean || git.conventional_commits => Every::Final,
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
        | CheckKind::All(_)
        | CheckKind::Any(_)
        | CheckKind::Not(_) => Every::Iteration,
    }
}

fn shell(run: String) -> CommandCheck {
    CommandCheck {
        run,
        exit_code: 0,
        stdout_contains: Vec::new(),
        stdout_matches: Vec::new(),
        stderr_empty: false,
        numbers: Vec::new(),
        json: None,
    }
}

fn with_keys(keys: &CheckKeys, kind: CheckKind) -> Check {
    let plain = with_defaults(kind);
    let check = Check {
        name: keys.name.clone().unwrap_or_default(),
        timeout: keys.timeout.map_or(TIMEOUT, |period| period.0),
        retries: keys.retries.unwrap_or(0),
        cwd: keys.cwd.clone().map(Into::into).unwrap_or_default(),
        every: keys.every.map_or(plain.every, every),
        inputs: texts(keys.inputs.as_ref()),
        protect: texts(keys.protect.as_ref()),
        cache: keys.cache.unwrap_or(true),
        service: keys.service.clone().map(Into::into),
        ..plain
    };
    match keys.not {
        // The service belongs to the check that is run, everything else to when and how often that is.
        Some(NotFile::Flag(true)) => Check { service: None, ..check.clone() }.turned_round(check),
        Some(NotFile::Flag(false) | NotFile::Check(_)) | None => check,
    }
}

impl Check {
    fn turned_round(self, inner: Self) -> Self {
        Self { kind: CheckKind::Not(Box::new(Self { name: String::new(), ..inner })), ..self }
    }
}

const fn every(word: EveryWord) -> Every {
    match word {
        EveryWord::Iteration => Every::Iteration,
        EveryWord::Phase => Every::Phase,
        EveryWord::Final => Every::Final,
    }
}

/// The one kind that is given.
fn only_kind(keys: &CheckKeys, at: &Node, found: &mut Findings<'_>) -> Option<&'static str> {
    let given = |kind: &str| match (kind, &keys.not) {
        ("not", Some(NotFile::Flag(_))) => false,
        _ => at.entry(kind).is_some() || at.lost(kind),
    };
    let kinds: Vec<&'static str> = KINDS.into_iter().filter(|kind| given(kind)).collect();
    match kinds.as_slice() {
        [one] => (!at.lost(one)).then_some(*one),
        [] => {
            let hint = format!("add one of {}", KINDS.join(", "));
            found.error(Code::CheckKinds, at.at, "a validator without a kind", hint);
            None
        }
        several => {
            let place = several.last().map_or(at.at, |last| at.key_at(last));
            let message = format!("a validator with {} kinds: {}", several.len(), several.join(", "));
            found.error(Code::CheckKinds, place, message, "make them two items of the list, or use `all:`");
            None
        }
    }
}

fn kind(keys: &CheckKeys, at: &Node, found: &mut Findings<'_>) -> Option<CheckKind> {
    if let Some(command) = &keys.command {
        return command_check(command, at, found).map(CheckKind::Command);
    }
    if let Some(file) = &keys.file {
        return file_check(file, at, found).map(CheckKind::File);
    }
    if let Some(tests) = &keys.tests {
        return Some(CheckKind::Tests(tests_check(tests)));
    }
    if let Some(coverage) = &keys.coverage {
        return coverage_check(coverage, at, found).map(CheckKind::Coverage);
    }
    if let Some(http) = &keys.http {
        return http_check(http, at, found).map(CheckKind::Http);
    }
    if let Some(judge) = &keys.judge {
        return Some(CheckKind::Judge(judge_check(judge)));
    }
    if let Some(manual) = &keys.manual {
        let instruction = match manual {
            Short::Short(text) => text.0.clone(),
            Short::Full(full) => full.instruction.clone(),
        };
        return Some(CheckKind::Manual(ManualCheck { instruction }));
    }
    if let Some(all) = &keys.all {
        return every_check(all, at, found).map(CheckKind::All);
    }
    if let Some(any) = &keys.any {
        return every_check(any, at, found).map(CheckKind::Any);
    }
    if let Some(NotFile::Check(inner)) = &keys.not {
        return check(inner, at, found).map(|inner| CheckKind::Not(Box::new(inner)));
    }
    if let Some(metric) = &keys.metric {
        return metric_check(metric, at, found).map(CheckKind::Metric);
    }
    if let Some(git) = &keys.git {
        return git_check(git, at, found).map(CheckKind::Git);
    }
    if let Some(sarif) = &keys.sarif {
        return Some(CheckKind::Sarif(sarif_check(sarif)));
    }
    keys.plugin.as_ref().map(|plugin| CheckKind::Plugin(plugin_check(plugin)))
}

/// All checks of a list, or nothing if one of them is missing: a combination without it would say something else.
fn every_check(files: &[CheckFile], at: &Node, found: &mut Findings<'_>) -> Option<Vec<Check>> {
    let checks: Vec<Option<Check>> =
        files.iter().enumerate().map(|(index, file)| check(file, at.item(index), found)).collect();
    checks.into_iter().collect()
}

fn command_check(
    file: &Short<crate::reading::Wording, CommandKeys>,
    at: &Node,
    found: &mut Findings<'_>,
) -> Option<CommandCheck> {
    let keys = match file {
        Short::Short(run) => return Some(shell(run.0.clone())),
        Short::Full(keys) => keys,
    };
    Some(CommandCheck {
        run: keys.run.clone(),
        exit_code: keys.exit_code.unwrap_or(0),
        stdout_contains: texts(keys.stdout_contains.as_ref()),
        stdout_matches: texts(keys.stdout_matches.as_ref()),
        stderr_empty: keys.stderr_empty.unwrap_or(false),
        numbers: keys.number.iter().flat_map(Many::as_slice).map(number).collect(),
        json: query(keys.json.as_ref(), at.child("json"), found).ok()?,
    })
}

fn file_check(file: &Short<crate::reading::Glob, FileKeys>, at: &Node, found: &mut Findings<'_>) -> Option<FileCheck> {
    let keys = match file {
        Short::Short(path) => return Some(any_file(path.0.clone())),
        Short::Full(keys) => keys,
    };
    let check = FileCheck {
        exists: keys.exists.unwrap_or(true),
        min_count: keys.min_count.unwrap_or(1),
        max_count: keys.max_count,
        min_bytes: keys.min_bytes,
        max_bytes: keys.max_bytes,
        contains: texts(keys.contains.as_ref()),
        matches: texts(keys.matches.as_ref()),
        sha256: keys.sha256.clone().map(|digest| digest.0.to_ascii_lowercase()),
        json: query(keys.json.as_ref(), at.child("json"), found).ok()?,
        yaml: query(keys.yaml.as_ref(), at.child("yaml"), found).ok()?,
        toml: query(keys.toml.as_ref(), at.child("toml"), found).ok()?,
        ..any_file(keys.path.0.clone())
    };
    let bare = FileCheck { exists: false, ..any_file(check.path.clone()) };
    if !check.exists && check != bare {
        let hint = "a file that must not exist cannot have a content or a count; use `max_count` to allow some";
        found.error(Code::Conflict, at.key_at("exists"), "`exists: false` stands beside other conditions", hint);
        return None;
    }
    if check.max_count.is_some_and(|most| most < check.min_count) {
        let hint = format!("at least {} must match; write `exists: false` where none may", check.min_count);
        found.error(Code::Conflict, at.key_at("max_count"), "`max_count` is smaller than `min_count`", hint);
        return None;
    }
    if check.min_bytes.zip(check.max_bytes).is_some_and(|(least, most)| most < least) {
        let hint = "no file can be both; swap them or remove one";
        found.error(Code::Conflict, at.key_at("max_bytes"), "`max_bytes` is smaller than `min_bytes`", hint);
        return None;
    }
    Some(check)
}

fn any_file(path: String) -> FileCheck {
    FileCheck {
        path,
        exists: true,
        min_count: 1,
        max_count: None,
        min_bytes: None,
        max_bytes: None,
        contains: Vec::new(),
        matches: Vec::new(),
        sha256: None,
        json: None,
        yaml: None,
        toml: None,
    }
}

fn tests_check(keys: &TestsKeys) -> TestsCheck {
    TestsCheck {
        run: keys.run.clone(),
        report: keys.report.clone().map(Into::into).unwrap_or_default(),
        min_total: keys.min_total.unwrap_or(1),
        max_failed: keys.max_failed.unwrap_or(0),
        max_skipped: keys.max_skipped,
        must_pass: texts(keys.must_pass.as_ref()),
        no_regression: keys.no_regression.unwrap_or(false),
    }
}

fn coverage_check(keys: &CoverageKeys, at: &Node, found: &mut Findings<'_>) -> Option<CoverageCheck> {
    let bounds: Vec<(CoverageMetric, Bound)> = [
        (CoverageMetric::Lines, &keys.lines),
        (CoverageMetric::Branches, &keys.branches),
        (CoverageMetric::Functions, &keys.functions),
    ]
    .into_iter()
    .filter_map(|(metric, share)| Some((metric, share.as_ref()?.0.clone())))
    .collect();
    let lost = ["lines", "branches", "functions"].iter().any(|key| at.lost(key));
    if bounds.is_empty() {
        if !lost {
            let hint = "add `lines: \">80%\"`, `branches:` or `functions:`";
            found.error(Code::MissingKey, at.at, "a coverage check without a bound", hint);
        }
        return None;
    }
    Some(CoverageCheck { run: keys.run.clone(), report: keys.report.0.clone(), bounds })
}

fn number(keys: &NumberKeys) -> NumberQuery {
    NumberQuery { pattern: keys.matches.clone().into(), bound: keys.bound.0.clone() }
}

fn metric_check(keys: &MetricKeys, at: &Node, found: &mut Findings<'_>) -> Option<MetricCheck> {
    let number = match (&keys.matches, &keys.json) {
        (None, None) => NumberPlace::Whole,
        (Some(pattern), None) => NumberPlace::Pattern(pattern.clone().into()),
        (None, Some(query)) => NumberPlace::Json(query.0.clone()),
        (Some(_), Some(_)) => {
            let hint = "say in one way where the number stands";
            found.error(Code::Conflict, at.key_at("json"), "`json` stands beside `matches`", hint);
            return None;
        }
    };
    if keys.min.is_none() && keys.max.is_none() && keys.baseline.is_none() {
        if !["min", "max", "baseline"].iter().any(|key| at.lost(key)) {
            let hint = "add `min:`, `max:` or `baseline: \"<= 5%\"`";
            found.error(Code::MissingKey, at.at, "a metric check without a bound", hint);
        }
        return None;
    }
    if keys.min.zip(keys.max).is_some_and(|(min, max)| min > max) {
        let hint = "no number can be both; swap them or remove one";
        found.error(Code::Conflict, at.key_at("max"), "`max` is smaller than `min`", hint);
        return None;
    }
    let baseline = keys.baseline.as_ref().map(|bound| ChangeBound {
        bound: bound.0.clone(),
        unit: if bound.0.text.trim_end().ends_with('%') { ChangeUnit::Percent } else { ChangeUnit::Plain },
    });
    Some(MetricCheck { run: keys.run.clone(), number, min: keys.min, max: keys.max, baseline })
}

fn git_check(keys: &GitKeys, at: &Node, found: &mut Findings<'_>) -> Option<GitCheck> {
    let check = GitCheck {
        clean: keys.clean.unwrap_or(false),
        changed: texts(keys.changed.as_ref()),
        unchanged: texts(keys.unchanged.as_ref()),
        max_diff: keys.max_diff,
        conventional_commits: keys.conventional_commits.unwrap_or(false),
    };
    if check == GitCheck::default() {
        if !["clean", "changed", "unchanged", "max_diff", "conventional_commits"].iter().any(|key| at.lost(key)) {
            let hint = "add `clean: true`, `changed:`, `unchanged:`, `max_diff:` or `conventional_commits: true`";
            found.error(Code::MissingKey, at.at, "a git check that asks for nothing", hint);
        }
        return None;
    }
    Some(check)
}

fn sarif_check(keys: &SarifKeys) -> SarifCheck {
    let max_level = keys.max_level.map(|level| match level {
        SarifLevel::None => Level::None,
        SarifLevel::Note => Level::Note,
        SarifLevel::Warning => Level::Warning,
        SarifLevel::Error => Level::Error,
    });
    // Without a bound nothing may be found.
    let findings = if max_level.is_none() { Some(keys.findings.unwrap_or(0)) } else { keys.findings };
    SarifCheck { run: keys.run.clone(), report: keys.report.0.clone(), max_level, findings }
}

fn plugin_check(file: &Short<crate::reading::Wording, PluginKeys>) -> PluginCheck {
    match file {
        Short::Short(run) => PluginCheck { run: run.0.clone(), config: serde_json::Map::new() },
        Short::Full(keys) => PluginCheck { run: keys.run.clone(), config: keys.config.clone().unwrap_or_default() },
    }
}

/// The request, also where a service uses one to show that it is up.
pub(super) fn http_check(
    file: &Short<crate::reading::UrlText, HttpKeys>,
    at: &Node,
    found: &mut Findings<'_>,
) -> Option<HttpCheck> {
    let keys = match file {
        Short::Short(url) => return Some(get(url.0.clone())),
        Short::Full(keys) => keys,
    };
    let pairs = |map: &Option<std::collections::BTreeMap<String, String>>| {
        map.iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    Some(HttpCheck {
        url: keys.url.0.clone(),
        method: method(keys.method.unwrap_or(Method::Get)).to_owned(),
        headers: pairs(&keys.headers),
        body: match &keys.body {
            Some(Short::Short(text)) => text.clone(),
            Some(Short::Full(map)) => serde_json::Value::Object(map.clone()).to_string(),
            None => String::new(),
        },
        status: keys.status.unwrap_or(200),
        expect_headers: pairs(&keys.expect_headers),
        body_contains: texts(keys.body_contains.as_ref()),
        body_matches: texts(keys.body_matches.as_ref()),
        json: query(keys.json.as_ref(), at.child("json"), found).ok()?,
        max_latency: keys.max_latency.map(|period| period.0),
    })
}

fn get(url: String) -> HttpCheck {
    HttpCheck {
        url,
        method: method(Method::Get).to_owned(),
        headers: Vec::new(),
        body: String::new(),
        status: 200,
        expect_headers: Vec::new(),
        body_contains: Vec::new(),
        body_matches: Vec::new(),
        json: None,
        max_latency: None,
    }
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
    }
}

fn judge_check(file: &Short<crate::reading::Wording, JudgeKeys>) -> JudgeCheck {
    match file {
        Short::Short(rubric) => JudgeCheck {
            rubric: rubric.0.clone(),
            evidence: Vec::new(),
            votes: 1,
            threshold: THRESHOLD,
            require_citations: true,
        },
        Short::Full(keys) => JudgeCheck {
            rubric: keys.rubric.clone(),
            evidence: texts(keys.evidence.as_ref()),
            votes: keys.votes.unwrap_or(1),
            threshold: keys.threshold.unwrap_or(THRESHOLD),
            require_citations: keys.require_citations.unwrap_or(true),
        },
    }
}

/// Something was wrong; what, is among the findings.
struct Reported;

fn query(keys: Option<&QueryKeys>, at: &Node, found: &mut Findings<'_>) -> Result<Option<PathQuery>, Reported> {
    let Some(keys) = keys else { return Ok(None) };
    let conditions: Vec<(&str, PathCondition)> = [
        keys.exists.map(|exists| ("exists", PathCondition::Exists(exists))),
        keys.equals.clone().map(|value| ("equals", PathCondition::Equals(value))),
        keys.matches.clone().map(|pattern| ("matches", PathCondition::Matches(pattern.into()))),
        keys.number.clone().map(|bound| ("number", PathCondition::Number(bound.0))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let [_, (second, _), ..] = conditions.as_slice() {
        let hint = "ask one thing of a query; use two checks for two";
        found.error(Code::Conflict, at.key_at(second), "a query with several conditions", hint);
        return Err(Reported);
    }
    let condition = conditions.into_iter().next().map_or(PathCondition::Exists(true), |(_, condition)| condition);
    Ok(Some(PathQuery { path: keys.path.0.clone(), condition }))
}
