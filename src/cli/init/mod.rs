//! What `cco init` proposes: pure, from a listing of file names and the contents of a few of them.
//!
//! [`Listing`] says which files it wants to read; [`propose`] tells a project's checks apart; [`mission_text`] and
//! [`config_text`] write the two files. Nothing here touches a disk.

mod by_hand;
mod go;
mod java;
mod listing;
mod node;
mod proposal;
mod python;
mod rust;
mod write;

pub use listing::Listing;
pub use proposal::{Check, Commented, Part, Proposal, Role, Validator, propose};
pub use write::{config_text, mission_text};

#[cfg(test)]
mod tests;
