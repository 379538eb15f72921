//! SARIF 2.1.0: the findings of an analyser, by level.
//!
//! The level of a finding is its own, or its rule's, or `warning`; what is not of kind `fail` is no finding, and neither
//! is what was there before and is `absent` now. Suppressed findings are counted apart.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::{RESULT_CAP, json};
use crate::mission::Level;

/// What an analyser found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::verify) struct Analysis {
    levels: BTreeMap<Level, u64>,
    /// Findings that a comment in the code or a list took out.
    pub(in crate::verify) suppressed: u64,
    /// The first of the worst ones, for people.
    pub(in crate::verify) first: Option<String>,
}

impl Analysis {
    pub(in crate::verify) fn add(&mut self, level: Level, name: &str) {
        if self.levels.keys().all(|known| *known < level) {
            self.first = Some(name.to_owned());
        }
        *self.levels.entry(level).or_default() += 1;
    }

    pub(in crate::verify) fn of(&self, level: Level) -> u64 {
        self.levels.get(&level).copied().unwrap_or(0)
    }

    pub(in crate::verify) fn all(&self) -> u64 {
        self.levels.values().sum()
    }
}

#[derive(Debug, Deserialize)]
struct Log<'a> {
    version: Cow<'a, str>,
    #[serde(borrow)]
    runs: Vec<Run<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    #[serde(borrow)]
    tool: Tool<'a>,
    /// Absent where the tool did not look.
    #[serde(borrow)]
    results: Option<Vec<Finding<'a>>>,
    #[serde(default)]
    invocations: Vec<Invocation>,
}

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    driver: Driver<'a>,
}

#[derive(Debug, Deserialize)]
struct Driver<'a> {
    #[serde(borrow, default)]
    rules: Vec<Rule<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    default_configuration: Option<RuleConfiguration>,
}

#[derive(Debug, Deserialize)]
struct RuleConfiguration {
    level: Option<Word>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    level: Option<Word>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    rule_id: Option<Cow<'a, str>>,
    rule_index: Option<i64>,
    #[serde(borrow)]
    baseline_state: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    suppressions: Option<Vec<Suppression<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Suppression<'a> {
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    None,
    Note,
    Warning,
    Error,
}

impl Word {
    const fn level(self) -> Level {
        match self {
            Self::None => Level::None,
            Self::Note => Level::Note,
            Self::Warning => Level::Warning,
            Self::Error => Level::Error,
        }
    }
}

pub(super) fn read(text: &str) -> Result<Analysis, String> {
    let log: Log<'_> = json::whole(text)?;
    if !log.version.starts_with("2.1") {
        return Err(format!("is SARIF of version {}, and 2.1.0 is read", log.version));
    }
    if log.runs.is_empty() {
        return Err("holds no run, so nothing was looked at".to_owned());
    }
    let mut analysis = Analysis::default();
    for run in &log.runs {
        if run.invocations.iter().any(|invocation| !invocation.execution_successful) {
            return Err("tells of a run that did not succeed".to_owned());
        }
        let results = run.results.as_ref().ok_or("holds a run without results, so nothing was looked at")?;
        if results.len() > RESULT_CAP {
            return Err(format!("has more than {RESULT_CAP} results"));
        }
        let rules: BTreeMap<&str, &Rule<'_>> =
            run.tool.driver.rules.iter().map(|rule| (rule.id.as_ref(), rule)).collect();
        results.iter().for_each(|finding| finding.count(&run.tool.driver.rules, &rules, &mut analysis));
    }
    Ok(analysis)
}

