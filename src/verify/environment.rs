//! What a check sees beside its tree: variables by the allow-list, and the hash that binds a verdict to it. Pure.
//!
//! The list is [`is_passed`], the same as the worker's. The values of what the mission's `pass_env` names, and
//! what carried files hold, are masked in evidence.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::carry::Carried;
use super::tail;
use crate::process::is_passed;
use crate::words::Hash;

/// Values shorter than this are not masked: they would blank out ordinary words.
const MASKED_FROM: usize = 6;

/// Carried files larger than this, in bytes, are data and not settings: nothing of them is masked.
const SETTINGS: usize = 64 * 1024;

/// Part of the hash, so that verdicts of a cco that made another environment are not taken over.
const FORMAT: &[u8] = b"cco check environment 1";

/// The surroundings of checks, with the hash that stands for them in verdicts.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    masked: Vec<String>,
    hash: Hash,
}

/// What an environment is made from.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The variables of cco itself.
    pub variables: &'a BTreeMap<OsString, OsString>,
    /// Names that the mission passes in addition.
    pub pass_env: &'a [String],
    /// The carried files as sealed.
    pub carried: &'a [Carried],
    /// The key of the set-up that was run in the tree's folder.
    pub setup: Hash,
}

impl Environment {
    /// Picks the variables and computes the hash: carried bytes, set-up key and the names, not the values, of `pass_env`.
    #[must_use]
    pub fn new(from: Surroundings<'_>) -> Self {
        let named = |name: &OsStr| from.pass_env.iter().any(|passed| OsStr::new(passed) == name);
        let passed = from.variables.iter().filter(|(name, _)| is_passed(name, from.pass_env));
        let variables: Vec<_> = passed.map(|(name, value)| (name.clone(), value.clone())).collect();
        let own = |(name, value): &(OsString, OsString)| named(name).then(|| value.to_str().map(str::to_owned))?;
        let mut masked: Vec<String> =
            variables.iter().filter_map(own).chain(from.carried.iter().flat_map(secrets)).collect();
        masked.retain(|value| value.len() >= MASKED_FROM);
        // The longest first, so that none is broken up by a part of it.
        masked.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        masked.dedup();
        Self { variables, masked, hash: hash(from) }
    }

    /// Stands for everything here in the verdict's key.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The variables, complete but for TMPDIR and PORT.
    #[must_use]
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// One variable that is valid text.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(own, _)| own == name).and_then(|(_, value)| value.to_str())
    }

    /// Replaces the values of what `pass_env` passes and what carried files hold: they are secrets as often as not.
    pub(super) fn mask(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.masked {
            if text.contains(secret) {
                text = text.replace(secret, "***");
            }
        }
        text
    }
}

impl std::fmt::Debug for Environment {
    /// Names only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("Environment").field("names", &names).field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// What of a carried file is masked: each line as it would be printed, and the value of one that gives a name to a value.
fn secrets(file: &Carried) -> Vec<String> {
    let text = if file.bytes.len() <= SETTINGS { std::str::from_utf8(&file.bytes).unwrap_or_default() } else { "" };
    let mut secrets = Vec::new();
    for line in tail::clean(text).lines().map(str::trim) {
        let value = line.split_once('=').or_else(|| line.split_once(": ")).map(|(_, value)| bare(value));
        secrets.extend([Some(line), value].into_iter().flatten().map(str::to_owned));
    }
    secrets
}

/// A value without the quotes and the comma around it.
fn bare(value: &str) -> &str {
    value.trim().trim_end_matches([',', ';']).trim_matches(['"', '\'', '`'])
}

fn hash(from: Surroundings<'_>) -> Hash {
    let mut names: Vec<&str> = from.pass_env.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let names = Hash::of_parts(names.iter().map(|name| name.as_bytes()));
    let mut carried: Vec<_> = from.carried.iter().map(|file| (file.path.as_bytes(), Hash::of(&file.bytes))).collect();
    carried.sort_unstable();
    let files = Hash::of_parts(carried.iter().flat_map(|(path, hash)| [*path, hash.as_bytes().as_slice()]));
    Hash::of_parts([FORMAT, names.as_bytes(), files.as_bytes(), from.setup.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn environment(pairs: &[(&str, &str)], pass_env: &[&str]) -> Environment {
        let pass_env: Vec<String> = pass_env.iter().map(ToString::to_string).collect();
        let variables = variables(pairs);
        Environment::new(Surroundings { variables: &variables, pass_env: &pass_env, carried: &[], setup: Hash::ZERO })
    }

    #[test]
    fn only_what_is_listed_or_named_is_passed() {
        let all = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("XDG_DATA_HOME", "/d"),
            ("XDG_API_KEY", "k"),
            ("OPENROUTER_API_KEY", "k"),
            ("EDITOR", "vi"),
            ("MY_TOKEN", "secret-token"),
        ];
        let environment = environment(&all, &["MY_TOKEN", "UNSET"]);
        let names: Vec<_> = environment.variables().iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["LC_ALL", "MY_TOKEN", "PATH", "XDG_DATA_HOME"]);
        assert!(!format!("{environment:?}").contains("secret-token"));
    }

    #[test]
    fn values_of_passed_variables_are_masked() {
        let environment =
            environment(&[("DATABASE_URL", "postgres://u:p@h/db"), ("PATH", "/usr/bin")], &["DATABASE_URL"]);
        assert_eq!(environment.mask("at postgres://u:p@h/db in /usr/bin"), "at *** in /usr/bin");
    }

    #[test]
    fn lines_and_values_of_carried_files_are_masked() {
        let none = BTreeMap::new();
        let mask = |text: &str| {
            let bytes = b"# notes\r\nTOKEN=\"tok=8fb1\"\nPORT=80\n  \"key\": \"k-123456\",\nMIIEvQIBADAN\n".to_vec();
            let carried = [Carried { path: ".env".into(), bytes, executable: false }];
            let setup = Hash::ZERO;
            Environment::new(Surroundings { variables: &none, pass_env: &[], carried: &carried, setup }).mask(text)
        };
        assert_eq!(mask("with tok=8fb1, k-123456"), "with ***, ***");
        assert_eq!(mask("TOKEN=\"tok=8fb1\"\n80 MIIEvQIBADAN."), "***\n80 ***.");
        let data = Carried { path: "big".into(), bytes: b"a line\n".repeat(SETTINGS), executable: false };
        assert_eq!(secrets(&data), Vec::<String>::new());
    }

    #[test]
    fn the_hash_is_of_names_carried_bytes_and_set_up_not_of_values() {
        let hash = |pairs: &[(&str, &str)], pass: &[&str]| environment(pairs, pass).hash();
        assert_eq!(hash(&[("A", "1")], &["A", "B"]), hash(&[("A", "2")], &["B", "A", "A"]));
        assert_ne!(hash(&[], &["A"]), hash(&[], &["B"]));
        let none = BTreeMap::new();
        let with = |carried: &[Carried], setup| {
            Environment::new(Surroundings { variables: &none, pass_env: &[], carried, setup }).hash()
        };
        let file = |bytes: &[u8]| [Carried { path: ".env".into(), bytes: bytes.to_vec(), executable: false }];
        assert_ne!(with(&file(b"a"), Hash::ZERO), with(&file(b"b"), Hash::ZERO));
        assert_ne!(with(&[], Hash::of(b"npm ci")), with(&[], Hash::ZERO));
    }
}
