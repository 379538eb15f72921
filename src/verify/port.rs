//! Ports of services: a server that a worker left running must not answer for the one under check.

use std::net::{Ipv4Addr, TcpListener};

use crate::process::{is_below, is_taken, listeners};

/// A port that is free now.
pub(super) fn free() -> std::io::Result<u16> {
    // Dropped at once: the service binds it next. Who takes it in between is found by `stranger`.
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A listener on the port that does not descend from this supervisor, which adopts every orphan of its tree. `None`:
/// all do.
pub(super) fn stranger(port: u16, supervisor: Option<u32>) -> Option<String> {
    let listeners = listeners(port);
    if listeners.is_empty() && is_taken(port) {
        return Some("a process of another user".to_owned());
    }
    let own = |pid| supervisor.is_some_and(|supervisor| is_below(pid, supervisor));
    listeners.into_iter().find(|listener| !own(listener.pid)).map(|listener| listener.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_outside_of_the_tree_is_a_stranger() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(stranger(port, Some(std::process::id())), None);
        assert_eq!(stranger(port, Some(std::os::unix::process::parent_id())), None, "a descendant of the one above");
        assert!(stranger(port, Some(u32::MAX)).is_some() && stranger(port, None).is_some());
        drop(listener);
        assert_eq!(stranger(port, None), None);
    }
}
