//! Words into checks: a model proposes, the caller's parser decides, what cannot be checked goes to a judge.
//!
//! A proposal is data until `mission` has read it as checks; nothing here makes a criterion easier than its words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{closed, read_json};
use super::ask::{Answered, Desk, Question, Try, Unanswered};
use super::manager::{Failed, ModelManager, unfit};
use super::memory::{Memory, Place};
use super::tally::Tally;
use crate::mission::Mission;
use crate::prompt::{Asking, Refused};
use crate::session::{Bill, Fault, Role, Session};
use crate::words::{CriterionId, Priority};

/// The most checks of one criterion.
const CHECKS: usize = 8;
/// The smallest ceiling of an answer, in tokens: it carries checks for many criteria.
const LEAST_TOKENS: u32 = 8192;
/// What a judge is shown where nobody said what.
const ALL_FILES: &str = "**/*";

/// Criteria that need checks.
#[derive(Clone, Debug, PartialEq)]
pub struct DeriveRequest {
    place: Place,
    asking: Asking,
    wanted: Vec<Wanted>,
    schema: Value,
}

#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    id: CriterionId,
    text: String,
    priority: Priority,
}

/// What came of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// Checks that the parser took, in the order of the mission.
    pub proposals: Vec<Proposal>,
    /// Criteria for which there are none, and why.
    pub underivable: Vec<(CriterionId, String)>,
    /// The model that proposed.
    pub model: String,
    /// What it cost.
    pub bill: Bill,
}

