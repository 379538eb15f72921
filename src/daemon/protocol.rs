//! What faces and daemon say to each other over `control.sock`: one JSON line there, one JSON line back.
//!
//! Wire types of their own, versioned apart from the journal: an older face must get a clear answer from a newer daemon.

use serde::{Deserialize, Serialize};

use crate::words::Money;

/// The version of this protocol.
pub const VERSION: u32 = 1;
/// The longest line either side accepts, in bytes: guidance is bounded by it.
pub const LONGEST_LINE: usize = 64 * 1024;

/// What a face asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`VERSION`] of the face.
    pub version: u32,
    /// The login name of who asks; the socket's peer credentials tell whether they may.
    pub from: String,
    /// What is asked.
    pub ask: Ask,
}

/// The things a face can ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Pause before the next action.
    Pause,
    /// Go on.
    Resume,
    /// Leave.
    Stop {
        /// How soon.
        when: StopWhen,
    },
    /// Tell manager and worker something.
    Guide {
        /// What.
        text: String,
    },
    /// Go by other limits from now on; what is left out stays as it is.
    Limits {
        /// The last iteration that may be started.
        max_iterations: Option<u64>,
        /// The most dollars that may be spent.
        usd: Option<Money>,
    },
    /// Answer a manual check.
    Answer {
        /// The criterion it belongs to.
        criterion: String,
        /// Whether it holds.
        approve: bool,
        /// Why; may be empty.
        note: String,
    },
    /// The worker, or the person who works in its place, says that the action is done: a hint, never proof.
    Done {
        /// What they say.
        note: String,
        /// The phase it is about, where they name one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<String>,
    },
    /// Tell where the mission stands.
    Status,
}

/// How soon the daemon leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopWhen {
    /// After this iteration.
    AfterIteration,
    /// Once the worker was stopped.
    Now,
    /// At once.
    Kill,
}

/// What the daemon answers, after what it says was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// It was taken in and is on disk.
    Taken {
        /// The stage the mission is in now.
        stage: String,
        /// What there is to tell about it.
        notes: Vec<String>,
    },
    /// Where the mission stands, as `status --json` prints it.
    Status(Box<serde_json::Value>),
    /// It was not taken in.
    Refused {
        /// A stable code.
        code: String,
        /// Why, and what to do.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_what_other_versions_expect() {
        let request = Request { version: VERSION, from: "alice".into(), ask: Ask::Stop { when: StopWhen::Now } };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(text, r#"{"version":1,"from":"alice","ask":{"stop":{"when":"now"}}}"#);
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
        assert!(serde_json::from_str::<Request>(r#"{"version":1,"from":"a","ask":"fly"}"#).is_err());
    }
}
