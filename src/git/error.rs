//! What can go wrong between us and a git branch, in the words of a condition.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A foreign error, shared so that one failed poll can be reported to every campaign on the repository.
pub type SharedError = Arc<dyn StdError + Send + Sync>;

/// What a caller does about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitErrorClass {
    /// It may pass by itself: try again at the next interval.
    Transient,
    /// The host did not accept the credentials.
    Unauthorised,
    /// The host knows no such repository.
    NotFound,
    /// The repository has no such branch.
    BranchMissing,
    /// What was received or stored does not add up; the mirror is remade at the next poll.
    Corrupt,
    /// We do not ask this host or use this URL.
    Refused,
    /// A limit of ours was reached.
    LimitExceeded,
    /// The Campaign or its Secret must be changed.
    Configuration,
    /// The disk of the cache is full, read-only or gone.
    Disk,
}

/// Why a condition is not true. The text of [`GitReason::as_str`] is part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitReason {
    /// No connection, or the host answered with an error of its own.
    HostUnreachable,
    /// 401, 403, or a key that was not accepted.
    AuthenticationFailed,
    /// 404, or an answer that is no git repository.
    RepositoryNotFound,
    /// The branch is not there (any more), or its name cannot be one.
    BranchNotFound,
    /// A pack or a stored object is damaged.
    CorruptPack,
    /// The host has an address that outgoing requests may not go to.
    EgressRefused,
    /// The URL is of a form that is not used.
    UrlRefused,
    /// Too many bytes.
    LimitExceeded,
    /// Keys of the Secret are missing or contradict each other.
    CredentialsIncomplete,
    /// The cache on disk could not be written or read.
    StorageFailed,
    /// It took too long.
    TimedOut,
}

impl GitReason {
    /// The reason as conditions, events and metrics show it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HostUnreachable => "HostUnreachable",
            Self::AuthenticationFailed => "AuthenticationFailed",
            Self::RepositoryNotFound => "RepositoryNotFound",
            Self::BranchNotFound => "BranchNotFound",
            Self::CorruptPack => "CorruptPack",
            Self::EgressRefused => "EgressRefused",
            Self::UrlRefused => "UrlRefused",
            Self::LimitExceeded => "LimitExceeded",
            Self::CredentialsIncomplete => "CredentialsIncomplete",
            Self::StorageFailed => "StorageFailed",
            Self::TimedOut => "TimedOut",
        }
    }

    fn class(self) -> GitErrorClass {
        match self {
            Self::HostUnreachable | Self::TimedOut => GitErrorClass::Transient,
            Self::AuthenticationFailed => GitErrorClass::Unauthorised,
            Self::RepositoryNotFound => GitErrorClass::NotFound,
            Self::BranchNotFound => GitErrorClass::BranchMissing,
            Self::CorruptPack => GitErrorClass::Corrupt,
            Self::EgressRefused | Self::UrlRefused => GitErrorClass::Refused,
            Self::LimitExceeded => GitErrorClass::LimitExceeded,
            Self::CredentialsIncomplete => GitErrorClass::Configuration,
            Self::StorageFailed => GitErrorClass::Disk,
        }
    }
}

impl fmt::Display for GitReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A failure of reading a git branch.
///
/// The message says what we were doing and for whom, without credentials; the chain says why. It can be cloned,
/// because one failed poll is the answer to every campaign that shares the repository.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct GitError {
    reason: GitReason,
    message: String,
    #[source]
    source: Option<SharedError>,
}

impl GitError {
    pub(crate) fn new(reason: GitReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            source: None,
        }
    }

    pub(crate) fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What the caller does about it.
    pub fn class(&self) -> GitErrorClass {
        self.reason.class()
    }

    /// The reason for a condition, as `CamelCase` text.
    pub fn reason(&self) -> &'static str {
        self.reason.as_str()
    }

    /// The reason as a value.
    pub fn git_reason(&self) -> GitReason {
        self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_does_not_repeat_its_source() {
        let error = GitError::new(GitReason::StorageFailed, "failed to create the mirror")
            .caused_by(std::io::Error::other("disk on fire"));
        assert_eq!(error.to_string(), "failed to create the mirror");
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
        assert_eq!(error.reason(), "StorageFailed");
        assert_eq!(error.class(), GitErrorClass::Disk);
    }
}
