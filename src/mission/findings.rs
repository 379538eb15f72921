//! What is gathered while a file is turned into values: the conversion goes on after a mistake, so that all are found.

use std::collections::BTreeSet;

use crate::reading::{Code, Diagnostic, Many, Severity, Source, Span, Unsupported, keep, nearest};

/// What was found so far.
pub(super) struct Findings<'a> {
    source: Source<'a>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) unsupported: Vec<Unsupported>,
    /// The services that checks may name; `None`: not known here, and not held against.
    pub(super) services: Option<BTreeSet<String>>,
}

impl<'a> Findings<'a> {
    /// Nothing found yet but what the walk over the file found.
    pub(super) const fn new(source: Source<'a>, diagnostics: Vec<Diagnostic>) -> Self {
        Self { source, diagnostics, unsupported: Vec::new(), services: None }
    }

    /// A mistake.
    pub(super) fn error(&mut self, code: Code, at: Span, message: impl Into<String>, hint: impl Into<String>) {
        keep(&mut self.diagnostics, || self.source.error(code, at, message).help(hint));
    }

    /// Something that someone should know.
    pub(super) fn warning(&mut self, code: Code, at: Span, message: impl Into<String>, hint: impl Into<String>) {
        keep(&mut self.diagnostics, || self.source.warning(code, at, message).help(hint));
    }

    /// A key that is not obeyed yet.
    pub(super) fn unsupported(&mut self, key: &str, at: Span, why: &str) {
        self.unsupported.push(self.source.unsupported(key, at, why));
    }

    /// Holds the service that a check names against those there are.
    pub(super) fn service(&mut self, name: &str, at: Span) {
        let Some(known) = self.services.as_ref().filter(|known| !known.contains(name)) else { return };
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "the mission has no `services:`; define it there".to_owned(),
            None => format!("services here: {}", known.iter().cloned().collect::<Vec<_>>().join(", ")),
        };
        self.error(Code::UnknownReference, at, format!("there is no service `{name}`"), hint);
    }

    /// The warnings, if nothing is a mistake; else all, in the order of the file.
    pub(super) fn into_result(mut self) -> Result<(Vec<Diagnostic>, Vec<Unsupported>), Vec<Diagnostic>> {
        self.diagnostics.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        self.unsupported.sort_by_key(|key| (key.line, key.column));
        match self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            true => Err(self.diagnostics),
            false => Ok((self.diagnostics, self.unsupported)),
        }
    }
}

/// The texts of a list that may be missing, or be written as one.
pub(super) fn texts<T: Clone + Into<String>>(list: Option<&Many<T>>) -> Vec<String> {
    list.map(Many::as_slice).unwrap_or_default().iter().cloned().map(Into::into).collect()
}
