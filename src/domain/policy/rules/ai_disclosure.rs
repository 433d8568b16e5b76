//! Says that a machine wrote or drew it.

use super::{Examine, banned_phrases::some_phrases, required_text::is_said};
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::Phrases,
            reading::{At, Hits, Reading},
        },
    },
};

/// Labels, and when they are needed.
#[derive(Debug)]
pub(super) struct AiDisclosure {
    labels: Phrases,
    first: String,
    when: Option<Phrases>,
    with_media_only: bool,
}

impl AiDisclosure {
    pub(super) fn new(parameters: &api::AiDisclosure) -> Result<Self, String> {
        Ok(Self {
            labels: Phrases::new(&parameters.labels, Case::Ignored, true)?,
            first: parameters.labels.first().cloned().unwrap_or_default(),
            when: some_phrases(&parameters.when, Case::Ignored)?,
            with_media_only: parameters.with_media_only,
        })
    }
}

impl Examine for AiDisclosure {
    fn demands(&self) -> bool {
        true
    }

    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        if self.with_media_only && reading.subject.media.is_empty() {
            return;
        }
        if self.when.as_ref().is_some_and(|when| !is_said(when, reading)) {
            return;
        }
        if !is_said(&self.labels, reading) {
            let message = format!(
                "It does not say that a machine made it, with {} or its like.",
                quoted(&self.first)
            );
            hits.fail(At::Whole, message, "Add the label.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    #[test]
    fn the_label_is_needed_where_it_is_asked_for() {
        let when = r#"{"aiDisclosure": {"labels": ["Made with AI", "נוצר בעזרת AI"], "when": ["portrait", "דיוקן"]}}"#;
        failing(
            when,
            &[("en", "A portrait of a user"), ("he", "הדיוקן של משתמשת")],
        );
        passing(
            when,
            &[
                ("en", "A portrait of a user. Made with AI."),
                ("en", "No picture"),
                ("he", "דיוקן של משתמשת, נוצר בעזרת AI"),
            ],
        );
    }

    #[test]
    fn only_with_a_picture() {
        let rule = rule(r#"{"aiDisclosure": {"labels": ["Made with AI"], "withMediaOnly": true}}"#);
        assert!(check(&rule, r#"{"text": "x"}"#).is_empty());
        assert_eq!(check(&rule, r#"{"text": "x", "altTexts": ["A"]}"#).len(), 1);
    }
}
