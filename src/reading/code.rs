//! The one table of what can be wrong with a file: code, title, cause and cure. Codes are stable: a released one keeps
//! its meaning and is never used again for another. `cco explain CODE` prints an entry.

use crate::words::codes;

impl Code {
    /// The entry of a printed code, in either case; with or without `CCO-`.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let plain = |text: &str| text.to_ascii_uppercase().trim_start_matches("CCO-").to_owned();
        Self::ALL.iter().copied().find(|code| plain(code.as_str()) == plain(text.trim()))
    }
}

codes! {
    TooLarge = "CCO-E0101", "the file is too large",
        "Mission and configuration files are read up to 256 KiB. Move long texts into files of the repository and name \
         them in the description.";
    NotText = "CCO-E0102", "the file is not UTF-8 text",
        "The file holds bytes that are no UTF-8. Save it as UTF-8; the place is that of the first wrong byte.";
    Syntax = "CCO-E0103", "the file is not YAML",
        "The text cannot be read as YAML 1.2 from this place on. Common causes: a tab used for indentation, a colon \
         followed by a space inside unquoted text, an unclosed quote or bracket. Nothing behind this place was looked at.";
    DuplicateKey = "CCO-E0104", "a key is given twice",
        "A mapping names the same key twice, or once by its name and once by another name of it; which one was meant \
         cannot be known. Remove one.";
    Expansion = "CCO-E0105", "the file expands too far",
        "Aliases (`*name`) or nesting make the file many times larger than it is written. Write the values out.";
    Tag = "CCO-E0106", "a YAML tag that is not used here",
        "Tags of one's own (`!name`) have no meaning in these files. Remove the tag.";
    Documents = "CCO-E0107", "more than one YAML document",
        "A file holds one document. Remove what follows the `---`, or put it into a file of its own.";
    Empty = "CCO-E0108", "the file is empty",
        "There is nothing in the file but comments. `cco init` writes one to start from.";
    TooMany = "CCO-E0109", "more mistakes than are shown",
        "At most a hundred mistakes of a file are shown. Correct these first; a single misplaced indentation often \
         causes many.";
    UnknownKey = "CCO-E0110", "an unknown key",
        "The key is not one that cco knows at this place, so it would have no effect. Unknown keys are mistakes, \
         because a misspelt one could be what guards the end of a mission. `cco schema` prints all keys.";
    WrongType = "CCO-E0111", "a value of the wrong kind",
        "Another kind of value is needed here, such as a list instead of a text. A text that looks like a number or \
         like true or false must be put in quotes.";
    MissingKey = "CCO-E0112", "a key is missing",
        "The mapping lacks a key that it cannot do without.";
    UnknownWord = "CCO-E0113", "not one of the allowed words",
        "Only certain words are allowed as this value; the message lists them.";
    OutOfRange = "CCO-E0114", "a number out of range",
        "The number is smaller or larger than can be meant here.";
    BadValue = "CCO-E0115", "a value that cannot be read",
        "The value has a form of its own that it does not keep: a duration (`300s`, `10m`, `1h30m`), a size (`100KB`), \
         a percentage, a bound (`>80%`), a regular expression, a glob, a JSON path (`$.paths`), a URL or an identifier.";
    TooFew = "CCO-E0116", "an empty list or text",
        "Something must stand here. A definition of done without a criterion could never prove anything.";
    DuplicateId = "CCO-E0120", "an identifier is used twice",
        "Identifiers name criteria, phases and services in the journal, in commits and on the command line; each must \
         be unique in the mission.";
    UnknownReference = "CCO-E0121", "a name that refers to nothing",
        "A criterion, phase, service or gate is named that the mission does not define.";
    CheckKinds = "CCO-E0122", "a validator without a kind, or with two",
        "Each validator is a mapping with exactly one kind (`command:`, `file:`, `tests:` …) beside the common keys, or \
         a text, which is a shell command. Two checks are two items of the list.";
    JudgeAlone = "CCO-E0123", "a critical criterion with nothing but a judge",
        "A model's opinion alone never proves a critical criterion. Add a check that a machine or a person decides, or \
         lower the priority.";
    PhaseOrder = "CCO-E0124", "a phase depends on a later one",
        "Phases run in the order of the file. Move the phase behind those it depends on.";
    Conflict = "CCO-E0125", "two values that contradict each other",
        "Both cannot hold; the message names the other one.";
    NotObeyed = "CCO-E0190", "a key that this version does not obey yet",
        "The key is part of the file format, but this version cannot do what it asks. Because it may guard the end of \
         the mission it is not ignored: `cco start` refuses. Remove the key, or express it as a check.";
    Broken = "CCO-E0199", "the file could not be taken over",
        "The file kept all rules and could not be read all the same. This is a mistake of cco; please report it.";
    LockDamaged = "CCO-E0201", "the mission lock was changed by hand",
        "`.cco/mission.lock.yaml` pins the checks that were derived from words, each with a hash, and an entry does not \
         fit its hash. Restore the file, or remove the entry so that it is derived again.";
    LockVersion = "CCO-E0202", "a mission lock of another version",
        "The lock was written by a version of cco with another format. Remove it so that it is derived again, or use \
         that version.";
    Completed = "CCO-W0301", "`completed` is not believed",
        "The specification's field is read, and never trusted: a criterion holds only by a passing check.";
    LiteralSecret = "CCO-W0302", "a secret in plain text",
        "Everyone who can read the file has the secret. Write `${VARIABLE}`, `file:/path`, `cmd:…` or `keyring:name`.";
    StoredWithSled = "CCO-W0303", "state is stored with sled",
        "`persistence.type: sqlite` and `persistence.path` are accepted for the specification's sake; state is kept in \
         `<git-dir>/cco` with sled.";
    EmptyPhase = "CCO-W0304", "a phase without criteria",
        "Nothing ends the phase, so it is over as soon as it begins. Name criteria in it, or remove it.";
    UnknownVariable = "CCO-W0305", "an environment variable that sets nothing",
        "The variable looks like a setting of cco (`CCO_<SECTION>_<KEY>`), but there is no such key.";
    CheckedByMachine = "CCO-W0306", "not measurable, yet checked by a machine",
        "`measurable: false` says that only a judge or a person can decide; this criterion has neither.";
    WithoutEffect = "CCO-W0307", "a key that has no effect yet",
        "The key is part of the file format and guards nothing, so it stops nobody; but this version does not do what it \
         asks. The message says what happens instead.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_entry_is_found_as_people_type_it() {
        assert_eq!(Code::named("CCO-E0110"), Some(Code::UnknownKey));
        assert_eq!(Code::named(" e0110 "), Some(Code::UnknownKey));
        assert_eq!(Code::named("E9999"), None);
    }

    #[test]
    fn no_two_entries_share_a_code_and_all_say_something() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.as_str().starts_with("CCO-E0") || code.as_str().starts_with("CCO-W0"));
            assert!(!code.title().is_empty() && code.explanation().ends_with('.'), "{}", code.as_str());
            assert!(!code.explanation().contains("  "), "{}", code.as_str());
        }
    }
}
