//! What an amendment changes, before it is agreed to.

use super::text::wrap;
use crate::cli::output::Style;
use crate::daemon::Difference;
use crate::view::{printable, printable_line};

/// Draws the words, and below them the difference of the files.
#[must_use]
pub fn difference(difference: &Difference, style: Style) -> String {
    let mut text = String::new();
    for told in &difference.words {
        for (place, line) in wrap(&printable_line(told), style.width.saturating_sub(4)).iter().enumerate() {
            text.push_str(&format!("  {} {line}\n", if place == 0 { "-" } else { " " }));
        }
    }
    if !difference.files.text.is_empty() {
        text.push_str(&format!("\n{}", printable(&difference.files.text)));
    }
    if difference.files.omitted > 0 {
        text.push_str(&format!("… {} more bytes\n", difference.files.omitted));
    }
    text
}
