//! What a publisher says when it did not publish.

use std::{error::Error, time::Duration};

/// What is known after a call that did not end in a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that the platform could act on left this process, or the platform said that it did not act.
    NotSent {
        /// How long the platform asked us to wait, where it did.
        retry_after: Option<Duration>,
    },
    /// The platform asks us to wait; it did not act.
    RateLimited {
        /// How long, at most a day.
        retry_after: Duration,
    },
    /// The account or the endpoint was refused: the channel is blocked until its configuration changes.
    Refused,
    /// The platform said no to this publication for good.
    Rejected,
    /// It is there, under our name, and somebody changed it.
    Drifted,
    /// The platform may have acted.
    Unknown,
}

/// A call of a publisher that did not end in a publication.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PublishError {
    /// What is known.
    pub outcome: Outcome,
    /// One CamelCase word: condition reason, event reason and metric label.
    pub reason: &'static str,
    /// What happened and what the platform said: one line, bounded, without secrets.
    pub message: String,
    /// Why, where a foreign error says so.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl PublishError {
    pub(crate) fn new(outcome: Outcome, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            outcome,
            reason,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn not_sent(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Outcome::NotSent { retry_after: None }, reason, message)
    }

    /// The platform refused the account or the endpoint.
    pub fn refused(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Outcome::Refused, reason, message)
    }

    pub(crate) fn rejected(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Outcome::Rejected, reason, message)
    }

    pub(crate) fn drifted(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Outcome::Drifted, reason, message)
    }

    pub(crate) fn unknown(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Outcome::Unknown, reason, message)
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What is known.
    pub const fn class(&self) -> Outcome {
        self.outcome
    }

    /// One CamelCase word.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// The same error after something has already been sent: "not sent" can no longer be said.
    pub(crate) fn after_a_write(mut self) -> Self {
        if let Outcome::NotSent { .. } = self.outcome {
            self.outcome = Outcome::Unknown;
        }
        self
    }
}
