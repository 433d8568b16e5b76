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
            Self::Refused(_) => "SinkRefused",
        }
    }
}
