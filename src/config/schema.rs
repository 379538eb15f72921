//! The shape of configuration files: the types, and the other places where some keys may be written.

use std::sync::LazyLock;

use serde_json::Value;

use super::moved::{FlatKeys, WorkerKeys};
use super::secret::SecretSource;
use super::{Config, LogLevel};
use crate::reading::{
    Count, DollarLimit, Format, Percent, Period, PlainText, Shape, Size, UrlText, VariableName, published,
};

const FORMATS: &[Format] = &[
    Format::of::<Period>(),
    Format::of::<Size>(),
    Format::of::<Percent>(),
    Format::of::<DollarLimit>(),
    Format::of::<Count>(),
    Format::of::<UrlText>(),
    Format::of::<VariableName>(),
    Format::of::<PlainText>(),
    Format::of::<SecretSource>(),
    Format::of::<LogLevel>(),
];

/// What files, variables and flags are held against.
pub(super) static SHAPE: LazyLock<Shape> = LazyLock::new(|| Shape::new(file_schema(), FORMATS));

/// The JSON Schema of configuration files, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut schema = file_schema();
    without_section_defaults(&mut schema);
    published(schema, "urn:cco:schema:config:1")
}

fn file_schema() -> Value {
    let mut schema: Value = schemars::schema_for!(Config).into();
    add(&mut schema, "/properties", schemars::schema_for!(FlatKeys).as_value());
    add(&mut schema, "/$defs/ClaudeCode/properties", schemars::schema_for!(WorkerKeys).as_value());
    schema
}

fn add(schema: &mut Value, place: &str, keys: &Value) {
    let from = keys.get("properties").and_then(Value::as_object);
    if let (Some(to), Some(from)) = (schema.pointer_mut(place).and_then(Value::as_object_mut), from) {
        to.extend(from.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

/// The default of a section only repeats those of its keys.
fn without_section_defaults(value: &mut Value) {
    if let Value::Object(map) = value {
        if map.get("default").is_some_and(|default| default.as_object().is_some_and(|keys| !keys.is_empty())) {
            map.shift_remove("default");
        }
        map.values_mut().for_each(without_section_defaults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_knows_every_keyword_of_the_schema() {
        SHAPE.assert_known();
    }

    #[test]
    fn every_leaf_has_a_place_in_the_tree() {
        let leaves = SHAPE.leaves();
        assert!(leaves.contains(&"orchestrator.max_iterations".to_owned()));
        assert!(leaves.contains(&"monitoring.otlp.endpoint".to_owned()));
        for leaf in leaves {
            let path: Vec<&str> = leaf.split('.').collect();
            assert!(SHAPE.at(&path).is_some(), "{leaf}");
        }
    }
}
