//! Keys, passwords and tokens that nobody meant to publish.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::{Examine, pattern::bounded};
use crate::{
    api,
    domain::policy::reading::{Hits, Part, Reading},
};

/// What secrets look like, by what they are: the forms that their makers document so that scanners find them. Borders of
/// words are those of ASCII: the fast engine knows no others outside of it.
const KNOWN: [(&str, &str); 17] = [
    ("an AWS access key", r"(?-u:\b)(?:AKIA|ASIA)[0-9A-Z]{16}(?-u:\b)"),
    (
        "a GitHub token",
        r"(?-u:\b)(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    ),
    ("a GitLab token", r"(?-u:\b)glpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"(?-u:\b)xox[abeprs]-[A-Za-z0-9-]{10,}"),
    (
        "a Slack webhook",
        r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    ),
    (
        "a Discord webhook",
        r"https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/[0-9]+/[A-Za-z0-9_-]{20,}",
    ),
    ("a Stripe key", r"(?-u:\b)[rs]k_live_[A-Za-z0-9]{16,}"),
    ("a Google API key", r"(?-u:\b)AIza[0-9A-Za-z_-]{35}"),
    (
        "an API key",
        r"(?-u:\b)sk-(?:ant-|proj-|live-)?[A-Za-z0-9_-]{20,}",
    ),
    (
        "a SendGrid key",
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    ),
    (
        "a Telegram bot token",
        r"(?-u:\b)[0-9]{8,10}:[A-Za-z0-9_-]{35}(?-u:\b)",
    ),
    ("an npm token", r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)"),
    ("a webhook signing secret", r"(?-u:\b)whsec_[A-Za-z0-9+/=]{24,}"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    (
        "a signed token",
        r"(?-u:\b)eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ),
    (
        "a password in an address",
        r"(?-u:\b)[a-z][a-z0-9+.-]*://[^\s/:@<>]+:[^\s/@<>]{3,}@[^\s]+",
    ),
    (
        "a password",
        r#"(?i)(?-u:\b)(?:password|passwd|api[_-]?key|secret[_-]?key|access[_-]?token|client[_-]?secret)(?-u:\b)["']?\s*[:=]\s*["']?[A-Za-z0-9+/_.!@#$%^&*-]{8,}"#,
    ),
];

static PATTERNS: LazyLock<Option<(RegexSet, Vec<Regex>)>> = LazyLock::new(|| {
    let patterns = KNOWN.iter().map(|(_, pattern)| *pattern);
    let single: Result<Vec<Regex>, regex::Error> = patterns.clone().map(Regex::new).collect();
    RegexSet::new(patterns).ok().zip(single.ok())
});

/// Further patterns, and what only looks like a secret.
#[derive(Debug)]
pub(super) struct SecretLeak {
    patterns: Vec<Regex>,
    allow: Vec<String>,
}

impl SecretLeak {
    pub(super) fn new(parameters: &api::SecretLeak) -> Result<Self, String> {
        let patterns = parameters.patterns.iter().map(|pattern| bounded(pattern, false));
        Ok(Self {
            patterns: patterns.collect::<Result<_, _>>()?,
            allow: parameters.allow.clone(),
        })
    }

    fn find(&self, part: &Part<'_>, words: &str, (pattern, what): (&Regex, &str), hits: &mut Hits) {
        for found in pattern.find_iter(words).filter(|found| !found.is_empty()) {
            if self
                .allow
                .iter()
                .any(|allowed| found.as_str().contains(allowed.as_str()))
            {
                continue;
            }
            let message = format!("This looks like {what}.");
            let help = "Take it out, and replace it where it is used: what stood in git is known.";
            hits.fail_unseen(part.at(found.range()), message, help);
        }
    }
}

impl Examine for SecretLeak {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for part in reading.parts() {
            let known = PATTERNS.iter().flat_map(|(set, single)| {
                let matching = set.matches(&part.words).into_iter();
                matching.filter_map(|number| Some((single.get(number)?, KNOWN.get(number)?.0)))
            });
            for pattern in known {
                self.find(part, &part.words, pattern, hits);
            }
            for pattern in &self.patterns {
                self.find(part, &part.words, (pattern, "a secret of yours"), hits);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const RULE: &str = r#"{"secretLeak": {"patterns": ["INT-[0-9]{6}"], "allow": ["EXAMPLE"]}}"#;

    #[test]
    fn every_known_pattern_compiles() {
        assert!(PATTERNS.is_some());
    }

    #[test]
    fn secrets_are_found_and_never_shown() {
        // Put together here, so that scanners of this repository find nothing.
        let long = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
        let secrets = [
            format!("key AKIA{}", "ABCDEFGHIJKLMNOP"),
            format!("ghp_{long}"),
            format!("xoxb-{long}"),
            format!("sk_live_{long}"),
            format!("sk-ant-{long}"),
            format!("SG.{long}.{long}"),
            format!("https://hooks.slack.com/services/T00000000/B00000000/{long}"),
            format!("-----BEGIN {} KEY-----", "RSA PRIVATE"),
            format!("eyJ{long}.eyJ{long}.{long}"),
            "postgres://admin:hunter22@db.example.com/x".to_owned(),
            "password: hunter2hunter2".to_owned(),
            "הסיסמה היא api_key=abcd1234efgh".to_owned(),
            "INT-123456".to_owned(),
        ];
        for secret in secrets {
            failing(RULE, &[("en", &secret), ("he", &format!("שלום {secret} עולם"))]);
            let asset = serde_json::json!({"text": secret}).to_string();
            for finding in check(&rule(RULE), &asset) {
                assert!(finding.excerpt.chars().count() <= 5, "{}", finding.excerpt);
                assert!(!finding.message.contains("hunter") && !finding.message.contains("abcd1234"));
            }
        }
    }

    #[test]
    fn what_is_no_secret_passes() {
        passing(
            RULE,
            &[
                ("en", "Choose a strong password. Secret: write less."),
                ("en", "https://example.com/?utm_source=x&key=1"),
                ("en", "AKIAEXAMPLEEXAMPLE12"),
                ("en", "Meet at 10:30, ask for sk-ill"),
                ("he", "איך לבחור סיסמה: עצות"),
            ],
        );
    }
}
