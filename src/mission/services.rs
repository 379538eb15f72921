//! The services of a mission: unique names, and one sign that each is up.

use std::collections::BTreeSet;
use std::time::Duration;

use super::check_reading::http_check;
use super::file::{READY, ReadyKeys, ServiceKeys};
use super::findings::Findings;
use super::mission::{Readiness, Service};
use crate::reading::{Code, Node};

/// Default of `ready_timeout` (design section 9, Check trees).
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// The services; from here on checks may name them.
pub(super) fn services(files: &[ServiceKeys], at: &Node, found: &mut Findings<'_>) -> Vec<Service> {
    let mut names = BTreeSet::new();
    let mut services = Vec::new();
    for (index, keys) in files.iter().enumerate() {
        let place = at.item(index);
        if !names.insert(keys.name.0.clone()) {
            let message = format!("there are two services `{}`", keys.name.0);
            found.error(Code::DuplicateId, place.child("name").at, message, "give one of them another name");
        }
        let Some(ready) = readiness(&keys.ready, place.child("ready"), found) else { continue };
        services.push(Service {
            name: keys.name.0.clone(),
            run: keys.run.clone(),
            ready,
            ready_timeout: keys.ready_timeout.map_or(READY_TIMEOUT, |period| period.0),
            stop: keys.stop.clone().map(Into::into),
            teardown: keys.teardown.clone().map(Into::into),
        });
    }
    found.services = Some(names);
    services
}

fn readiness(keys: &ReadyKeys, at: &Node, found: &mut Findings<'_>) -> Option<Readiness> {
    match (&keys.http, keys.port, &keys.command) {
        (Some(http), None, None) => {
            http_check(http, at.child("http"), found).map(|http| Readiness::Http(Box::new(http)))
        }
        (None, Some(port), None) => Some(Readiness::Port(port)),
        (None, None, Some(command)) => Some(Readiness::Command(command.0.clone())),
        (None, None, None) if READY.iter().any(|key| at.lost(key)) => None,
        _ => {
            let message = "`ready` must say in exactly one way when the service is up";
            found.error(Code::CheckKinds, at.at, message, format!("give one of {}", READY.join(", ")));
            None
        }
    }
}
