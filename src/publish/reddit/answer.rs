//! What Reddit's answers to a submission mean: its errors stand inside a 200.

use http::HeaderName;
use serde_json::Value;

use crate::publish::{
    PublishError, Published,
    platform::{Platform, at, whole_json},
    wire::Answer,
};

/// Seconds until its limit of requests ends.
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// The reason for a link that the subreddit has already.
pub(super) const ALREADY_SUBMITTED: &str = "AlreadySubmitted";
/// What Reddit says of the user, the subreddit or the flair, and not of the post.
const REFUSALS: [&str; 9] = [
    "BAD_FLAIR_TEMPLATE_ID",
    "BAD_SR_NAME",
    "FLAIR_REQUIRED",
    "INVALID_FLAIR_TEMPLATE_ID",
    "SUBMIT_VALIDATION_FLAIR_REQUIRED",
    "SUBREDDIT_NOEXIST",
    "SUBREDDIT_NOTALLOWED",
    "SUBREDDIT_REQUIRED",
    "USER_REQUIRED",
];

/// What became of a submission.
pub(super) fn outcome(platform: &Platform, answer: &Answer) -> Result<Published, PublishError> {
    if answer.status.as_u16() == 429 {
        let reset = answer.headers.get(RESET).and_then(|reset| reset.to_str().ok());
        return Err(platform.wait_for(answer, reset.and_then(|seconds| seconds.parse().ok())));
    }
    if !answer.status.is_success() {
        return Err(platform.refusal(answer));
    }
    let body = whole_json(answer).unwrap_or_default();
    let published = match at(&body, "/json/errors").as_array().map(Vec::as_slice) {
        Some([]) => named(at(&body, "/json/data"), "/url"),
        Some([first, ..]) => return Err(refusal(platform, answer, (&body, first))),
        None => None,
    };
    published.ok_or_else(|| platform.unexpected(answer))
}

/// A submission by its full name, `t3_` and its number.
pub(super) fn named(submission: &Value, url: &str) -> Option<Published> {
    let name = at(submission, "/name").as_str()?;
    let number = name.strip_prefix("t3_")?;
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then(|| Published::named(Some(name.to_owned()), at(submission, url).as_str()))
}

fn refusal(platform: &Platform, answer: &Answer, (body, error): (&Value, &Value)) -> PublishError {
    let [code, words] = ["/0", "/1"].map(|place| at(error, place).as_str().unwrap_or_default());
    let said = platform.quoted(&format!("{code} {words}"));
    match code {
        "" => platform.unexpected(answer),
        "RATELIMIT" => {
            let seconds = at(body, "/json/ratelimit").as_f64();
            platform.wait_for(answer, seconds.or_else(|| told(words)))
        }
        "ALREADY_SUB" => PublishError::rejected(ALREADY_SUBMITTED, said),
        _ if REFUSALS.contains(&code) => PublishError::refused("AccountRefused", said),
        _ => PublishError::rejected("RejectedByPlatform", said),
    }
}

/// The seconds of a sentence such as "try again in 8 minutes", a unit more than it says: it counts whole ones.
fn told(words: &str) -> Option<f64> {
    let words: Vec<&str> = words.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let [number, unit] = pair else { return None };
        let number: f64 = number.parse().ok()?;
        let seconds = match unit
            .trim_end_matches(|c: char| !c.is_alphabetic())
            .trim_end_matches('s')
        {
            "millisecond" => 0.001,
            "second" => 1.0,
            "minute" => 60.0,
            "hour" => 3_600.0,
            _ => return None,
        };
        Some((number + 1.0) * seconds)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_to_wait_is_read_from_reddits_own_words() {
        for (words, seconds) in [
            (
                "you are doing that too much. try again in 8 minutes.",
                Some(540.0),
            ),
            ("Take a break for 50 seconds before trying again.", Some(51.0)),
            ("try again in 1 hour.", Some(7_200.0)),
            ("try again later", None),
            ("", None),
        ] {
            assert_eq!(told(words), seconds, "{words}");
        }
    }
}
