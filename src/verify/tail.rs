//! The end of a program's output as evidence: short, printable, one string.
//!
//! Output is written by programs that the worker influences. Escape sequences, control characters and those that turn
//! the direction of text are removed, so that what a person reads is what is there. Pure.

/// The most that evidence carries of an output.
pub(super) const TAIL_CAP: usize = 4096;

/// What is read of a file to make a tail of it; escape sequences may take up most of it.
pub(super) const TAIL_READ: u64 = 64 * 1024;

/// The printable text of some output: no escape sequences, no control characters but tab and newline.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_parameters(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => clean.push('\n'),
            '\n' | '\t' => clean.push(c),
            _ if c.is_control() || is_invisible(c) => {}
            _ => clean.push(c),
        }
    }
    clean
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_parameters(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        _ => {
            while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
            chars.next_if(|c| ('0'..='~').contains(c));
        }
    }
}

fn skip_parameters(chars: &mut Chars<'_>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|c| ('@'..='~').contains(c));
}

/// Skips to the string's end, but never past the line: an unterminated one must not hide what follows.
fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' if chars.next_if_eq(&'\\').is_some() => return,
            _ => {}
        }
    }
}

/// Marks that turn the direction of text or take no room.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}')
}

/// The last `cap` bytes of a text, cut between characters and, where one is near, at a line's start.
pub(super) fn last(text: &str, cap: usize) -> &str {
    let text = text.trim_end();
    if text.len() <= cap {
        return text;
    }
    let start = (text.len() - cap..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let cut = text.get(start..).unwrap_or("");
    match cut.find('\n') {
        Some(end) if end < 200 => cut.get(end + 1..).unwrap_or(cut),
        _ => cut,
    }
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

/// The last line with something in it, short enough for a summary.
pub(super) fn last_line(tail: &str) -> String {
    let line = tail.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("").trim();
    line.chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_are_removed_whole() {
        assert_eq!(clean("\u{1b}[1;31mred\u{1b}[0m"), "red");
        assert_eq!(clean("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}"), "link");
        assert_eq!(clean("\u{1b}(Ba\u{1b}cb\u{9b}2Kc"), "abc");
        assert_eq!(clean("50%\r100%\r\ndone\0\u{8}"), "50%\n100%\ndone");
    }

    #[test]
    fn an_unterminated_sequence_hides_no_line_after_it() {
        assert_eq!(clean("\u{1b}]0;title\nFAILED"), "\nFAILED");
    }

    #[test]
    fn turned_and_invisible_text_is_laid_open() {
        assert_eq!(clean("ok\u{202e}liaf\u{200b}"), "okliaf");
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

        #[test]
        fn a_tail_never_exceeds_its_cap(text in "\\PC{0,300}", cap in 0usize..200) {
            prop_assert!(last(&text, cap).len() <= cap);
        }
    }
}
