//! From the JSON of a chat completion to an answer with its cost, or to the reason why it is none. Pure.
//!
//! A 200 may carry an error, no choice, no content or a cut one: each is a named error here, never an empty answer.

use serde_json::Value;

use super::classify::{Refusal, bounded, classify, code_of, words};
use super::error::{Error, Paid};
use crate::words::{Money, Usage};

/// A finished answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The model's words; never blank.
    pub text: String,
    /// What they cost.
    pub paid: Paid,
}

/// Reads the body of a 200. `model` is the one asked for, `key` is kept out of every text.
pub(super) fn read(body: &Value, model: &str, key: &str) -> Result<Completion, Error> {
    let choice = body.get("choices").and_then(Value::as_array).and_then(|choices| choices.first());
    let error = body.get("error").or_else(|| choice.and_then(|choice| choice.get("error")));
    if let Some(error) = error.filter(|error| !error.is_null()) {
        let wrapped = serde_json::json!({ "error": error });
        let status = code_of(error);
        let what = words(status, &wrapped, b"", key);
        let paid = read_paid(body);
        if paid.cost.is_some_and(|cost| cost > Money::ZERO) {
            // It broke off after it had begun to cost: the price must not be lost with the class of the error.
            return Err(Error::Malformed { what, paid: Some(Box::new(paid)) });
        }
        return Err(classify(Refusal { status, retry_at: None, body: &wrapped, what, model }));
    }
    let paid = read_paid(body);
    let Some(choice) = choice else {
        return Err(Error::Malformed { what: "it has no choices".to_owned(), paid: Some(Box::new(paid)) });
    };
    read_choice(choice, paid, key)
}

fn read_choice(choice: &Value, paid: Paid, key: &str) -> Result<Completion, Error> {
    let message = choice.get("message").unwrap_or(&Value::Null);
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) {
        let what = format!("the model refused: {}", bounded(refusal, key));
        return Err(Error::Filtered { what, paid: Some(Box::new(paid)) });
    }
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => return Err(Error::Truncated { paid: Box::new(paid) }),
        Some("content_filter") => {
            let what = "by the provider's content filter".to_owned();
            return Err(Error::Filtered { what, paid: Some(Box::new(paid)) });
        }
        Some("error") => {
            return Err(Error::Malformed { what: "it ended with an error".to_owned(), paid: Some(Box::new(paid)) });
        }
        Some(_) | None => {}
    }
    let text = content(message);
    if text.trim().is_empty() {
        let reasoned = message.get("reasoning").is_some_and(Value::is_string);
        let what = if reasoned { "it has only reasoning and no content" } else { "its content is empty" };
        return Err(Error::Malformed { what: what.to_owned(), paid: Some(Box::new(paid)) });
    }
    Ok(Completion { text, paid })
}

/// The content as text; some providers send it in parts.
fn content(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().concat()
        }
        _ => String::new(),
    }
}

/// The price of an answer. Cached tokens are inside OpenRouter's `prompt_tokens` and are taken out of them.
pub(super) fn read_paid(body: &Value) -> Paid {
    let usage = body.get("usage").unwrap_or(&Value::Null);
    let count = |path: &str| usage.pointer(path).and_then(Value::as_u64).unwrap_or_default();
    let cache_read = count("/prompt_tokens_details/cached_tokens");
    let cache_write = count("/prompt_tokens_details/cache_write_tokens");
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().chars().take(200).collect();
    Paid {
        generation: text("id"),
        model: text("model"),
        usage: Usage {
            input: count("/prompt_tokens").saturating_sub(cache_read).saturating_sub(cache_write),
            output: count("/completion_tokens"),
            cache_read,
            cache_write,
            reasoning: count("/completion_tokens_details/reasoning_tokens"),
        },
        cost: reported(usage),
    }
}

