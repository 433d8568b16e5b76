//! What the answer of a receiver means.

use http::{StatusCode, header::LOCATION};
use jiff::Timestamp;
use serde_json::Value;

use crate::publish::{
    Outcome, PublishError, Published,
    said::{Redaction, retry_after},
    wire::{Answer, End},
};

/// Reads an answer.
///
/// Any 2xx is a publication, whatever its body: the receiver has acted, and an id that cannot be read does not
/// undo that. A 5xx says nothing about whether it acted.
pub(super) fn read(
    answer: &Answer,
    idempotent: bool,
    redaction: &Redaction,
) -> Result<Published, PublishError> {
    let status = answer.status;
    if status.is_success() {
        return Ok(named(answer));
    }
    let said = format!("the receiver answered {status}{}", redaction.quote(&answer.body));
    Err(match status.as_u16() {
        429 => {
            let retry_after = retry_after(&answer.headers, Timestamp::now());
            PublishError::new(Outcome::RateLimited { retry_after }, "RateLimited", said)
        }
        401 => PublishError::refused("CredentialsRefused", said),
        403 => PublishError::refused("AccessRefused", said),
        404 => PublishError::refused("EndpointNotFound", said),
        410 => PublishError::refused("EndpointGone", said),
        408 => PublishError::unknown("ReceiverTimedOut", said),
        // A receiver that remembers keys says so while it still works on the first request with this one.
        409 if idempotent => PublishError::unknown("KeyInUse", said),
        400..=499 => PublishError::rejected("RejectedByReceiver", said),
        300..=399 => redirect(answer),
        500..=599 => PublishError::unknown("ReceiverFailed", said),
        _ => PublishError::unknown("UnexpectedAnswer", said),
    })
}

/// 301, 307 and 308 ask to send the same elsewhere, so the receiver did not act. 302 and 303 are what many
/// receivers answer after they have acted: nobody knows.
fn redirect(answer: &Answer) -> PublishError {
    let status = answer.status;
    let elsewhere = answer.headers.contains_key(LOCATION);
    let moved = matches!(
        status,
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    let said = format!(
        "the receiver answered {status}; redirects are not followed: write the final address into spec.webhook.url"
    );
    if moved && elsewhere {
        PublishError::refused("RedirectRefused", said)
    } else {
        PublishError::unknown("Redirected", said)
    }
}

fn named(answer: &Answer) -> Published {
    let body = if answer.end == End::Whole {
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    } else {
        Value::Null
    };
    let id = match body.get("id") {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    Published::named(id, body.get("url").and_then(Value::as_str))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
            end: End::Whole,
        }
    }

    fn outcome(answer: &Answer, idempotent: bool) -> Outcome {
        read(answer, idempotent, &Redaction::default())
            .unwrap_err()
            .outcome
    }

    #[test]
    fn an_id_may_be_text_or_a_number_and_anything_else_is_still_a_publication() {
        let published = |body| read(&answer(202, body), false, &Redaction::default()).unwrap();
        let both = published(r#"{"id": "a1", "url": "https://example.com/a1"}"#);
        assert_eq!(
            (both.remote_id.as_deref(), both.url.as_deref()),
            (Some("a1"), Some("https://example.com/a1"))
        );
        assert_eq!(published(r#"{"id": 17}"#).remote_id.as_deref(), Some("17"));
        for body in ["", "ok", "[]", r#"{"id": {}, "url": 7}"#, r#"{"id": "#] {
            assert_eq!(published(body), Published::default(), "{body}");
        }
    }

    #[test]
    fn every_status_has_one_meaning() {
        for status in [401, 403, 404, 410] {
            assert_eq!(outcome(&answer(status, ""), false), Outcome::Refused, "{status}");
        }
        for status in [400, 402, 405, 409, 413, 415, 422, 451] {
            assert_eq!(outcome(&answer(status, ""), false), Outcome::Rejected, "{status}");
        }
        for status in [300, 301, 302, 303, 304, 408, 500, 501, 502, 503, 504, 599, 600] {
            assert_eq!(outcome(&answer(status, ""), false), Outcome::Unknown, "{status}");
        }
    }

    #[test]
    fn a_key_in_use_is_no_refusal_of_what_was_said() {
        assert_eq!(outcome(&answer(409, ""), true), Outcome::Unknown);
    }

    #[test]
    fn a_receiver_that_has_moved_did_not_act_and_one_that_shows_elsewhere_may_have() {
        for (status, expected) in [
            (301, Outcome::Refused),
            (302, Outcome::Unknown),
            (303, Outcome::Unknown),
            (307, Outcome::Refused),
            (308, Outcome::Refused),
        ] {
            let mut answer = answer(status, "");
            answer
                .headers
                .insert(LOCATION, "https://elsewhere.example.com/".parse().unwrap());
            assert_eq!(outcome(&answer, false), expected, "{status}");
        }
    }
}
