//! Changes that clients send: JSON merge patch, JSON patch, strategic merge patch. Pure.
//!
//! All three follow what kube-apiserver does, which is not always what the RFCs say; each file names where it differs.
//! A patch and its target come from `serde_json`, so neither is nested deeper than 128.

pub mod json;
pub mod merge;
pub mod strategic;

use serde_json::Value;

/// The way in which a patch is written, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own; only for built-in kinds.
    Strategic,
}

/// The media types that a custom kind accepts, in the order of the server's message.
pub const CUSTOM_MEDIA_TYPES: [&str; 3] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
];

/// The message of the 415 with which a built-in kind refuses a media type.
pub const UNSUPPORTED_BY_BUILT_IN: &str = "415: Unsupported Media Type";

impl PatchKind {
    /// Reads a `Content-Type`; what follows a `;` does not matter.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        match content_type.split(';').next().unwrap_or_default() {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }
}

/// The message of the 415 `UnsupportedMediaType` with which a custom kind refuses a media type.
pub fn unsupported_media_type(accepted: &[&str]) -> String {
    let accepted = accepted.join(", ");
    format!("the body of the request was in an unknown format - accepted media types include: {accepted}")
}

/// Why a patch was not applied; the text is the Status' message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// 400: this is no patch of its kind.
    #[error("{0}")]
    BadRequest(String),
    /// 413: more operations than the server does for one request.
    #[error("Request entity is too large: {0}")]
    TooLarge(String),
    /// 422: a patch, but not for this object; `details` is empty in the Status.
    #[error("the server rejected our request due to an error in our request")]
    Inapplicable(#[source] Inapplicable),
    /// 500 without a reason: the server has no better answer to some malformed strategic patches.
    #[error("{0}")]
    Unnamed(String),
}

/// What of a patch could not be done. The server does not tell its client; it is for logs and tests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Inapplicable(pub(crate) String);

impl PatchError {
    /// The HTTP status.
    pub fn code(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::TooLarge(_) => 413,
            Self::Inapplicable(_) => 422,
            Self::Unnamed(_) => 500,
        }
    }

    /// The reason of the Status.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "BadRequest",
            Self::TooLarge(_) => "RequestEntityTooLarge",
            Self::Inapplicable(_) => "Invalid",
            Self::Unnamed(_) => "",
        }
    }

    pub(crate) fn inapplicable(cause: impl Into<String>) -> Self {
        Self::Inapplicable(Inapplicable(cause.into()))
    }
}

/// What Go calls the type of a JSON value; its decoder's messages name it.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_is_known_by_its_media_type_whatever_its_parameters() {
        let kind = |text| PatchKind::of_content_type(text);
        assert_eq!(
            kind("application/merge-patch+json; charset=utf-8"),
            Some(PatchKind::Merge)
        );
        assert_eq!(
            kind("application/strategic-merge-patch+json"),
            Some(PatchKind::Strategic)
        );
        assert_eq!(kind("application/json"), None);
    }

    #[test]
    fn the_refusal_of_a_media_type_names_what_is_accepted() {
        let text = "the body of the request was in an unknown format - accepted media types include: \
                    application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
        assert_eq!(unsupported_media_type(&CUSTOM_MEDIA_TYPES), text);
    }
}
