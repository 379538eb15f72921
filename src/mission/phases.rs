//! The phases of a mission: every criterion in exactly one, in the order of the file.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{ApprovalWord, MissionKeys, PhaseFile, PhaseKeys};
use super::findings::{Findings, texts};
use super::mission::{Criterion, Phase};
use crate::reading::{Code, Many, Node, nearest};
use crate::words::{CriterionId, PhaseId};

/// The phases; one named `main` where the file names none.
pub(super) fn phases(keys: &MissionKeys, criteria: &[Criterion], at: &Node, found: &mut Findings<'_>) -> Vec<Phase> {
    let files = keys.phases.as_deref().unwrap_or_default();
    let all = || criteria.iter().map(|criterion| criterion.id.clone());
    if files.is_empty() {
        return vec![Phase { id: PhaseId::new("main"), criteria: all().collect() }];
    }
    let place = at.child("phases");
    let gates: BTreeSet<&str> = keys.gates.iter().flatten().map(|(name, _)| name.as_str()).collect();
    let known: Vec<&str> = criteria.iter().map(|criterion| criterion.id.as_str()).collect();
    let names: Vec<&str> = files.iter().map(name).collect();
    let mut phases: Vec<Phase> = Vec::new();
    let mut home: BTreeMap<String, String> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        let here = place.item(index);
        if names.iter().take(index).any(|earlier| earlier == &name(file)) {
            let message = format!("there are two phases `{}`", name(file));
            found.error(Code::DuplicateId, here.child("id").at, message, "give one of them another id");
        }
        let mut own = Vec::new();
        if let PhaseFile::Full(keys) = file {
            order(keys, &names, index, here, found);
            not_obeyed(keys, &gates, here, found);
            own = members(keys, &known, &mut home, here, found);
        }
        phases.push(Phase { id: PhaseId::new(name(file)), criteria: own });
    }
    if let Some(last) = phases.last_mut() {
        last.criteria.extend(all().filter(|id| !home.contains_key(id.as_str())));
    }
    for (index, phase) in phases.iter().enumerate() {
        let named = matches!(files.get(index), Some(PhaseFile::Full(keys)) if keys.criteria.is_some());
        if named || !phase.criteria.is_empty() {
            continue;
        }
        let message = format!("nothing ends the phase `{}`: it has no criteria", phase.id);
        let hint = "name criteria in it; those of no phase belong to the last one";
        found.warning(Code::EmptyPhase, place.item(index).at, message, hint);
    }
    phases
}

fn name(file: &PhaseFile) -> &str {
    match file {
        PhaseFile::Name(name) => &name.0,
        PhaseFile::Full(keys) => &keys.id.0,
    }
}

/// Phases run in the order of the file, which must agree with what each depends on.
fn order(keys: &PhaseKeys, names: &[&str], index: usize, at: &Node, found: &mut Findings<'_>) {
    let place = at.child("depends_on");
    for (item, needed) in keys.depends_on.iter().flat_map(Many::as_slice).enumerate() {
        let span = place.item(item).at;
        match names.iter().position(|name| *name == needed.0) {
            Some(position) if position < index => {}
            Some(_) => {
                let message = format!("`{}` depends on `{}`, which does not come before it", keys.id.0, needed.0);
                found.error(Code::PhaseOrder, span, message, "phases run in the order of the file: move it");
            }
            None => unknown("phase", &needed.0, names, span, found),
        }
    }
}

fn members(
    keys: &PhaseKeys,
    known: &[&str],
    home: &mut BTreeMap<String, String>,
    at: &Node,
    found: &mut Findings<'_>,
) -> Vec<CriterionId> {
    let place = at.child("criteria");
    let mut own = Vec::new();
    for (item, id) in texts(keys.criteria.as_ref()).into_iter().enumerate() {
        let span = place.item(item).at;
        if !known.contains(&id.as_str()) {
            unknown("criterion", &id, known, span, found);
        } else if let Some(first) = home.get(&id) {
            let message = format!("the criterion `{id}` ends two phases");
            found.error(Code::Conflict, span, message, format!("it stands in the phase `{first}` already"));
        } else {
            home.insert(id.clone(), keys.id.0.clone());
            own.push(CriterionId::new(id));
        }
    }
    own
}

fn not_obeyed(keys: &PhaseKeys, gates: &BTreeSet<&str>, at: &Node, found: &mut Findings<'_>) {
    if keys.approval.is_some_and(|approval| approval != ApprovalWord::None) {
        let why = "nobody is asked at the end of a phase yet; write it as a criterion with `manual:`";
        found.unsupported("phases.approval", at.key_at("approval"), why);
    }
    if keys.agents.is_some() {
        let why = "roles of a phase are not set up yet; name the role in the description";
        found.unsupported("phases.agents", at.key_at("agents"), why);
    }
    if keys.artifacts.is_some() {
        let why = "artifacts of a phase are not checked yet; write each as a criterion with `file:`";
        found.unsupported("phases.artifacts", at.key_at("artifacts"), why);
    }
    if keys.gates.is_some() {
        let why = "gates are not run yet; write each as a criterion of the phase";
        found.unsupported("phases.gates", at.key_at("gates"), why);
    }
    let known: Vec<&str> = gates.iter().copied().collect();
    for (item, gate) in keys.gates.iter().flat_map(Many::as_slice).enumerate() {
        if !gates.contains(gate.as_str()) {
            unknown("gate", gate, &known, at.child("gates").item(item).at, found);
        }
    }
}

fn unknown(what: &str, name: &str, known: &[&str], at: crate::reading::Span, found: &mut Findings<'_>) {
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("the mission defines no {what}"),
        None => format!("known here: {}", known.join(", ")),
    };
    found.error(Code::UnknownReference, at, format!("there is no {what} `{name}`"), hint);
}
