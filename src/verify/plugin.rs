//! `plugin`: a program that is told in JSON what to check and answers in JSON (`docs/plugins.md`). The answer is held to
//! its form; whatever does not keep it decides nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::files;
use super::finding::Finding;
use super::ground::Place;
use super::shell::{self, Ran};
use super::text::{Completeness, short};
use crate::mission::PluginCheck;
use crate::words::{Measure, Outcome};

/// The version of the protocol, in the question.
const PROTOCOL: &str = "cco-plugin/1";

/// An answer is a verdict and not a log.
const ANSWER_CAP: u64 = 1024 * 1024;

/// More numbers than a person reads.
const MEASURE_CAP: usize = 50;

/// What the program is told on its stdin.
#[derive(Debug, Serialize)]
struct Question<'a> {
    protocol: &'static str,
    check: &'a str,
    name: &'a str,
    tree: &'a str,
    port: Option<u16>,
    config: &'a Map<String, Value>,
}

/// What the program answers on its stdout.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    outcome: Outcome,
    summary: String,
    #[serde(default)]
    measures: Vec<Measure>,
}

pub(super) async fn check(place: &Place<'_>, what: &PluginCheck) -> Finding {
    run(place, what).await.unwrap_or_else(|finding| finding).subject(place.with_port(&what.run))
}

async fn run(place: &Place<'_>, what: &PluginCheck) -> Result<Finding, Finding> {
    let question = Question {
        protocol: PROTOCOL,
        check: place.id.as_str(),
        name: &place.check.name,
        tree: place.ground.tree.as_str(),
        port: place.port,
        config: &what.config,
    };
    let unwritten = |error: &dyn std::fmt::Display| Finding::inconclusive(format!("cannot be asked: {error}"));
    let question = serde_json::to_vec(&question).map_err(|error| unwritten(&error))?;
    let path = place.ground.spool_for("question");
    files::write_own(&path, &question).map_err(|error| unwritten(&error))?;
    let ran = shell::run_with_input(place, &what.run, path).await?;
    Ok(ran.evidence(answered(&ran).unwrap_or_else(Finding::inconclusive)))
}

fn answered(ran: &Ran) -> Result<Finding, String> {
    if ran.code != 0 {
        return Err(format!("exit {}: a plugin that has a verdict leaves with 0", ran.code));
    }
    if ran.completeness == Completeness::Cut {
        return Err("its answer was cut".to_owned());
    }
    let stdout = files::read_own(&ran.stdout, ANSWER_CAP).map_err(|error| format!("its answer {error}"))?;
    judge(&stdout)
}

fn judge(stdout: &[u8]) -> Result<Finding, String> {
    let answer: Answer = serde_json::from_slice(stdout)
        .map_err(|error| format!("its answer is not what a plugin answers: {}", short(&error.to_string())))?;
    if answer.summary.trim().is_empty() {
        return Err("its answer has an empty summary; a verdict needs its evidence".to_owned());
    }
    if answer.measures.len() > MEASURE_CAP {
        return Err(format!("its answer has {} measures, more than {MEASURE_CAP}", answer.measures.len()));
    }
    let mut finding = Finding::new(answer.outcome, answer.summary);
    let shown = |measure: Measure| Measure { name: short(&measure.name), bound: short(&measure.bound), ..measure };
    finding.evidence.measures = answer.measures.into_iter().map(shown).collect();
    Ok(finding)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANSWER: &str = r#"{"outcome": "pass", "summary": "312 KiB", "measures": [{"name": "size", "value": 312.0, "bound": "<= 400"}]}"#;

    #[test]
    fn an_answer_is_a_verdict_with_its_evidence() {
        let finding = judge(ANSWER.as_bytes()).unwrap();
        assert_eq!((finding.outcome, finding.evidence.summary.as_str()), (Outcome::Pass, "312 KiB"));
        assert_eq!(finding.evidence.measures[0].value, 312.0);
    }

    #[test]
    fn whatever_is_no_answer_decides_nothing() {
        for wrong in [
            "",
            "ok",
            "true",
            r#"{"outcome": "passed", "summary": "x"}"#,
            r#"{"outcome": "pass"}"#,
            r#"{"outcome": "pass", "summary": " "}"#,
            r#"{"outcome": "pass", "summary": "x", "extra": 1}"#,
            r#"{"outcome": "pass", "outcome": "fail", "summary": "x"}"#,
            r#"{"outcome": "pass", "summary": "x"} {"outcome": "pass", "summary": "y"}"#,
            r#"{"outcome": "pass", "summary": "x", "measures": [{"name": "a", "value": NaN}]}"#,
        ] {
            assert!(judge(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let many = format!(
            r#"{{"outcome": "pass", "summary": "x", "measures": [{}{{"name": "a", "value": 1}}]}}"#,
            r#"{"name": "a", "value": 1},"#.repeat(50)
        );
        assert!(judge(many.as_bytes()).unwrap_err().contains("51 measures"));
        assert!(judge(&b"[".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn a_cut_answer_decides_nothing_and_a_changed_one_never_panics(at in 0_usize..ANSWER.len(), byte: u8, bytes: Vec<u8>) {
            prop_assert!(judge(&ANSWER.as_bytes()[..at]).is_err());
            let mut changed = ANSWER.as_bytes().to_vec();
            changed[at] = byte;
            drop((judge(&changed), judge(&bytes)));
        }
    }
}
