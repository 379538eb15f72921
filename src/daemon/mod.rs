//! Floor 6: the shell. Owns the session and the adapters; `run` has the only select loop of the crate, `perform` is one
//! match from effect to adapter call, and each effect is a file of its own.
//!
//! In reading order: `boot` (what a daemon is started with), `inputs` (what people wrote), `equip` (who acts, plans and
//! proves), `charter` (the mission in the words of the core), `run`, `running`, `perform` and the effects, `control`
//! with `protocol` and `client` (how faces talk to it), `observer` (how they watch it).

pub mod access;
mod amend;
mod audit;
mod baseline;
mod boot;
mod charter;
pub mod client;
pub mod clock;
mod control;
mod derive;
mod equip;
mod error;
#[cfg(feature = "test-fakes")]
mod failpoint;
mod ground;
mod history;
mod ignored;
mod inputs;
mod judging;
mod leftovers;
mod observer;
mod outlook;
mod perform;
mod pins;
mod plan;
mod prepare;
pub mod protocol;
mod prove;
mod record;
mod reporting;
mod run;
mod running;
mod said;
mod seal;
mod snapshot;
mod trees;
mod vacuous;
mod validate;
mod verify;
mod work;

pub use amend::{Amending, Difference, amending};
pub use boot::{Begin, Options, Span, start};
pub use error::Error;
pub use inputs::{Inputs, Places, read_config};
pub use observer::{Observer, Update};
pub use outlook::{Outlook, outlook};
pub use run::Ended;
pub use said::tell;
pub use validate::{Look, validate};
