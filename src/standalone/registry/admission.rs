//! What policies say of a request before anything is written.

use serde_json::Value;

use super::{Registry, Request};
use crate::standalone::status::Refusal;

/// What a request does to an object, in the words of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl Registry {
    /// Asks each bound policy; the sentences of those that only warn.
    pub(super) fn admit(
        &self,
        _request: &Request,
        _operation: Operation,
        _new: Option<&Value>,
        _old: Option<&Value>,
    ) -> Result<Vec<String>, Refusal> {
        Ok(Vec::new())
    }
}
