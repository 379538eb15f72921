//! `.cco/mission.lock.yaml`: the checks that were derived from criteria which are words only, pinned with their hashes.
//!
//! The lock is an overlay: it never replaces a check of the author, and an entry whose criterion was reworded since is
//! stale and attaches nothing.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;
use super::check_file::CheckFile;
use super::check_reading::check;
use super::criteria::judged_alone;
use super::findings::Findings;
use super::mission::{Criterion, Mission};
use super::read::FORMATS;
use crate::reading::{self, Code, Diagnostic, Format, NameText, Node, Shape, digest};
use crate::words::{CriterionId, Hash, Priority};

/// The format that this version writes, and the only one it reads.
const VERSION: u64 = 1;

/// The derived checks of a mission.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// Hash of the mission's words when the lock was written ([`mission_hash`]).
    pub mission: Hash,
    /// At most one for each criterion.
    pub entries: Vec<Entry>,
}

/// The checks that stand for one criterion's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The criterion.
    pub criterion: CriterionId,
    /// Hash of its words when the checks were derived ([`text_hash`]).
    pub text: Hash,
    /// Why these checks prove these words, for people.
    pub reason: String,
    /// Never empty.
    pub checks: Vec<Check>,
}

/// What a lock did to a mission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Criteria that now have derived checks.
    pub attached: Vec<CriterionId>,
    /// Criteria whose words changed since; they have no checks and must be derived again.
    pub stale: Vec<CriterionId>,
    /// Entries of criteria that the mission does not have, or that have checks of the author.
    pub unused: Vec<CriterionId>,
}

/// Why a lock does not fit its mission.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A derived check names a service that the mission does not have.
    #[error(
        "the derived check of `{criterion}` needs the service `{service}`, which the mission does not define; remove the entry from the lock so that it is derived again"
    )]
    UnknownService {
        /// The criterion.
        criterion: CriterionId,
        /// The service.
        service: String,
    },
    /// Only a judge would decide a critical criterion.
    #[error(
        "the critical criterion `{criterion}` would be proven by a judge alone; give it a check of your own in the mission, or lower its priority"
    )]
    JudgedAlone {
        /// The criterion.
        criterion: CriterionId,
    },
}

/// The lock as it is written, version 1.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: u64,
    #[serde(with = "digest")]
    #[schemars(with = "digest::Digest")]
    mission: Hash,
    criteria: Vec<EntryFile>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EntryFile {
    id: NameText,
    #[serde(with = "digest")]
    #[schemars(with = "digest::Digest")]
    text: Hash,
    reason: String,
    #[schemars(length(min = 1))]
    checks: Vec<CheckFile>,
    #[serde(with = "digest")]
    #[schemars(with = "digest::Digest")]
    hash: Hash,
}

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::of::<LockFile>(LOCK_FORMATS));
const LOCK_FORMATS: &[Format] = &with_digest();

const fn with_digest() -> [Format; FORMATS.len() + 1] {
    let mut formats = [Format::of::<digest::Digest>(); FORMATS.len() + 1];
    let mut index = 0;
    while index < FORMATS.len() {
        formats[index] = FORMATS[index];
        index += 1;
    }
    formats
}

/// The hash of what a mission asks for in words: title, description and the criteria's texts.
#[must_use]
pub fn mission_hash(mission: &Mission) -> Hash {
    let texts = mission.criteria.iter().map(|criterion| criterion.text.as_bytes());
    Hash::of_parts([mission.title.as_bytes(), mission.description.as_bytes()].into_iter().chain(texts))
}

/// The hash of a criterion's words; white space at line ends and between words does not count.
#[must_use]
pub fn text_hash(criterion: &Criterion) -> Hash {
    Hash::of_parts(criterion.text.split_whitespace().map(str::as_bytes))
}

/// Reads a lock.
///
/// # Errors
///
/// Every mistake; entries that do not fit their own hash are mistakes.
pub fn read_lock(file_name: &str, text: impl AsRef<[u8]>) -> Result<Lock, Vec<Diagnostic>> {
    let (source, root) = reading::parse(file_name, text.as_ref())?;
    if let Some(entry) = root.entry("version").filter(|entry| entry.value.to_json() != VERSION) {
        let message = format!("the lock has format {}, this version reads {VERSION}", entry.value.to_json());
        return Err(vec![
            source.error(Code::LockVersion, entry.value.at, message).help("remove the file to derive again"),
        ]);
    }
    let mut mistakes = Vec::new();
    let clean = SHAPE.hold(source, root, &mut mistakes);
    let mut found = Findings::new(source, mistakes);
    let Some(clean) = clean else { return Err(found.into_result().err().unwrap_or_default()) };
    let lock = match serde_json::from_value::<LockFile>(clean.to_json()) {
        Ok(file) => Some(lock(&file, &clean, &mut found)),
        Err(error) => {
            found.error(
                Code::Broken,
                clean.at,
                format!("the lock could not be taken over: {error}"),
                "remove the file",
            );
            None
        }
    };
    let unsupported: Vec<Diagnostic> = found.unsupported.iter().map(Diagnostic::from).collect();
    found.diagnostics.extend(unsupported);
    found.into_result()?;
    lock.ok_or_else(Vec::new)
}

