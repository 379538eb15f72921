//! The effect under way: one task, how it is ended, and when it is over.
//!
//! An effect that was ended may still have a thread at work, which nothing can end. It is over when the last of its holds
//! is gone; before that nothing else begins, and the daemon does not give its lock back.

use std::convert::Infallible;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::perform::{self, Task};
use crate::process::Stop;
use crate::session::{CancelForce, Effect};
use crate::worker::Control;

/// Held by all that an effect has under way, on whatever thread.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    _open: mpsc::Sender<Infallible>,
}

/// Ends when no hold is left.
#[derive(Debug)]
pub(super) struct Over(mpsc::Receiver<Infallible>);

impl Hold {
    /// A hold, and what ends with its last clone.
    pub(super) fn new() -> (Self, Over) {
        let (open, over) = mpsc::channel(1);
        (Self { _open: open }, Over(over))
    }

    /// Runs what blocks on a thread of its own. A panic there is one of the effect.
    pub(super) async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let held = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(held);
            done
        });
        match done.await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl Over {
    pub(super) async fn wait(mut self) {
        // Nothing is ever sent: this is the end of the last sender.
        self.0.recv().await;
    }
}

/// One effect's task. Dropped, the task is aborted, and with it every process that it started.
pub(super) struct Running {
    task: AbortHandle,
    over: Option<Over>,
    worker: Option<Control>,
}

/// What became of a request to end an effect.
pub(super) enum Ending {
    /// Its own answer follows.
    Answers,
    /// Nothing more will be heard of it; what it has under way still comes to its end.
    Silent(Over),
}

impl Running {
    /// Starts the task of an effect. A panic in it is told to `broken`: no answer will come then.
    pub(super) fn start(task: Task, over: Over, effect: Effect, broken: mpsc::UnboundedSender<String>) -> Self {
        let worker = matches!(effect, Effect::Work(_)).then(Control::default);
        let name = effect.name();
        let performed = tokio::spawn(perform::perform(task, effect, worker.clone()));
        let task = performed.abort_handle();
        tokio::spawn(async move {
            if let Err(error) = performed.await
                && error.is_panic()
                && broken.send(format!("{name}: {error}")).is_err()
            {
                tracing::error!(name, %error, "an effect broke after the loop had ended");
            }
        });
        Self { task, over: Some(over), worker }
    }

    /// Ends the effect.
    pub(super) fn cancel(&mut self, force: CancelForce) -> Ending {
        match (&self.worker, self.over.take()) {
            (None, Some(over)) => {
                self.task.abort();
                Ending::Silent(over)
            }
            // A finished task has sent its answer: it is in the queue.
            (worker, over) => {
                self.over = over;
                if let Some(control) = worker.as_ref().filter(|_| !self.task.is_finished()) {
                    control.stop(match force {
                        CancelForce::Polite => Stop::Polite,
                        CancelForce::Kill => Stop::Kill,
                    });
                }
                Ending::Answers
            }
        }
    }

    /// Ends the effect and stays until nothing of it is under way.
    pub(super) async fn end(mut self) {
        self.task.abort();
        if let Some(over) = self.over.take() {
            over.wait().await;
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn an_effect_is_over_when_its_last_thread_is() {
        let (hold, over) = Hold::new();
        let (go, gate) = channel::<()>();
        let (began, begun) = tokio::sync::oneshot::channel();
        let effect = tokio::spawn(async move {
            hold.blocking(move || {
                began.send(()).unwrap();
                gate.recv().unwrap();
            })
            .await;
        });
        begun.await.unwrap();
        effect.abort();
        assert!(effect.await.unwrap_err().is_cancelled());
        let mut over = Box::pin(over.wait());
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(over.as_mut().poll(cx).is_pending())).await);
        go.send(()).unwrap();
        over.await;
    }

    #[tokio::test]
    async fn a_panic_on_a_thread_of_an_effect_is_the_effects_own() {
        let (hold, _over) = Hold::new();
        let broken = tokio::spawn(async move { hold.blocking(|| panic!("a bug")).await });
        assert!(broken.await.unwrap_err().to_string().contains("a bug"));
    }
}
