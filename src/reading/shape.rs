//! Holds a tree against the JSON Schema of its type and finds every mistake in one walk.
//!
//! The walk also cleans: other names of a key become its own, and what is wrong is taken out, so that the rest can
//! still be deserialised and looked at for mistakes between its parts. It knows exactly the keywords that schemars
//! writes for the types of this crate, and `tests::every_keyword_is_known` holds it to that.

use schemars::JsonSchema;
use serde_json::{Map as JsonMap, Value};

use super::suggest::nearest;
use super::{Code, Content, Diagnostic, Entry, Format, Map, Node, Source, Span, full, keep};

/// The schema of a type, ready to be held against a file.
pub(crate) struct Shape {
    schema: Value,
    formats: &'static [Format],
}

impl Shape {
    /// The shape of a type; `formats` are those its fields use.
    pub(crate) fn of<T: JsonSchema>(formats: &'static [Format]) -> Self {
        Self { schema: schemars::schema_for!(T).into(), formats }
    }

    /// The shape given by a schema that was put together from several.
    pub(crate) const fn new(schema: Value, formats: &'static [Format]) -> Self {
        Self { schema, formats }
    }

    /// The tree without what is wrong, if enough is left to be deserialised.
    pub(crate) fn hold(&self, source: Source<'_>, root: Node, mistakes: &mut Vec<Diagnostic>) -> Option<Node> {
        Walk { shape: self, source, mistakes }.value(&self.schema, root, "the file")
    }

    /// What stands at a path of keys: its JSON types and its format.
    pub(crate) fn at(&self, path: &[&str]) -> Option<(Vec<&str>, Option<&str>)> {
        let mut schema = &self.schema;
        for key in path {
            schema = self.resolve(schema).get("properties")?.get(key)?;
        }
        let schema = self.resolve(schema);
        Some((self.types(schema), schema.get("format").and_then(Value::as_str)))
    }

    /// The paths of all keys that have no keys below them.
    pub(crate) fn leaves(&self) -> Vec<String> {
        let mut leaves = Vec::new();
        self.leaves_below(&self.schema, "", &mut leaves);
        leaves
    }

    fn leaves_below(&self, schema: &Value, path: &str, leaves: &mut Vec<String>) {
        match self.resolve(schema).get("properties").and_then(Value::as_object) {
            Some(properties) => {
                for (key, inner) in properties {
                    let dot = if path.is_empty() { "" } else { "." };
                    self.leaves_below(inner, &format!("{path}{dot}{key}"), leaves);
                }
            }
            None => leaves.push(path.to_owned()),
        }
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        // A chain of references in generated schemas has one or two links.
        for _ in 0..8 {
            let Some(target) = schema.get("$ref").and_then(Value::as_str) else { return schema };
            let Some(found) = target.strip_prefix('#').and_then(|path| self.schema.pointer(path)) else {
                return schema;
            };
            schema = found;
        }
        schema
    }

    fn branches<'s>(&'s self, schema: &'s Value) -> Option<Vec<&'s Value>> {
        let list = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
        Some(list.iter().map(|branch| self.resolve(branch)).collect())
    }

    /// The words of an enumeration, where the schema is one.
    fn words<'s>(&'s self, schema: &'s Value) -> Option<Vec<&'s str>> {
        if let Some(word) = schema.get("const") {
            return word.as_str().map(|word| vec![word]);
        }
        if let Some(list) = schema.get("enum").and_then(Value::as_array) {
            return Some(list.iter().filter_map(Value::as_str).collect());
        }
        let lists: Option<Vec<Vec<&str>>> =
            self.branches(schema)?.into_iter().map(|branch| self.words(branch)).collect();
        lists.map(|lists| lists.concat())
    }