fn lock(file: &LockFile, at: &Node, found: &mut Findings<'_>) -> Lock {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, keys) in file.criteria.iter().enumerate() {
        let place = at.child("criteria").item(index);
        let files = keys.checks.iter().enumerate();
        let checks: Vec<Check> =
            files.filter_map(|(index, file)| check(file, place.child("checks").item(index), found)).collect();
        let entry = Entry {
            criterion: CriterionId::new(keys.id.0.clone()),
            text: keys.text,
            reason: keys.reason.clone(),
            checks,
        };
        if entry.checks.len() == keys.checks.len() && entry.hash() != keys.hash {
            let message = format!("the entry `{}` does not fit its hash", entry.criterion);
            let hint = "restore the file, or remove the entry so that it is derived again";
            found.error(Code::LockDamaged, place.child("hash").at, message, hint);
        }
        if entries.iter().any(|other| other.criterion == entry.criterion) {
            let message = format!("there are two entries `{}`", entry.criterion);
            found.error(Code::DuplicateId, place.child("id").at, message, "remove one of them");
        }
        entries.push(entry);
    }
    Lock { mission: file.mission, entries }
}

/// The lock as text.
#[must_use]
pub fn write_lock(lock: &Lock) -> String {
    let entry = |entry: &Entry| EntryFile {
        id: NameText(entry.criterion.as_str().to_owned()),
        text: entry.text,
        reason: entry.reason.clone(),
        checks: entry.checks.iter().map(CheckFile::from).collect(),
        hash: entry.hash(),
    };
    let file = LockFile { version: VERSION, mission: lock.mission, criteria: lock.entries.iter().map(entry).collect() };
    // Only map keys that are no text could fail, and there are none.
    let yaml = reading::write(&serde_json::to_value(file).unwrap_or_default());
    format!("# Checks that cco derived from words. Written by cco; commit it, and change it by `cco amend`.\n{yaml}")
}

/// Gives derived checks to the criteria that have none.
///
/// # Errors
///
/// An entry that would be attached does not fit the mission; nothing is attached then.
pub fn apply(mission: &mut Mission, lock: &Lock) -> Result<Applied, Error> {
    let services: BTreeSet<&str> = mission.services.iter().map(|service| service.name.as_str()).collect();
    let mut applied = Applied::default();
    let mut fitting = Vec::new();
    for entry in &lock.entries {
        let found = mission.criteria.iter().position(|criterion| criterion.id == entry.criterion);
        match found.and_then(|index| Some((index, mission.criteria.get(index)?))) {
            Some((index, criterion)) if criterion.checks.is_empty() && text_hash(criterion) == entry.text => {
                fits(entry, criterion, &services)?;
                fitting.push((index, entry));
            }
            Some((_, criterion)) if criterion.checks.is_empty() => applied.stale.push(entry.criterion.clone()),
            Some(_) | None => applied.unused.push(entry.criterion.clone()),
        }
    }
    for (index, entry) in fitting {
        if let Some(criterion) = mission.criteria.get_mut(index) {
            criterion.checks.clone_from(&entry.checks);
            criterion.derived = true;
            applied.attached.push(entry.criterion.clone());
        }
    }
    Ok(applied)
}

fn fits(entry: &Entry, criterion: &Criterion, services: &BTreeSet<&str>) -> Result<(), Error> {
    if let Some(service) = entry.checks.iter().find_map(|check| unknown_service(check, services)) {
        return Err(Error::UnknownService { criterion: entry.criterion.clone(), service });
    }
    if criterion.priority == Priority::Critical && judged_alone(&entry.checks) {
        return Err(Error::JudgedAlone { criterion: entry.criterion.clone() });
    }
    Ok(())
}

fn unknown_service(check: &Check, services: &BTreeSet<&str>) -> Option<String> {
    let own = check.service.clone().filter(|service| !services.contains(service.as_str()));
    own.or_else(|| check.parts().iter().find_map(|part| unknown_service(part, services)))
}

impl Entry {
    /// Pins these checks to the words of a criterion.
    #[must_use]
    pub fn new(criterion: &Criterion, checks: Vec<Check>, reason: String) -> Self {
        Self { criterion: criterion.id.clone(), text: text_hash(criterion), reason, checks }
    }

