//! Who belongs to a process tree, and how its members are signalled without ever hitting a stranger.
//!
//! A member is a descendant of the supervisor (orphans are adopted by it) or a process that carries the marker in
//! its environment. A signal goes through a pidfd that was opened before the member was looked at again, so a pid
//! that was given to another process in between is left alone (`faults.md` A8).

#![expect(clippy::disallowed_methods, reason = "reads /proc, which is about processes, not files")]

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::MARKER;

/// One line of `/proc/PID/stat`, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) pid: i32,
    parent: i32,
    /// In clock ticks since boot; with the pid it names a process for as long as the machine is up.
    pub(super) start: u64,
    zombie: bool,
}

impl Member {
    /// Reads a process as it is now; `None` if there is none.
    pub(super) fn of(pid: i32) -> Option<Self> {
        Self::parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name in brackets may hold anything, brackets and spaces too, so the fields are counted from its end.
    fn parse(pid: i32, stat: &[u8]) -> Option<Self> {
        let after = memchr::memrchr(b')', stat)? + 1;
        let mut fields = std::str::from_utf8(&stat[after..]).ok()?.split_ascii_whitespace();
        let zombie = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        let start = fields.nth(17)?.parse().ok()?;
        Some(Self { pid, parent, start, zombie })
    }

    /// A handle on exactly this process; `None` if it has ended.
    pub(super) fn open(self) -> Option<OwnedFd> {
        let handle = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        (Self::of(self.pid)?.start == self.start).then_some(handle)
    }

    /// Sends a signal to exactly this process; one that has ended is no fault.
    pub(super) fn signal(self, signal: Signal) {
        if let Some(handle) = self.open() {
            // The only faults are an ended process and one of another user, and neither can be helped here.
            pidfd_send_signal(handle, signal).ok();
        }
    }

    fn carries(self, marker: &str) -> bool {
        let Ok(environment) = fs::read(format!("/proc/{}/environ", self.pid)) else { return false };
        let wanted = format!("{MARKER}={marker}");
        environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
    }
}

/// All living descendants of `root` and all living carriers of the marker, without `root` itself.
pub(super) fn members(root: i32, marker: &str) -> io::Result<Vec<Member>> {
    let all = everyone()?;
    let below = descendants(root, &all);
    let belongs = |member: &Member| below.contains(&member.pid) || member.carries(marker);
    Ok(all.into_iter().filter(|member| member.pid != root && !member.zombie && belongs(member)).collect())
}

/// All living processes that carry the marker.
pub(super) fn carriers(marker: &str) -> io::Result<Vec<Member>> {
    Ok(everyone()?.into_iter().filter(|member| !member.zombie && member.carries(marker)).collect())
}

/// Whether a process belongs to the tree of another one (a peer of the control socket to a worker's supervisor). A
/// process that has ended belongs to none.
#[must_use]
pub fn is_below(pid: u32, ancestor: u32) -> bool {
    let (mut at, ancestor) = (pid.cast_signed(), ancestor.cast_signed());
    while at > 1 {
        if at == ancestor {
            return true;
        }
        let Some(member) = Member::of(at) else { return false };
        at = member.parent;
    }
    false
}

/// The id of this boot: a pid and its start time mean nothing in another one.
pub(super) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// The ids of all processes.
pub(super) fn pids() -> io::Result<impl Iterator<Item = i32>> {
    let entries = fs::read_dir("/proc")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

fn everyone() -> io::Result<Vec<Member>> {
    Ok(pids()?.filter_map(Member::of).collect())
}

fn descendants(root: i32, all: &[Member]) -> HashSet<i32> {
    let mut found = HashSet::from([root]);
    // A parent may stand behind its child in the list, so the list is gone through until nothing is added.
    loop {
        let before = found.len();
        for member in all {
            if found.contains(&member.parent) {
                found.insert(member.pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let member = Member::parse(9, format!("9 (a) S 1 (b) Z 7 {TAIL}").as_bytes()).unwrap();
        assert_eq!((member.parent, member.start, member.zombie), (7, 4711, true));
        assert_eq!(Member::parse(9, b"9 (x) S"), None);
    }

    #[test]
    fn descendants_are_found_whatever_the_order_of_the_list() {
        let member = |pid, parent| Member { pid, parent, start: 0, zombie: false };
        let all = [member(5, 4), member(4, 3), member(3, 2), member(9, 1), member(2, 1)];
        assert_eq!(descendants(2, &all), HashSet::from([2, 3, 4, 5]));
    }

    #[test]
    fn a_process_is_below_its_ancestors_and_nobody_else() {
        let (me, parent) = (std::process::id(), std::os::unix::process::parent_id());
        assert!(is_below(me, me) && is_below(me, parent));
        assert!(!is_below(parent, me));
        assert!(!is_below(u32::MAX >> 1, me));
    }

    #[test]
    fn a_recycled_pid_is_another_process() {
        let me = Member::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(me.open().is_some());
        assert!(Member { start: me.start + 1, ..me }.open().is_none());
    }
}
