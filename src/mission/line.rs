//! A shell line as far as its operators and words tell: enough to see how it ends, never enough to run it.

/// What stands between two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `|`
    Pipe,
    /// `||`
    Or,
    /// `&&`
    And,
    /// `;`, a line end, or `&`
    Then,
}

/// A shell line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    commands: Vec<Simple<'a>>,
    operators: Vec<Operator>,
}

/// One command of a line, without operators outside of quotes and brackets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simple<'a>(&'a str);

impl<'a> Line<'a> {
    /// Reads a line; quotes, `$(…)` and `(…)` hide what is in them.
    pub(super) fn read(text: &'a str) -> Self {
        let (mut commands, mut operators) = (Vec::new(), Vec::new());
        let (mut begin, mut quote, mut depth) = (0, None, 0_usize);
        let mut signs = text.char_indices().peekable();
        while let Some((at, c)) = signs.next() {
            match (quote, c) {
                (Some('"') | None, '\\') => drop(signs.next()),
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"' | '`') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth = depth.saturating_sub(1),
                (None, '|' | '&' | ';' | '\n') if depth == 0 => {
                    // `2>&1` and `&>` are no operators.
                    let redirects = c == '&' && (text[..at].ends_with('>') || text[at + 1..].starts_with('>'));
                    if redirects {
                        continue;
                    }
                    let twice = matches!(c, '|' | '&') && signs.next_if(|(_, next)| *next == c).is_some();
                    commands.push(Simple(text[begin..at].trim()));
                    operators.push(match (c, twice) {
                        ('|', false) => Operator::Pipe,
                        ('|', true) => Operator::Or,
                        ('&', true) => Operator::And,
                        _ => Operator::Then,
                    });
                    begin = at + if twice { 2 } else { 1 };
                }
                (None, _) => {}
            }
        }
        commands.push(Simple(text[begin..].trim()));
        while commands.last().is_some_and(|last| last.0.is_empty()) {
            commands.pop();
            operators.pop();
        }
        Self { commands, operators }
    }

    /// The commands that say something.
    pub(super) fn commands(&self) -> impl Iterator<Item = Simple<'a>> {
        self.commands.iter().copied().filter(|simple| !simple.0.is_empty())
    }

    /// The last command, and what stands before it.
    pub(super) fn last(&self) -> Option<(Simple<'a>, Option<Operator>)> {
        let last = self.commands.last()?;
        Some((*last, self.operators.last().copied()))
    }
}

impl Simple<'_> {
    /// Its words without quotes, assignments and redirections left out.
    pub(super) fn words(self) -> Vec<String> {
        let words = self.0.split_whitespace().map(|word| word.trim_matches(['"', '\'', '(', ')']).to_owned());
        let words = words.filter(|word| !word.contains('>') && !word.contains('<'));
        words.skip_while(|word| word.split_once('=').is_some_and(|(name, _)| is_name(name))).collect()
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn operators_are_seen_outside_of_quotes_and_brackets_only() {
        let line = Line::read("A=1 x 'a | b' \"c; d\" 2>&1 | (e; f) || g\\;h && $(i; j)\n");
        assert_eq!(line.operators, [Operator::Pipe, Operator::Or, Operator::And]);
        let words: Vec<_> = line.commands().map(|simple| simple.words()[0].clone()).collect();
        assert_eq!(words, ["x", "e;", "g\\;h", "$(i;"]);
        assert!(Line::read("").last().is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fall_over(text in any::<String>()) {
            let line = Line::read(&text);
            line.commands().for_each(|simple| drop(simple.words()));
            assert!(line.operators.len() <= line.commands.len());
        }
    }
}
