//! What the answers of an S3 service mean.
//!
//! Codes as in <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, conditions as in
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.

use jiff::Timestamp;

use super::store::{Condition, Object, Write};
use crate::publish::{
    Outcome, PublishError,
    said::{Redaction, retry_after},
    wire::Answer,
};

/// Reads the answer to a conditional PUT.
///
/// Only 412 says that the condition did not hold. A 409 says that another request was under way, and a 5xx says
/// nothing: neither is "it is there already".
pub(super) fn written(
    answer: &Answer,
    condition: &Condition,
    redaction: &Redaction,
) -> Result<Write, PublishError> {
    let code = code(answer);
    Err(match (answer.status.as_u16(), code.as_str()) {
        (200..=299, _) => return Ok(Write::Stored),
        (412, _) => return Ok(Write::ConditionFailed),
        (409, "ConditionalRequestConflict" | "OperationAborted" | "") => return Ok(Write::Contended),
        // What is gone cannot be unchanged.
        (404, "NoSuchKey") if matches!(condition, Condition::Unchanged(_)) => {
            return Ok(Write::ConditionFailed);
        }
        (501, _) => PublishError::refused(
            "ConditionsNotSupported",
            said("the store does not know conditional writes", answer, redaction),
        ),
        _ => refusal(answer, &code, redaction),
    })
}

/// Reads the answer to a GET that was no success: `None` where there is no such object.
pub(super) fn absent(answer: &Answer, redaction: &Redaction) -> Result<Option<Object>, PublishError> {
    let code = code(answer);
    match (answer.status.as_u16(), code.as_str()) {
        (404, "NoSuchKey" | "") => Ok(None),
        _ => Err(while_reading(refusal(answer, &code, redaction))),
    }
}

/// A read that failed has changed nothing, and its content was not refused.
pub(super) fn while_reading(mut error: PublishError) -> PublishError {
    if matches!(error.outcome, Outcome::Unknown | Outcome::Rejected) {
        error.outcome = Outcome::NotSent { retry_after: None };
    }
    error
}

fn refusal(answer: &Answer, code: &str, redaction: &Redaction) -> PublishError {
    let said = said("the store answered", answer, redaction);
    match (answer.status.as_u16(), code) {
        (429, _) | (503, "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded") => {
            let retry_after = retry_after(&answer.headers, Timestamp::now());
            PublishError::new(Outcome::RateLimited { retry_after }, "RateLimited", said)
        }
        // Our clock, or theirs: it passes without anybody changing the Secret.
        (403, "RequestTimeTooSkewed") => PublishError::not_sent("ClockSkew", said),
        (401, _)
        | (
            403,
            "InvalidAccessKeyId" | "NotSignedUp" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken",
        ) => PublishError::refused("CredentialsRefused", said),
        (403, _) => PublishError::refused("AccessRefused", said),
        (404, _) => PublishError::refused("BucketNotFound", said),
        (301 | 307 | 308, _) => PublishError::refused("RedirectRefused", said),
        (400, "RequestTimeout") | (408, _) => PublishError::unknown("StoreTimedOut", said),
        (409, _) => PublishError::unknown("Conflict", said),
        (400..=499, _) => PublishError::rejected("RejectedByStore", said),
        (500..=599, _) => PublishError::unknown("StoreFailed", said),
        _ => PublishError::unknown("UnexpectedAnswer", said),
    }
}

fn said(what: &str, answer: &Answer, redaction: &Redaction) -> String {
    let message = element(answer, "Message").unwrap_or_default();
    let code = code(answer);
    let space = if code.is_empty() { "" } else { " " };
    format!(
        "{what} ({}{space}{code}){}",
        answer.status.as_u16(),
        redaction.quote(message.as_bytes())
    )
}

/// The code of an error document, `NoSuchKey` and the like; empty where there is none.
fn code(answer: &Answer) -> String {
    let known =
        |code: &String| code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    element(answer, "Code").filter(known).unwrap_or_default()
}

fn element(answer: &Answer, name: &str) -> Option<String> {
    let head = answer.body.get(..answer.body.len().min(64 * 1024))?;
    let text = String::from_utf8_lossy(head);
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;
    use crate::publish::{object_store::store::Version, wire::End};

    fn answer(status: u16, code: &str) -> Answer {
        let body = if code.is_empty() {
            String::new()
        } else {
            format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>")
        };
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
            end: End::Whole,
        }
    }

    fn create(status: u16, code: &str) -> Result<Write, Outcome> {
        written(&answer(status, code), &Condition::Absent, &Redaction::default())
            .map_err(|error| error.outcome)
    }

    #[test]
    fn only_a_failed_precondition_says_that_it_is_there_already() {
        assert_eq!(create(200, ""), Ok(Write::Stored));
        assert_eq!(create(412, "PreconditionFailed"), Ok(Write::ConditionFailed));
        assert_eq!(create(409, "ConditionalRequestConflict"), Ok(Write::Contended));
        assert_eq!(create(409, "OperationAborted"), Ok(Write::Contended));
        let minute = Outcome::RateLimited {
            retry_after: std::time::Duration::from_mins(1),
        };
        assert_eq!(create(503, "SlowDown"), Err(minute));
        assert_eq!(create(429, ""), Err(minute));
        for (status, code) in [
            (500, "InternalError"),
            (503, "ServiceUnavailable"),
            (400, "RequestTimeout"),
            (409, "Other"),
        ] {
            assert_eq!(create(status, code), Err(Outcome::Unknown), "{status} {code}");
        }
    }

    #[test]
    fn a_refused_account_blocks_and_refused_bytes_are_rejected() {
        for (status, code) in [
            (403, "AccessDenied"),
            (403, "InvalidAccessKeyId"),
            (404, "NoSuchBucket"),
            (301, "PermanentRedirect"),
            (501, "NotImplemented"),
            (401, ""),
        ] {
            assert_eq!(create(status, code), Err(Outcome::Refused), "{status} {code}");
        }
        assert_eq!(create(400, "EntityTooLarge"), Err(Outcome::Rejected));
        assert_eq!(
            create(403, "RequestTimeTooSkewed"),
            Err(Outcome::NotSent { retry_after: None })
        );
    }

    #[test]
    fn an_object_that_is_gone_is_not_unchanged() {
        let replace = |code| {
            written(
                &answer(404, code),
                &Condition::Unchanged(Version("\"e\"".into())),
                &Redaction::default(),
            )
            .map_err(|error| error.outcome)
        };
        assert_eq!(replace("NoSuchKey"), Ok(Write::ConditionFailed));
        assert_eq!(replace("NoSuchBucket"), Err(Outcome::Refused));
        assert_eq!(create(404, "NoSuchKey"), Err(Outcome::Refused));
    }

    #[test]
    fn a_missing_bucket_is_no_missing_object() {
        let read = |status, code| {
            absent(&answer(status, code), &Redaction::default()).map_err(|error| error.outcome)
        };
        assert_eq!(read(404, "NoSuchKey"), Ok(None));
        assert_eq!(read(404, ""), Ok(None));
        assert_eq!(read(404, "NoSuchBucket"), Err(Outcome::Refused));
        assert_eq!(read(403, "AccessDenied"), Err(Outcome::Refused));
        assert_eq!(
            read(500, "InternalError"),
            Err(Outcome::NotSent { retry_after: None })
        );
    }
}
