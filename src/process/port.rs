//! Who listens on a port of this machine, read from `/proc`: listening sockets by inode, their holders by open files.

#![expect(clippy::disallowed_methods, reason = "reads /proc, which has no other interface")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::tree;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// A process that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its process id.
    pub pid: u32,
    /// The name of its program, as the kernel shortens it.
    pub name: String,
}

impl std::fmt::Display for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// Whether anything listens on a port, on whatever address.
#[must_use]
pub fn is_taken(port: u16) -> bool {
    !sockets(port).is_empty()
}

/// Who listens on a port. Empty where nobody does, or where the listener belongs to a user whose files cannot be seen.
#[must_use]
pub fn listeners(port: u16) -> Vec<Listener> {
    let sockets = sockets(port);
    if sockets.is_empty() {
        return Vec::new();
    }
    let holds = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read_link(file.path()).ok()).any(|link| sockets.contains(&inode(&link)))
    };
    tree::pids()
        .into_iter()
        .flatten()
        .map(i32::cast_unsigned)
        .filter(holds)
        .map(|pid| Listener { pid, name: name(pid) })
        .collect()
}

fn sockets(port: u16) -> BTreeSet<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|table| fs::read_to_string(table).ok());
    tables
        .flat_map(|table| table.lines().skip(1).filter_map(|line| listening(line, port)).collect::<Vec<_>>())
        .collect()
}

/// The inode of a row's socket if it listens on the port.
fn listening(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local) = fields.get(1)?.rsplit_once(':')?;
    let listens = u16::from_str_radix(local, 16).ok()? == port && *fields.get(3)? == LISTEN;
    listens.then(|| fields.get(9).map(ToString::to_string))?
}

fn inode(link: &Path) -> String {
    let text = link.to_string_lossy();
    text.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')).unwrap_or("").to_owned()
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_listener_is_seen_and_named_and_gone_when_closed() {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        assert!(is_taken(port));
        let own = listeners(port).into_iter().find(|listener| listener.pid == std::process::id()).unwrap();
        assert!(!own.name.is_empty() && own.to_string().ends_with(&format!("(pid {})", own.pid)));
        drop(socket);
        assert!(!is_taken(port) && listeners(port).is_empty());
    }

    #[test]
    fn a_row_of_the_table_is_read_by_state_and_port() {
        let row = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0";
        assert_eq!(listening(row, 8080).as_deref(), Some("4242"));
        assert_eq!(listening(row, 8081), None);
        assert_eq!(listening(&row.replace(" 0A ", " 01 "), 8080), None);
        assert_eq!(listening("junk", 1), None);
    }
}
