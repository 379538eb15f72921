//! Text that came from a worker, made safe to show: one line, bounded, without anything a terminal would obey.

/// Escape sequences and control characters are dropped, white space is folded to single spaces, and what is longer
/// than `limit` characters is cut with an ellipsis.
#[must_use]
pub(super) fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut left = limit;
    let mut gap = false;
    let mut chars = Visible { rest: text.chars() };
    for c in &mut chars {
        if c.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        let needed = 1 + usize::from(gap);
        if left < needed {
            line.push('…');
            return line;
        }
        if gap {
            line.push(' ');
        }
        line.push(c);
        left -= needed;
        gap = false;
    }
    line
}

/// The beginning and the end of a long text, with the number of bytes between them; short texts as they are.
#[must_use]
pub(super) fn bounded(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let head = floor(text, limit / 3);
    let tail = ceil(text, text.len() - (limit - limit / 3));
    format!("{}\n[… {} bytes left out …]\n{}", &text[..head], tail - head, &text[tail..])
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|index| text.is_char_boundary(*index)).unwrap_or(text.len())
}

/// The characters of a text without escape sequences, controls and invisible formatting.
struct Visible<'a> {
    rest: std::str::Chars<'a>,
}

impl Iterator for Visible<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            match self.rest.next()? {
                '\u{1b}' => self.skip_escape(),
                c if c.is_whitespace() => return Some(' '),
                c if c.is_control() || is_invisible(c) => {}
                c => return Some(c),
            }
        }
    }
}

impl Visible<'_> {
    /// `ESC [ … letter` (colours, cursor), `ESC ] … BEL` or `ESC \` (titles, links), `ESC x` (everything else).
    fn skip_escape(&mut self) {
        match self.rest.next() {
            Some('[') => {
                self.rest.find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            Some(']' | 'P' | 'X' | '^' | '_') => {
                let mut before = ' ';
                self.rest.find(|c| {
                    let end = *c == '\u{7}' || (before == '\u{1b}' && *c == '\\');
                    before = *c;
                    end
                });
            }
            Some(_) | None => {}
        }
    }
}

/// Direction overrides, zero-width and tag characters: they can make a line read as something it is not.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_and_controls_are_gone() {
        assert_eq!(one_line("\u{1b}[31mred\u{1b}[0m\n\tgreen\u{1b}]0;title\u{7} end\u{0}", 80), "red green end");
        assert_eq!(one_line("\u{1b}]8;;http://x\u{1b}\\link", 80), "link");
        assert_eq!(one_line("a\u{202e}b\u{200b}c", 80), "abc");
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        assert_eq!(one_line("one two three", 7), "one two…");
        assert_eq!(one_line("abc", 3), "abc");
    }

    #[test]
    fn a_long_text_keeps_both_ends() {
        let text = format!("start{}end", "é".repeat(5000));
        let kept = bounded(&text, 300);
        assert!(kept.starts_with("start") && kept.ends_with("end") && kept.len() < 400, "{kept}");
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_would_obey_is_left(text in "(\\PC|\u{1b}|\\[|\\]|\n|\u{7}|\u{9b}){0,80}") {
            let line = one_line(&text, 40);
            prop_assert!(line.chars().count() <= 41);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
