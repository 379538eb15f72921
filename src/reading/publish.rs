//! The JSON Schema as it is given to editors: the extensions that only cco's own reader understands are written out in
//! standard keywords.

use serde_json::{Map, Value, json};

use super::shape::aliases;

/// The schema with other names as properties of their own, and with "exactly one kind" as `oneOf`.
pub(crate) fn published(schema: Value, id: &str) -> Value {
    let mut schema = schema;
    each_object(&mut schema, &expand);
    if let Value::Object(root) = &mut schema {
        root.shift_insert(1, "$id".into(), id.into());
    }
    schema
}

fn each_object(value: &mut Value, change: &impl Fn(&mut Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(|inner| each_object(inner, change));
            change(map);
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| each_object(inner, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn expand(schema: &mut Map<String, Value>) {
    let mut rules = Vec::new();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let mut other_names = Vec::new();
        for (name, property) in properties.iter_mut() {
            let names: Vec<String> = aliases(property).map(str::to_owned).collect();
            let Value::Object(property) = property else { continue };
            if names.is_empty() || property.shift_remove("x-aliases").is_none() {
                continue;
            }
            let mut copy = property.clone();
            copy.insert("description".into(), format!("Another name of `{name}`.").into());
            other_names.extend(names.iter().map(|other| (other.clone(), Value::Object(copy.clone()))));
            rules.push((name.clone(), names));
        }
        properties.extend(other_names);
    }
    let mut all = Vec::new();
    for (name, others) in rules {
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            let before = required.len();
            required.retain(|key| *key != name);
            if required.len() < before {
                let choices: Vec<Value> =
                    std::iter::once(&name).chain(&others).map(|key| json!({ "required": [key] })).collect();
                all.push(json!({ "anyOf": choices }));
            }
        }
    }
    if let Some(Value::Array(kinds)) = schema.shift_remove("x-kinds") {
        let choice = |kind: &Value| match kind.as_str() {
            // `not: true` beside another kind turns that kind round; only a check makes it a kind of its own.
            Some("not") => json!({ "required": ["not"], "properties": { "not": { "type": ["object", "string"] } } }),
            _ => json!({ "required": [kind] }),
        };
        all.push(json!({ "oneOf": kinds.iter().map(choice).collect::<Vec<_>>() }));
    }
    if schema.get("required").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        schema.shift_remove("required");
    }
    if !all.is_empty() {
        schema.insert("allOf".into(), Value::Array(all));
    }
}
