//! The same words on the same account again.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use jiff::SignedDuration;

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            evidence::Sibling,
            folded::{Case, Folded},
            reading::{At, Hits, Reading},
            words::{link_ranges, without, words_in},
        },
        slot::compared,
    },
};

/// Words in a row that are compared: fewer find every sentence again, more miss posts with one word changed.
const SHINGLE: usize = 3;
/// More words than a post has; longer texts are compared by these.
const MAX_WORDS: usize = 5_000;
/// More posts than an account has in a window.
const MAX_SIBLINGS: usize = 5_000;

/// How much alike two posts may be.
#[derive(Debug)]
pub(super) struct Duplicate {
    similarity: usize,
    window: SignedDuration,
}

impl Duplicate {
    pub(super) fn new(parameters: &api::Duplicate) -> Self {
        Self {
            similarity: parameters.similarity as usize,
            window: SignedDuration::try_from(parameters.window.0).unwrap_or(SignedDuration::MAX),
        }
    }

    fn is_meant(&self, sibling: &Sibling, reading: &Reading<'_>) -> bool {
        let subject = reading.subject;
        let near = |at| reading.now.duration_since(at).abs() <= self.window;
        sibling.platform == subject.platform
            && sibling.account == subject.account
            && compared(&sibling.post_id) != compared(&subject.post_id)
            && sibling.at.is_none_or(near)
    }
}

impl Examine for Duplicate {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let ours = Shingles::of(&reading.subject.text);
        if ours.0.is_empty() {
            return;
        }
        let siblings = reading.evidence.siblings.iter().take(MAX_SIBLINGS);
        for sibling in siblings.filter(|sibling| self.is_meant(sibling, reading)) {
            let share = ours.common(&Shingles::of(&sibling.text));
            if share >= self.similarity {
                let message = format!(
                    "{share} percent of it is what {} says on this account.",
                    quoted(&sibling.post_id)
                );
                let help = "Say something new; a post that is meant to go out again has the same id and an occurrence.";
                hits.fail(At::Whole, message, help);
                // Past the window the same words may be said again.
                let over = sibling.at.and_then(|at| at.checked_add(self.window).ok());
                if let Some(over) = over.filter(|over| *over >= reading.now) {
                    hits.again(over);
                }
            }
        }
    }
}

/// Every few words in a row of a text, links left out: their hashes, sorted, each once.
struct Shingles(Vec<u64>);

impl Shingles {
    fn of(text: &str) -> Self {
        let text = without(text, &link_ranges(text));
        let folded = Folded::of(&text, Case::Ignored);
        let words: Vec<u64> = words_in(folded.text()).take(MAX_WORDS).map(hash).collect();
        let mut shingles: Vec<u64> = if words.len() < SHINGLE {
            std::iter::once(words.as_slice())
                .filter(|words| !words.is_empty())
                .map(hash)
                .collect()
        } else {
            words.windows(SHINGLE).map(hash).collect()
        };
        shingles.sort_unstable();
        shingles.dedup();
        Self(shingles)
    }

    /// How many percent of both are in both.
    fn common(&self, other: &Self) -> usize {
        let common = self
            .0
            .iter()
            .filter(|shingle| other.0.binary_search(shingle).is_ok())
            .count();
        let all = self.0.len() + other.0.len() - common;
        (common * 100).checked_div(all).unwrap_or(0)
    }
}

/// A hash with fixed keys: equal words have equal hashes in every process.
fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{
        Evidence,
        fixtures::{judged, rule, subject},
    };

    const TEXT: &str = "If your resume keeps getting ignored, the issue is often clarity, not capability. Run a free check before your next application.";
    const TEXT_HE: &str = "אם קורות החיים לא מקבלים תגובות, הבעיה לרוב היא בהירות ולא ניסיון. מדריך קצר עם תיקונים מהירים לכולם.";

    fn found(text: &str, sibling: &Sibling) -> usize {
        let asset =
            serde_json::json!({"postId": "new", "platform": "linkedin", "account": "company", "text": text});
        let siblings = [sibling.clone()];
        let evidence = Evidence {
            siblings: &siblings,
            ..Evidence::NONE
        };
        let rule = rule(r#"{"duplicate": {"similarity": 80}}"#);
        judged(&rule, &subject(&asset.to_string()), &evidence)
            .findings
            .len()
    }

    fn sibling(text: &str) -> Sibling {
        Sibling {
            post_id: "old".to_owned(),
            platform: "linkedin".to_owned(),
            account: "company".to_owned(),
            at: None,
            text: text.to_owned(),
        }
    }

    #[test]
    fn exact_and_near_repeats_are_found() {
        for text in [TEXT, TEXT_HE] {
            assert_eq!(found(text, &sibling(text)), 1);
            assert_eq!(
                found(text, &sibling(&format!("{text}\n\nhttps://example.com/other"))),
                1
            );
            assert_eq!(found(&text.to_uppercase(), &sibling(text)), 1);
            assert_eq!(found(&format!("{text} Again."), &sibling(text)), 1);
        }
        assert_eq!(found(TEXT, &sibling(TEXT_HE)), 0);
        assert_eq!(
            found(
                TEXT,
                &sibling("If your resume keeps getting ignored, read the guide.")
            ),
            0
        );
    }

    #[test]
    fn other_accounts_declared_repeats_and_long_ago_are_no_repeats() {
        let other = |change: fn(&mut Sibling)| {
            let mut sibling = sibling(TEXT);
            change(&mut sibling);
            found(TEXT, &sibling)
        };
        assert_eq!(other(|sibling| sibling.account = "personal".to_owned()), 0);
        assert_eq!(other(|sibling| sibling.post_id = "NEW".to_owned()), 0);
        assert_eq!(
            other(|sibling| sibling.at = Some("2025-01-01T00:00:00Z".parse().unwrap())),
            0
        );
        assert_eq!(
            other(|sibling| sibling.at = Some("2026-02-01T00:00:00Z".parse().unwrap())),
            1
        );
    }
}
