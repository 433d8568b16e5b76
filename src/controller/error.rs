//! What can go wrong while an object is reconciled.

use std::time::Duration;

use thiserror::Error;

use crate::git::GitError;

/// What can go wrong while an object is reconciled.
#[derive(Debug, Error)]
pub enum Error {
    /// A request to the API server failed.
    #[error("failed to {doing}")]
    Api {
        /// What we were doing.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: Box<kube::Error>,
    },
    /// A request to the API server took too long.
    #[error("timed out waiting for the API server to {doing}")]
    TimedOut {
        /// What we were doing.
        doing: &'static str,
    },
    /// The branch could not be read.
    #[error("failed to read the branch")]
    Git(#[source] Box<GitError>),
    /// This process no longer holds the lease.
    #[error("the lease was lost to another process")]
    LeaseLost,
    /// The HTTP server could not be started.
    #[error("failed to listen on {address}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The cluster's configuration cannot be used.
    #[error("failed to read the configuration of the cluster")]
    Configuration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system has no random numbers: attempts could not be told apart, so nothing is sent.
    #[error("failed to draw a random {name}")]
    NoRandomNumbers {
        /// What was to be drawn.
        name: &'static str,
        /// Why there are none.
        #[source]
        source: getrandom::Error,
    },
    /// A part of the operator that never ends has ended.
    #[error("{0} has ended, which it never should")]
    Ended(&'static str),
}

/// How an error is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// It may go away by itself.
    Transient,
    /// Somebody else wrote in between: read again.
    Conflict,
    /// It stays until somebody changes something.
    Permanent,
}

impl Error {
    /// Wraps a failed request with what it was for.
    pub fn api(doing: &'static str) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Api {
            doing,
            source: Box::new(source),
        }
    }

    /// How it is to be treated.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) if status.code == 409 => ErrorClass::Conflict,
                kube::Error::Api(status)
                    if matches!(status.code, 400 | 403 | 404 | 405 | 413 | 415 | 422) =>
                {
                    ErrorClass::Permanent
                }
                _ => ErrorClass::Transient,
            },
            Self::TimedOut { .. } | Self::Git(_) | Self::NoRandomNumbers { .. } => ErrorClass::Transient,
            Self::LeaseLost | Self::Listen { .. } | Self::Configuration(_) | Self::Ended(_) => {
                ErrorClass::Permanent
            }
        }
    }

    /// True where the API server said that we may not.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.reason() == "Forbidden"
    }

    /// One CamelCase word: the label of metrics and the reason of events.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) if status.code == 409 => "Conflict",
                kube::Error::Api(status) if status.code == 403 => "Forbidden",
                kube::Error::Api(_) => "ApiRefused",
                _ => "ApiUnreachable",
            },
            Self::TimedOut { .. } => "ApiTimedOut",
            Self::Git(source) => source.reason(),
            Self::LeaseLost => "LeaseLost",
            Self::Listen { .. } => "ListenFailed",
            Self::Configuration(_) => "ConfigurationInvalid",
            Self::NoRandomNumbers { .. } => "NoRandomNumbers",
            Self::Ended(_) => "TaskEnded",
        }
    }

    /// After how long the object is looked at again.
    pub fn retry_after(&self) -> Duration {
        match self.class() {
            ErrorClass::Conflict => Duration::from_millis(50),
            ErrorClass::Transient => Duration::from_secs(2),
            ErrorClass::Permanent => Duration::from_mins(1),
        }
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