    /// Over all that binds; the reason is for people only.
    fn hash(&self) -> Hash {
        let checks: Vec<String> = self.checks.iter().map(|check| check.to_json().to_string()).collect();
        let fixed = [self.criterion.as_str().as_bytes(), self.text.as_bytes().as_slice()];
        Hash::of_parts(fixed.into_iter().chain(checks.iter().map(String::as_bytes)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mission::{check_from_json, read};

    const MISSION: &str = "title: t\nservices: [{name: api, run: x, ready: {port: 80}}]\ndefinition_of_done:\n- It  builds\n\
                           - {criteria: It is safe, priority: critical}\n- {criteria: It has checks, validator: make}\n";

    fn mission() -> Mission {
        read("mission.yaml", MISSION).unwrap().mission
    }

    fn check(value: &serde_json::Value) -> Check {
        check_from_json(value).unwrap()
    }

    fn lock_with(index: usize, value: &serde_json::Value) -> Lock {
        let mission = mission();
        let entry = Entry::new(&mission.criteria[index], vec![check(value)], "because".into());
        Lock { mission: mission_hash(&mission), entries: vec![entry] }
    }

    #[test]
    fn a_lock_is_read_as_it_was_written_and_attaches_its_checks() {
        let lock =
            lock_with(0, &json!({"command": {"run": "make: \"all\" # yes", "json": {"path": "$.a", "equals": null}}}));
        let text = write_lock(&lock);
        assert_eq!(read_lock("lock", &text).unwrap(), lock, "{text}");
        let mut mission = mission();
        let applied = apply(&mut mission, &lock).unwrap();
        assert_eq!(applied.attached.len(), 1);
        assert!(mission.criteria[0].derived && mission.criteria[0].checks == lock.entries[0].checks);
        assert!(!mission.criteria[2].derived);
    }

    #[test]
    fn a_lock_never_replaces_what_the_author_wrote_nor_follows_changed_words() {
        let mut mission = mission();
        let lock = lock_with(2, &json!("true"));
        assert_eq!(apply(&mut mission, &lock).unwrap().unused.len(), 1);
        assert!(!mission.criteria[2].derived);
        let lock = lock_with(0, &json!("true"));
        mission.criteria[0].text = "It builds".into();
        assert_eq!(apply(&mut mission.clone(), &lock).unwrap().attached.len(), 1, "white space does not count");
        mission.criteria[0].text = "It builds twice".into();
        assert_eq!(apply(&mut mission, &lock).unwrap().stale.len(), 1);
        assert!(mission.criteria[0].checks.is_empty());
    }

    #[test]
    fn a_lock_that_does_not_fit_the_mission_is_refused() {
        let mut mission = mission();
        let service = apply(&mut mission, &lock_with(0, &json!({"all": [{"http": "http://a", "service": "web"}]})));
        assert!(matches!(service, Err(Error::UnknownService { .. })), "{service:?}");
        let judge = apply(&mut mission, &lock_with(1, &json!({"judge": "is it safe?"})));
        assert!(matches!(judge, Err(Error::JudgedAlone { .. })), "{judge:?}");
        assert!(mission.criteria.iter().all(|criterion| !criterion.derived));
    }

    #[test]
    fn a_lock_that_was_changed_by_hand_is_refused() {
        let text = write_lock(&lock_with(0, &json!("make test"))).replace("make test", "make nothing");
        let found = read_lock("lock", &text).unwrap_err();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].code, Code::LockDamaged);
        let later = read_lock("lock", "version: 2\nshape: other\n").unwrap_err();
        assert_eq!(later[0].code, Code::LockVersion);
        assert!(read_lock("lock", "version: 1\n").is_err());
    }

    #[test]
    fn a_lock_of_format_1_is_read_for_ever() {
        let lock = read_lock("lock", include_str!("../../tests/fixtures/mission/lock-v1.yaml")).unwrap();
        assert_eq!(lock.entries.len(), 1);
        assert_eq!(lock.entries[0].checks.len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_survives_the_lock(run in "\\PC{1,40}", reason in "(?s).{0,40}") {
            prop_assume!(!run.trim().is_empty());
            let mut lock = lock_with(0, &json!({"command": run}));
            lock.entries[0].reason = reason;
            let text = write_lock(&lock);
            prop_assert_eq!(read_lock("lock", &text).unwrap(), lock, "{}", text);
        }

        #[test]
        fn a_bent_lock_never_makes_it_panic(place in any::<usize>(), byte in any::<u8>()) {
            let mut bytes = write_lock(&lock_with(0, &json!("make test"))).into_bytes();
            let place = place % bytes.len();
            bytes[place] = byte;
            drop(read_lock("lock", &bytes));
        }
    }
}
