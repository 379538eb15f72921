//! The manager's answer: a closed schema, and the reading that enforces it here whatever the provider enforced.
//!
//! Invariant: what does not fit is refused with words that help to repair it; it is never guessed at and never empty.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::prompt::visible;
use crate::session::{Action, ConversationWish, Impossible, ModelTier, Plan, Strategy, TaskState, TaskUpdate};
use crate::words::{CriterionId, TaskId, cut};

/// The longest instruction, in bytes. A longer one is refused: cutting it could turn its meaning round.
const PROMPT_BYTES: usize = 32 << 10;
/// The longest analysis kept, in characters.
const ANALYSIS_CHARS: usize = 4000;
/// The longest title kept, in characters.
const TITLE_CHARS: usize = 120;
/// The longest question or reason kept, in characters.
const WORDS_CHARS: usize = 2000;
/// The most tasks in one answer.
const TASKS: usize = 40;
/// The longest text of a task kept, in characters.
const TASK_CHARS: usize = 400;
/// The longest name of a task.
const TASK_ID: usize = 64;

/// What an answer may refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The criteria of the mission.
    pub criteria: Vec<CriterionId>,
    /// The agents the worker knows; may be empty.
    pub agents: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    analysis: String,
    strategy: WireStrategy,
    action: WireAction,
    conversation: WireConversation,
    tasks: Vec<WireTask>,
    impossible: Option<WireImpossible>,
    question: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAction {
    title: String,
    prompt: String,
    criteria: Vec<String>,
    agent: Option<String>,
    tier: WireTier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireTask {
    id: String,
    text: String,
    state: WireState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireImpossible {
    criterion: String,
    why: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireStrategy {
    Proceed,
    RetryModified,
    Alternative,
    Partial,
    Escalate,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireTier {
    Light,
    Standard,
    Strong,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireConversation {
    Continue,
    Fresh,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireState {
    Pending,
    Completed,
    Dropped,
}

/// The schema as providers take it: every object closed, every property required, `anyOf` for what may be null.
#[must_use]
pub fn plan_schema(bounds: &Bounds) -> Value {
    let criteria: Vec<&str> = bounds.criteria.iter().map(CriterionId::as_str).collect();
    let criterion = json!({ "type": "string", "enum": criteria });
    let agent = if bounds.agents.is_empty() {
        json!({ "type": "null" })
    } else {
        json!({ "anyOf": [{ "type": "string", "enum": bounds.agents }, { "type": "null" }] })
    };
    let text = json!({ "type": "string" });
    let one_of = |words: &[&str]| json!({ "type": "string", "enum": words });
    closed(json!({
        "analysis": text,
        "strategy": one_of(&["proceed", "retry_modified", "alternative", "partial", "escalate"]),
        "action": closed(json!({
            "title": text,
            "prompt": text,
            "criteria": { "type": "array", "items": criterion },
            "agent": agent,
            "tier": one_of(&["light", "standard", "strong"]),
        })),
        "conversation": one_of(&["continue", "fresh"]),
        "tasks": { "type": "array", "items": closed(json!({
            "id": text, "text": text, "state": one_of(&["pending", "completed", "dropped"]),
        })) },
        "impossible": { "anyOf": [closed(json!({ "criterion": criterion, "why": text })), { "type": "null" }] },
        "question": { "anyOf": [text, { "type": "null" }] },
    }))
}

/// An object with exactly these properties.
pub(super) fn closed(properties: Value) -> Value {
    let names: Vec<String> = properties.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
    let mut schema = Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), properties)]);
    schema.extend([("required".to_owned(), json!(names)), ("additionalProperties".to_owned(), json!(false))]);
    Value::Object(schema)
}

/// Takes the fence off an answer that is nothing but one fenced block; everything else is left as it is.
pub(super) fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner =
        text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")).and_then(|rest| rest.split_once('\n'));
    match inner {
        Some((language, body)) if matches!(language.trim(), "" | "json" | "JSON") => body.trim(),
        Some(_) | None => text,
    }
}

/// Reads an answer.
///
/// # Errors
/// What is wrong with it, in words for the one who is to repair it.
pub fn read_plan(text: &str, bounds: &Bounds) -> Result<Plan, String> {
    let wire: Wire = read_json(text)?;
    let action = read_action(wire.action, bounds)?;
    let tasks = read_tasks(&wire.tasks)?;
    let impossible = wire.impossible.map(|belief| read_impossible(&belief, bounds)).transpose()?;
    let question = wire.question.map(|text| words(&text, WORDS_CHARS)).filter(|text| !text.is_empty());
    let strategy = match wire.strategy {
        WireStrategy::Proceed => Strategy::Proceed,
        WireStrategy::RetryModified => Strategy::RetryModified,
        WireStrategy::Alternative => Strategy::Alternative,
        WireStrategy::Partial => Strategy::Partial,
        WireStrategy::Escalate if question.is_none() => {
            return Err("`strategy` is `escalate`, so `question` must say what the person is asked".to_owned());
        }
        WireStrategy::Escalate => Strategy::Escalate,
    };
    let conversation = match wire.conversation {
        WireConversation::Continue => ConversationWish::Continue,
        WireConversation::Fresh => ConversationWish::Fresh,
    };
    let analysis = words(&wire.analysis, ANALYSIS_CHARS);
    Ok(Plan { analysis, strategy, action, conversation, tasks, impossible, question })
}

/// Reads one JSON object and nothing around it.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = unfenced(text);
    if !text.starts_with('{') {
        return Err("it does not begin with `{`: answer with one JSON object and no words around it".to_owned());
    }
    serde_json::from_str(text).map_err(|error| format!("the JSON is wrong: {error}"))
}

