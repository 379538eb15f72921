//! Foreign text: what a reader sees of it, and how it is bounded.
//!
//! Output of workers, checks and models can move a cursor, set a title, turn the reading direction or hide words from a
//! person that a model reads. Every room that shows or quotes such text takes it apart here, and differs only in what
//! it puts in the place of a [`Sign`]. Total: any text is taken, and nothing unclosed hides more than its line.

use std::iter::Peekable;
use std::str::Chars;

/// One sign of a text, escape sequences taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A line's end, however it is written. A lone carriage return overwrites the line in a terminal; here it ends it.
    Break,
    /// A tabulator.
    Tab,
    /// What a reader sees.
    Shown(char),
    /// What a reader does not see, and a terminal or a model does: controls, bidi and zero-width marks, tags, fillers.
    Hidden(char),
}

/// The signs of a text, without escape sequences.
#[derive(Clone, Debug)]
pub struct Signs<'a> {
    rest: Peekable<Chars<'a>>,
}

/// Takes a text apart.
#[must_use]
pub fn signs(text: &str) -> Signs<'_> {
    Signs { rest: text.chars().peekable() }
}

impl Iterator for Signs<'_> {
    type Item = Sign;

    fn next(&mut self) -> Option<Sign> {
        loop {
            match self.rest.next()? {
                '\u{1b}' => self.skip_escape(),
                '\u{9b}' => self.skip_control_sequence(),
                '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.skip_string(),
                '\r' => {
                    self.rest.next_if_eq(&'\n');
                    return Some(Sign::Break);
                }
                '\n' | '\u{2028}' | '\u{2029}' => return Some(Sign::Break),
                '\t' => return Some(Sign::Tab),
                c if is_hidden(c) => return Some(Sign::Hidden(c)),
                c => return Some(Sign::Shown(c)),
            }
        }
    }
}

impl Signs<'_> {
    /// What follows `ESC`: a control sequence, a string, or intermediate bytes and one final byte (`ESC ( B`).
    fn skip_escape(&mut self) {
        if self.rest.next_if_eq(&'[').is_some() {
            self.skip_control_sequence();
        } else if self.rest.next_if(|c| matches!(c, ']' | 'P' | 'X' | '^' | '_')).is_some() {
            self.skip_string();
        } else {
            while self.rest.next_if(|c| (' '..='/').contains(c)).is_some() {}
            self.rest.next_if(|c| ('0'..='~').contains(c));
        }
    }

    /// Parameters and intermediates up to the final byte of `ESC [ … m`. Anything else ends a broken sequence.
    fn skip_control_sequence(&mut self) {
        while self.rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
        self.rest.next_if(|c| ('@'..='~').contains(c));
    }

    /// The body of `ESC ] … BEL` or `ESC ] … ESC \`, at most to the end of the line. The escape of `ESC \` is left: it
    /// is a sequence by itself, as is any other that breaks the string off.
    fn skip_string(&mut self) {
        while let Some(c) = self.rest.next_if(|c| !matches!(c, '\n' | '\u{1b}')) {
            if matches!(c, '\u{7}' | '\u{9c}') {
                return;
            }
        }
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0e}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// What a reader sees of a text, on one line of at most so many characters and an ellipsis: white space is folded to
/// single spaces, what is hidden is left out. Reads no further than it shows.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let (mut line, mut length, mut gap) = (String::new(), 0, false);
    for sign in signs(text) {
        match sign {
            Sign::Shown(c) if !c.is_whitespace() => {
                let needed = 1 + usize::from(gap);
                if length + needed > max {
                    line.push('…');
                    return line;
                }
                if gap {
                    line.push(' ');
                }
                line.push(c);
                (length, gap) = (length + needed, false);
            }
            Sign::Hidden(c) if !c.is_whitespace() => {}
            Sign::Break | Sign::Tab | Sign::Shown(_) | Sign::Hidden(_) => gap = !line.is_empty(),
        }
    }
    line
}

/// The first so many characters of a text, with an ellipsis if there are more.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bounds a text to so many bytes; what is left out is told. The end matters most in output, so it gets three quarters.
#[must_use]
pub fn clip(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let left_out = |shown: usize| format!("\n[… {} bytes left out …]\n", text.len().saturating_sub(shown));
    let room = max.saturating_sub(left_out(0).len());
    let head = &text[..boundary(text, room / 4)];
    let tail = &text[boundary(text, text.len() - (room - room / 4))..];
    format!("{head}{}{tail}", left_out(head.len() + tail.len()))
}

