//! RFC 9535 queries into JSON, YAML and TOML, for `command`, `file`, `http` and `metric`. Pure.
//!
//! Documents are hostile: JSON nesting is bounded by serde_json (128), YAML by the budget of serde-saphyr (nodes,
//! nesting, alias expansion), TOML by the nesting that its parser allows (80). A pattern or bound must hold for *every* node that the query selects, and for one at least.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::finding::{Held, Tally};
use super::text::{pattern, short};
use crate::mission::{Bound, PathCondition, PathQuery};

/// YAML beyond this is not parsed: its parsers cost far more per byte than JSON's (`crates.md` section 3).
const YAML_CAP: usize = 8 * 1024 * 1024;

/// TOML beyond this is not parsed; a value of it costs about as much as one of YAML.
const TOML_CAP: usize = 8 * 1024 * 1024;

/// Why a document is not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is not what it should be: the check fails.
    Malformed(String),
    /// It may be, but is not read: the check is undecided.
    TooLarge(String),
}

impl Unread {
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Malformed(reason) | Self::TooLarge(reason) => reason,
        }
    }
}

pub(super) fn parse_json(bytes: &[u8]) -> Result<Value, Unread> {
    serde_json::from_slice(bytes).map_err(|error| Unread::Malformed(format!("is not JSON: {error}")))
}

pub(super) fn parse_yaml(bytes: &[u8]) -> Result<Value, Unread> {
    if bytes.len() > YAML_CAP {
        return Err(Unread::TooLarge(format!("has {} bytes, more YAML than is read ({YAML_CAP})", bytes.len())));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unread::Malformed("is not UTF-8".to_owned()))?;
    serde_saphyr::from_str(text).map_err(|error| {
        let reason = error.to_string();
        Unread::Malformed(format!("is not YAML: {}", short(reason.lines().next().unwrap_or(""))))
    })
}

pub(super) fn parse_toml(bytes: &[u8]) -> Result<Value, Unread> {
    if bytes.len() > TOML_CAP {
        return Err(Unread::TooLarge(format!("has {} bytes, more TOML than is read ({TOML_CAP})", bytes.len())));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Unread::Malformed("is not UTF-8".to_owned()))?;
    let table = text.parse::<toml::Table>();
    let table = table.map_err(|error| Unread::Malformed(format!("is not TOML: {}", short(error.message()))))?;
    Ok(json_of(toml::Value::Table(table)))
}

/// TOML's dates are texts here, and so are the numbers that JSON does not have (`nan`, `inf`).
fn json_of(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json_of).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json_of(value))).collect())
        }
    }
}

/// Looks into a document and notes what was found.
pub(super) fn note(tally: &mut Tally, name: &str, document: Result<Value, Unread>, query: &PathQuery) {
    match document {
        Ok(value) => {
            if let PathCondition::Number(bound) = &query.condition {
                note_measure(tally, &value, query, bound);
            }
            tally.note_held(holds(&value, query).map(|(holds, phrase)| (holds, format!("{name} {phrase}"))));
        }
        Err(Unread::Malformed(reason)) => tally.note(false, format!("{name} {reason}")),
        Err(Unread::TooLarge(reason)) => tally.note_undecided(format!("{name} {reason}")),
    }
}

/// Whether a document satisfies a query.
pub(super) fn holds(value: &Value, query: &PathQuery) -> Held {
    let path = &query.path;
    let nodes = select(value, path)?;
    let count = nodes.len();
    Ok(match &query.condition {
        PathCondition::Exists(true) => (count > 0, format!("{path} selects {count} nodes, asked for one at least")),
        PathCondition::Exists(false) => (count == 0, format!("{path} selects {count} nodes, asked for none")),
        PathCondition::Equals(wanted) => equals(path, &nodes, wanted),
        PathCondition::Matches(wanted) => matches(path, &nodes, wanted)?,
        PathCondition::Number(bound) => keeps(path, &nodes, bound),
    })
}

/// The nodes that a query selects.
pub(super) fn select<'v>(value: &'v Value, path: &str) -> Result<Vec<&'v Value>, String> {
    let query = JsonPath::parse(path).map_err(|error| format!("`{path}` is not a valid path: {error}"))?;
    Ok(query.query(value).all())
}

fn equals(path: &str, nodes: &[&Value], wanted: &Value) -> (bool, String) {
    match nodes {
        [node] => (same(node, wanted), format!("{path} is {}, asked for {}", shown(node), shown(wanted))),
        _ => (false, format!("{path} selects {} nodes, asked for one equal to {}", nodes.len(), shown(wanted))),
    }
}

fn matches(path: &str, nodes: &[&Value], wanted: &str) -> Held {
    let regex = pattern(wanted)?;
    let odd = nodes.iter().find(|node| !node.as_str().is_some_and(|text| regex.is_match(text)));
    Ok(match (nodes, odd) {
        ([], _) => (false, format!("{path} selects nothing to match /{}/", short(wanted))),
        (_, Some(node)) => (false, format!("{path} is {}, asked for /{}/", shown(node), short(wanted))),
        (_, None) => (true, format!("{path} matches /{}/", short(wanted))),
    })
}

fn keeps(path: &str, nodes: &[&Value], bound: &Bound) -> (bool, String) {
    let odd = nodes.iter().find(|node| !node.as_f64().is_some_and(|number| bound.holds(number)));
    match (nodes, odd.or(nodes.first())) {
        (_, Some(node)) => (odd.is_none(), format!("{path} is {}, asked for {}", shown(node), bound.text)),
        (_, None) => (false, format!("{path} selects nothing to hold against {}", bound.text)),
    }
}