    fn types<'s>(&'s self, schema: &'s Value) -> Vec<&'s str> {
        if self.words(schema).is_some() {
            return vec!["string"];
        }
        match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => match self.branches(schema) {
                Some(branches) => branches.into_iter().flat_map(|branch| self.types(branch)).collect(),
                None => vec!["null", "boolean", "number", "string", "array", "object"],
            },
        }
    }

    fn takes(&self, schema: &Value, node: &Node) -> bool {
        let types = self.types(schema);
        match &node.content {
            Content::Null => types.contains(&"null"),
            Content::Bool(_) => types.contains(&"boolean"),
            Content::Number(_) => types.contains(&"number") || types.contains(&"integer"),
            Content::Text(_) => types.contains(&"string"),
            Content::List(_) => types.contains(&"array"),
            Content::Map(_) => types.contains(&"object"),
        }
    }

    fn format(&self, schema: &Value) -> Option<&Format> {
        let name = schema.get("format")?.as_str()?;
        self.formats.iter().find(|format| format.name == name)
    }

    /// What a schema asks for, in words of a message.
    fn wanted(&self, schema: &Value) -> String {
        if let Some(format) = self.format(schema) {
            return format.noun.to_owned();
        }
        let mut nouns = Vec::new();
        for kind in self.types(schema) {
            let noun = match kind {
                "string" => "a text",
                "integer" => "a whole number",
                "number" => "a number",
                "boolean" => "true or false",
                "array" => "a list",
                "object" => "a mapping",
                _ => continue,
            };
            if !nouns.contains(&noun) {
                nouns.push(noun);
            }
        }
        nouns.join(" or ")
    }
}

struct Walk<'w, 'a> {
    shape: &'w Shape,
    source: Source<'a>,
    mistakes: &'w mut Vec<Diagnostic>,
}