/// The border between characters at or before a byte.
#[must_use]
pub fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The last `max` bytes of a text at most, cut between characters and, where one is near, at a line's start.
#[must_use]
pub fn last(text: &str, max: usize) -> &str {
    let text = text.trim_end();
    if text.len() <= max {
        return text;
    }
    let start = (text.len() - max..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    let cut = text.get(start..).unwrap_or("");
    match cut.find('\n') {
        Some(end) if end < 200 => cut.get(end + 1..).unwrap_or(cut),
        _ => cut,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn shown(text: &str) -> String {
        let shown = |sign| match sign {
            Sign::Break => Some('\n'),
            Sign::Tab => Some('\t'),
            Sign::Shown(c) => Some(c),
            Sign::Hidden(_) => None,
        };
        signs(text).filter_map(shown).collect()
    }

    #[test]
    fn escape_sequences_are_taken_out_whole() {
        assert_eq!(shown("\u{1b}[1;31mred\u{1b}[0m"), "red");
        assert_eq!(shown("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7} \u{1b}]0;title\u{7}x"), "link x");
        assert_eq!(shown("\u{1b}(Ba\u{1b}cb\u{9b}2Kc\u{90}q\u{9c}d"), "abcd");
        assert_eq!(shown("cut \u{1b}["), "cut ");
    }

    #[test]
    fn a_sequence_inside_a_string_breaks_it_off() {
        assert_eq!(shown("\u{1b}]0;title\u{1b}[31mred"), "red");
    }

    #[test]
    fn an_unclosed_sequence_hides_no_line_after_it() {
        assert_eq!(shown("\u{1b}]0;title\nFAILED"), "\nFAILED");
        assert_eq!(shown("\u{1b}[\nFAILED \u{1b}\nagain"), "\nFAILED \nagain");
    }

    #[test]
    fn line_ends_are_one_sign_and_hidden_ones_are_known() {
        assert_eq!(shown("50%\r100%\r\ndone\0\u{8}\u{2028}x"), "50%\n100%\ndone\nx");
        let hidden: Vec<Sign> = signs("\u{202e}\u{200b}\u{fe01}\u{e0041}\u{7}").collect();
        assert_eq!(hidden, ['\u{202e}', '\u{200b}', '\u{fe01}', '\u{e0041}', '\u{7}'].map(Sign::Hidden));
    }

    #[test]
    fn one_line_is_folded_cut_and_says_so() {
        assert_eq!(one_line("\u{1b}[31mred\u{1b}[0m\n\tgreen\u{1b}]0;title\u{7} end\u{0}", 80), "red green end");
        assert_eq!(one_line("a\u{202e}b\u{200b}c\u{b}d\u{a0}e", 80), "abc d e");
        assert_eq!(one_line("one two three", 7), "one two…");
        assert_eq!((one_line("abc", 3), one_line("  \n", 3)), ("abc".to_owned(), String::new()));
    }

    #[test]
    fn a_long_text_keeps_its_ends_and_tells_what_is_missing() {
        let text = format!("begin {} the end", "ä".repeat(5000));
        let clipped = clip(&text, 300);
        assert!(clipped.len() <= 310 && clipped.starts_with("begin") && clipped.ends_with("the end"));
        assert!(clipped.contains("bytes left out"));
        assert_eq!(cut("äöü", 2), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
    }

    #[test]
    fn the_last_of_a_text_begins_with_a_line_where_one_is_near() {
        assert_eq!(last("first\nsecond\nthird\n", 14), "second\nthird");
        assert_eq!(last(&"é".repeat(10), 5), "éé");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_shown(text in "(\\PC|\u{1b}|[\\[\\]0-9;mJ]|\n|\r|\u{7}|\u{9b}|\u{9d}){0,80}") {
            prop_assert!(shown(&text).chars().all(|c| matches!(c, '\n' | '\t') || !is_hidden(c)));
            prop_assert_eq!(shown(&shown(&text)), shown(&text));
            let line = one_line(&text, 40);
            prop_assert!(line.chars().count() <= 41 && !line.chars().any(char::is_control));
            prop_assert_eq!(one_line(&text, usize::MAX), shown(&text).split_whitespace().collect::<Vec<_>>().join(" "));
        }

        #[test]
        fn plain_text_is_left_alone(text in "[a-zA-Z0-9äöü€ .,:;()\n\t]*") {
            prop_assert_eq!(shown(&text), text);
        }

        #[test]
        fn bounds_are_kept(text in "\\PC{0,400}", max in 60_usize..300) {
            prop_assert!(clip(&text, max).len() <= max + 8);
            prop_assert!(last(&text, max).len() <= max);
            prop_assert!(cut(&text, max).chars().count() <= max + 1);
        }
    }
}
