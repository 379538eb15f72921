//! The terminal while something is drawn anew on it: what is typed must not be shown in the middle of it.

use std::io::{self, Stdin};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};

/// Keys are not shown as long as this lives. Ctrl-C works as ever.
pub(super) struct Silence {
    stdin: Stdin,
    before: Termios,
}

impl Silence {
    /// Stops the terminal from showing what is typed; `None` where there is none, or where it belongs to another job: a
    /// program in the background would be stopped for touching it.
    pub(super) fn begin() -> Option<Self> {
        let stdin = io::stdin();
        is_ours(&stdin).then_some(())?;
        let before = tcgetattr(&stdin).ok()?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO | LocalFlags::ICANON);
        tcsetattr(&stdin, SetArg::TCSANOW, &silent).ok()?;
        Some(Self { stdin, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // What was typed at nobody must not reach the shell as a command: it is thrown away with the old manners.
        if is_ours(&self.stdin)
            && let Err(error) = tcsetattr(&self.stdin, SetArg::TCSAFLUSH, &self.before)
        {
            tracing::debug!(%error, "the terminal was not put back");
        }
    }
}

fn is_ours(stdin: &Stdin) -> bool {
    tcgetpgrp(stdin).is_ok_and(|group| group == getpgrp())
}