impl<'w> Walk<'w, '_> {
    /// One value; `name` is what messages call it.
    fn value(&mut self, schema: &'w Value, node: Node, name: &str) -> Option<Node> {
        let shape = self.shape;
        let schema = shape.resolve(schema);
        if !shape.takes(schema, &node) {
            self.wrong_type(schema, &node, name);
            return None;
        }
        if let Some(words) = shape.words(schema) {
            return self.word(&words, node, name);
        }
        if let Some(branches) = shape.branches(schema) {
            let branch = branches.into_iter().find(|branch| shape.takes(branch, &node))?;
            return self.value(branch, node, name);
        }
        match node.content {
            Content::List(items) => self.list(schema, items, node.at, name),
            Content::Map(map) => self.map(schema, map, node.at, name),
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::Text(_) => self.scalar(schema, node, name),
        }
    }

    fn error(&mut self, code: Code, at: Span, message: String, hint: Option<String>) {
        keep(self.mistakes, || {
            let diagnostic = self.source.error(code, at, message);
            match hint {
                Some(hint) => diagnostic.help(hint),
                None => diagnostic,
            }
        });
    }

    fn wrong_type(&mut self, schema: &Value, node: &Node, name: &str) {
        let wanted = self.shape.wanted(schema);
        let wants_text = self.shape.types(schema).contains(&"string");
        let (message, hint) = match &node.content {
            Content::Null => (format!("{name} has no value"), Some(format!("give it {wanted}, or remove the key"))),
            Content::Bool(_) | Content::Number(_) if wants_text => {
                let hint = match &node.content {
                    // A number this long is no longer known as it was written.
                    Content::Number(number) if number.is_f64() => "put it in quotes".to_owned(),
                    _ => format!("put it in quotes: \"{}\"", node.to_json()),
                };
                (format!("{name} must be {wanted}, not {}", node.kind()), Some(hint))
            }
            Content::Bool(_) | Content::Number(_) | Content::Text(_) | Content::List(_) | Content::Map(_) => {
                (format!("{name} must be {wanted}, not {}", node.kind()), None)
            }
        };
        self.error(Code::WrongType, node.at, message, hint);
    }

    fn word(&mut self, words: &[&str], node: Node, name: &str) -> Option<Node> {
        let Content::Text(text) = &node.content else { return None };
        if words.contains(&text.as_str()) {
            return Some(node);
        }
        let message = format!("{name} cannot be `{}`; it is one of {}", shorten(text), words.join(", "));
        let hint = nearest(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"));
        self.error(Code::UnknownWord, node.at, message, hint);
        None
    }

    fn scalar(&mut self, schema: &Value, node: Node, name: &str) -> Option<Node> {
        let mistake = match &node.content {
            Content::Number(number) => number_mistake(schema, number),
            Content::Text(text) if text.trim().is_empty() && schema.get("minLength").is_some() => {
                Some((Code::TooFew, "is empty".to_owned()))
            }
            Content::Null | Content::Bool(_) | Content::Text(_) | Content::List(_) | Content::Map(_) => None,
        };
        let mistake = mistake.or_else(|| {
            let format = self.shape.format(schema)?;
            (format.mistake)(&node.to_json()).map(|message| (Code::BadValue, message))
        });
        // Null is only let through where the value may be left out, which it then is.
        match mistake {
            Some((code, message)) if node.content != Content::Null => {
                self.error(code, node.at, format!("{name} {message}"), None);
                None
            }
            _ => Some(node),
        }
    }

    fn list(&mut self, schema: &'w Value, items: Vec<Node>, at: Span, name: &str) -> Option<Node> {
        if items.is_empty() && schema.get("minItems").is_some() {
            self.error(Code::TooFew, at, format!("{name} is empty"), None);
            return None;
        }
        let items = match schema.get("items") {
            Some(each) => items
                .into_iter()
                .enumerate()
                .filter_map(|(index, item)| self.value(each, item, &format!("item {} of {name}", index + 1)))
                .collect(),
            None => items,
        };
        Some(Node { at, content: Content::List(items) })
    }

    fn map(&mut self, schema: &'w Value, map: Map, at: Span, name: &str) -> Option<Node> {
        static NONE: std::sync::LazyLock<JsonMap<String, Value>> = std::sync::LazyLock::new(JsonMap::new);
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&NONE);
        let others = schema.get("additionalProperties");
        let mut clean = Map { entries: Vec::new(), dropped: map.dropped };
        for Entry { key, key_at, value } in map.entries {
            let (own, inner) = match (own_name(properties, &key), others) {
                (Some((own, _)), _) if clean.entries.iter().any(|entry| entry.key == own) => {
                    let hint = format!("`{key}` is another name of `{own}`; remove one of the two");
                    self.error(Code::DuplicateKey, key_at, format!("`{own}` is given twice"), Some(hint));
                    continue;
                }
                (Some((own, inner)), _) => (own.to_owned(), inner),
                (None, Some(Value::Bool(false))) => {
                    // What was misspelt is there, and not missing.
                    clean.dropped.extend(self.unknown_key(properties, &key, key_at, name));
                    continue;
                }
                (None, Some(inner)) => (key.clone(), inner),
                (None, None) => (key.clone(), &Value::Null),
            };
            match self.value(inner, value, &format!("`{key}`")) {
                // A key that may be left out and has no value is left out, unless its value can be anything.
                Some(Node { content: Content::Null, .. }) if inner.get("type").or(inner.get("anyOf")).is_some() => {}
                Some(value) => clean.entries.push(Entry { key: own, key_at, value }),
                None => clean.dropped.push(own),
            }
        }
        let complete = self.required(schema, properties, &mut clean, at, name);
        complete.then_some(Node { at, content: Content::Map(clean) })
    }

    /// Reports it, and says which key was meant, if one is near.
    fn unknown_key(&mut self, properties: &JsonMap<String, Value>, key: &str, at: Span, name: &str) -> Option<String> {
        if full(self.mistakes) {
            return None;
        }
        let mut known: Vec<&str> = properties.keys().map(String::as_str).collect();
        let mut others: Vec<&str> = properties.values().flat_map(aliases).collect();
        others.splice(0..0, known.iter().copied());
        known.sort_unstable();
        let near = nearest(key, others);
        let hint = match near {
            _ if key == "<<" => {
                "merge keys are not part of YAML 1.2; write the keys out, or use `*name` as a whole value".into()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        let place = if name == "the file" { String::new() } else { format!(" in {name}") };
        self.error(Code::UnknownKey, at, format!("unknown key `{}`{place}", shorten(key)), Some(hint));
        near.and_then(|near| own_name(properties, near)).map(|(own, _)| own.to_owned())
    }

    /// Reports what is missing and puts a place-holder there where one is harmless, since nothing is done with a file
    /// that has a mistake; `false` if the rest cannot be deserialised.
    fn required(
        &mut self,
        schema: &Value,
        properties: &JsonMap<String, Value>,
        clean: &mut Map,
        at: Span,
        name: &str,
    ) -> bool {
        let mut complete = true;
        for key in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if clean.entries.iter().any(|entry| entry.key == key) {
                continue;
            }
            let property = properties.get(key).unwrap_or(&Value::Null);
            if !clean.dropped.iter().any(|dropped| dropped == key) {
                let hint = property.get("description").and_then(Value::as_str).map(|text| {
                    format!("add `{key}:` {}", text.split_terminator(['.', ';', '\n']).next().unwrap_or_default())
                });
                self.error(Code::MissingKey, at, format!("{name} lacks the key `{key}`"), hint);
            }
            let inner = self.shape.resolve(property);
            let content = match self.shape.types(inner).as_slice() {
                _ if inner.get("format").is_some() || self.shape.words(inner).is_some() => None,
                ["string"] => Some(Content::Text(String::new())),
                ["array"] => Some(Content::List(Vec::new())),
                _ => None,
            };
            match content {
                Some(content) => {
                    clean.entries.push(Entry { key: key.to_owned(), key_at: at, value: Node { at, content } });
                    clean.dropped.push(key.to_owned());
                }
                None => complete = false,
            }
        }
        complete
    }
}

