//! Answers on their way out: bytes, headers and compression.

use std::{convert::Infallible, io::Write as _};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use serde_json::Value;

use super::negotiate::Encoding;
use crate::standalone::status::Refusal;

/// The body of an answer: all at once, or the frames of a watch.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Answers up to this size are never compressed: the threshold of the API machinery.
const COMPRESSED_FROM: usize = 128 * 1024;
/// All warnings of one answer together, in bytes; as in the API machinery.
const WARNINGS: usize = 4 * 1024;

/// How one client wants its bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes {
    /// How objects are written.
    pub encoding: Encoding,
    /// With line breaks.
    pub pretty: bool,
    /// Compressed where it pays.
    pub gzip: bool,
}

/// A text that is no object.
pub(super) fn text(code: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = bytes(code, "text/plain; charset=utf-8", text.into());
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// The answer to a path that nobody knows.
pub(super) fn page_not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// No body at all.
pub(super) fn nothing(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = code;
    response
}

/// Bytes of a media type.
pub(super) fn bytes(code: StatusCode, media_type: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes).boxed_unsync());
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// An object.
pub(super) fn object(code: StatusCode, value: &Value, wishes: Wishes) -> Response<Body> {
    let written = match wishes.encoding {
        Encoding::Json => json(value, wishes.pretty),
        Encoding::Yaml => serde_saphyr::to_string(value)
            .map(String::into_bytes)
            .unwrap_or_default(),
    };
    packed(code, wishes.encoding.media_type(), written, wishes.gzip)
}

/// A refusal, with its code, and when to come again.
pub(super) fn refusal(refusal: &Refusal, wishes: Wishes) -> Response<Body> {
    let code = StatusCode::from_u16(refusal.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = object(code, &refusal.body(), wishes);
    let seconds = refusal.details().map_or(0, |details| details.retry_after_seconds);
    if seconds > 0 {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    warn(&mut response, refusal.warnings());
    response
}

/// Writes JSON; a line ends with a line break, a page of lines does not, as in the API machinery.
pub(super) fn json(value: &Value, pretty: bool) -> Vec<u8> {
    if pretty {
        return serde_json::to_vec_pretty(value).unwrap_or_default();
    }
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Bytes that may be compressed on the way.
pub(super) fn packed(
    code: StatusCode,
    media_type: &'static str,
    plain: Vec<u8>,
    gzip: bool,
) -> Response<Body> {
    let packed = (gzip && plain.len() > COMPRESSED_FROM)
        .then(|| pack(&plain))
        .flatten();
    let Some(packed) = packed else {
        return bytes(code, media_type, plain.into());
    };
    let mut response = bytes(code, media_type, packed.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

/// Adds `Warning: 299 - "..."` headers: each sentence once, and no more than fits.
pub(super) fn warn(response: &mut Response<Body>, warnings: &[String]) {
    let mut left = WARNINGS;
    let mut said: Vec<&str> = Vec::new();
    for warning in warnings {
        if said.contains(&warning.as_str()) {
            continue;
        }
        said.push(warning);
        let sentence = quoted(warning);
        let Some(rest) = left.checked_sub(sentence.len()) else {
            return;
        };
        left = rest;
        if let Ok(value) = HeaderValue::from_str(&format!("299 - {sentence}")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

/// A quoted string as HTTP knows it; what a header cannot hold becomes a question mark or a blank.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn long_answers_are_compressed_for_those_who_unpack_them_and_short_ones_never() {
        let long = vec![b'a'; COMPRESSED_FROM + 1];
        let response = packed(StatusCode::OK, "application/json", long.clone(), true);
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        let body = futures::executor::block_on(response.into_body().collect()).expect("infallible");
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&body.to_bytes()[..])
            .read_to_end(&mut plain)
            .expect("gzip");
        assert_eq!(plain, long);
        for (plain, gzip) in [(long, false), (vec![b'a'; COMPRESSED_FROM], true)] {
            let response = packed(StatusCode::OK, "application/json", plain, gzip);
            assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        }
    }

    #[test]
    fn warnings_are_quoted_said_once_and_bounded() {
        let mut response = page_not_found();
        let warnings = ["say \"a\\b\"\n", "say \"a\\b\"\n", &"x".repeat(WARNINGS)].map(str::to_owned);
        warn(&mut response, &warnings);
        let said: Vec<_> = response.headers().get_all(header::WARNING).iter().collect();
        assert_eq!(said, [r#"299 - "say \"a\\b\" ""#]);
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let response = refusal(&Refusal::too_many_requests("busy", 3), Wishes::default());
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
    }
}