fn read_action(wire: WireAction, bounds: &Bounds) -> Result<Action, String> {
    let title = words(&wire.title, TITLE_CHARS).split_whitespace().collect::<Vec<_>>().join(" ");
    let prompt = visible(wire.prompt.trim());
    if title.is_empty() {
        return Err("`action.title` is empty".to_owned());
    }
    if prompt.is_empty() {
        return Err("`action.prompt` is empty: say what the worker is to do".to_owned());
    }
    if prompt.len() > PROMPT_BYTES {
        return Err(format!("`action.prompt` is {} bytes long; at most {PROMPT_BYTES} are allowed", prompt.len()));
    }
    let known =
        |id: &String| bounds.criteria.iter().find(|known| known.as_str() == id).cloned().ok_or_else(|| unknown(id));
    let mut criteria = wire.criteria.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    criteria.retain(|id| seen.insert(id.clone()));
    let agent = wire.agent.filter(|name| !name.is_empty());
    if let Some(name) = agent.as_ref().filter(|name| !bounds.agents.contains(name)) {
        let list = if bounds.agents.is_empty() { "none".to_owned() } else { bounds.agents.join(", ") };
        return Err(format!("`action.agent` {name:?} is not known; known agents: {list}; null means none"));
    }
    let tier = match wire.tier {
        WireTier::Light => ModelTier::Light,
        WireTier::Standard => ModelTier::Standard,
        WireTier::Strong => ModelTier::Strong,
    };
    Ok(Action { title, prompt, criteria, agent, tier })
}

fn unknown(id: &str) -> String {
    format!("{:?} is not the id of a criterion of this mission", words(id, 80))
}

fn read_tasks(tasks: &[WireTask]) -> Result<Vec<TaskUpdate>, String> {
    if tasks.len() > TASKS {
        return Err(format!("`tasks` has {} entries; at most {TASKS} are allowed", tasks.len()));
    }
    tasks.iter().map(read_task).collect()
}

fn read_task(task: &WireTask) -> Result<TaskUpdate, String> {
    let plain = |c: char| c.is_alphanumeric() || "-_./: ".contains(c);
    if task.id.trim().is_empty() || task.id.len() > TASK_ID || !task.id.chars().all(plain) {
        return Err(format!("{:?} is not a task id: use letters, digits and dashes", words(&task.id, 80)));
    }
    let state = match task.state {
        WireState::Pending => TaskState::Pending,
        WireState::Completed => TaskState::Completed,
        WireState::Dropped => TaskState::Dropped,
    };
    Ok(TaskUpdate { id: TaskId::new(task.id.trim()), text: words(&task.text, TASK_CHARS), state })
}

fn read_impossible(belief: &WireImpossible, bounds: &Bounds) -> Result<Impossible, String> {
    let known = bounds.criteria.iter().find(|known| known.as_str() == belief.criterion);
    let criterion = known.cloned().ok_or_else(|| unknown(&belief.criterion))?;
    let why = words(&belief.why, WORDS_CHARS);
    if why.is_empty() {
        return Err("`impossible.why` is empty".to_owned());
    }
    Ok(Impossible { criterion, why })
}