/// The property that a key means, by its own or by another name.
fn own_name<'s>(properties: &'s JsonMap<String, Value>, key: &str) -> Option<(&'s str, &'s Value)> {
    let found = properties.get_key_value(key);
    let found = found.or_else(|| properties.iter().find(|(_, property)| aliases(property).any(|alias| alias == key)));
    found.map(|(own, property)| (own.as_str(), property))
}

/// Other names of a property, from the extension that the types carry.
pub(super) fn aliases(property: &Value) -> impl Iterator<Item = &str> {
    property.get("x-aliases").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn number_mistake(schema: &Value, number: &serde_json::Number) -> Option<(Code, String)> {
    let whole = schema.get("type").is_some_and(|kind| match kind {
        Value::Array(list) => !list.iter().any(|kind| kind == "number") && list.iter().any(|kind| kind == "integer"),
        kind => kind == "integer",
    });
    if whole && number.is_f64() {
        return Some((Code::WrongType, "must be a whole number".into()));
    }
    let value = number.as_f64()?;
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("uint32") => (Some(0.0), Some(f64::from(u32::MAX))),
        Some("int32") => (Some(f64::from(i32::MIN)), Some(f64::from(i32::MAX))),
        // A number that is no u64 was read as a float, which is caught above, or is negative.
        Some("uint64" | "uint") => (Some(0.0), None),
        _ => (None, None),
    };
    let least = bound("minimum").into_iter().chain(least).reduce(f64::max);
    let most = bound("maximum").into_iter().chain(most).reduce(f64::min);
    let above = bound("exclusiveMinimum");
    match () {
        () if least.is_some_and(|least| value < least) => {
            Some(format!("must be at least {}", least.unwrap_or_default()))
        }
        () if above.is_some_and(|above| value <= above) => {
            Some(format!("must be more than {}", above.unwrap_or_default()))
        }
        () if most.is_some_and(|most| value > most) => Some(format!("must be at most {}", most.unwrap_or_default())),
        () => None,
    }
    .map(|message| (Code::OutOfRange, message))
}

/// A text of the file, short enough for a message.
fn shorten(text: &str) -> String {
    match text.chars().count() {
        0..=60 => text.to_owned(),
        _ => text.chars().take(59).chain(['…']).collect(),
    }
}

/// The keywords that the walk understands, and those that say nothing it has to hold to.
#[cfg(test)]
const KNOWN: &[&str] = &[
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "default",
    "type",
    "properties",
    "required",
    "format",
    "anyOf",
    "additionalProperties",
    "items",
    "minItems",
    "minLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "oneOf",
    "const",
    "enum",
    "x-aliases",
    "x-kinds",
];

/// Panics where a schema uses a keyword that the walk does not know.
#[cfg(test)]
pub(crate) fn assert_known(schema: &Value) {
    let Value::Object(map) = schema else { return };
    for (key, value) in map {
        assert!(KNOWN.contains(&key.as_str()), "the walk does not know the keyword {key}: {value}");
        match (key.as_str(), value) {
            ("properties" | "$defs", Value::Object(inner)) => inner.values().for_each(assert_known),
            ("anyOf" | "oneOf", Value::Array(list)) => list.iter().for_each(assert_known),
            ("items" | "additionalProperties", inner) => assert_known(inner),
            _ => {}
        }
    }
}

