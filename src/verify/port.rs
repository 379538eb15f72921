//! Who listens on a port of loopback: a server that a worker left running must not answer for the one under check.
//!
//! Read from `/proc`: listening sockets by inode, their holders by open files, and whether a holder descends from the
//! service's supervisor, which adopts every orphan of its tree.
#![expect(clippy::disallowed_methods, reason = "reads /proc, which has no other interface")]

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// More generations than a service has between its shell and its server.
const ANCESTORS: usize = 64;

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) name: String,
}

/// A port that is free now.
pub(super) fn free() -> std::io::Result<u16> {
    // Dropped at once: the service binds it next. Who takes it in between is found by `strangers`.
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Whether anything listens on a port, on whatever address.
pub(super) fn is_taken(port: u16) -> bool {
    !listeners(port).is_empty()
}

/// Who listens on a port. Empty where nobody does, or where the holder belongs to a user whose files cannot be seen.
pub(super) fn holders(port: u16) -> Vec<Holder> {
    let sockets = listeners(port);
    if sockets.is_empty() {
        return Vec::new();
    }
    let holds = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| sockets.contains(&inode(&link)))
    };
    processes().filter(holds).map(|pid| Holder { pid, name: name(pid) }).collect()
}

/// A listener on the port that does not descend from this supervisor. `None`: all do.
pub(super) fn stranger(port: u16, supervisor: Option<u32>) -> Option<String> {
    let holders = holders(port);
    if holders.is_empty() && is_taken(port) {
        return Some("a process of another user".to_owned());
    }
    let own = |pid| supervisor.is_some_and(|supervisor| descends(pid, supervisor));
    let foreign = holders.into_iter().find(|holder| !own(holder.pid));
    foreign.map(|holder| format!("{} (pid {})", holder.name, holder.pid))
}

fn listeners(port: u16) -> BTreeSet<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|table| fs::read_to_string(table).ok());
    tables.flat_map(|table| table.lines().skip(1).filter_map(|line| listener(line, port)).collect::<Vec<_>>()).collect()
}

/// The inode of a row's socket if it listens on the port.
fn listener(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local) = fields.get(1)?.rsplit_once(':')?;
    let listens = u16::from_str_radix(local, 16).ok()? == port && *fields.get(3)? == LISTEN;
    listens.then(|| fields.get(9).map(ToString::to_string))?
}

fn inode(link: &Path) -> String {
    let text = link.to_string_lossy();
    text.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).unwrap_or("").to_owned()
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

fn descends(pid: u32, from: u32) -> bool {
    std::iter::successors(Some(pid), |pid| parent(*pid)).take(ANCESTORS).any(|ancestor| ancestor == from)
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything, brackets included.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_seen_and_named_and_gone_when_closed() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_taken(port));
        assert!(holders(port).iter().any(|holder| holder.pid == std::process::id()));
        assert_eq!(stranger(port, Some(std::process::id())), None);
        assert_eq!(stranger(port, parent(std::process::id())), None, "a descendant of the one above");
        assert!(stranger(port, Some(u32::MAX)).is_some() && stranger(port, None).is_some());
        drop(listener);
        assert!(!is_taken(port));
        assert_eq!(stranger(port, None), None);
    }

    #[test]
    fn a_row_of_the_table_is_read_by_state_and_port() {
        let row = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0";
        assert_eq!(listener(row, 8080).as_deref(), Some("4242"));
        assert_eq!(listener(row, 8081), None);
        assert_eq!(listener(&row.replace(" 0A ", " 01 "), 8080), None);
        assert_eq!(listener("junk", 1), None);
    }
}