/// A text without hidden characters, bounded.
fn words(text: &str, max: usize) -> String {
    cut(&visible(text.trim()), max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    fn bounds() -> Bounds {
        Bounds { criteria: vec![CriterionId::new("a"), CriterionId::new("b")], agents: vec!["tester".to_owned()] }
    }

    fn answer() -> Value {
        json!({
            "analysis": "fine", "strategy": "proceed", "conversation": "continue", "impossible": null, "question": null,
            "action": { "title": "Do a", "prompt": "Write a.", "criteria": ["a"], "agent": null, "tier": "standard" },
            "tasks": [{ "id": "t1", "text": "write", "state": "pending" }],
        })
    }

    fn with(path: &str, value: Value) -> Result<Plan, String> {
        let mut answer = answer();
        *answer.pointer_mut(path).unwrap() = value;
        read_plan(&answer.to_string(), &bounds())
    }

    #[test]
    fn a_good_answer_is_read_fenced_or_not() {
        let plain = read_plan(&answer().to_string(), &bounds()).unwrap();
        assert_eq!(plain.action.criteria, [CriterionId::new("a")]);
        assert_eq!(read_plan(&format!("```json\n{}\n```\n", answer()), &bounds()).unwrap(), plain);
    }

    #[test]
    fn prose_an_empty_object_and_unknown_fields_are_refused() {
        for wrong in ["", "{}", "null", "[]", "Sure! {}", "{\"a\":1", "```json\n{}\n```"] {
            assert!(read_plan(wrong, &bounds()).is_err(), "{wrong}");
        }
        let prose = format!("Here is the plan: {}", answer());
        assert!(read_plan(&prose, &bounds()).unwrap_err().contains("no words around it"));
        assert!(read_plan(&format!("{} Good luck!", answer()), &bounds()).unwrap_err().contains("trailing"));
        let mut more = answer();
        more["accept"] = json!(["a"]);
        assert!(read_plan(&more.to_string(), &bounds()).unwrap_err().contains("accept"));
        more = answer();
        more["action"]["budget_usd"] = json!(1000);
        assert!(read_plan(&more.to_string(), &bounds()).is_err());
    }

    #[test]
    fn what_refers_to_nothing_is_refused_with_words_that_help() {
        assert!(with("/action/criteria", json!(["zzz"])).unwrap_err().contains("zzz"));
        assert!(with("/action/agent", json!("root")).unwrap_err().contains("tester"));
        assert!(with("/action/prompt", json!(" \n")).unwrap_err().contains("prompt"));
        assert!(with("/action/prompt", json!("x".repeat(PROMPT_BYTES + 1))).unwrap_err().contains("bytes"));
        assert!(with("/impossible", json!({ "criterion": "zzz", "why": "no" })).is_err());
        assert!(with("/strategy", json!("escalate")).unwrap_err().contains("question"));
        assert!(with("/strategy", json!("accept_all")).is_err());
        assert!(with("/tasks/0/id", json!("")).is_err());
    }

    #[test]
    fn hidden_characters_in_an_answer_are_made_visible() {
        let plan = with("/action/prompt", json!("run\u{202e} this\u{e0041}")).unwrap();
        assert_eq!(plan.action.prompt, "run\\u{202e} this\\u{e0041}");
        let plan = with("/action/title", json!("one\ntwo")).unwrap();
        assert_eq!(plan.action.title, "one two");
    }

    #[test]
    fn the_schema_is_closed_at_every_level() {
        fn check(schema: &Value) {
            if schema.get("type") == Some(&json!("object")) {
                assert_eq!(schema["additionalProperties"], json!(false), "{schema}");
                let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
                assert_eq!(json!(names), schema["required"], "{schema}");
            }
            match schema {
                Value::Object(map) => map.values().for_each(check),
                Value::Array(list) => list.iter().for_each(check),
                _ => {}
            }
        }
        check(&plan_schema(&bounds()));
    }

    proptest! {
        #[test]
        fn no_answer_panics_or_comes_out_empty(text in "\\PC{0,300}") {
            if let Ok(plan) = read_plan(&text, &bounds()) {
                prop_assert!(!plan.action.prompt.is_empty());
            }
        }

        #[test]
        fn whatever_stands_in_the_texts_stays_text(text in "\\PC{1,200}", cut in 0_usize..600) {
            let mut answer = answer();
            answer["action"]["prompt"] = json!(text);
            answer["analysis"] = json!(text);
            let whole = answer.to_string();
            if let Ok(plan) = read_plan(&whole, &bounds()) {
                prop_assert!(plan.action.criteria == [CriterionId::new("a")] && plan.impossible.is_none());
            }
            let cut = (0..=cut.min(whole.len() - 1)).rev().find(|at| whole.is_char_boundary(*at)).unwrap();
            prop_assert!(read_plan(&whole[..cut], &bounds()).is_err(), "a cut answer is never one");
        }
    }
}
