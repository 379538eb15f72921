//! The end of a program's output as evidence: short, printable, one string.
//!
//! Output is written by programs that the worker influences. Escape sequences, control characters and those that turn
//! the direction of text are removed, so that what a person reads is what is there. Pure.

use crate::words::{Sign, last, signs};

/// The most that evidence carries of an output.
pub(super) const TAIL_CAP: usize = 4096;

/// What is read of a file to make a tail of it; escape sequences may take up most of it.
pub(super) const TAIL_READ: u64 = 64 * 1024;

/// The printable text of some output: no escape sequences, nothing hidden, of the controls only tab and newline.
pub(super) fn clean(text: &str) -> String {
    let clean = |sign| match sign {
        Sign::Break => Some('\n'),
        Sign::Tab => Some('\t'),
        Sign::Shown(c) => Some(c),
        Sign::Hidden(_) => None,
    };
    signs(text).filter_map(clean).collect()
}

/// One tail of both streams: stdout first, then stderr, each with half of the room at least.
pub(super) fn of_streams(stdout: &[u8], stderr: &[u8]) -> String {
    let out = clean(&String::from_utf8_lossy(stdout));
    let err = clean(&String::from_utf8_lossy(stderr));
    let (out, err) = (out.trim_end(), err.trim_end());
    let half = TAIL_CAP / 2;
    let room_out = if err.len() < half { TAIL_CAP - err.len() - 1 } else { half };
    let out = last(out, room_out);
    let err = last(err, (TAIL_CAP - 1).saturating_sub(out.len()));
    match (out.is_empty(), err.is_empty()) {
        (_, true) => out.to_owned(),
        (true, false) => err.to_owned(),
        (false, false) => format!("{out}\n{err}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_or_hides_is_gone_and_lines_stay() {
        assert_eq!(clean("\u{1b}[31mok\u{202e}liaf\u{200b}\u{1b}[0m\r\n\tdone\0"), "okliaf\n\tdone");
    }

    #[test]
    fn both_streams_share_the_room() {
        let tail = of_streams("o".repeat(9000).as_bytes(), "e".repeat(9000).as_bytes());
        assert!(tail.len() <= TAIL_CAP);
        assert!(tail.starts_with("oooo") && tail.ends_with("eeee"));
        assert_eq!(of_streams(b"", b"only\n"), "only");
        assert_eq!(of_streams("o".repeat(9000).as_bytes(), b"last words").len(), TAIL_CAP);
    }

    proptest! {
        #[test]
        fn any_output_gives_a_short_printable_tail(out: Vec<u8>, err: Vec<u8>) {
            let tail = of_streams(&out, &err);
            prop_assert!(tail.len() <= TAIL_CAP);
            prop_assert!(tail.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        }
    }
}
