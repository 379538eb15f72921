//! What a face sees while the daemon runs. Readers never steer, and a slow one never slows the loop: what it cannot take
//! in time is dropped, and the next whole picture makes up for it.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::session::{Notice, Session};

/// Updates a face can be behind before the next ones are dropped.
const BEHIND: usize = 1_024;

/// Something to show.
#[derive(Clone, Debug)]
pub enum Update {
    /// The mission stands elsewhere now.
    Session(Arc<Session>),
    /// Something happened that a person may want to know.
    Notice(Notice),
    /// One line of the worker's trace, safe to show.
    Chip(String),
    /// What a person in the worker's place is asked to do.
    Instruction(String),
    /// Something about the surroundings that is said once.
    Note(String),
}

/// The daemon's end.
#[derive(Clone, Debug)]
pub struct Observer(mpsc::Sender<Update>);

impl Observer {
    /// Makes a pair: the daemon's end and the face's.
    #[must_use]
    pub fn pair() -> (Self, mpsc::Receiver<Update>) {
        let (updates, inbox) = mpsc::channel(BEHIND);
        (Self(updates), inbox)
    }

    pub(super) fn tell(&self, update: Update) {
        if let Err(error) = self.0.try_send(update) {
            tracing::debug!(%error, "an update was not shown");
        }
    }

    pub(super) fn note(&self, text: impl Into<String>) {
        self.tell(Update::Note(text.into()));
    }
}
