//! What a user sees of a failure: code, message, places, hint, exit code. Errors of other rooms become this one in
//! [`super::blame`].

use std::fmt::Write;
use std::io;

use super::code::{Blame, Code};
use super::exit::Exit;
use super::output::Paint;
use crate::view::printable;

/// A failure of a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", .code.as_str())]
pub struct Error {
    /// What kind of failure it is.
    pub code: Code,
    /// What and where, without a full stop.
    pub message: String,
    /// `file:line:column` it is about, without a snippet.
    pub places: Vec<String>,
    /// Diagnostics of a file as its reader prints them, snippets and codes of their own included; shown as they are.
    pub diagnostics: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Error {
    /// A failure with its message.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), places: Vec::new(), diagnostics: Vec::new(), hint: None }
    }

    /// The same with a place.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.places.push(place.into());
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with the diagnostics of a file.
    #[must_use]
    pub fn diagnostics(mut self, diagnostics: impl IntoIterator<Item = String>) -> Self {
        self.diagnostics.extend(diagnostics);
        self
    }

    /// A file that cannot be read or written; a full disk is told apart.
    #[must_use]
    pub fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let code = if full { Code::NoSpace } else { Code::Files };
        Self::new(code, format!("cannot {doing} {}: {error}", path.display()))
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        self.code.blame()
    }

    /// How the program ends because of it.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.code.exit()
    }

    /// The failure for people; ends with a line end.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        for diagnostic in &self.diagnostics {
            let _ = writeln!(text, "{}\n", printable(diagnostic).trim_end());
        }
        let head = paint.bad(&format!("error[{}]", self.code.as_str()));
        let _ = writeln!(text, "{head}: {}", indented(&self.message, "  "));
        for place in &self.places {
            let _ = writeln!(text, "  {} {}", paint.faint("-->"), printable(place));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "{}: {}", paint.strong("help"), indented(hint, "      "));
        }
        if self.blame() == Blame::Internal {
            let _ = writeln!(text, "{}: cco explain {}", paint.strong("more"), self.code.as_str());
        }
        text
    }
}

/// Later lines are set in, so that a message of several lines stays one thing.
fn indented(text: &str, margin: &str) -> String {
    printable(text).trim_end().replace('\n', &format!("\n{margin}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Colour;

    #[test]
    fn a_failure_says_what_where_and_what_to_do() {
        let error =
            Error::new(Code::NoMission, "no mission file in this repository").at(".cco/mission.yaml").hint("cco init");
        let text = error.render(Paint(Colour::Off));
        let wanted = "error[CCO-E0410]: no mission file in this repository\n  --> .cco/mission.yaml\nhelp: cco init\n";
        assert_eq!(text, wanted);
        assert_eq!((error.exit().code(), error.blame()), (8, Blame::User));
    }

    #[test]
    fn nothing_in_a_failure_steers_the_terminal() {
        let error = Error::new(Code::Repository, "git said: \u{1b}[2Jgone\nsecond line").hint("\u{7}x");
        let text = error.render(Paint(Colour::On));
        assert!(text.contains("git said: gone\n  second line"), "{text:?}");
        assert!(!text.contains("[2J") && !text.contains('\u{7}'));
    }

    #[test]
    fn a_full_disk_is_not_just_any_error() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(Error::file("write", "x".as_ref(), &full).code, Code::NoSpace);
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(Error::file("write", "x".as_ref(), &denied).code, Code::Files);
    }
}
