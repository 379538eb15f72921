//! Words into checks: a model proposes, `mission` reads the proposals, what cannot be checked goes to a judge.
//!
//! A proposal is data until `mission` has read it by the same rules as a mission file; nothing here makes a criterion easier than its words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{closed, read_json};
use super::ask::{Answered, Desk, Question, Try, Unanswered};
use super::manager::{Failed, ModelManager, unfit};
use super::memory::{Memory, Place};
use super::tally::Tally;
use crate::mission::{Check, Mission, check_from_json};
use crate::prompt::{Asking, Refused};
use crate::session::{Bill, Fault, Role, Session};
use crate::words::{CriterionId, Priority};

/// The most checks of one criterion.
const CHECKS: usize = 8;
/// The smallest ceiling of an answer, in tokens: it carries checks for many criteria.
const LEAST_TOKENS: u32 = 8192;

/// The ceiling of an answer that proposes checks, in tokens, where an ordinary one may have so many.
#[must_use]
pub fn derive_tokens(max_tokens: u32) -> u32 {
    max_tokens.max(LEAST_TOKENS)
}

/// Criteria that need checks.
#[derive(Clone, Debug, PartialEq)]
pub struct DeriveRequest {
    place: Place,
    asking: Asking,
    wanted: Vec<Wanted>,
    services: Vec<String>,
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
    /// Checks that were read, in the order of the mission.
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
    /// Never empty.
    pub checks: Vec<Check>,
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
            "run": text, "report": words(), "min_total": number(), "max_failed": number(),
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
        let services = mission.services.iter().map(|service| service.name.clone()).collect();
        Ok(DeriveRequest { place: Place::of(session), asking, wanted, services, schema: derive_schema(criteria) })
    }

    /// Has checks proposed. What is wrong with them is repaired once, then a judge takes their place.
    ///
    /// # Errors
    /// [`Failed`]: no model proposed anything that can be read.
    pub async fn derive(&self, request: &DeriveRequest, memory: Memory<'_>, now: Timestamp) -> Result<Derived, Failed> {
        let question = Question {
            kind: "derive".to_owned(),
            place: request.place,
            stable: &request.asking.system,
            rest: "",
            user: &request.asking.user,
            schema_name: "checks",
            schema: &request.schema,
            models: self.models(),
            max_tokens: derive_tokens(self.settings.max_tokens),
        };
        let mut desk = Desk { memory, now, tally: Tally::new(Role::Manager, request.place.attempt) };
        let mut good = BTreeMap::new();
        let accept = |text: &str, try_now: Try| request.read(text, try_now, &mut good);
        match self.ask(&question, &mut desk, accept).await {
            Ok(Answered { model, .. }) => {
                let (proposals, underivable) = request.settle(good);
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
    fn read(&self, text: &str, try_now: Try, good: &mut BTreeMap<CriterionId, Proposal>) -> Result<(), String> {
        let wire: Wire = read_json(text)?;
        let mut problems = Vec::new();
        for proposed in wire.criteria {
            let Some(wanted) = self.wanted.iter().find(|wanted| wanted.id.as_str() == proposed.id) else {
                problems.push(format!("{:?} is not one of the criteria", proposed.id));
                continue;
            };
            match self.read_criterion(wanted, proposed) {
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

    fn read_criterion(&self, wanted: &Wanted, proposed: WireCriterion) -> Result<Proposal, String> {
        if proposed.checks.len() > CHECKS {
            return Err(format!("{} checks; at most {CHECKS} are allowed", proposed.checks.len()));
        }
        if proposed.checks.is_empty() && wanted.priority == Priority::Critical {
            return Err("a critical criterion needs at least one check beside a judge".to_owned());
        }
        let mut checks: Vec<Value> = proposed.checks.into_iter().map(without_nulls).collect();
        checks.extend(proposed.judge.map(|judge| judge_check(&judge.rubric, &judge.evidence)));
        if checks.is_empty() {
            return Err("neither `checks` nor `judge` is given".to_owned());
        }
        let checks = checks.iter().map(|check| self.read_check(check)).collect::<Result<_, _>>()?;
        let reason = proposed.reason.chars().filter(|c| !c.is_control()).take(400).collect();
        Ok(Proposal { criterion: wanted.id.clone(), reason, checks })
    }

    fn read_check(&self, value: &Value) -> Result<Check, String> {
        let check = check_from_json(value).map_err(|problems| format!("{value}: {}", problems.join(", ")))?;
        match &check.service {
            Some(name) if !self.services.contains(name) => Err(format!("the mission has no service {name:?}")),
            Some(_) | None => Ok(check),
        }
    }

    /// What came of each criterion: the proposal, else a judge, else nothing, with the reason.
    fn settle(&self, mut good: BTreeMap<CriterionId, Proposal>) -> (Vec<Proposal>, Vec<(CriterionId, String)>) {
        let (mut proposals, mut underivable) = (Vec::new(), Vec::new());
        for wanted in &self.wanted {
            match good.remove(&wanted.id).map_or_else(|| self.by_judge(wanted), Ok) {
                Ok(proposal) => proposals.push(proposal),
                Err(why) => underivable.push((wanted.id.clone(), why)),
            }
        }
        (proposals, underivable)
    }

    fn by_judge(&self, wanted: &Wanted) -> Result<Proposal, String> {
        judged_instead(&wanted.id, &wanted.text, wanted.priority)
    }
}

/// What no check was found for is left to a judge, who must cite; never what is critical.
///
/// # Errors
/// Why it is not left to a judge.
pub fn judged_instead(criterion: &CriterionId, text: &str, priority: Priority) -> Result<Proposal, String> {
    if priority == Priority::Critical {
        return Err("no check could be derived, and a critical criterion is not left to a judge alone".to_owned());
    }
    let check = check_from_json(&judge_check(text, &[])).map_err(|problems| problems.join(", "))?;
    let reason = "no program could be found that decides it".to_owned();
    Ok(Proposal { criterion: criterion.clone(), reason, checks: vec![check] })
}

/// A judge's check; without evidence it is shown the whole tree.
fn judge_check(rubric: &str, evidence: &[String]) -> Value {
    let mut fields = json!({ "rubric": rubric, "require_citations": true });
    if !evidence.is_empty() {
        fields["evidence"] = json!(evidence);
    }
    json!({ "judge": fields })
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
    use crate::mission::CheckKind;
    use crate::words::{AttemptId, IterationNumber};

    fn request() -> DeriveRequest {
        let wanted = |id: &str, priority| Wanted { id: CriterionId::new(id), text: format!("{id} holds"), priority };
        DeriveRequest {
            place: Place { iteration: IterationNumber(0), booked: 0, attempt: AttemptId(1) },
            asking: Asking { system: String::new(), user: String::new() },
            wanted: vec![wanted("a", Priority::Critical), wanted("b", Priority::Low)],
            services: vec!["api".to_owned()],
            schema: Value::Null,
        }
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
        request().read(&answer(&checks, &judge), Try::First, &mut good).unwrap();
        let (proposals, underivable) = request().settle(good);
        assert!(matches!(&proposals[0].checks[0].kind, CheckKind::Command(command) if command.run == "make test"));
        let CheckKind::Judge(judge) = &proposals[1].checks[0].kind else { panic!("{proposals:?}") };
        assert_eq!((judge.rubric.as_str(), judge.require_citations), ("it is so", true));
        assert_eq!(underivable, vec![]);
    }

    #[test]
    fn every_kind_that_the_schema_offers_is_read() {
        let checks = json!([
            { "command": { "run": "x", "exit_code": 1, "stdout_contains": ["a"], "stdout_matches": ["b+"] } },
            { "file": { "path": "a/**/*.md", "exists": true, "min_count": 2, "contains": ["a"], "matches": ["b"] } },
            { "tests": { "run": "x", "report": null, "min_total": 3, "max_failed": 0 } },
            { "tests": { "run": "x", "report": "junit.xml", "min_total": null, "max_failed": null } },
            { "coverage": { "run": "x", "report": "lcov.info", "lines": ">80%", "branches": null, "functions": null } },
            { "http": { "url": "http://127.0.0.1:3000/x", "status": 200, "body_contains": ["a"], "service": "api" } },
        ]);
        let judge = json!({ "rubric": "r", "evidence": [] });
        let mut good = BTreeMap::new();
        request().read(&answer(&checks, &judge), Try::First, &mut good).unwrap();
        let kinds: Vec<&str> = good[&CriterionId::new("a")].checks.iter().map(|check| check.kind.name()).collect();
        assert_eq!(kinds, ["command", "file", "tests", "tests", "coverage", "http"]);
        let offered = derive_schema(&[CriterionId::new("a")]);
        let offered = offered.pointer("/properties/criteria/items/properties/checks/items/anyOf").unwrap();
        assert_eq!(offered.as_array().unwrap().len(), 5, "a kind was added to the schema: read it above");
    }

    #[test]
    fn a_wrong_check_is_told_once_and_then_a_judge_takes_its_place_but_not_for_what_is_critical() {
        let mut good = BTreeMap::new();
        let wrong = answer(&json!([{ "magic": {} }]), &Value::Null);
        let problem = request().read(&wrong, Try::First, &mut good).unwrap_err();
        assert!(problem.contains("magic") && problem.contains("`b`"), "{problem}");
        request().read(&wrong, Try::Repaired, &mut good).unwrap();
        let (proposals, underivable) = request().settle(good);
        assert_eq!((proposals.len(), underivable.len()), (1, 1));
        assert!(matches!(&proposals[0].checks[0].kind, CheckKind::Judge(judge) if judge.rubric == "b holds"));
        assert_eq!(underivable[0].0.as_str(), "a");
    }

    #[test]
    fn what_was_good_at_the_first_try_survives_a_worse_second() {
        let mut good = BTreeMap::new();
        let checks = json!([{ "command": { "run": "true" } }]);
        request().read(&answer(&checks, &Value::Null), Try::First, &mut good).unwrap_err();
        request().read("{\"criteria\": []}", Try::Repaired, &mut good).unwrap();
        assert_eq!(request().settle(good).0.len(), 2);
    }

    #[test]
    fn a_judge_alone_for_what_is_critical_and_an_unknown_service_are_refused() {
        let mut good = BTreeMap::new();
        let judge = json!({ "rubric": "r", "evidence": [] });
        let alone = json!({ "criteria": [{ "id": "a", "reason": "r", "checks": [], "judge": judge }] });
        let problem = request().read(&alone.to_string(), Try::First, &mut good).unwrap_err();
        assert!(problem.contains("critical"), "{problem}");
        let other = json!([{ "http": { "url": "http://127.0.0.1/", "service": "db" } }]);
        let problem = request().read(&answer(&other, &judge), Try::First, &mut good).unwrap_err();
        assert!(problem.contains("\"db\""), "{problem}");
    }
}
