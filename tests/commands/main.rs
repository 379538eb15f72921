//! The commands as people run them: the built program in a repository of its own, no key, the scripted worker.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may unwrap, and it owns the programs, files and clock it needs"
)]

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, unused_imports, reason = "each test binary uses its own part of the support")]
#[path = "../support/mod.rs"]
mod support;

#[expect(clippy::allow_attributes, reason = "which parts of the support are unused differs between the test binaries")]
#[allow(dead_code, reason = "each test binary uses its own part of the support")]
#[path = "../support/openrouter.rs"]
mod openrouter;

mod doctor;
mod logs;
mod plan;
mod report;
mod runner;
mod validate;

use serde_json::Value;
use support::program::Program;
use support::{Finished, Place, Repository};

/// Without a key and without a model.
pub(crate) const CONFIG: &str = "orchestrator: { manager: checklist, execution_mode: stub }\n\
                                 repository: { commit_frequency: per_iteration }\n";

/// One criterion that holds and one that does not until `done.txt` is there.
pub(crate) const MISSION: &str = "\
title: A small thing
description: Make done.txt.
definition_of_done:
  - { id: readme, criteria: There is a README, validator: 'test -s README.md' }
  - { id: done, criteria: It is done, validator: 'echo looked at; test -f done.txt' }
";

/// A repository with a mission.
pub(crate) fn repository<'a>(place: &'a Place, mission: &str) -> Repository<'a> {
    let repository = place.repository("project");
    repository.write(".cco/mission.yaml", mission);
    repository.write(".cco/config.yaml", CONFIG);
    repository.commit("the mission");
    repository
}

/// The program in that repository.
pub(crate) fn cco<'a>(
    place: &Place,
    repository: &Repository<'_>,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Program {
    place.cco(arguments).within(repository.folder())
}

/// What a program printed on stdout as one JSON value.
#[track_caller]
pub(crate) fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.stdout))
}
