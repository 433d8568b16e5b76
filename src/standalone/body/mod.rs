//! Bodies that are JSON or YAML, read once into a value, with every field that stands twice. Pure.
//!
//! The caller bounds the bytes. Values are nested at most 128 deep, in either format.

mod complaint;
mod reader;

use serde_json::Value;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/json`, and the patches that are JSON.
    Json,
    /// `application/yaml`.
    Yaml,
}

/// A body that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// What it says; of a field that stands twice the last.
    pub value: Value,
    /// What strict field validation refuses: `duplicate field "spec.x"`, each once, at most 100. In YAML too, where the
    /// server names the line and the last step of the path instead.
    pub duplicates: Vec<String>,
}

/// A body that cannot be read; the text is a part of the message of a 400 `BadRequest`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not JSON; said as Go's parser says it where the two agree on what is wrong.
    #[error("{0}")]
    Json(String),
    /// Not YAML, several documents, an alias, or too deep.
    #[error("yaml: {0}")]
    Yaml(String),
    /// Not protobuf, or of a kind that is not read as such.
    #[error("{0}")]
    Protobuf(String),
}

/// Reads a body.
///
/// A number that is whole and fits 64 bits with a sign stays whole; a larger one becomes a fraction, as in the server.
pub fn decode(format: Format, bytes: &[u8]) -> Result<Body, BodyError> {
    match format {
        Format::Json => reader::json(bytes),
        Format::Yaml => reader::yaml(bytes),
    }
}

/// The message for an object whose kind could not even be read: `wanted` is the kind that the path means.
pub fn unrecognized(wanted: &str, error: &BodyError, bytes: &[u8]) -> String {
    let summary = complaint::summary(bytes);
    let cause = match error {
        BodyError::Json(_) => format!("couldn't get version/kind; json parse error: {error}"),
        BodyError::Yaml(_) | BodyError::Protobuf(_) => error.to_string(),
    };
    format!("the object provided is unrecognized (must be of type {wanted}): {cause} ({summary})")
}

#[cfg(test)]
mod tests;
