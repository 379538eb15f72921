//! Floor 1: what is asked. The mission and its friends as checked values, and the fronts that read them from files.
//!
//! [`Mission`] is what the rest of cco sees; `file` is the shape people write (a superset of section 12.1 of the
//! specification), from which the JSON Schema is generated and which [`read`] turns into a [`Mission`] with every
//! mistake of the file reported at once. [`lock`] is the overlay of checks that were derived from words.

mod bound;
mod canonical;
mod check;
mod check_file;
mod check_reading;
mod criteria;
mod file;
mod findings;
mod line;
pub mod lock;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod mission;
mod phases;
mod proposal;
mod read;
mod remark;
mod script;
mod services;
mod slug;

pub use check::{
    Bound, ChangeBound, ChangeUnit, Check, CheckKind, CommandCheck, CoverageCheck, CoverageMetric, Every, FileCheck,
    GitCheck, HttpCheck, JudgeCheck, Level, ManualCheck, MetricCheck, NumberPlace, NumberQuery, PathCondition,
    PathQuery, PluginCheck, Relation, SarifCheck, TestsCheck,
};
pub use criteria::judged_alone;
pub use lock::{
    Applied, Entry as LockEntry, Lock, apply as apply_lock, mission_hash, read_lock, text_hash, write_lock,
};
pub use mission::{Budget, Constraint, Criterion, Mission, Phase, Readiness, Service};
pub use proposal::check_from_json;
pub use read::{MissionFile, named_repository, read, schema};
pub use remark::{Open, Remark, RemarkKind, remarks};
pub use script::scripts;
