//! How somebody beside the running action ends it.

use std::sync::Arc;

use tokio::sync::watch;

use super::outcome::Cut;
use crate::process::{Stop, Stopper};

/// A cheap handle on one action; made before it starts, so that no request can come too early.
#[derive(Clone, Debug)]
pub struct Control {
    orders: Arc<watch::Sender<Order>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    GoOn,
    /// A person says that the instruction is done.
    Done,
    Polite,
    Kill,
}

impl Default for Control {
    fn default() -> Self {
        Self { orders: Arc::new(watch::Sender::new(Order::GoOn)) }
    }
}

impl Control {
    /// Asks the worker to end. The firmest request so far holds.
    pub fn stop(&self, how: Stop) {
        let order = match how {
            Stop::Polite => Order::Polite,
            Stop::Kill => Order::Kill,
        };
        self.raise(order);
    }

    /// Tells that the person has done what was asked (`cco done` in in-session mode).
    pub fn done(&self) {
        self.raise(Order::Done);
    }

    fn raise(&self, order: Order) {
        self.orders.send_if_modified(|current| {
            let firmer = order > *current;
            *current = order.max(*current);
            firmer
        });
    }

    /// Whether it was asked to end.
    pub(super) fn cut(&self) -> Option<Cut> {
        matches!(*self.orders.borrow(), Order::Polite | Order::Kill).then_some(Cut::Stopped)
    }

    /// Hands every request on to the process, as long as there is one.
    pub(super) async fn drive(self, stopper: Stopper) {
        let mut orders = self.orders.subscribe();
        loop {
            let order = *orders.borrow_and_update();
            match order {
                Order::GoOn | Order::Done => {}
                Order::Polite => stopper.stop(Stop::Polite),
                Order::Kill => stopper.stop(Stop::Kill),
            }
            if orders.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until a person is done or the action is to end.
    pub(super) async fn person(&self) -> Option<Cut> {
        let mut orders = self.orders.subscribe();
        // The sender is held by `self`, so the wait cannot fail.
        orders.wait_for(|order| *order != Order::GoOn).await.ok();
        self.cut()
    }
}
