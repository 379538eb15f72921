//! Floor 1: what is asked. The mission and its friends as checked values, and the fronts that read them from files.
//!
//! [`Mission`] is what the rest of cco sees; `file` is the shape people write (a superset of section 12.1 of the
//! specification), from which the JSON Schema is generated and which is turned into a [`Mission`] with every mistake
//! of the file reported at once.

mod check;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod mission;

pub use check::{
    Bound, Check, CheckKind, CommandCheck, CoverageCheck, CoverageMetric, Every, FileCheck, HttpCheck, JudgeCheck,
    ManualCheck, PathCondition, PathQuery, Relation, TestsCheck,
};
pub use mission::{Budget, Constraint, Criterion, Mission, Phase, Readiness, Service};
