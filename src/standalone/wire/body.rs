//! Bodies on their way in: bounded, and in one of the forms that are read.

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use crate::standalone::{
    body::{self, BodyError, Format},
    protobuf, registry,
    status::Refusal,
};

/// The largest body, in bytes: the bound of kube-apiserver.
const LARGEST: usize = 3 * 1024 * 1024;
/// The forms that are read.
const READ: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
];

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoded {
    /// JSON or YAML.
    Text(Format),
    /// Protobuf.
    Protobuf,
}

/// The media type of a body, without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = value.unwrap_or_default().split(';').next();
    media_type.unwrap_or_default().trim()
}

/// Which form a body has, by its header.
///
/// # Errors
/// 415 for any other form.
pub(super) fn encoded(headers: &HeaderMap) -> Result<Encoded, Refusal> {
    match media_type(headers).to_ascii_lowercase().as_str() {
        "" | "application/json" => Ok(Encoded::Text(Format::Json)),
        "application/yaml" => Ok(Encoded::Text(Format::Yaml)),
        "application/vnd.kubernetes.protobuf" => Ok(Encoded::Protobuf),
        _ => Err(Refusal::unsupported_media_type(READ)),
    }
}

/// Reads a whole body.
///
/// # Errors
/// 413 past 3 MiB, 400 where the connection broke.
pub(super) async fn collect<B>(body: B) -> Result<Bytes, Refusal>
where
    B: hyper::body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, LARGEST).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refusal::too_large(&format!("limit is {LARGEST}")))
        }
        Err(_) => Err(Refusal::bad_request("the body of the request could not be read")),
    }
}

/// Reads an object; the kind names what was expected.
///
/// # Errors
/// 400 where the bytes are no object, with the words of the API machinery.
pub(super) fn object(encoded: Encoded, bytes: &Bytes, kind: &str) -> Result<registry::Body, Refusal> {
    let (value, complaints) = match encoded {
        Encoded::Text(format) => {
            let read = body::decode(format, bytes);
            let read = read.map_err(|error| Refusal::bad_request(body::unrecognized(kind, &error, bytes)))?;
            (read.value, read.duplicates)
        }
        Encoded::Protobuf => (protobuf_object(bytes, kind)?, Vec::new()),
    };
    Ok(registry::Body { value, complaints })
}

fn protobuf_object(bytes: &Bytes, kind: &str) -> Result<Value, Refusal> {
    protobuf::decode(bytes).map_err(|error| {
        let why = BodyError::Protobuf(error.to_string());
        Refusal::bad_request(body::unrecognized(kind, &why, bytes))
    })
}

/// Reads the options of a deletion; an empty body has none.
///
/// # Errors
/// 400 where the bytes are no object, 415 where they are in a form that is not read.
pub(super) fn options(headers: &HeaderMap, bytes: &Bytes) -> Result<Option<Value>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let value = match encoded(headers)? {
        Encoded::Text(format) => body::decode(format, bytes)
            .map(|read| read.value)
            .map_err(|error| match error {
                BodyError::Json(why) => format!("couldn't get version/kind; json parse error: {why}"),
                error => error.to_string(),
            }),
        Encoded::Protobuf => protobuf::decode(bytes).map_err(|error| error.to_string()),
    };
    value.map(Some).map_err(Refusal::bad_request)
}
