//! What a server answered, before anything is masked.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};

/// The headers that clients act on; the others are the transport's.
const HEADERS: [&str; 8] = [
    "allow",
    "cache-control",
    "content-encoding",
    "content-type",
    "location",
    "retry-after",
    "warning",
    "www-authenticate",
];

/// Status, headers and body of one answer.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Value,
    pub(crate) body: Value,
}

impl Answer {
    /// The answer as one value, for masking and comparing.
    pub(crate) fn into_value(self) -> Value {
        json!({"status": self.status, "headers": self.headers, "body": self.body})
    }
}

/// The headers that are compared, each with its values in the order of their arrival.
pub(crate) fn headers(all: &HeaderMap) -> Value {
    let named = HEADERS.into_iter().filter_map(|name| {
        let values: Vec<&str> = all
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        (!values.is_empty()).then(|| (name.to_owned(), json!(values)))
    });
    Value::Object(named.collect::<Map<_, _>>())
}

/// A body as JSON where it is JSON, else as text; unpacked where the headers say that it is packed.
pub(crate) fn body(bytes: &[u8], headers: &Value) -> Value {
    let mut plain = Vec::new();
    let packed = headers["content-encoding"][0] == "gzip";
    let unpacked = packed && GzDecoder::new(bytes).read_to_end(&mut plain).is_ok();
    let bytes = if unpacked { &plain } else { bytes };
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_not_json| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}
