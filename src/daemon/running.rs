//! The effect under way: one task, and how it is ended.

use tokio::task::JoinHandle;

use super::perform::{self, Task};
use crate::process::Stop;
use crate::session::{CancelForce, Effect};
use crate::worker::Control;

/// One effect's task. Dropped, the task is aborted, and with it every process that it started.
pub(super) struct Running {
    task: JoinHandle<()>,
    worker: Option<Control>,
}

impl Running {
    pub(super) fn start(task: Task, effect: Effect) -> Self {
        let worker = matches!(effect, Effect::Work(_)).then(Control::default);
        let task = tokio::spawn(perform::perform(task, effect, worker.clone()));
        Self { task, worker }
    }

    /// Ends the effect; `true` if nothing more will be heard of it, `false` if its own answer follows.
    pub(super) fn cancel(&mut self, force: CancelForce) -> bool {
        match &self.worker {
            Some(control) if !self.task.is_finished() => {
                control.stop(match force {
                    CancelForce::Polite => Stop::Polite,
                    CancelForce::Kill => Stop::Kill,
                });
                false
            }
            // A finished task has sent its answer: it is in the queue.
            Some(_) => false,
            None => {
                self.task.abort();
                true
            }
        }
    }

    /// Tells a person's action that it is done; `false` where no worker acts.
    pub(super) fn done(&self) -> bool {
        self.worker.as_ref().map(Control::done).is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
