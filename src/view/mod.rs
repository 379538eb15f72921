//! Floor 3: session → serialisable views.
//!
//! What `status`, `history`, `show`, `logs`, the page and the reports show, as versioned types of their own: faces read
//! these and never a session. Everything is a pure function of a session or of the journal's events; time is an
//! argument. A view never says more than the core knows: a criterion is `proven` only by the verdicts of a proof.

mod chronicle;
mod cost;
mod criterion;
mod figures;
mod iteration;
mod line;
mod metrics;
mod needs;
mod printable;
#[cfg(test)]
pub(crate) mod sample;
mod status;
mod validation;

pub use chronicle::{Chronicle, History, Moment, history, iteration};
pub use cost::Cost;
pub use criterion::{Check, Criterion, LastProven, State};
pub use figures::{dollars, span, tokens};
pub use iteration::{Attempt, Change, CheckRun, Iteration, Note};
pub use line::{Line, LineKind, line};
pub use metrics::{Metrics, Tokens};
pub use needs::{Need, NeedKind, Waiting, WaitingKind};
pub use printable::{printable, printable_line};
pub use status::{
    Action, Amended, Checking, Conversation, Daemon, Ended, Mission, OutcomeWord, Phase, Status, Tally, Task, status,
};
pub use validation::{Validation, validation};
