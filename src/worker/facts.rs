//! What a stream of events adds up to: the pure fold behind outcome, cost and the live view.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::stream::{
    ApiError, ApiRetry, Assistant, Block, Init, ModelSpend, RateLimit, ResultLine, StreamEvent, ToolResults,
};
use crate::words::{Money, Usage, one_line};

/// Chips that are kept for the report.
const CHIPS: usize = 40;
/// Errors that are kept for the report.
const ERRORS: usize = 20;

/// What is known of one action so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Whether an event of any kind came: each call of the API comes after one (measured on claude 2.1.328).
    pub spoke: bool,
    /// Whether a turn began.
    pub started: bool,
    /// The start of the newest turn.
    pub init: Option<Init>,
    /// The newest result; a later turn replaces it.
    pub result: Option<ResultLine>,
    /// The newest retry of the API.
    pub retry: Option<ApiRetry>,
    /// Retries with 401 or 403 since the API last answered.
    pub refusals: u32,
    /// The state of the usage windows.
    pub rate_limit: Option<RateLimit>,
    /// The newest failure of the API in Claude Code's own words.
    pub api_error: Option<ApiError>,
    /// Whether the model declined to answer.
    pub refusal: bool,
    /// Tool calls without a result yet.
    pub open_tools: BTreeSet<String>,
    /// Tool calls so far, subagents' included.
    pub tool_calls: u64,
    /// Answers of the model in the main loop.
    pub api_calls: u64,
    /// Tokens in front of the model at the newest answer of the main loop.
    pub context: u64,
    /// The last text of the main loop.
    pub last_text: String,
    /// Spent by this process, as far as results reported it.
    pub spend: BTreeMap<String, ModelSpend>,
    /// Whether a result left out what it spent itself.
    pub spend_unknown: bool,
    /// Errors of tools, bounded in number.
    pub errors: Vec<String>,
    /// The newest chips.
    pub chips: VecDeque<String>,
    /// Lines that were no event.
    pub noise: u64,
    message: String,
}

impl Facts {
    /// Takes in one event.
    pub fn add(&mut self, event: &StreamEvent) {
        self.spoke |= !matches!(event, StreamEvent::Noise(_));
        match event {
            StreamEvent::Init(init) => self.begin(init),
            StreamEvent::Assistant(assistant) => self.answer(assistant),
            StreamEvent::ToolResults(results) => self.results(results),
            StreamEvent::Result(result) => self.end(result),
            StreamEvent::ApiRetry(retry) => self.again(retry),
            StreamEvent::RateLimit(limit) => self.rate_limit = Some(limit.clone()),
            StreamEvent::Compacted { after, .. } => self.context = *after,
            StreamEvent::Refusal => self.refusal = true,
            StreamEvent::Noise(_) => self.noise += 1,
            StreamEvent::Denied { .. } | StreamEvent::Fallback { .. } | StreamEvent::Other => {}
        }
    }

    /// Keeps a chip for the report.
    pub fn keep_chip(&mut self, chip: String) {
        if self.chips.len() == CHIPS {
            self.chips.pop_front();
        }
        self.chips.push_back(chip);
    }

