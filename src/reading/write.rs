//! Values to YAML that every reader reads back as they were: each text that is not plainly a word is in double quotes,
//! with escapes for what cannot be seen.

use serde_json::Value;

/// The value as block YAML, with a line end behind it.
pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// A value that begins on a line of its own.
fn block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                margin(indent, text);
                text.push_str(&quoted(key));
                text.push(':');
                after(value, indent + 2, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                // The item's first line stands behind the dash, which takes the place of its margin.
                let mut inner = String::new();
                block(item, indent + 2, &mut inner);
                margin(indent, text);
                text.push_str("- ");
                text.push_str(inner.trim_start_matches(' '));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            margin(indent, text);
            text.push_str(&scalar(value));
            text.push('\n');
        }
    }
}

/// A value behind `key:`.
fn after(value: &Value, indent: usize, text: &mut String) {
    let inner = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if inner {
        text.push('\n');
        block(value, indent, text);
    } else {
        text.push(' ');
        text.push_str(&scalar(value));
        text.push('\n');
    }
}

fn margin(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        // An empty list or mapping is written as in JSON, and so are the others.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(word)
        && !reserved.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if unseen(c) => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Control characters, and those that some reader takes for a line end, a mark or nothing.
fn unseen(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::parse;
    use super::*;

    #[test]
    fn it_is_written_in_blocks() {
        let value = json!({"a": [{"run": "make: all", "k": 1}, []], "b": {}, "no": null, "c": "x\ny"});
        assert_eq!(write(&value), "a:\n  - run: \"make: all\"\n    k: 1\n  - []\nb: {}\n\"no\": null\nc: \"x\\ny\"\n");
    }

    proptest! {
        #[test]
        fn any_value_is_read_back(texts in proptest::collection::vec("(?s).{0,20}", 1..5), number in any::<i64>()) {
            let value = json!({"texts": texts, "inner": [{texts[0].clone(): number}, [texts[0].clone()]]});
            let written = write(&value);
            let (_, read) = parse("f", written.as_bytes()).unwrap();
            prop_assert_eq!(read.to_json(), value);
        }
    }
}
