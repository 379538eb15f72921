//! XML of reports: no entity is ever declared or expanded, nodes are bounded, nesting costs no stack (roxmltree does
//! not recurse, and neither do the readers).

use roxmltree::{Document, ParsingOptions};

/// About 100 bytes each in memory.
const NODE_CAP: u32 = 2_000_000;

/// Parses a document. A DOCTYPE that only names its DTD is fine (cobertura has one); one that declares anything is not.
pub(super) fn parse(text: &str) -> Result<Document<'_>, String> {
    if declares(text) {
        return Err("declares entities or types of its own, which is refused".to_owned());
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODE_CAP, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| format!("is not XML that can be read: {error}"))
}

/// Whether there is a DOCTYPE with an internal subset, or anything that looks like a declaration anywhere.
fn declares(text: &str) -> bool {
    let subset = text.find("<!DOCTYPE").and_then(|at| text.get(at..)).is_some_and(|doctype| {
        let end = doctype.find('>').unwrap_or(doctype.len());
        doctype.get(..end).is_some_and(|head| head.contains('['))
    });
    subset || text.contains("<!ENTITY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_dtd_is_fine_and_a_declaration_is_refused() {
        assert!(parse("<!DOCTYPE coverage SYSTEM \"http://x/coverage-04.dtd\"><coverage/>").is_ok());
        assert!(parse("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>").is_err());
        assert!(parse("<x>&undeclared;</x>").is_err());
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = format!("{}{}", "<a>".repeat(300_000), "</a>".repeat(300_000));
        assert!(parse(&deep).is_ok());
        assert!(parse(&"<a>".repeat(300_000)).is_err());
    }

    #[test]
    fn too_many_nodes_are_refused() {
        let wide = format!("<a>{}</a>", "<b/>".repeat(2_000_001));
        assert!(parse(&wide).is_err());
    }
}
