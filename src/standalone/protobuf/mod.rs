//! Bodies that kubectl and Helm post as protobuf, read into the JSON that they would have posted otherwise. Pure.
//!
//! Tables of fields (`kinds`) and a reader of the wire format are all that it takes: generated messages for every kind
//! of Kubernetes are 3 MB of source, and would still have to be turned into JSON by hand.

mod fields;
mod kinds;
mod message;
mod wire;

use serde_json::{Map, Value};

/// What every protobuf body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// A body that is not what its media type says; the text is for the message of a 400 `BadRequest`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// There is no body.
    #[error("empty data")]
    Empty,
    /// Another format, or a truncated one.
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NoPrefix,
    /// The bytes end within a field, or a field is not what its kind says.
    #[error("{0}")]
    Malformed(&'static str),
    /// A kind that this server does not read as protobuf; the same object as JSON may be served.
    #[error("{kind} in version {api_version:?} is not read as protobuf here: send it as application/json")]
    UnknownKind {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
    },
}

/// Reads a body, `k8s\0` and a `runtime.Unknown`, into the object that it holds, with `apiVersion` and `kind`.
///
/// What a JSON body would leave out is left out: empty texts and zeros that are no pointers in the Go types. The
/// caller bounds the bytes; the result is at most a few times their size.
pub fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    if body.is_empty() {
        return Err(ProtobufError::Empty);
    }
    let message = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoPrefix)?;
    let envelope = Envelope::read(message)?;
    let fields = kinds::fields_of(&envelope.api_version, &envelope.kind);
    let Some(fields) = fields else {
        return Err(ProtobufError::UnknownKind {
            api_version: envelope.api_version,
            kind: envelope.kind,
        });
    };
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), Value::String(envelope.api_version));
    object.insert("kind".to_owned(), Value::String(envelope.kind));
    object.extend(message::decode(fields, envelope.raw)?);
    Ok(Value::Object(object))
}

/// `runtime.Unknown`: what kind a message is, and its bytes.
struct Envelope<'a> {
    api_version: String,
    kind: String,
    raw: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(message: &'a [u8]) -> Result<Self, ProtobufError> {
        let mut envelope = Self {
            api_version: String::new(),
            kind: String::new(),
            raw: &[],
        };
        for field in wire::fields(message) {
            match field? {
                (1, wire::Content::Bytes(types)) => envelope.read_types(types)?,
                (2, wire::Content::Bytes(raw)) => envelope.raw = raw,
                (3, wire::Content::Bytes([_, ..])) => {
                    return Err(ProtobufError::Malformed(
                        "an encoding of the content is not supported",
                    ));
                }
                _ => {}
            }
        }
        Ok(envelope)
    }

    fn read_types(&mut self, types: &[u8]) -> Result<(), ProtobufError> {
        for field in wire::fields(types) {
            match field? {
                (1, wire::Content::Bytes(text)) => self.api_version = wire::text(text)?,
                (2, wire::Content::Bytes(text)) => self.kind = wire::text(text)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
