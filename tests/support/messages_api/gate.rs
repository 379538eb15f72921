//! A handshake between a test and an answer that it holds back.

use std::sync::{Arc, Condvar, Mutex};

use super::super::PATIENCE;

#[derive(Debug, Default)]
struct State {
    reached: usize,
    open: bool,
}

/// Holds the answer of a step until the test opens it, and tells the test that the request has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate {
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Waits until a request stands at the gate.
    pub(crate) fn wait_reached(&self) {
        let (state, changed) = &*self.shared;
        let guard = state.lock().unwrap();
        let (guard, _) = changed.wait_timeout_while(guard, PATIENCE, |state| state.reached == 0).unwrap();
        assert!(guard.reached > 0, "no request came to the gate within {PATIENCE:?}");
    }

    /// Lets the requests at the gate through, and all that come later.
    pub(crate) fn open(&self) {
        let (state, changed) = &*self.shared;
        state.lock().unwrap().open = true;
        changed.notify_all();
    }

    /// The server's side: waits for [`Gate::open`].
    pub(super) fn pass(&self) {
        let (state, changed) = &*self.shared;
        let mut guard = state.lock().unwrap();
        guard.reached += 1;
        changed.notify_all();
        drop(changed.wait_while(guard, |state| !state.open).unwrap());
    }
}
