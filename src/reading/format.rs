//! Values with a form of their own, as types: each reads itself, shows itself, and names itself in the JSON Schema, so
//! that the one walk over a file finds a bad duration in the same way as a missing key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value of one scalar that is more than a text or a number.
pub(crate) trait Scalar: Sized {
    /// The `format` in the JSON Schema.
    const FORMAT: &'static str;
    /// The JSON types it is written as.
    const TYPES: &'static [&'static str];
    /// What is expected, in words of a message.
    const NOUN: &'static str;

    /// Reads it.
    ///
    /// # Errors
    ///
    /// What is wrong, as a fragment that follows "`key`: ".
    fn read(value: &Value) -> Result<Self, String>;

    /// Writes it so that it can be read again.
    fn show(&self) -> Value;
}

/// A scalar type without the type: what the walk needs of it.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) noun: &'static str,
    pub(crate) mistake: fn(&Value) -> Option<String>,
}

impl Format {
    /// The format of a scalar type.
    pub(crate) const fn of<T: Scalar>() -> Self {
        Self { name: T::FORMAT, noun: T::NOUN, mistake: |value| T::read(value).err() }
    }
}

/// Implements serde and the JSON Schema of a [`Scalar`].
macro_rules! scalar_text {
    ($($name:ty),* $(,)?) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::reading::scalar_parts::show(self).serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                $crate::reading::scalar_parts::read(&value).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::reading::scalar_parts::schema::<Self>()
            }
        }
    )*};
}
pub(crate) use scalar_text;

/// What [`scalar_text`] expands to.
pub(crate) mod parts {
    use super::{Scalar, Value};

    pub(crate) fn show<T: Scalar>(value: &T) -> Value {
        value.show()
    }

    pub(crate) fn read<T: Scalar>(value: &Value) -> Result<T, String> {
        T::read(value)
    }

    pub(crate) fn schema<T: Scalar>() -> schemars::Schema {
        match T::TYPES {
            [one] => schemars::json_schema!({ "type": one, "format": T::FORMAT }),
            several => schemars::json_schema!({ "type": several, "format": T::FORMAT }),
        }
    }
}

/// A short way to write something, or the whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Short<S, T> {
    /// The one value that matters most.
    Short(S),
    /// All keys.
    Full(T),
}

/// One of something, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Many<T> {
    /// Written without a list.
    One(T),
    /// Written as a list.
    List(Vec<T>),
}

impl<T> Many<T> {
    /// The items either way.
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::One(item) => std::slice::from_ref(item),
            Self::List(items) => items,
        }
    }
}

/// A text newtype whose reader checks the text.
macro_rules! checked_text {
    ($($(#[$doc:meta])* $name:ident, $format:literal, $noun:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) String);

        impl Scalar for $name {
            const FORMAT: &'static str = $format;
            const TYPES: &'static [&'static str] = &["string"];
            const NOUN: &'static str = $noun;

            fn read(value: &Value) -> Result<Self, String> {
                let text = value.as_str().ok_or_else(|| concat!("must be ", $noun).to_owned())?;
                let check: fn(&str) -> Result<(), String> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }

            fn show(&self) -> Value {
                Value::String(self.0.clone())
            }
        }

        scalar_text!($name);

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

checked_text! {
    /// A regular expression in the syntax of the `regex` crate.
    Pattern, "rust-regex", "a regular expression", regular_expression;
    /// A glob below the folder it is relative to.
    Glob, "glob", "a path or glob such as `src/**/*.rs`", glob;
    /// A path below the folder it is relative to.
    RelativePath, "relative-path", "a path inside the repository", |text| inside(text);
    /// Words.
    Wording, "wording", "a text", |text| if text.trim().is_empty() { Err("is empty".into()) } else { Ok(()) };
    /// An RFC 9535 query.
    QueryText, "json-path", "a JSON path such as `$.items[0].id`", json_path;
    /// An http or https address.
    UrlText, "http-url", "a URL that begins with http:// or https://", url;
    /// The name of an environment variable.
    VariableName, "variable-name", "the name of an environment variable", variable_name;
    /// An identifier as it may stand in a branch name and on a command line.
    NameText, "name", "an identifier of letters, digits, `-`, `_` and `.`", name;
    /// A SHA-256 digest.
    Sha256Text, "sha256", "64 hexadecimal digits", sha256;
}

/// A text that may be written as a number or as true or false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlainText(pub(crate) String);

impl Scalar for PlainText {
    const FORMAT: &'static str = "plain";
    const TYPES: &'static [&'static str] = &["string", "number", "boolean"];
    const NOUN: &'static str = "a text, a number or true or false";

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(Self(text.clone())),
            Value::Number(_) | Value::Bool(_) => Ok(Self(value.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(format!("must be {}", Self::NOUN)),
        }
    }

    fn show(&self) -> Value {
        Value::String(self.0.clone())
    }
}

scalar_text!(PlainText);

fn regular_expression(text: &str) -> Result<(), String> {
    // The limit keeps a counted repetition such as `(a{999}){999}` from costing seconds.
    match regex::RegexBuilder::new(text).size_limit(1 << 20).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err("is a regular expression that is too large to run".into()),
        Err(error) => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ");
            Err(format!("is not a regular expression: {reason}"))
        }
    }
}

