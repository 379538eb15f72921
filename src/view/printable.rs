//! Text of workers, checks and models, made harmless for a terminal or a file of ours.
//!
//! Whatever could move a cursor, change colours, ring a bell, set a title or turn the reading direction is taken out;
//! what remains is what a person would have read.

use crate::words::{Sign, one_line, signs};

/// Removes escape sequences and control characters; line ends stay, a tab becomes four spaces.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in signs(text) {
        match sign {
            Sign::Break => out.push('\n'),
            Sign::Tab => out.push_str("    "),
            Sign::Shown(c) => out.push(c),
            Sign::Hidden(_) => {}
        }
    }
    out
}

/// The same in one line: all white space is folded to single spaces.
#[must_use]
pub fn printable_line(text: &str) -> String {
    one_line(text, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_gone_and_what_a_person_reads_stays() {
        assert_eq!(printable("\u{1b}[31merror\u{1b}[0m: a\tb\r\nnext"), "error: a    b\nnext");
        assert_eq!(printable("\u{1b}]0;title\u{7}text \u{1b}]8;;http://x\u{1b}\\link"), "text link");
        assert_eq!(printable("50 %\r100 %"), "50 %\n100 %");
        assert_eq!(printable("\u{1b}(Bplain\u{8}\u{7}\u{202e}"), "plain");
        assert_eq!(printable("\u{1b}]unclosed\nsecond line"), "\nsecond line");
        assert_eq!(printable_line("  two\n\n words\t"), "two words");
    }
}
