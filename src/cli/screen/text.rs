//! Text in columns: measured as a terminal shows it, cut and wrapped without breaking characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::cli::output::{Charset, Style};
use crate::view::{printable, printable_line};

/// How many columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// One harmless line of at most so many columns; what does not fit is cut, and seen to be.
#[must_use]
pub fn fit(text: &str, columns: usize, style: Style) -> String {
    let line = plain(&printable_line(text), style);
    if width(&line) <= columns {
        return line;
    }
    let dots = match style.charset {
        Charset::Unicode => "…",
        Charset::Ascii => "...",
    };
    let mut cut = take(&line, columns.saturating_sub(width(dots)));
    cut.truncate(cut.trim_end().len());
    cut.push_str(dots);
    take(&cut, columns)
}

/// The same for one line of an output, whose indentation is kept.
#[must_use]
pub fn fit_indented(text: &str, columns: usize, style: Style) -> String {
    let margin = text.len() - text.trim_start_matches(' ').len();
    let margin = margin.min(columns / 2);
    format!("{}{}", " ".repeat(margin), fit(text, columns - margin, style))
}

/// The same as [`fit`], filled with spaces to exactly so many columns.
#[must_use]
pub fn cell(text: &str, columns: usize, style: Style) -> String {
    let mut line = fit(text, columns, style);
    line.push_str(&" ".repeat(columns.saturating_sub(width(&line))));
    line
}

/// Lines of at most so many columns, broken between words; a longer word is broken inside.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    for word in printable_line(text).split(' ') {
        let mut word = word;
        while let Some(line) = lines.last_mut() {
            let gap = usize::from(!line.is_empty());
            if width(line) + gap + width(word) <= columns {
                line.push_str(&" ".repeat(gap));
                line.push_str(word);
                break;
            }
            if line.is_empty() {
                let part = take(word, columns);
                // A character wider than the whole line is put there all the same, or nothing would ever end.
                let taken = if part.is_empty() { word.chars().next().map_or(0, char::len_utf8) } else { part.len() };
                let (head, rest) = word.split_at(taken);
                line.push_str(head);
                word = rest;
                if word.is_empty() {
                    break;
                }
            }
            lines.push(String::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// One line of a text, which may have colours, broken between words to at most so many columns; later lines are set in
/// as far as the first. A word that is too long, and so a command between backticks, stays whole, so that it can be
/// copied.
#[must_use]
pub fn folded(line: &str, columns: usize) -> Vec<String> {
    let shown = |text: &str| width(&printable(text));
    if shown(line) <= columns {
        return vec![line.to_owned()];
    }
    let margin = (line.len() - line.trim_start_matches(' ').len()).min(columns / 2);
    let mut lines = vec![" ".repeat(margin)];
    for word in words(line.trim_start_matches(' ')) {
        let Some(last) = lines.last_mut() else { continue };
        let empty = last.trim_start().is_empty();
        if empty || shown(last) + 1 + shown(word) <= columns {
            if !empty {
                last.push(' ');
            }
            last.push_str(word);
        } else {
            lines.push(format!("{}{word}", " ".repeat(margin)));
        }
    }
    lines
}

/// Words of a line; what stands between two backticks is one.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut begin, mut quoted) = (0, false);
    for (at, c) in line.char_indices() {
        match c {
            '`' => quoted = !quoted,
            ' ' if !quoted => {
                words.extend(line.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    words.extend(line.get(begin..));
    words
}

/// Replaces the signs of our own that a plain terminal cannot show; what it cannot show of others becomes `?`.
#[must_use]
pub fn plain(text: &str, style: Style) -> String {
    match style.charset {
        Charset::Unicode => text.to_owned(),
        Charset::Ascii => text.chars().fold(String::with_capacity(text.len()), ascii),
    }
}

fn ascii(mut line: String, c: char) -> String {
    match c {
        '·' | '−' | '–' | '—' => line.push('-'),
        '≈' => line.push('~'),
        '“' | '”' | '„' => line.push('"'),
        '’' | '‘' => line.push('\''),
        '…' => line.push_str("..."),
        '→' => line.push_str("->"),
        c if c.is_ascii() => line.push(c),
        _ => line.push('?'),
    }
    line
}

/// At most so many columns of a harmless line, for places without a terminal.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    let line = printable_line(text);
    if width(&line) <= columns { line } else { format!("{}…", take(&line, columns.saturating_sub(1)).trim_end()) }
}

fn take(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += UnicodeWidthChar::width(*c).unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::cli::screen::mark::tests::STYLE;

    #[test]
    fn what_does_not_fit_is_cut_and_seen_to_be() {
        assert_eq!(fit("Write the parser", 9, STYLE), "Write th…");
        assert_eq!(fit("short", 9, STYLE), "short");
        assert_eq!(fit("日本語のテキスト", 7, STYLE), "日本語…");
        let ascii = Style { charset: Charset::Ascii, ..STYLE };
        assert_eq!(fit("≈$1 · “a” → ü", 20, ascii), "~$1 - \"a\" -> ?");
        assert_eq!(cell("ab", 4, STYLE), "ab  ");
    }

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert!(wrap("  ", 5).is_empty());
    }

    #[test]
    fn a_line_is_broken_between_words_and_what_is_to_be_typed_stays_whole() {
        let text = "  \u{1b}[1mhelp\u{1b}[0m: run `git branch -m cco cco-old`, then again";
        let wanted =
            ["  \u{1b}[1mhelp\u{1b}[0m: run", "  `git branch -m cco cco-old`,", "  then again"].map(str::to_owned);
        assert_eq!(folded(text, 20), wanted);
        assert_eq!(folded(text, 80), [text]);
        assert_eq!(folded("a list   in  columns", 80), ["a list   in  columns"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "(\\PC| |\u{1b}|\n){0,60}", columns in 3_usize..40) {
            prop_assert!(width(&fit(&text, columns, STYLE)) <= columns);
            prop_assert!(width(&fit_indented(&text, columns, STYLE)) <= columns);
            prop_assert_eq!(width(&cell(&text, columns, STYLE)), columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns, "{:?}", line);
            }
        }

        #[test]
        fn wrapping_loses_no_letter(text in "[a-zäé日 ]{0,60}", columns in 2_usize..20) {
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&wrap(&text, columns).concat()), letters(&text));
        }
    }
}
