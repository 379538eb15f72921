//! Tokens, counted the same way whoever reports them.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Tokens of one or more model calls. The four input kinds are disjoint: an adapter whose provider counts cached
/// tokens inside its prompt tokens (OpenAI style) subtracts them first (`experience.md` section 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Input tokens that were neither read from nor written to a cache.
    pub input: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Input tokens read from the provider's cache.
    pub cache_read: u64,
    /// Input tokens written to the provider's cache.
    pub cache_write: u64,
    /// The part of `output` that was reasoning, where the provider tells.
    pub reasoning: u64,
}

impl Usage {
    /// All tokens that count against a token budget.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.context().saturating_add(self.output)
    }

    /// The tokens a model had before it when it answered: the measure of how full its context is.
    #[must_use]
    pub const fn context(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}
