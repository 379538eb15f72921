//! One thing that is wrong with a file, and how it is shown. A diagnostic carries its line, so that it can be shown
//! without the file, and nothing in it can steer a terminal or give a secret away.

use std::fmt;

use super::{Code, mask};

/// Longest part of a line that is shown, in characters.
const WIDTH: usize = 120;

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
    /// The line as it stands in the file.
    pub snippet: String,
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
    /// The line as it stands in the file.
    pub snippet: String,
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
        let (shown, column) = self.window(&mask(&line));
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let width = shown.chars().count();
        let caret = "^".repeat(self.length.max(1).min((width + 1).saturating_sub(column - 1).max(1)));
        write!(f, "\n{margin} |\n{number} | {shown}\n{margin} | {}{caret}", " ".repeat(column - 1))
    }

    /// The part of a long line around the place, and the column in that part.
    fn window(&self, line: &str) -> (String, usize) {
        let width = line.chars().count();
        let column = self.column.clamp(1, width + 1);
        if width <= WIDTH {
            return (line.to_owned(), column);
        }
        let start = (column - 1).saturating_sub(WIDTH / 2).min(width - WIDTH);
        (line.chars().skip(start).take(WIDTH).collect(), column - start)
    }
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
        let shown = diagnostic(&long, 5001, 4).to_string();
        assert!(shown.contains("HERE") && shown.len() < 500);
    }
}