#[cfg(test)]
impl Shape {
    pub(crate) fn assert_known(&self) {
        assert_known(&self.schema);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::super::{Many, Period, parse};
    use super::*;

    #[derive(Debug, Deserialize, JsonSchema, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Example {
        /// What it is called. Anything goes.
        #[schemars(length(min = 1))]
        title: String,
        #[schemars(extend("x-aliases" = ["howMany"]))]
        how_many: Option<u8>,
        wait: Option<Period>,
        mood: Option<Mood>,
        tags: Option<Many<String>>,
        #[serde(default)]
        inner: BTreeMap<String, Inner>,
    }

    #[derive(Debug, Deserialize, JsonSchema, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mood {
        Happy,
        Sad,
    }

    #[derive(Debug, Deserialize, JsonSchema, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[schemars(range(min = 1))]
        n: u32,
    }

    const FORMATS: &[Format] = &[Format::of::<Period>()];

    type Found = (Code, usize, usize, String);

    fn hold(text: &str) -> (Option<Node>, Vec<Found>) {
        let (source, root) = parse("f", text.as_bytes()).unwrap();
        let mut mistakes = Vec::new();
        let clean = Shape::of::<Example>(FORMATS).hold(source, root, &mut mistakes);
        (
            clean,
            mistakes
                .into_iter()
                .map(|d| (d.code, d.line, d.column, d.message + "|" + &d.hint.unwrap_or_default()))
                .collect(),
        )
    }

    #[test]
    fn a_good_file_is_left_as_it_is() {
        let (clean, mistakes) = hold("title: x\nhowMany: 3\nwait: 5m\nmood: sad\ntags: a\ninner: {a: {n: 1}}\n");
        assert_eq!(mistakes, []);
        let read: Example = serde_json::from_value(clean.unwrap().to_json()).unwrap();
        assert_eq!((read.how_many, read.mood, read.tags), (Some(3), Some(Mood::Sad), Some(Many::One("a".into()))));
    }

    #[test]
    fn every_mistake_is_found_at_its_place_and_the_rest_survives() {
        let text =
            "titel: x\nhow_many: 300\nwait: soon\nmood: hapy\ntags: [1]\ninner:\n  a: {n: 0}\n  b: {n: 1}\n  c: {}\n";
        let (clean, mistakes) = hold(text);
        let shown: Vec<String> =
            mistakes.iter().map(|(_, line, column, text)| format!("{line}:{column} {text}")).collect();
        assert_eq!(
            shown,
            [
                "1:1 unknown key `titel`|did you mean `title`?",
                "2:11 `how_many` must be at most 255|",
                "3:7 `wait` must be a duration such as `300s`, `10m` or `1h30m`|",
                "4:7 `mood` cannot be `hapy`; it is one of happy, sad|did you mean `happy`?",
                "5:8 item 1 of `tags` must be a text, not a number|put it in quotes: \"1\"",
                "7:10 `n` must be at least 1|",
                "9:6 `c` lacks the key `n`|",
            ]
        );
        let read: Example = serde_json::from_value(clean.unwrap().to_json()).unwrap();
        assert_eq!(read.inner.len(), 1);
    }

    #[test]
    fn one_key_by_two_names_is_a_mistake() {
        let (_, mistakes) = hold("title: x\nhow_many: 1\nhowMany: 2\n");
        assert_eq!((mistakes[0].0, mistakes[0].1), (Code::DuplicateKey, 3));
    }

    #[test]
    fn a_key_without_a_value_is_a_mistake_unless_it_may_be_left_out() {
        assert_eq!(hold("mood: sad\n").1[0].3, "the file lacks the key `title`|add `title:` What it is called");
        let (_, mistakes) = hold("title:\nwait:\n");
        assert_eq!(mistakes.len(), 1);
        assert!(mistakes[0].3.starts_with("`title` has no value"));
    }
}
