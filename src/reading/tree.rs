//! A YAML file as values with positions: what the mistakes are found in.

use serde_json::Value;

use super::{Code, Diagnostic, Severity, Unsupported, mask};

/// Longest line that is kept whole, and the part that is kept of a longer one, in characters.
const WIDTH: usize = 160;
/// How far before the part that is kept the key of a secret may stand, in characters; a private key has about 3300.
const LONGEST_SECRET: usize = 4096;

/// A place in a file, line and column counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Characters on the first line that are meant; at least 1.
    pub(crate) length: usize,
}

impl Span {
    /// The start of a file.
    pub(crate) const START: Self = Self { line: 1, column: 1, length: 1 };
}

/// One value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Span,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// A mapping in the order of the file, each key once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Map {
    pub(crate) entries: Vec<Entry>,
    /// Keys that stood here and were taken out because something is wrong with their values.
    pub(crate) dropped: Vec<String>,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Span,
    pub(crate) value: Node,
}

impl Node {
    /// The entry of a key; `None` too where this is no mapping.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Map(map) => map.entries.iter().find(|entry| entry.key == key),
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) | Content::List(_) => None,
        }
    }

    /// The value of a key, or this value where there is none: the best place to point at.
    pub(crate) fn child(&self, key: &str) -> &Self {
        self.entry(key).map_or(self, |entry| &entry.value)
    }

    /// The item of a list; this value itself where it stands for a list of one.
    pub(crate) fn item(&self, index: usize) -> &Self {
        match &self.content {
            Content::List(items) => items.get(index).unwrap_or(self),
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) | Content::Map(_) => self,
        }
    }

    /// The place of a key, or of this value where it lacks the key.
    pub(crate) fn key_at(&self, key: &str) -> Span {
        self.entry(key).map_or(self.at, |entry| entry.key_at)
    }

    /// Whether a key stood here whose value was wrong.
    pub(crate) fn lost(&self, key: &str) -> bool {
        matches!(&self.content, Content::Map(map) if map.dropped.iter().any(|name| name == key))
    }

    /// The value without its places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(value) => Value::String(value.clone()),
            Content::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Map(map) => {
                Value::Object(map.entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect())
            }
        }
    }

    /// A value that came without places, such as an answer of the manager.
    pub(crate) fn from_json(value: &Value) -> Self {
        let content = match value {
            Value::Null => Content::Null,
            Value::Bool(value) => Content::Bool(*value),
            Value::Number(value) => Content::Number(value.clone()),
            Value::String(value) => Content::Text(value.clone()),
            Value::Array(items) => Content::List(items.iter().map(Self::from_json).collect()),
            Value::Object(map) => {
                let entry = |(key, value): (&String, &Value)| Entry {
                    key: key.clone(),
                    key_at: Span::START,
                    value: Self::from_json(value),
                };
                Content::Map(Map { entries: map.iter().map(entry).collect(), dropped: Vec::new() })
            }
        };
        Self { at: Span::START, content }
    }

    /// What the value is, in words of a message.
    pub(crate) const fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }
}

/// A named text: what diagnostics take their file name and their line from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl Source<'_> {
    /// A mistake at a place.
    pub(crate) fn error(&self, code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Error, code, at, message.into())
    }

    /// A warning at a place.
    pub(crate) fn warning(&self, code: Code, at: Span, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Warning, code, at, message.into())
    }

    /// A key that is not obeyed yet.
    pub(crate) fn unsupported(&self, key: impl Into<String>, at: Span, why: impl Into<String>) -> Unsupported {
        let (snippet, snippet_column) = self.line(at);
        Unsupported {
            key: key.into(),
            file: self.name.to_owned(),
            line: at.line,
            column: at.column,
            snippet,
            snippet_column,
            why: why.into(),
        }
    }

    fn diagnostic(&self, severity: Severity, code: Code, at: Span, message: String) -> Diagnostic {
        let (snippet, snippet_column) = self.line(at);
        Diagnostic {
            code,
            severity,
            message,
            file: self.name.to_owned(),
            line: at.line,
            column: at.column,
            length: at.length,
            snippet,
            snippet_column,
            hint: None,
        }
    }

    /// The line of a place, or the part around it, and the column where that begins.
    fn line(&self, at: Span) -> (String, usize) {
        let line = self.text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
        if line.chars().count() <= WIDTH {
            return (line.to_owned(), 1);
        }
        // A part no longer shows what it is the value of, so secrets are taken out together with what stands before.
        let start = at.column.saturating_sub(1 + WIDTH / 2);
        let before = start.min(LONGEST_SECRET);
        let around: String = line.chars().skip(start - before).take(before + WIDTH).collect();
        (mask(&around).chars().skip(before).collect(), start + 1)
    }
}

impl Diagnostic {
    /// The same with advice.
    pub(crate) fn help(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
