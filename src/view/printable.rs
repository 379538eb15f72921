//! Text of workers, checks and models, made harmless for a terminal or a file of ours.
//!
//! Whatever could move a cursor, change colours, ring a bell, set a title or turn the reading direction is taken out;
//! what remains is what a person would have read.

/// Removes escape sequences and control characters; line ends stay, a tab becomes four spaces.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => skip_string(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            // A lone carriage return overwrites the line in a terminal; here it begins the next one.
            '\r' | '\n' => out.push('\n'),
            '\t' => out.push_str("    "),
            c if c.is_control() || turns_direction(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The same in one line: all white space is folded to single spaces.
#[must_use]
pub fn printable_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_escape(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('[') => skip_control_sequence(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        // Intermediate bytes, then one final byte: `ESC ( B`.
        Some(' '..='/') => {
            while chars.next_if(|c| (' '..='/').contains(c)).is_some() {}
            chars.next();
        }
        Some(_) | None => {}
    }
}

/// Parameters and intermediates up to the final byte of `ESC [ … m`. Anything else ends a broken sequence.
fn skip_control_sequence(chars: &mut Chars<'_>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|c| ('@'..='~').contains(c));
}

/// The body of `ESC ] … BEL` or `ESC ] … ESC \`, at most to the end of the line: an unclosed one must not hide a page.
fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

/// Marks that turn the reading direction, or are not seen at all.
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

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

    proptest! {
        #[test]
        fn no_control_character_survives(text in "\\PC*|(.|\u{1b}|\u{9b}|[\\[\\]0-9;mJ\u{7}\n])*") {
            prop_assert!(printable(&text).chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert!(!printable_line(&text).contains('\n'));
        }

        #[test]
        fn plain_text_is_left_alone(text in "[a-zA-Z0-9äöü€ .,:;()\n]*") {
            prop_assert!(printable(&text) == text);
        }
    }
}
