//! Who did something: every operator action carries its actor into the journal (invariant I15).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The one who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// cco itself, by its rules.
    Cco,
    /// A person, named as the operating system names them.
    Operator {
        /// The login name, or the numeric user id where it has none.
        name: String,
        /// The face they used.
        via: Via,
    },
    /// The manager model.
    Manager,
    /// The worker, or a process below it.
    Worker,
}

/// The face through which a person acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A command in a terminal.
    Cli,
    /// A key or signal in the terminal that runs the daemon.
    Signal,
    /// The local page.
    Page,
    /// A link in a notification.
    Link,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cco => f.write_str("cco"),
            Self::Operator { name, .. } => f.write_str(name),
            Self::Manager => f.write_str("manager"),
            Self::Worker => f.write_str("worker"),
        }
    }
}