impl Finding<'_> {
    fn count(&self, listed: &[Rule<'_>], named: &BTreeMap<&str, &Rule<'_>>, analysis: &mut Analysis) {
        let is_finding = self.kind.as_deref().is_none_or(|kind| kind == "fail");
        if !is_finding || self.baseline_state.as_deref() == Some("absent") {
            return;
        }
        let accepted =
            |suppression: &Suppression<'_>| suppression.status.as_deref().is_none_or(|status| status == "accepted");
        if self.suppressions.iter().flatten().any(accepted) {
            analysis.suppressed += 1;
            return;
        }
        let by_index = self.rule_index.and_then(|at| listed.get(usize::try_from(at).ok()?));
        let rule = by_index.or_else(|| named.get(self.rule_id.as_deref()?).copied());
        let default = rule.and_then(|rule| rule.default_configuration.as_ref()?.level);
        let level = self.level.or(default).unwrap_or(Word::Warning).level();
        let name = self.rule_id.as_deref().or(rule.map(|rule| rule.id.as_ref())).unwrap_or("a rule without a name");
        analysis.add(level, name);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RUFF: &str = include_str!("../../../tests/fixtures/reports/ruff.sarif");

    fn of(results: &str) -> Result<Analysis, String> {
        read(&format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t", "rules": [
                {{"id": "A", "defaultConfiguration": {{"level": "error"}}}}, {{"id": "B"}}]}}}}, "results": {results}}}]}}"#
        ))
    }

    fn levels(results: &str) -> (u64, u64, u64) {
        let analysis = of(results).unwrap();
        (analysis.of(Level::Error), analysis.of(Level::Warning), analysis.suppressed)
    }

    #[test]
    fn the_report_of_a_real_analyser_is_counted() {
        let analysis = read(RUFF).unwrap();
        assert_eq!((analysis.all(), analysis.of(Level::Error)), (4, 4));
        assert_eq!(analysis.first.as_deref(), Some("CPY001"));
    }

    #[test]
    fn a_level_is_the_findings_own_or_its_rules_or_warning() {
        assert_eq!(levels(r#"[{"ruleId": "A"}]"#), (1, 0, 0));
        assert_eq!(levels(r#"[{"ruleIndex": 0}]"#), (1, 0, 0));
        assert_eq!(levels(r#"[{"ruleId": "A", "level": "warning"}]"#), (0, 1, 0));
        assert_eq!(levels(r#"[{"ruleId": "B"}, {"ruleIndex": -1}, {"ruleIndex": 99}, {}]"#), (0, 4, 0));
    }

    #[test]
    fn what_is_no_finding_is_not_counted_and_what_is_suppressed_is_told() {
        assert_eq!(levels(r#"[{"kind": "pass"}, {"level": "error", "baselineState": "absent"}]"#), (0, 0, 0));
        assert_eq!(levels(r#"[{"level": "error", "suppressions": [{"kind": "inSource"}]}]"#), (0, 0, 1));
        assert_eq!(
            levels(r#"[{"level": "error", "suppressions": [{"kind": "external", "status": "rejected"}]}]"#),
            (1, 0, 0)
        );
        assert_eq!(levels(r#"[{"level": "error", "suppressions": []}]"#), (1, 0, 0));
    }

    #[test]
    fn a_tool_that_did_not_look_proves_nothing() {
        assert!(read(r#"{"version": "2.1.0", "runs": []}"#).unwrap_err().contains("no run"));
        assert!(of("null").unwrap_err().contains("without results"));
        let failed = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [], "invocations": [{"executionSuccessful": false}]}]}"#;
        assert!(read(failed).unwrap_err().contains("did not succeed"));
        assert!(read(r#"{"version": "1.0.0", "runs": []}"#).is_err());
        assert!(of(r#"[{"level": "catastrophe"}]"#).is_err() && read("{}").is_err());
        assert!(read(&"{\"runs\":[".repeat(100_000)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn a_cut_report_is_refused_and_a_changed_one_never_panics(at in 0_usize..RUFF.trim_end().len(), byte: u8, piece in "[\"{}:,0-9a-z-]{0,8}") {
            prop_assert!(read(&RUFF[..at]).is_err());
            let mut bytes = RUFF.as_bytes().to_vec();
            bytes[at] = byte;
            bytes.splice(at..at, piece.bytes());
            drop(super::super::sarif(&bytes));
        }
    }
}