/// With the user's own provider key `cost` is OpenRouter's fee only: what the provider takes is added.
fn reported(usage: &Value) -> Option<Money> {
    let money = |value: Option<&Value>| value.and_then(Value::as_f64).and_then(Money::from_dollars);
    let fee = money(usage.get("cost"))?;
    if usage.get("is_byok").and_then(Value::as_bool) != Some(true) {
        return Some(fee);
    }
    let upstream = money(usage.pointer("/cost_details/upstream_inference_cost"))?;
    Some(fee + upstream)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::*;

    fn answer(message: &Value, finish: &str) -> Value {
        json!({
            "id": "gen-1", "model": "x/y", "created": 1, "choices": [{ "message": message, "finish_reason": finish }],
            "usage": { "prompt_tokens": 100, "completion_tokens": 20, "cost": 0.0021,
                "prompt_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10 },
                "completion_tokens_details": { "reasoning_tokens": 5 } },
        })
    }

    #[test]
    fn cached_tokens_are_counted_once() {
        let got = read(&answer(&json!({ "content": "{}" }), "stop"), "x/y", "").unwrap();
        let usage = Usage { input: 30, output: 20, cache_read: 60, cache_write: 10, reasoning: 5 };
        assert_eq!((got.paid.usage, got.paid.cost), (usage, Some(Money::from_micros(2100))));
    }

    #[test]
    fn with_the_users_own_provider_key_the_upstream_cost_is_added() {
        let mut body = answer(&json!({ "content": "{}" }), "stop");
        body["usage"]["is_byok"] = json!(true);
        body["usage"]["cost_details"] = json!({ "upstream_inference_cost": 0.01 });
        assert_eq!(read(&body, "", "").unwrap().paid.cost, Some(Money::from_micros(12_100)));
        body["usage"]["cost_details"] = Value::Null;
        assert_eq!(read(&body, "", "").unwrap().paid.cost, None, "a fee alone is not the cost");
    }

    #[test]
    fn every_kind_of_non_answer_has_a_name_and_keeps_its_price() {
        let error = |message: Value, finish: &str| read(&answer(&message, finish), "m", "").unwrap_err();
        assert!(matches!(error(json!({ "content": "{\"a\"" }), "length"), Error::Truncated { .. }));
        assert!(matches!(error(json!({ "content": "x" }), "content_filter"), Error::Filtered { .. }));
        assert!(matches!(error(json!({ "content": null, "refusal": "no" }), "stop"), Error::Filtered { .. }));
        for empty in [json!({ "content": "" }), json!({ "content": null, "reasoning": "hm" }), json!(null)] {
            let error = error(empty, "stop");
            assert!(matches!(error, Error::Malformed { .. }));
            assert_eq!(error.paid().unwrap().cost, Some(Money::from_micros(2100)));
        }
        assert!(matches!(read(&json!({ "choices": [] }), "m", ""), Err(Error::Malformed { .. })));
    }

    #[test]
    fn an_error_inside_a_200_is_classified_by_its_code() {
        let body = |code: Value| json!({ "error": { "code": code, "message": "no" }, "choices": [] });
        assert!(matches!(read(&body(json!(502)), "m", ""), Err(Error::Unavailable { .. })));
        assert!(matches!(read(&body(json!("402")), "m", ""), Err(Error::Credit { .. })));
        assert!(matches!(read(&body(json!("overloaded")), "m", ""), Err(Error::Unavailable { .. })));
        let mut billed = body(json!(502));
        billed["usage"] = json!({ "cost": 0.001 });
        let billed = read(&billed, "m", "").unwrap_err();
        assert_eq!(billed.paid().unwrap().cost, Some(Money::from_micros(1000)));
        let inner = json!({ "choices": [{ "error": { "code": 429, "message": "slow" }, "message": {} }] });
        assert!(matches!(read(&inner, "m", ""), Err(Error::RateLimited { .. })));
    }

    #[test]
    fn content_in_parts_is_joined() {
        let parts = json!({ "content": [{ "type": "text", "text": "{\"a\":" }, { "type": "text", "text": "1}" }] });
        assert_eq!(read(&answer(&parts, "stop"), "m", "").unwrap().text, "{\"a\":1}");
    }

    proptest! {
        #[test]
        fn no_body_panics(text in ".{0,200}", number in any::<f64>()) {
            let body = json!({ "choices": [{ "message": { "content": text }, "finish_reason": text }],
                "usage": { "cost": number, "prompt_tokens": number } });
            drop(read(&body, &text, &text));
            drop(serde_json::from_str::<Value>(&text).map(|body| read(&body, "", "")));
        }
    }
}