fn note_measure(tally: &mut Tally, value: &Value, query: &PathQuery, bound: &Bound) {
    // A query that fails to parse is reported by the condition itself.
    for node in select(value, &query.path).unwrap_or_default().into_iter().take(20) {
        if let Some(number) = node.as_f64() {
            tally.measure(&query.path, number, &bound.text);
        }
    }
}

/// Equality of JSON values in which `1` and `1.0` are one number. Depth is bounded by the parsers.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64().is_some_and(|x| Some(x) == y.as_f64()),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, value)| y.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

fn shown(value: &Value) -> String {
    short(&value.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::mission::Relation;

    fn ask(value: &Value, path: &str, condition: PathCondition) -> Result<bool, String> {
        holds(value, &PathQuery { path: path.to_owned(), condition }).map(|(holds, _)| holds)
    }

    fn above(value: f64) -> PathCondition {
        PathCondition::Number(Bound { relation: Relation::Above, value, text: format!(">{value}") })
    }

    #[test]
    fn existence_is_asked_both_ways() {
        let value = json!([{"id": 1}]);
        assert_eq!(ask(&value, "$[0].id", PathCondition::Exists(true)), Ok(true));
        assert_eq!(ask(&value, "$[1].id", PathCondition::Exists(true)), Ok(false));
        assert_eq!(ask(&value, "$[1].id", PathCondition::Exists(false)), Ok(true));
    }

    #[test]
    fn equality_is_of_one_node_and_numbers_are_numbers() {
        let value = json!({"a": 1, "b": [1, 1], "c": {"x": [1.0]}});
        assert_eq!(ask(&value, "$.a", PathCondition::Equals(json!(1.0))), Ok(true));
        assert_eq!(ask(&value, "$.b[*]", PathCondition::Equals(json!(1))), Ok(false));
        assert_eq!(ask(&value, "$.c", PathCondition::Equals(json!({"x": [1]}))), Ok(true));
        assert_eq!(ask(&value, "$.c", PathCondition::Equals(json!({"x": [2]}))), Ok(false));
        assert_eq!(ask(&value, "$.a", PathCondition::Equals(json!("1"))), Ok(false));
    }

    #[test]
    fn a_pattern_or_bound_holds_for_every_node_and_for_one_at_least() {
        let value = json!({"s": ["ok", "ok", "no"], "n": [5, 9.5]});
        assert_eq!(ask(&value, "$.s[:2]", PathCondition::Matches("^ok$".into())), Ok(true));
        assert_eq!(ask(&value, "$.s[*]", PathCondition::Matches("^ok$".into())), Ok(false));
        assert_eq!(ask(&value, "$.x", PathCondition::Matches("".into())), Ok(false));
        assert_eq!(ask(&value, "$.n[*]", above(4.0)), Ok(true));
        assert_eq!(ask(&value, "$.n[*]", above(5.0)), Ok(false), "`>` is strict");
        assert_eq!(ask(&value, "$.x", above(5.0)), Ok(false));
        assert_eq!(ask(&value, "$.s[0]", above(5.0)), Ok(false));
    }

    #[test]
    fn a_broken_query_decides_nothing() {
        assert!(ask(&json!(1), "paths", PathCondition::Exists(false)).is_err());
        assert!(ask(&json!(["a"]), "$[0]", PathCondition::Matches("(".into())).is_err());
    }

    #[test]
    fn yaml_keys_that_are_numbers_are_read() {
        let value = parse_yaml(b"paths:\n  /a:\n    responses:\n      200: {description: ok}\n").unwrap();
        assert_eq!(ask(&value, "$.paths['/a'].responses['200'].description", PathCondition::Exists(true)), Ok(true));
    }

    #[test]
    fn hostile_documents_are_refused_quickly() {
        assert!(matches!(parse_json("[".repeat(1_000_000).as_bytes()), Err(Unread::Malformed(_))));
        assert!(matches!(parse_yaml("[".repeat(100_000).as_bytes()), Err(Unread::Malformed(_))));
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..10 {
            let before = format!("*a{},", level - 1).repeat(9);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", before.trim_end_matches(',')));
        }
        assert!(matches!(parse_yaml(bomb.as_bytes()), Err(Unread::Malformed(_))));
        assert!(matches!(parse_yaml(b"a: 1\na: 2\n"), Err(Unread::Malformed(_))));
        assert!(matches!(parse_yaml(b"\xff"), Err(Unread::Malformed(_))));
        assert!(matches!(parse_yaml(&vec![b'\n'; YAML_CAP + 1]), Err(Unread::TooLarge(_))));
    }

    #[test]
    fn toml_is_read_with_its_dates_and_odd_numbers_as_texts() {
        let value = parse_toml(b"a.b = 1\nday = 2026-11-21\nx = nan\n[[list]]\nn = 2.5\n").unwrap();
        assert_eq!(value, json!({"a": {"b": 1}, "day": "2026-11-21", "x": "NaN", "list": [{"n": 2.5}]}));
        for wrong in
            [&b"a = "[..], b"a = 1\na = 2", b"\xff", "a = [".repeat(10_000).as_bytes(), "a.".repeat(100_000).as_bytes()]
        {
            assert!(matches!(parse_toml(wrong), Err(Unread::Malformed(_))), "{}", wrong.len());
        }
        assert!(matches!(parse_toml(&vec![b'\n'; TOML_CAP + 1]), Err(Unread::TooLarge(_))));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes: Vec<u8>, path in "\\PC{0,40}", toml in "([a-c.]{1,3} = [0-9\"'{}.a-]{0,6}\n|\\[{1,2}[a-c.]{1,3}\\]{1,2}\n){0,8}") {
            drop((parse_toml(&bytes), parse_toml(toml.as_bytes())));
            drop((parse_json(&bytes), parse_yaml(&bytes), ask(&json!({"a": [1]}), &path, PathCondition::Exists(true))));
        }
    }
}
