//! Floor 5: the report of a run: what was asked, what is proven and by what evidence, what was made, what it cost, how
//! it ended and what to do next.
//!
//! [`Report`] is `report.json`; [`Report::to_markdown`] is `report.md`. Both are pure; whoever owns the state folder
//! writes them. Nothing is called proven here that the views do not call proven.

mod artifact;
mod ending;
mod markdown;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod report;

pub use artifact::{Artifact, ArtifactKind, ChangeKind};
pub use ending::Ending;
pub use report::{Commit, CriterionProof, Proof, Report, Sources};
