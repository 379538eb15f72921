//! A check that a model proposes, in the form of mission files but without a file: the same reading, the same rules.

use std::sync::LazyLock;

use serde_json::Value;

use super::check::Check;
use super::check_file::CheckFile;
use super::check_reading::check;
use super::findings::Findings;
use super::read::FORMATS;
use crate::reading::{Diagnostic, Node, Shape, Source};

static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::of::<CheckFile>(FORMATS));

/// The check that a JSON value stands for.
///
/// # Errors
///
/// Everything that is wrong with it, each with advice, fit for being sent back to the one who proposed it.
pub fn check_from_json(value: &Value) -> Result<Check, Vec<String>> {
    let mut mistakes = Vec::new();
    let source = Source { name: "the proposed check", text: "" };
    let clean = SHAPE.hold(source, Node::from_json(value), &mut mistakes);
    let mut found = Findings::new(source, mistakes);
    let read = clean.and_then(|clean| {
        let file = serde_json::from_value::<CheckFile>(clean.to_json()).ok()?;
        check(&file, &clean, &mut found)
    });
    found.diagnostics.extend(found.unsupported.iter().map(Diagnostic::from));
    match (read, found.diagnostics.is_empty()) {
        (Some(check), true) => Ok(check),
        (None, true) => Err(vec!["the value is not a check".to_owned()]),
        (_, false) => Err(found.diagnostics.iter().map(in_words).collect()),
    }
}

fn in_words(diagnostic: &Diagnostic) -> String {
    match &diagnostic.hint {
        Some(hint) => format!("{}: {hint}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}
