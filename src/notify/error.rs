//! Why a message was not delivered.

use std::error::Error;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The route or its Secret is not complete.
    #[error("{0}")]
    Configuration(String),
    /// The place could not be reached, or did not answer in time.
    #[error("failed to reach the receiver")]
    Unreachable(#[source] Cause),
    /// What was told could not be written down: it would be told again and again.
    #[error("what was told cannot be kept: {0}")]
    NotKept(String),
    /// It answered that it does not want the message.
    #[error("the receiver answered {0}")]
    Refused(String),
}

impl NotifyError {
    /// One word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Configuration(_) => "SinkNotConfigured",
            Self::Unreachable(_) => "SinkUnreachable",
            Self::NotKept(_) => "MemoryNotKept",
            Self::Refused(_) => "SinkRefused",
        }
    }
}
