//! What a platform said, made safe to show: one line, bounded, without our secrets.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::rfc2822};

use crate::secret::SecretString;

/// Longest quotation of a platform, in characters.
const MAX_QUOTATION: usize = 200;
/// What we wait when a platform says "too many requests" and not for how long.
const DEFAULT_WAIT: Duration = Duration::from_mins(1);
/// No platform makes us wait longer than this at a time.
const MAX_WAIT: Duration = Duration::from_hours(24);
/// Shorter texts are found everywhere, and hide nothing when they are replaced.
const MIN_SECRET: usize = 4;

/// Takes our secrets out of what a platform says: some echo the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction(Vec<SecretString>);

impl Redaction {
    pub(crate) fn new(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        Self(
            secrets
                .into_iter()
                .filter(|secret| secret.expose().len() >= MIN_SECRET)
                .collect(),
        )
    }

    /// The first words of a body, in quotation marks and after a colon; nothing for an empty body.
    pub(crate) fn quote(&self, body: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(body).into_owned();
        for secret in &self.0 {
            text = text.replace(secret.expose(), "[redacted]");
        }
        let words: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .collect();
        let line = words
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        if line.is_empty() {
            return String::new();
        }
        let short: String = line
            .chars()
            .filter(|c| !invisible(*c))
            .take(MAX_QUOTATION)
            .collect();
        let rest = if short.len() < line.len() { "..." } else { "" };
        format!(": \"{short}{rest}\"")
    }
}

/// Marks that reorder or hide text around them.
pub(crate) fn invisible(character: char) -> bool {
    matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// How long a platform asks us to wait: seconds or an HTTP date (RFC 9110 section 10.2.3), a minute where it does
/// not say, at most a day.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Duration {
    let text = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .trim();
    let wait = text
        .parse()
        .ok()
        .map(Duration::from_secs)
        .or_else(|| until(text, now));
    wait.unwrap_or(DEFAULT_WAIT)
        .clamp(Duration::from_secs(1), MAX_WAIT)
}

fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let instant = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Duration::try_from(instant.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &'static str) -> u64 {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, http::HeaderValue::from_static(text))]);
        retry_after(&headers, "2026-11-22T09:00:00Z".parse().unwrap()).as_secs()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_endless() {
        assert_eq!(wait("120"), 120);
        assert_eq!(wait("Sun, 22 Nov 2026 09:05:00 GMT"), 300);
        assert_eq!(wait("Sun, 22 Nov 2020 09:05:00 GMT"), 1);
        assert_eq!(wait("999999999999"), 86_400);
        for nonsense in ["", "soon", "-5", "1e9"] {
            assert_eq!(wait(nonsense), 60, "{nonsense}");
        }
        assert_eq!(
            retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH).as_secs(),
            60
        );
    }

    #[test]
    fn a_platform_is_quoted_in_one_short_line_without_our_secrets() {
        let redaction = Redaction::new(["canary-secret".into(), "ab".into()]);
        assert_eq!(
            redaction.quote(b"key canary-secret\r\n\x1b[31mis\tabsent\n"),
            ": \"key [redacted] [31mis absent\""
        );
        assert_eq!(redaction.quote(b" \n"), "");
        assert!(redaction.quote(&b"a".repeat(100_000)).len() < 220);
    }
}
