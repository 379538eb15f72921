//! Secrets: where they are found, and the value once it was fetched. Neither shows itself in a log or a view.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::reading::{Scalar, scalar_text};

/// A secret value; overwritten in memory when dropped, never printed.
#[derive(Clone)]
pub struct Secret(SecretString);

/// Where a secret is found. It is fetched when first needed; a demo needs none (design section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `${NAME}`: an environment variable.
    Environment(String),
    /// `file:/path`: the content of a file without the line end.
    File(String),
    /// `cmd:…`: what a shell command prints.
    Command(String),
    /// `keyring:name`: an entry of the user's key ring.
    Keyring(String),
    /// The secret itself, which warns.
    Literal(Secret),
}

/// Why a secret could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The variable that a key names is not set, or empty.
    #[error(
        "`{key}` needs the environment variable {variable}, which is not set; set it, or name another place (file:/path, cmd:…, keyring:name)"
    )]
    Unset {
        /// The key, `openrouter.api_key`.
        key: String,
        /// The variable.
        variable: String,
    },
}

/// The secret, where it needs no more than the environment; `None` where it is in a file, a command or a key ring.
///
/// # Errors
///
/// The variable is not set or empty; `key` is named in the message.
pub fn resolve_env(
    key: &str,
    source: &SecretSource,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Option<Secret>, Error> {
    match source {
        SecretSource::Environment(variable) => match lookup(variable).filter(|value| !value.is_empty()) {
            Some(value) => Ok(Some(Secret::new(value))),
            None => Err(Error::Unset { key: key.to_owned(), variable: variable.clone() }),
        },
        SecretSource::Literal(secret) => Ok(Some(secret.clone())),
        SecretSource::File(_) | SecretSource::Command(_) | SecretSource::Keyring(_) => Ok(None),
    }
}

impl Secret {
    /// Takes over a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that hands it over.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl fmt::Display for SecretSource {
    /// Where the secret is; never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "${{{name}}}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Command(command) => write!(f, "cmd:{command}"),
            Self::Keyring(name) => write!(f, "keyring:{name}"),
            Self::Literal(_) => f.write_str("***"),
        }
    }
}

impl Scalar for SecretSource {
    const FORMAT: &'static str = "secret";
    const TYPES: &'static [&'static str] = &["string"];
    const NOUN: &'static str = "a place of a secret such as `${NAME}`, `file:/path`, `cmd:…` or `keyring:name`";

    fn read(value: &Value) -> Result<Self, String> {
        let text = value.as_str().unwrap_or_default().trim();
        let filled = |rest: &str, of: fn(String) -> Self| match rest.trim() {
            "" => Err(format!("must be {}", Self::NOUN)),
            rest => Ok(of(rest.to_owned())),
        };
        if let Some(name) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
            return match !name.is_empty() && name.chars().all(good) {
                true => Ok(Self::Environment(name.to_owned())),
                false => Err("must name one environment variable: `${NAME}`".into()),
            };
        }
        match text.split_once(':') {
            Some(("file", path)) => return filled(path, Self::File),
            Some(("cmd", command)) => return filled(command, Self::Command),
            Some(("keyring", name)) => return filled(name, Self::Keyring),
            _ => {}
        }
        match () {
            () if text.is_empty() => Err("is empty; name the place of the secret, or remove the key".into()),
            () if text.contains("${") || text.starts_with('$') => {
                Err("mixes text and a variable; write the whole value as `${NAME}`".into())
            }
            () => Ok(Self::Literal(Secret::new(text.to_owned()))),
        }
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

scalar_text!(SecretSource);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(text: &str) -> Result<SecretSource, String> {
        SecretSource::read(&json!(text))
    }

    #[test]
    fn the_place_of_a_secret_is_read() {
        assert_eq!(source("${KEY}"), Ok(SecretSource::Environment("KEY".into())));
        assert_eq!(source("file:/run/key"), Ok(SecretSource::File("/run/key".into())));
        assert_eq!(source("cmd:pass show key"), Ok(SecretSource::Command("pass show key".into())));
        assert_eq!(source("keyring:cco"), Ok(SecretSource::Keyring("cco".into())));
        assert!(matches!(source("sk-123"), Ok(SecretSource::Literal(_))));
        for wrong in ["", "${}", "${A B}", "x${A}", "$A", "file:", "cmd: "] {
            assert!(source(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let literal = source("hunter2").unwrap();
        let shown = format!("{literal:?} {literal} {} {:?}", literal.show(), Secret::new("hunter2".into()));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(matches!(&literal, SecretSource::Literal(secret) if secret.expose() == "hunter2"));
    }

    #[test]
    fn an_unset_variable_is_an_error_that_names_key_and_variable_when_it_is_needed() {
        let environment = |name: &str| (name == "SET").then(|| "value".to_owned());
        let set = SecretSource::Environment("SET".into());
        assert_eq!(resolve_env("k", &set, environment), Ok(Some(Secret::new("value".into()))));
        let unset = SecretSource::Environment("UNSET".into());
        let message = resolve_env("openrouter.api_key", &unset, environment).unwrap_err().to_string();
        assert!(message.contains("openrouter.api_key") && message.contains("UNSET"), "{message}");
        assert_eq!(resolve_env("k", &SecretSource::File("f".into()), environment), Ok(None));
    }
}
