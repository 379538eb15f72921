//! Names made from words: the same words give the same name, on every machine and in every release.

use std::collections::{BTreeMap, BTreeSet};

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

/// Names that are given out once.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// The last number that was put behind a slug, so that a thousand equal texts are not counted a million times.
    last: BTreeMap<String, u64>,
}

impl Names {
    /// Takes a name; `false` if it is taken already.
    pub(super) fn take(&mut self, name: &str) -> bool {
        self.taken.insert(name.to_owned())
    }

    /// Takes the slug of a text, with the first free number behind it where it is taken already.
    pub(super) fn slug(&mut self, text: &str) -> String {
        let plain = slug(text);
        let mut name = plain.clone();
        while !self.take(&name) {
            let last = self.last.entry(plain.clone()).or_insert(1);
            *last += 1;
            name = format!("{plain}-{last}");
        }
        name
    }
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
        let mut names = Names::default();
        assert!(names.take("a") && names.take("a-2") && !names.take("a"));
        assert_eq!((names.slug("A!"), names.slug("a"), names.slug("b")), ("a-3".into(), "a-4".into(), "b".into()));
    }
}