/// Proposed checks of one criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Whose.
    pub criterion: CriterionId,
    /// Why these, in the model's words.
    pub reason: String,
    /// In the shape of a mission file; never empty.
    pub checks: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    criteria: Vec<WireCriterion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCriterion {
    id: String,
    reason: String,
    checks: Vec<Value>,
    judge: Option<WireJudge>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireJudge {
    rubric: String,
    evidence: Vec<String>,
}

/// The schema as providers take it: each kind of check closed, what is not needed null.
#[must_use]
pub fn derive_schema(criteria: &[CriterionId]) -> Value {
    let text = json!({ "type": "string" });
    let or_null = |schema: Value| json!({ "anyOf": [schema, { "type": "null" }] });
    let texts = || or_null(json!({ "type": "array", "items": { "type": "string" } }));
    let number = || or_null(json!({ "type": "integer" }));
    let words = || or_null(json!({ "type": "string" }));
    let kind = |name: &str, fields: Value| closed(json!({ name: closed(fields) }));
    let checks = json!({ "anyOf": [
        kind("command", json!({
            "run": text, "exit_code": number(), "stdout_contains": texts(), "stdout_matches": texts(),
        })),
        kind("file", json!({
            "path": text, "exists": or_null(json!({ "type": "boolean" })), "min_count": number(),
            "contains": texts(), "matches": texts(),
        })),
        kind("tests", json!({
            "run": text, "report": text, "min_total": number(), "max_failed": number(),
        })),
        kind("coverage", json!({
            "run": text, "report": text, "lines": words(), "branches": words(), "functions": words(),
        })),
        kind("http", json!({
            "url": text, "status": number(), "body_contains": texts(), "service": words(),
        })),
    ]});
    let judge = or_null(closed(json!({ "rubric": text, "evidence": { "type": "array", "items": text } })));
    let ids: Vec<&str> = criteria.iter().map(CriterionId::as_str).collect();
    let criterion = closed(json!({
        "id": { "type": "string", "enum": ids },
        "reason": text,
        "checks": { "type": "array", "items": checks },
        "judge": judge,
    }));
    closed(json!({ "criteria": { "type": "array", "items": criterion } }))
}

impl ModelManager {
    /// The question that a `Deriving` stage asks. `refused` names earlier proposals that did not hold.
    ///
    /// # Errors
    /// A prompt that cannot be rendered, as an environment fault.
    pub fn derive_request(
        &self,
        mission: &Mission,
        session: &Session,
        criteria: &[CriterionId],
        repository: &str,
        refused: &[Refused],
    ) -> Result<DeriveRequest, Fault> {
        let asking = self.prompts.derive(mission, criteria, repository, refused).map_err(|error| unfit(&error))?;
        let wanted = mission.criteria.iter().filter(|criterion| criteria.contains(&criterion.id));
        let wanted: Vec<Wanted> =
            wanted.map(|one| Wanted { id: one.id.clone(), text: one.text.clone(), priority: one.priority }).collect();
        Ok(DeriveRequest { place: Place::of(session), asking, wanted, schema: derive_schema(criteria) })
    }

    /// Has checks proposed. `parse` reads one check in the shape of a mission file and says what is wrong with it; what
    /// is wrong is repaired once, then a judge takes its place.
    ///
    /// # Errors
    /// [`Failed`]: no model proposed anything that can be read.
    pub async fn derive(
        &self,
        request: &DeriveRequest,
        memory: Memory<'_>,
        now: Timestamp,
        parse: impl Fn(&Value) -> Result<(), Vec<String>>,
    ) -> Result<Derived, Failed> {
        let question = Question {
            kind: "derive".to_owned(),
            place: request.place,
            stable: &request.asking.system,
            rest: "",
            user: &request.asking.user,
            schema_name: "checks",
            schema: &request.schema,
            models: self.models(),
            max_tokens: self.settings.max_tokens.max(LEAST_TOKENS),
        };
        let mut desk = Desk { memory, now, tally: Tally::new(Role::Manager) };
        let mut good = BTreeMap::new();
        let accept = |text: &str, try_now: Try| request.read(text, try_now, &mut good, &parse);
        match self.ask(&question, &mut desk, accept).await {
            Ok(Answered { model, .. }) => {
                let (proposals, underivable) = request.settle(good, &parse);
                Ok(Derived { proposals, underivable, model, bill: desk.tally.bill() })
            }
            Err(Unanswered::Blocked(fault) | Unanswered::Exhausted { fault, .. }) => {
                Err(Failed { fault, bill: desk.tally.bill_if_any() })
            }
        }
    }
}

impl DeriveRequest {
    /// Takes what is good of an answer; at the first try everything must be.
    fn read(
        &self,
        text: &str,
        try_now: Try,
        good: &mut BTreeMap<CriterionId, Proposal>,
        parse: &impl Fn(&Value) -> Result<(), Vec<String>>,
    ) -> Result<(), String> {
        let wire: Wire = read_json(text)?;
        let mut problems = Vec::new();
        for proposed in wire.criteria {
            let Some(wanted) = self.wanted.iter().find(|wanted| wanted.id.as_str() == proposed.id) else {
                problems.push(format!("{:?} is not one of the criteria", proposed.id));
                continue;
            };
            match read_criterion(wanted, proposed, parse) {
                Ok(proposal) => {
                    good.insert(wanted.id.clone(), proposal);
                }
                Err(problem) => problems.push(format!("criterion `{}`: {problem}", wanted.id)),
            }
        }
        let missing = self.wanted.iter().filter(|wanted| !good.contains_key(&wanted.id));
        problems.extend(missing.map(|wanted| format!("criterion `{}` has no usable checks yet", wanted.id)));
        if problems.is_empty() || try_now == Try::Repaired { Ok(()) } else { Err(problems.join("; ")) }
    }

    /// What came of each criterion: the proposal, else a judge, else nothing, with the reason.
    fn settle(
        &self,
        mut good: BTreeMap<CriterionId, Proposal>,
        parse: &impl Fn(&Value) -> Result<(), Vec<String>>,
    ) -> (Vec<Proposal>, Vec<(CriterionId, String)>) {
        let (mut proposals, mut underivable) = (Vec::new(), Vec::new());
        for wanted in &self.wanted {
            match good.remove(&wanted.id).map_or_else(|| by_judge(wanted, parse), Ok) {
                Ok(proposal) => proposals.push(proposal),
                Err(why) => underivable.push((wanted.id.clone(), why)),
            }
        }
        (proposals, underivable)
    }
}

fn read_criterion(
    wanted: &Wanted,
    proposed: WireCriterion,
    parse: &impl Fn(&Value) -> Result<(), Vec<String>>,
) -> Result<Proposal, String> {
    let mut checks: Vec<Value> = proposed.checks.into_iter().map(without_nulls).collect();
    if checks.len() > CHECKS {
        return Err(format!("{} checks; at most {CHECKS} are allowed", checks.len()));
    }
    if checks.is_empty() && wanted.priority == Priority::Critical {
        return Err("a critical criterion needs at least one check beside a judge".to_owned());
    }
    checks.extend(proposed.judge.map(|judge| judge_check(&judge.rubric, &judge.evidence)));
    if checks.is_empty() {
        return Err("neither `checks` nor `judge` is given".to_owned());
    }
    for check in &checks {
        parse(check).map_err(|problems| format!("{check}: {}", problems.join(", ")))?;
    }
    let reason = proposed.reason.chars().filter(|c| !c.is_control()).take(400).collect();
    Ok(Proposal { criterion: wanted.id.clone(), reason, checks })
}

/// What no check was found for is left to a judge, who must cite; never for what is critical.
fn by_judge(wanted: &Wanted, parse: &impl Fn(&Value) -> Result<(), Vec<String>>) -> Result<Proposal, String> {
    if wanted.priority == Priority::Critical {
        return Err("no check could be derived, and a critical criterion is not left to a judge alone".to_owned());
    }
    let check = judge_check(&wanted.text, &[]);
    parse(&check).map_err(|problems| problems.join(", "))?;
    let reason = "no program could be found that decides it".to_owned();
    Ok(Proposal { criterion: wanted.id.clone(), reason, checks: vec![check] })
}

fn judge_check(rubric: &str, evidence: &[String]) -> Value {
    let evidence = if evidence.is_empty() { vec![ALL_FILES.to_owned()] } else { evidence.to_vec() };
    json!({ "judge": { "rubric": rubric, "evidence": evidence, "require_citations": true } })
}

/// A check as a mission file has it: what the strict schema made null is left out; `service` stands beside the kind.
fn without_nulls(check: Value) -> Value {
    let Value::Object(kinds) = check else { return check };
    let mut out = Map::new();
    for (kind, fields) in kinds {
        let Value::Object(mut fields) = fields else {
            out.insert(kind, fields);
            continue;
        };
        fields.retain(|_, value| !value.is_null());
        if kind == "http"
            && let Some(service) = fields.remove("service")
        {
            out.insert("service".to_owned(), service);
        }
        out.insert(kind, Value::Object(fields));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::IterationNumber;

    fn request() -> DeriveRequest {
        let wanted = |id: &str, priority| Wanted { id: CriterionId::new(id), text: format!("{id} holds"), priority };
        DeriveRequest {
            place: Place { iteration: IterationNumber(0), booked: 0 },
            asking: Asking { system: String::new(), user: String::new() },
            wanted: vec![wanted("a", Priority::Critical), wanted("b", Priority::Low)],
            schema: Value::Null,
        }
    }

    /// Takes commands and judges only.
    fn parse(check: &Value) -> Result<(), Vec<String>> {
        let known = check.get("command").is_some() || check.get("judge").is_some();
        if known { Ok(()) } else { Err(vec!["unknown kind".to_owned()]) }
    }

    fn answer(checks_of_a: &Value, judge_of_b: &Value) -> String {
        json!({ "criteria": [
            { "id": "a", "reason": "r", "checks": checks_of_a, "judge": null },
            { "id": "b", "reason": "r", "checks": [], "judge": judge_of_b },
        ]})
        .to_string()
    }

    #[test]
    fn a_good_proposal_is_taken_without_its_nulls() {
        let mut good = BTreeMap::new();
        let checks = json!([{ "command": { "run": "make test", "exit_code": null } }]);
        let judge = json!({ "rubric": "it is so", "evidence": ["src/**"] });
        request().read(&answer(&checks, &judge), Try::First, &mut good, &parse).unwrap();
        let (proposals, underivable) = request().settle(good, &parse);
        assert_eq!(proposals[0].checks, [json!({ "command": { "run": "make test" } })]);
        let judge = json!({ "judge": { "rubric": "it is so", "evidence": ["src/**"], "require_citations": true } });
        assert_eq!((&proposals[1].checks, underivable), (&vec![judge], vec![]));
    }

    #[test]
    fn a_wrong_check_is_told_once_and_then_a_judge_takes_its_place_but_not_for_what_is_critical() {
        let mut good = BTreeMap::new();
        let wrong = answer(&json!([{ "magic": {} }]), &Value::Null);
        let problem = request().read(&wrong, Try::First, &mut good, &parse).unwrap_err();
        assert!(problem.contains("unknown kind") && problem.contains("`b`"), "{problem}");
        request().read(&wrong, Try::Repaired, &mut good, &parse).unwrap();
        let (proposals, underivable) = request().settle(good, &parse);
        assert_eq!((proposals.len(), underivable.len()), (1, 1));
        assert_eq!(proposals[0].checks[0]["judge"]["rubric"], "b holds");
        assert_eq!(underivable[0].0.as_str(), "a");
    }

    #[test]
    fn what_was_good_at_the_first_try_survives_a_worse_second() {
        let mut good = BTreeMap::new();
        let checks = json!([{ "command": { "run": "true" } }]);
        request().read(&answer(&checks, &Value::Null), Try::First, &mut good, &parse).unwrap_err();
        request().read("{\"criteria\": []}", Try::Repaired, &mut good, &parse).unwrap();
        assert_eq!(request().settle(good, &parse).0.len(), 2);
    }

    #[test]
    fn a_judge_alone_is_refused_for_what_is_critical() {
        let mut good = BTreeMap::new();
        let judge = json!({ "rubric": "r", "evidence": [] });
        let both = json!({ "criteria": [{ "id": "a", "reason": "r", "checks": [], "judge": judge }] });
        let problem = request().read(&both.to_string(), Try::First, &mut good, &parse).unwrap_err();
        assert!(problem.contains("critical"), "{problem}");
    }

    #[test]
    fn the_service_of_a_request_stands_beside_it() {
        let check = without_nulls(json!({ "http": { "url": "u", "status": null, "service": "api" } }));
        assert_eq!(check, json!({ "service": "api", "http": { "url": "u" } }));
    }
}
