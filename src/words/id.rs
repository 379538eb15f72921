//! Identifiers as types of their own, so that a tree is never passed where a commit is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; whoever reads it from outside checks it first.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The one after this.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

text_id!(
    /// A mission's name in branch names and refs: a slug of its title unless the file gives an `id`.
    MissionId
);
text_id!(
    /// A criterion's name within its mission: a slug of its text unless the file gives an `id`.
    CriterionId
);
text_id!(
    /// A phase's name within its mission.
    PhaseId
);
text_id!(
    /// A task's name, given by the manager.
    TaskId
);
text_id!(
    /// A check's place within its mission: `criterion/0`, or `criterion/0.1` inside a combination.
    CheckId
);
text_id!(
    /// The object id of a git tree, 40 (sha1) or 64 (sha256) hexadecimal digits.
    TreeId
);
text_id!(
    /// The object id of a git commit, 40 (sha1) or 64 (sha256) hexadecimal digits.
    CommitId
);

number_id!(
    /// One try at an effect. Grows over the whole run; an answer that carries an older one is dropped.
    AttemptId(u64)
);
number_id!(
    /// One turn of the loop, counted from 1; 0 is the baseline before the first.
    IterationNumber(u64)
);
number_id!(
    /// The place of a record in the journal, counted from 1.
    Seq(u64)
);

impl CommitId {
    /// The first ten digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl TreeId {
    /// The first ten digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

uuid_id!(
    /// One run of a mission from its fresh start to its end, over all restarts of the daemon (UUID version 7).
    RunId
);
uuid_id!(
    /// One Claude Code conversation, chosen by cco before the worker is started (`claude-code.md` section 0, rule 1).
    SessionId
);
