//! Floor 5: who plans. A model behind OpenRouter with repair and fallback, or the embedded checklist manager.
//!
//! Whatever a model answers is only the worker's next prompt and opinions that change nothing: the closed schema has no
//! field that could accept a criterion, move money, or change mission and checks (fault F12). An answer that was paid
//! for is kept before it is used, so that a crash does not buy it twice (invariant: [`Memory::keep`] comes first).

mod answer;
mod ask;
mod checklist;
mod derive;
mod judge;
#[expect(clippy::module_inception, reason = "the file that carries the room's main idea has the plain name")]
mod manager;
mod memory;
mod reserve;
mod tally;

pub use answer::{Bounds, plan_schema, read_plan};
pub use checklist::checklist;
pub use derive::{DeriveRequest, Derived, Proposal, derive_schema, derive_tokens, judged_instead};
pub use judge::{Judged, Judging};
pub use manager::{Failed, Manager, ModelManager, ModelSettings, PlanRequest, Planned, fault_of};
pub use memory::{Keep, Memory, Place, Recall};
pub use reserve::reserve;
pub use tally::total;