fn glob(text: &str) -> Result<(), String> {
    inside(text)?;
    globset::GlobBuilder::new(text)
        .literal_separator(true)
        .build()
        .map(|_| ())
        .map_err(|error| format!("is not a glob: {}", error.kind()))
}

fn inside(text: &str) -> Result<(), String> {
    let outside = text.starts_with(['/', '~']) || text.split('/').any(|part| part == "..");
    match () {
        () if text.trim().is_empty() => Err("is empty".into()),
        () if outside => Err("leads out of the repository; paths here are relative to it".into()),
        () if text.contains('\0') => Err("holds a NUL character".into()),
        () => Ok(()),
    }
}

fn json_path(text: &str) -> Result<(), String> {
    serde_json_path::JsonPath::parse(text)
        .map(|_| ())
        .map_err(|error| format!("is not a JSON path such as `$.items[0].id`: {}", error.message()))
}

fn url(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() && !host.starts_with(['/', ':']) && !text.contains(char::is_whitespace) => {
            Ok(())
        }
        _ => Err("is not a URL that begins with http:// or https://".into()),
    }
}

fn variable_name(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match text.starts_with(|c: char| c.is_ascii_digit()) || text.is_empty() || !text.chars().all(good) {
        true => Err("is not the name of an environment variable; only names are listed here, no values".into()),
        false => Ok(()),
    }
}

fn name(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match () {
        () if text.is_empty() || text.len() > 64 => Err("must have between 1 and 64 characters".into()),
        () if !text.chars().all(good) => Err("may have letters, digits, `-`, `_` and `.` only".into()),
        () if text.starts_with(['-', '.']) || text.ends_with('.') || text.contains("..") || text.ends_with(".lock") => {
            Err("must not begin with `-` or `.`, end with `.` or `.lock`, or contain `..` (it becomes part of a branch name)".into())
        }
        () => Ok(()),
    }
}

fn sha256(text: &str) -> Result<(), String> {
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(()),
        false => Err("is not a SHA-256 digest of 64 hexadecimal digits".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_checked() {
        assert!(regular_expression("z\\.object|celebrate").is_ok());
        assert!(regular_expression("(unclosed").unwrap_err().contains("unclosed group"));
        assert!(regular_expression("((a{99}){99}){99}").unwrap_err().contains("too large"));
        assert!(glob("src/**/*.ts").is_ok() && glob("a[").is_err() && glob("../x").is_err() && glob("/etc/*").is_err());
        assert!(json_path("$[0].id").is_ok() && json_path("id").is_err());
        assert!(url("http://127.0.0.1:${PORT}/health").is_ok() && url("127.0.0.1").is_err() && url("http://").is_err());
        assert!(variable_name("DATABASE_URL").is_ok() && variable_name("A=b").is_err() && variable_name("1A").is_err());
        assert!(name("crud-2").is_ok() && name("a b").is_err() && name("x.lock").is_err() && name("").is_err());
        assert!(sha256(&"0".repeat(64)).is_ok() && sha256("abc").is_err());
    }
}
