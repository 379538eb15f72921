//! The definition of done: names for all criteria, and checks that can prove them.

use super::check::{Check, CheckKind};
use super::check_reading::check;
use super::file::{CriterionFile, CriterionKeys};
use super::findings::Findings;
use super::mission::Criterion;
use super::slug::Names;
use crate::reading::{Code, Many, Node};
use crate::words::{CriterionId, Priority};

/// The criteria in the order of the file.
pub(super) fn criteria(files: &[CriterionFile], at: &Node, found: &mut Findings<'_>) -> Vec<Criterion> {
    let mut names = Names::default();
    for (index, file) in files.iter().enumerate() {
        let Some(id) = given_id(file) else { continue };
        if !names.take(id) {
            let message = format!("there are two criteria `{id}`");
            found.error(Code::DuplicateId, at.item(index).child("id").at, message, "give one of them another id");
        }
    }
    let mut criteria = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let name = match given_id(file) {
            Some(id) => id.to_owned(),
            None => names.slug(text_of(file)),
        };
        criteria.push(criterion(file, CriterionId::new(name), at.item(index), found));
    }
    if !criteria.is_empty() && criteria.iter().all(|criterion| !criterion.required) {
        let message = "no criterion is required: the mission would be done without any proof";
        found.error(Code::Conflict, at.at, message, "leave `required: false` out of at least one");
    }
    criteria
}

/// Whether a model's opinion alone would prove this; `false` for no checks at all.
pub fn judged_alone(checks: &[Check]) -> bool {
    fn judged(check: &Check) -> bool {
        match &check.kind {
            CheckKind::Judge(_) => true,
            CheckKind::All(checks) => checks.iter().all(judged),
            CheckKind::Any(checks) => checks.iter().any(judged),
            CheckKind::Not(check) => judged(check),
            CheckKind::Command(_)
            | CheckKind::File(_)
            | CheckKind::Http(_)
            | CheckKind::Tests(_)
            | CheckKind::Coverage(_)
            | CheckKind::Metric(_)
            | CheckKind::Git(_)
            | CheckKind::Sarif(_)
            | CheckKind::Plugin(_)
            | CheckKind::Manual(_) => false,
        }
    }
    !checks.is_empty() && checks.iter().all(judged)
}

fn given_id(file: &CriterionFile) -> Option<&str> {
    match file {
        CriterionFile::Text(_) => None,
        CriterionFile::Full(keys) => keys.id.as_ref().map(|id| id.0.as_str()),
    }
}

fn text_of(file: &CriterionFile) -> &str {
    match file {
        CriterionFile::Text(text) => &text.0,
        CriterionFile::Full(keys) => &keys.criteria,
    }
}

fn criterion(file: &CriterionFile, id: CriterionId, at: &Node, found: &mut Findings<'_>) -> Criterion {
    let plain = Criterion {
        id,
        text: text_of(file).trim().to_owned(),
        measurable: true,
        priority: Priority::default(),
        required: true,
        stable_for: 1,
        checks: Vec::new(),
        derived: false,
    };
    let CriterionFile::Full(keys) = file else { return plain };
    let files = keys.validators.as_ref().map(Many::as_slice).unwrap_or_default();
    let place = at.child("validators");
    let checks: Vec<Check> =
        files.iter().enumerate().filter_map(|(index, file)| check(file, place.item(index), found)).collect();
    let criterion = Criterion {
        measurable: keys.measurable.unwrap_or(true),
        priority: keys.priority.unwrap_or_default(),
        required: keys.required.unwrap_or(true),
        stable_for: keys.stable_for.unwrap_or(1),
        checks,
        ..plain
    };
    let whole = criterion.checks.len() == files.len();
    remarks(keys, &criterion, whole, at, found);
    criterion
}

fn remarks(keys: &CriterionKeys, criterion: &Criterion, whole: bool, at: &Node, found: &mut Findings<'_>) {
    if keys.completed == Some(true) {
        let message = format!("`completed: true` of `{}` is not believed", criterion.id);
        found.warning(Code::Completed, at.key_at("completed"), message, "only a passing check completes a criterion");
    }
    if whole && criterion.priority == Priority::Critical && judged_alone(&criterion.checks) {
        let message = format!("the critical criterion `{}` has nothing but a judge", criterion.id);
        let hint = "add a check that a machine or a person decides, or lower the priority";
        found.error(Code::JudgeAlone, at.key_at("validators"), message, hint);
    }
    fn repeats(check: &Check) -> bool {
        check.retries > 0 || check.parts().iter().any(repeats)
    }
    if criterion.stable_for > 1 && criterion.checks.iter().any(repeats) {
        let message = format!("a check of `{}` has `retries` beside `stable_for`", criterion.id);
        let hint = "a run that is repeated until it passes shows no stability; remove one of them";
        found.error(Code::Conflict, at.key_at("stable_for"), message, hint);
    }
    let opinion = |check: &Check| matches!(check.kind, CheckKind::Judge(_) | CheckKind::Manual(_));
    if whole && !criterion.measurable && !criterion.checks.is_empty() && !criterion.checks.iter().any(opinion) {
        let message = format!("`{}` is not measurable, yet only machines check it", criterion.id);
        found.warning(
            Code::CheckedByMachine,
            at.key_at("measurable"),
            message,
            "add `judge:` or `manual:`, or remove the key",
        );
    }
}
