//! Floor 3: readings of the session as texts for models.
//!
//! The texts are the files of `prompts/`, which a repository may override. What a template is given is a function of
//! mission and session alone: no clock, no randomness, nothing that a crash changes, so that the same state asks the
//! same question (design section 3, the reply cache). Worker output and repository text enter only as quoted data.

mod brief;
mod derive;
mod facts;
mod fit;
mod made;
mod person;
mod plan;
mod quote;
mod template;
mod work;

pub use brief::{criteria_text, criterion_text, mission_text};
pub use derive::{Asking, Refused};
pub use facts::{rolled_back, takes_turns, verdict_label, verdict_text};
pub use made::Made;
pub use person::person;
pub use plan::{BUDGET, PlanPrompt};
pub use quote::{data, visible};
pub use template::{Error, NAMES, Prompts};
pub use work::{WorkFacts, WorkPrompt};
