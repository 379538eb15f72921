//! Names made from words: the same words give the same name, on every machine and in every release.

use std::collections::BTreeSet;

use crate::words::Hash;

/// Longest slug, in characters: it stands in branch names, commit trailers and narrow tables.
const LENGTH: usize = 40;

/// Lower-case ASCII letters and digits of the text with single dashes between, cut at a word's end. A text without
/// any, such as one in another script, is named by the first digits of its hash.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() && slug.len() + 1 + word.len() > LENGTH {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(LENGTH).map(|c| c.to_ascii_lowercase()));
    }
    match slug.is_empty() {
        true => format!("x{}", Hash::of(text.as_bytes()).short()),
        false => slug,
    }
}

/// The slug, with the first free number behind it where it is taken already.
pub(super) fn unique(text: &str, taken: &BTreeSet<String>) -> String {
    let first = slug(text);
    let numbered = (2_u64..).map(|number| format!("{first}-{number}"));
    std::iter::once(first.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_a_short_name() {
        assert_eq!(slug("All CRUD endpoints implemented"), "all-crud-endpoints-implemented");
        assert_eq!(slug("Unit tests with >80% coverage"), "unit-tests-with-80-coverage");
        assert_eq!(slug("  --  A/B: c!  "), "a-b-c");
        assert_eq!(slug(&"word ".repeat(30)), "word-word-word-word-word-word-word-word");
        assert_eq!(slug(&"w".repeat(100)).len(), LENGTH);
    }

    #[test]
    fn words_in_another_script_have_a_name_too() {
        assert_eq!(slug("日本語"), slug("日本語"));
        assert_ne!(slug("日本語"), slug("中文"));
        assert!(slug("").starts_with('x'));
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = BTreeSet::from(["a".to_owned(), "a-2".to_owned()]);
        assert_eq!(unique("A!", &taken), "a-3");
    }
}
