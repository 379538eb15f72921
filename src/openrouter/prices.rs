//! What models cost and can do, read from `GET /models`; cached by the caller for a day.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::decimal::{Price, money};
use crate::words::{Money, Usage};

/// The version of the record that [`PriceTable::record`] writes.
const RECORD: u64 = 1;

/// The models that OpenRouter serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceTable {
    models: BTreeMap<String, ModelInfo>,
}

/// One model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInfo {
    input: Price,
    output: Price,
    cache_read: Option<Price>,
    cache_write: Option<Price>,
    request: Price,
    /// How many tokens a prompt and its answer may have together; 0: not told.
    pub context_length: u64,
    /// What requests to it may ask for: `structured_outputs`, `temperature` …; empty: not told.
    pub parameters: Vec<String>,
}

impl PriceTable {
    /// Reads the answer of `GET /models`. A model whose price varies or cannot be read is left out.
    #[must_use]
    pub fn read(answer: &Value) -> Self {
        let models = answer.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = models.iter().filter_map(|model| Some((model.get("id")?.as_str()?.to_owned(), read_model(model)?)));
        Self { models: named.collect() }
    }

    /// A model by its name; one with a variant (`name:online`) that is not listed is looked up without it.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&ModelInfo> {
        let plain = || name.split_once(':').and_then(|(plain, _)| self.models.get(plain));
        self.models.get(name).or_else(plain)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Only these models, so that a cached record stays small.
    #[must_use]
    pub fn only<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let known = names.into_iter().filter_map(|name| Some((name.to_owned(), self.model(name)?.clone())));
        Self { models: known.collect() }
    }

    /// The table as a versioned record for a cache on disk.
    #[must_use]
    pub fn record(&self) -> Value {
        let models: Map<String, Value> = self.models.iter().map(|(name, info)| (name.clone(), info.record())).collect();
        json!({ "version": RECORD, "models": models })
    }

    /// Reads a record back; `None` if it is of another version or damaged: the table is then fetched again.
    #[must_use]
    pub fn from_record(record: &Value) -> Option<Self> {
        if record.get("version")?.as_u64()? != RECORD {
            return None;
        }
        let models = record.get("models")?.as_object()?;
        let read = |(name, info): (&String, &Value)| Some((name.clone(), ModelInfo::from_record(info)?));
        Some(Self { models: models.iter().map(read).collect::<Option<_>>()? })
    }
}

impl ModelInfo {
    /// What a call with these tokens costs by the table.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Money {
        let parts = [
            self.input.times(usage.input),
            self.output.times(usage.output),
            self.cache_read.unwrap_or(self.input).times(usage.cache_read),
            self.cache_write.unwrap_or(self.input).times(usage.cache_write),
            self.request.times(1),
        ];
        money(parts.into_iter().fold(0, u128::saturating_add))
    }

    /// The most a call can cost: every input token at the dearest of its prices, the answer at its ceiling.
    #[must_use]
    pub fn ceiling(&self, input_tokens: u64, max_tokens: u64) -> Money {
        let dearest = self.cache_write.map_or(self.input, |write| write.max(self.input));
        let parts = [dearest.times(input_tokens), self.output.times(max_tokens), self.request.times(1)];
        money(parts.into_iter().fold(0, u128::saturating_add))
    }

    /// Whether requests may ask for a parameter; a model that tells nothing is believed to know all.
    #[must_use]
    pub fn supports(&self, parameter: &str) -> bool {
        self.parameters.is_empty() || self.parameters.iter().any(|known| known == parameter)
    }

    fn record(&self) -> Value {
        let optional = |price: Option<Price>| price.map(Price::record);
        json!({
            "input": self.input.record(), "output": self.output.record(), "request": self.request.record(),
            "cache_read": optional(self.cache_read), "cache_write": optional(self.cache_write),
            "context_length": self.context_length, "parameters": self.parameters,
        })
    }

    fn from_record(record: &Value) -> Option<Self> {
        let price = |key: &str| Price::from_record(record.get(key)?.as_str()?);
        Some(Self {
            input: price("input")?,
            output: price("output")?,
            cache_read: price("cache_read"),
            cache_write: price("cache_write"),
            request: price("request")?,
            context_length: record.get("context_length")?.as_u64()?,
            parameters: texts(record.get("parameters")),
        })
    }
}

fn read_model(model: &Value) -> Option<ModelInfo> {
    let pricing = model.get("pricing")?;
    let price = |key: &str| match pricing.get(key)? {
        Value::String(text) => Price::parse(text),
        Value::Number(number) => Price::parse(&number.to_string()),
        _ => None,
    };
    Some(ModelInfo {
        input: price("prompt")?,
        output: price("completion")?,
        cache_read: price("input_cache_read"),
        cache_write: price("input_cache_write"),
        request: price("request").unwrap_or_default(),
        context_length: model.get("context_length").and_then(Value::as_u64).unwrap_or_default(),
        parameters: texts(model.get("supported_parameters")),
    })
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PriceTable {
        PriceTable::read(&json!({ "data": [
            { "id": "a/one", "context_length": 200000, "supported_parameters": ["structured_outputs"],
              "pricing": { "prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003",
                           "input_cache_write": "0.00000375", "request": "0" } },
            { "id": "a/auto", "pricing": { "prompt": "-1", "completion": "-1" } },
            { "id": "a/broken" }
        ]}))
    }

    #[test]
    fn cache_tokens_have_prices_of_their_own() {
        let usage = Usage { input: 1000, output: 100, cache_read: 10_000, cache_write: 0, reasoning: 50 };
        assert_eq!(table().model("a/one").unwrap().cost(&usage).micros(), 3000 + 1500 + 3000);
    }

    #[test]
    fn a_variant_has_the_price_of_its_model_and_a_varying_price_none() {
        assert!(table().model("a/one:online").is_some());
        assert!(table().model("a/auto").is_none() && table().model("a/broken").is_none());
    }

    #[test]
    fn a_record_reads_back_and_another_version_does_not() {
        let table = table().only(["a/one"]);
        let mut record = table.record();
        assert_eq!(PriceTable::from_record(&record), Some(table));
        record["version"] = json!(2);
        assert_eq!(PriceTable::from_record(&record), None);
    }

    #[test]
    fn the_ceiling_takes_the_dearest_price_of_input() {
        assert_eq!(table().model("a/one").unwrap().ceiling(1000, 1000).micros(), 3750 + 15_000);
    }
}
