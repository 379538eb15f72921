//! Changes of what is sealed: undone by the snapshot, counted here, told to manager and worker, and at the third a person
//! is wanted.

use super::stage::{PauseReason, Stage};
use super::step::{NoticeKind, Turn};

/// The number of actions that changed sealed paths from which on the mission pauses after each such action.
const TOO_OFTEN: u32 = 3;

/// The most paths that are kept of one action.
const PATHS: usize = 20;

/// What actions did to sealed paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tamper {
    /// Actions that changed one.
    pub count: u32,
    /// What the newest action changed, bounded; empty: nothing.
    pub paths: Vec<String>,
}

impl Turn {
    /// Counts an action once, however often its snapshot is taken.
    pub(super) fn tampered(&mut self, paths: &[String]) {
        let tamper = self.s.tamper.get_or_insert_default();
        if tamper.paths.is_empty() {
            tamper.count = tamper.count.saturating_add(1);
        }
        tamper.paths = paths.iter().take(PATHS).cloned().collect();
        let text = format!("sealed paths were changed and put back (action {}): {}", tamper.count, paths.join(", "));
        self.tell(NoticeKind::Odd, text);
    }

    /// A new action has nothing to answer for yet.
    pub(super) fn forgive_tampering(&mut self) {
        if let Some(tamper) = &mut self.s.tamper {
            tamper.paths.clear();
        }
    }

    /// Holds a stage back where the newest action changed sealed paths and is not the first to.
    pub(super) fn unless_tampered(&self, stage: Stage) -> Stage {
        match self.s.tamper.as_ref().filter(|tamper| tamper.count >= TOO_OFTEN && !tamper.paths.is_empty()) {
            Some(Tamper { count, paths }) => {
                let paths = paths.join(", ");
                let what = format!("{count} actions have changed what is sealed; the last one, put back: {paths}");
                Stage::Paused { why: PauseReason::Tampered { what }, then: Box::new(stage) }
            }
            None => stage,
        }
    }
}
