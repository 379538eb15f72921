//! What can go wrong between cco and OpenRouter, told apart by what has to happen next.

use jiff::Timestamp;

use crate::words::{Money, Usage};

/// Why a call gave no usable answer. The texts are bounded and free of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client cannot be built from its settings.
    #[error("OpenRouter cannot be used as configured: {what}")]
    Settings {
        /// What is wrong and what to write instead.
        what: String,
    },
    /// 401 or 403: the key is missing, wrong or revoked. Never tried again by itself.
    #[error("OpenRouter refuses the key: {what}; check `openrouter.api_key`")]
    Credentials {
        /// The provider's words.
        what: String,
    },
    /// 402 without a time to come back: the account is empty. Never tried again by itself.
    #[error("the OpenRouter account has no credit left: {what}")]
    Credit {
        /// The provider's words.
        what: String,
    },
    /// The request cannot work as it is: 400 and its kin, or a redirect, which is not followed with a key.
    #[error("OpenRouter does not accept the request: {what}")]
    BadRequest {
        /// The provider's words.
        what: String,
    },
    /// 404: the model is retired or renamed, or no provider of it can do what is asked.
    #[error("OpenRouter does not serve `{model}`: {what}")]
    ModelGone {
        /// The model that was asked for.
        model: String,
        /// The provider's words.
        what: String,
    },
    /// 429, or 402 and 403 with a time to come back.
    #[error("OpenRouter asks to come back later: {what}")]
    RateLimited {
        /// When, if told.
        retry_at: Option<Timestamp>,
        /// The provider's words.
        what: String,
    },
    /// No connection, a cut answer, 408, 5xx, or an error reported inside an answer.
    #[error("OpenRouter is not available: {what}")]
    Unavailable {
        /// When it says it will be, if told.
        retry_at: Option<Timestamp>,
        /// What happened.
        what: String,
    },
    /// One of our own timers ran out.
    #[error("OpenRouter did not answer in time: {what}")]
    TimedOut {
        /// Which timer.
        what: String,
    },
    /// An answer came that is not one: HTML, no JSON, no choice, no content, too large.
    #[error("OpenRouter sent no usable answer: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
        /// What it cost all the same.
        paid: Option<Box<Paid>>,
    },
    /// The answer ends at the limit of tokens.
    #[error("the answer was cut off at its limit of tokens")]
    Truncated {
        /// What it cost all the same.
        paid: Box<Paid>,
    },
    /// The answer was withheld by a filter, or the model refused.
    #[error("the answer was withheld: {what}")]
    Filtered {
        /// By whom or why.
        what: String,
        /// What it cost all the same.
        paid: Option<Box<Paid>>,
    },
}

/// What an answer cost, whether it could be used or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paid {
    /// The provider's name of the call, for `GET /generation`; may be empty.
    pub generation: String,
    /// The model that answered; may be empty.
    pub model: String,
    /// Its tokens.
    pub usage: Usage,
    /// Dollars as reported, the upstream part of a call with the user's own provider key included; `None`: not told.
    pub cost: Option<Money>,
}

impl Error {
    /// What a call cost although its answer cannot be used.
    #[must_use]
    pub fn paid(&self) -> Option<&Paid> {
        match self {
            Self::Malformed { paid, .. } | Self::Filtered { paid, .. } => paid.as_deref(),
            Self::Truncated { paid } => Some(paid),
            Self::Settings { .. }
            | Self::Credentials { .. }
            | Self::Credit { .. }
            | Self::BadRequest { .. }
            | Self::ModelGone { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::TimedOut { .. } => None,
        }
    }

    /// When the provider said it will answer again.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::RateLimited { retry_at, .. } | Self::Unavailable { retry_at, .. } => *retry_at,
            Self::Settings { .. }
            | Self::Credentials { .. }
            | Self::Credit { .. }
            | Self::BadRequest { .. }
            | Self::ModelGone { .. }
            | Self::TimedOut { .. }
            | Self::Malformed { .. }
            | Self::Truncated { .. }
            | Self::Filtered { .. } => None,
        }
    }

    /// Whether the same request may get an answer a moment later.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. })
    }
}
