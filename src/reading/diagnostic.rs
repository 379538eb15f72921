//! One thing that is wrong with a file, and how it is shown. A diagnostic carries its line, so that it can be shown
//! without the file, and nothing in it can steer a terminal or give a secret away.

use std::fmt;

use super::{Code, mask};

/// Most mistakes of a file that are kept: a bent file of many thousands must not fill memory and screen.
const MOST: usize = 100;

/// Whether a file with this in it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, and someone should know.
    Warning,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of thing it is.
    pub code: Code,
    /// Whether the file can be used.
    pub severity: Severity,
    /// What is wrong, one line.
    pub message: String,
    /// The file as the user named it, or the environment variable or flag.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// How many characters are meant, at least 1.
    pub length: usize,
    /// The line as it stands in the file, or the part around the place where it is long.
    pub snippet: String,
    /// The column of the snippet's first character; 1 unless the line is long.
    pub snippet_column: usize,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A key that is accepted and not obeyed yet: a mission that has one must not be started (design section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The key with its path, `phases.approval`.
    pub key: String,
    /// The file, variable or flag it stands in.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The line as it stands in the file, or the part around the place where it is long.
    pub snippet: String,
    /// The column of the snippet's first character; 1 unless the line is long.
    pub snippet_column: usize,
    /// What it would guard, and what can be done instead.
    pub why: String,
}

impl From<&Unsupported> for Diagnostic {
    fn from(key: &Unsupported) -> Self {
        Self {
            code: Code::NotObeyed,
            severity: Severity::Error,
            message: format!("`{}` is not obeyed by this version yet", key.key),
            file: key.file.clone(),
            line: key.line,
            column: key.column,
            length: key.key.rsplit('.').next().map_or(1, |name| name.chars().count()),
            snippet: key.snippet.clone(),
            snippet_column: key.snippet_column,
            hint: Some(key.why.clone()),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{word}[{}]: {}", self.code.as_str(), mask(&printable(&self.message)))?;
        write!(f, "  --> {}:{}:{}", printable(&self.file), self.line, self.column)?;
        self.fmt_snippet(f)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhelp: {}", mask(&printable(hint))),
            None => Ok(()),
        }
    }
}

impl Diagnostic {
    fn fmt_snippet(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = printable(&self.snippet);
        if line.trim().is_empty() {
            return Ok(());
        }
        let shown = mask(&line);
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let width = shown.chars().count();
        let column = (self.column + 1).saturating_sub(self.snippet_column).clamp(1, width + 1);
        let caret = "^".repeat(self.length.max(1).min((width + 1).saturating_sub(column - 1).max(1)));
        write!(f, "\n{margin} |\n{number} | {shown}\n{margin} | {}{caret}", " ".repeat(column - 1))
    }
}

/// Adds one more, unless there are too many already.
pub(crate) fn keep(list: &mut Vec<Diagnostic>, diagnostic: impl FnOnce() -> Diagnostic) {
    if list.len() < MOST {
        list.push(diagnostic());
    } else if list.len() == MOST {
        let message = format!("more than {MOST} mistakes; the rest is not shown");
        list.push(Diagnostic { code: Code::TooMany, message, hint: None, ..diagnostic() });
    }
}

/// Whether one more would not be kept.
pub(crate) const fn full(list: &[Diagnostic]) -> bool {
    list.len() > MOST
}

/// One character for one: what would move the cursor or change colours becomes a space or a mark.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// All of them as they are shown to a person, in the order of the file, an empty line between two.
#[must_use]
pub fn render(diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&diagnostic.to_string());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Source, Span};
    use super::*;

    fn diagnostic(snippet: &str, column: usize, length: usize) -> Diagnostic {
        Diagnostic {
            code: Code::UnknownKey,
            severity: Severity::Error,
            message: "unknown key `priorty`".into(),
            file: "mission.yaml".into(),
            line: 12,
            column,
            length,
            snippet: snippet.into(),
            snippet_column: 1,
            hint: Some("did you mean `priority`?".into()),
        }
    }

    #[test]
    fn the_place_the_line_and_the_hint_are_shown() {
        let shown = diagnostic("    priorty: high", 5, 7).to_string();
        let wanted = "error[CCO-E0110]: unknown key `priorty`\n  --> mission.yaml:12:5\n   |\n12 |     priorty: high\n   \
                      |     ^^^^^^^\nhelp: did you mean `priority`?";
        assert_eq!(shown, wanted);
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let shown = diagnostic("a: \u{1b}[31mred\u{7}\u{202e}", 4, 3).to_string();
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{shown:?}");
    }

    #[test]
    fn a_long_line_is_shown_around_its_place() {
        let long = format!("{}HERE{}", "x".repeat(5000), "y".repeat(5000));
        let source = Source { name: "f", text: &long };
        let found = source.error(Code::UnknownKey, Span { line: 1, column: 5001, length: 4 }, "m");
        assert!(found.snippet.len() < 300);
        let shown = found.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[3].find("HERE"), lines[4].find("^^^^"), "{shown}");
    }

    #[test]
    fn a_secret_that_begins_before_the_shown_part_is_not_shown() {
        let long = format!("{{api_key: {}}}", "hunter2".repeat(100));
        let found =
            Source { name: "f", text: &long }.error(Code::UnknownKey, Span { line: 1, column: 400, length: 1 }, "m");
        assert!(!found.to_string().contains("hunter2"), "{found}");
    }
}