    /// The tokens this process used, by its own results.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.spend.values().fold(Usage::default(), |mut sum, model| {
            sum += model.usage;
            sum
        })
    }

    /// What this process spent, by its own results; `None` if none of them told.
    #[must_use]
    pub fn own_cost(&self) -> Option<Money> {
        if self.result.is_none() || self.spend_unknown {
            return None;
        }
        Money::from_dollars(self.spend.values().map(|model| model.cost).sum())
    }

    /// What the whole session cost, over all its processes.
    #[must_use]
    pub fn session_cost(&self) -> Option<Money> {
        self.result.as_ref().and_then(|result| Money::from_dollars(result.total_cost))
    }

    fn begin(&mut self, init: &Init) {
        self.started = true;
        self.init = Some(init.clone());
    }

    fn answer(&mut self, assistant: &Assistant) {
        if let Some(error) = &assistant.api_error {
            self.api_error = Some(error.clone());
            if let Some(limit) = &error.rate_limit {
                let windows = self.rate_limit.take().map(|limit| limit.windows).unwrap_or_default();
                self.rate_limit = Some(RateLimit { windows, ..limit.clone() });
            }
            return;
        }
        self.refusals = 0;
        self.api_error = None;
        for block in &assistant.blocks {
            match block {
                Block::ToolUse { id, .. } => {
                    self.tool_calls += 1;
                    self.open_tools.insert(id.clone());
                }
                Block::Text(text) if !assistant.subagent => self.last_text.clone_from(text),
                Block::Text(_) | Block::Thinking => {}
            }
        }
        if assistant.subagent {
            return;
        }
        self.context = assistant.context.max(1);
        if self.message != assistant.message {
            self.api_calls += 1;
            self.message.clone_from(&assistant.message);
        }
    }

    fn results(&mut self, results: &ToolResults) {
        for result in &results.results {
            self.open_tools.remove(&result.id);
            if let Some(error) = &result.error
                && self.errors.len() < ERRORS
            {
                self.errors.push(one_line(error, 300));
            }
        }
    }

    fn again(&mut self, retry: &ApiRetry) {
        if matches!(retry.status, Some(401 | 403)) {
            self.refusals += 1;
        }
        self.retry = Some(retry.clone());
    }

    fn end(&mut self, result: &ResultLine) {
        // A call that was cut off has no result line of its own.
        self.open_tools.clear();
        match &result.since_last {
            Some(models) => models.iter().for_each(|(name, model)| self.book(name, model)),
            None => self.spend_unknown = true,
        }
        self.result = Some(result.clone());
    }

    fn book(&mut self, name: &str, model: &ModelSpend) {
        let sum = self.spend.entry(name.to_owned()).or_default();
        sum.usage += model.usage;
        sum.cost += model.cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::stream::parse;

    fn facts(lines: &[&str]) -> Facts {
        let mut facts = Facts::default();
        lines.iter().for_each(|line| facts.add(&parse(line.as_bytes())));
        facts
    }

    #[test]
    fn the_spend_of_several_results_adds_up_and_the_total_is_the_sessions() {
        let result = |total: f64, own: f64| {
            format!(
                r#"{{"type":"result","subtype":"success","total_cost_usd":{total},"modelUsage":{{"m":{{"contextWindow":200000}}}},
                "model_usage_since_last_result":{{"m":{{"inputTokens":10,"outputTokens":2,"costUSD":{own}}}}}}}"#
            )
        };
        let facts = facts(&[&result(0.31, 0.01), &result(0.33, 0.02)]);
        assert_eq!(facts.own_cost(), Some(Money::from_micros(30_000)));
        assert_eq!(facts.session_cost(), Some(Money::from_micros(330_000)));
        assert_eq!((facts.usage().input, facts.usage().output), (20, 4));
    }

    #[test]
    fn a_result_that_does_not_tell_its_own_spend_is_not_taken_for_free() {
        assert_eq!(facts(&[r#"{"type":"result","subtype":"success","total_cost_usd":0.3}"#]).own_cost(), None);
        assert_eq!(Facts::default().own_cost(), None);
    }

    #[test]
    fn context_and_text_are_those_of_the_main_loop() {
        let line = |parent: &str, tokens: u64, text: &str| {
            format!(
                r#"{{"type":"assistant","parent_tool_use_id":{parent},"message":{{"id":"{text}","usage":{{"input_tokens":{tokens}}},
                "content":[{{"type":"text","text":"{text}"}}]}}}}"#
            )
        };
        let facts = facts(&[&line("null", 500, "main"), &line("\"t1\"", 9000, "sub")]);
        assert_eq!((facts.context, facts.last_text.as_str(), facts.api_calls), (500, "main", 1));
    }

    #[test]
    fn a_tool_call_is_open_until_its_result() {
        let call =
            r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Bash","input":{}}]}}"#;
        let result = r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"no"}]}}"#;
        assert_eq!(facts(&[call]).open_tools.len(), 1);
        let facts = facts(&[call, result]);
        assert_eq!((facts.open_tools.len(), facts.errors), (0, vec!["no".to_owned()]));
    }
}
