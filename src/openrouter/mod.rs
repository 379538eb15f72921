//! Floor 4: the one adapter that talks to OpenRouter: a request goes out, a reply with its cost or a classified fault
//! comes back.
//!
//! The request is sent through async-openai with a transport of our own (`transport.rs`), because its default error and
//! retry paths lose the status of every OpenRouter error (measured on async-openai 0.43). None of its types leave this
//! room. Invariants: the key is in no error, log or `Debug` text; every body is bounded; no redirect is followed.

mod classify;
mod client;
mod decimal;
mod error;
mod patience;
mod prices;
mod reply;
mod request;
mod settings;
mod transport;

pub use client::{Call, Client, Doubt, Generation, KeyState, install_tls};
pub use error::{Error, Paid};
pub use prices::{ModelInfo, PriceTable};
pub use reply::Completion;
pub use request::{AnswerForm, ChatRequest, Turn};
pub use settings::{Patience, Settings, TimeOuts};
