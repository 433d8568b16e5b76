//! What the law and mailbox providers ask of an e-mail.

use super::{Examine, banned_phrases::some_phrases};
use crate::{
    api::{self, ContentField},
    domain::{
        content::text::quoted,
        policy::{
            folded::{Case, Folded},
            markup::Visible,
            phrases::Phrases,
            reading::{At, Hits, Reading},
            subject::Subject,
            words::words_in,
        },
    },
};

/// What an e-mail has to have.
#[derive(Debug)]
pub(super) struct EmailCompliance {
    unsubscribe: Vec<String>,
    postal_address: Vec<String>,
    postal_phrases: Option<Phrases>,
    subject_begins_with: Vec<String>,
    min_words: usize,
    footer_by_provider: bool,
}

impl EmailCompliance {
    pub(super) fn new(parameters: &api::EmailCompliance) -> Result<Self, String> {
        let compact = |marks: &[String]| marks.iter().map(|mark| compact(mark)).collect();
        Ok(Self {
            unsubscribe: compact(&parameters.unsubscribe),
            postal_address: compact(&parameters.postal_address),
            postal_phrases: some_phrases(&parameters.postal_address, Case::Ignored)?,
            subject_begins_with: parameters.subject_begins_with.clone(),
            min_words: parameters.min_words as usize,
            footer_by_provider: parameters.footer_by_provider,
        })
    }

    fn footer(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let subject = reading.subject;
        let source = compact(&source(subject));
        if !self.unsubscribe.iter().any(|mark| source.contains(mark)) {
            let message = "Readers cannot unsubscribe: there is no unsubscribe link.".to_owned();
            let help = "Add the placeholder of your mail provider, such as {{unsubscribe_url}}.";
            hits.fail(At::Field(ContentField::Text), message, help);
        }
        let in_words = self.postal_phrases.as_ref().is_some_and(|phrases| {
            reading
                .parts()
                .iter()
                .any(|part| phrases.is_in(part.folded(Case::Ignored)))
        });
        if !in_words && !self.postal_address.iter().any(|mark| source.contains(mark)) {
            let message = "The postal address of the sender is missing.".to_owned();
            let help = "Add the address, or the placeholder of your mail provider.";
            hits.fail(At::Field(ContentField::Text), message, help);
        }
    }

    fn subject(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let subject = Folded::of(
            reading.subject.subject.as_deref().unwrap_or_default(),
            Case::Ignored,
        );
        let begins = |word: &String| {
            subject
                .text()
                .trim_start()
                .starts_with(Folded::of(word, Case::Ignored).text())
        };
        if let Some(first) = self.subject_begins_with.first()
            && !self.subject_begins_with.iter().any(begins)
        {
            let message = format!("The subject does not begin with {}.", quoted(first));
            hits.fail(
                At::Field(ContentField::Subject),
                message,
                "The law asks for the word there: add it.",
            );
        }
    }

    fn words(&self, reading: &Reading<'_>, hits: &mut Hits) {
        // What a reader of the HTML sees, where there is HTML: text that stands beside it helps nobody there.
        let counted = match &reading.subject.html {
            Some(html) => words_in(&Visible::of(html).text).count(),
            None => words_in(&reading.subject.text).count(),
        };
        if counted < self.min_words {
            let message = format!(
                "The e-mail has {counted} words; at least {} are needed.",
                self.min_words
            );
            let help = "Write what pictures show as text too: many readers and filters do not load pictures.";
            hits.fail(At::Field(ContentField::Text), message, help);
        }
    }
}

impl Examine for EmailCompliance {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        if !reading.subject.is_email() {
            return;
        }
        if !self.footer_by_provider {
            self.footer(reading, hits);
        }
        self.subject(reading, hits);
        self.words(reading, hits);
    }
}

fn source(subject: &Subject) -> String {
    [subject.text.as_str(), subject.html.as_deref().unwrap_or_default()].join("\n")
}

/// Lower case without spaces: `{{ Unsubscribe_URL }}` is written in many ways.
fn compact(mark: &str) -> String {
    let kept = mark.chars().filter(|one| !one.is_whitespace());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, rule};

    const LONG: &str = "Hi there. You have access to the whole workflow now, and the fastest path to better results is simple: open the check and fix what it shows.";
    const LONG_HE: &str = "היי. עכשיו יש לך גישה לתהליך המלא, והדרך המהירה לשיפור היא פשוטה: לפתוח את הבדיקה, לתקן את החסמים המרכזיים וליישם את השינויים לפני ההגשה הבאה שלך.";

    fn found(parameters: &str, asset: &serde_json::Value) -> Vec<String> {
        let findings = check(
            &rule(&format!(r#"{{"emailCompliance": {parameters}}}"#)),
            &asset.to_string(),
        );
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_complete_email_passes() {
        let footer = "{{ unsubscribe_url }}\nResumely Ltd, 1 Herzl St, Tel Aviv";
        for text in [LONG, LONG_HE] {
            let asset = serde_json::json!({"type": "Template", "text": format!("{text}\n\n{footer}")});
            assert!(found(r#"{"postalAddress": ["1 Herzl St"]}"#, &asset).is_empty());
        }
    }

    #[test]
    fn each_thing_that_is_missing_is_named() {
        let asset = serde_json::json!({"type": "Email", "subject": "Hello", "text": "Hi."});
        let found = found(r#"{"subjectBeginsWith": ["פרסומת"]}"#, &asset);
        for words in ["unsubscribe", "postal address", "`פרסומת`", "1 words"] {
            assert!(
                found.iter().any(|message| message.contains(words)),
                "{words}: {found:?}"
            );
        }
    }

    #[test]
    fn a_picture_alone_is_no_email() {
        let asset = serde_json::json!({"type": "Email", "text": LONG, "html": "<img src=a.png alt=\"all of it\">{{unsubscribe_url}}{{postal_address}}"});
        assert_eq!(found("{}", &asset).len(), 1);
    }

    #[test]
    fn the_provider_may_add_the_footer_and_the_subject_may_begin_as_the_law_asks() {
        let asset = serde_json::json!({"type": "Email", "locale": "he", "subject": "פרסומת: ציון ה-ATS שלך", "text": LONG_HE});
        assert!(
            found(
                r#"{"footerByProvider": true, "subjectBeginsWith": ["פרסומת"]}"#,
                &asset
            )
            .is_empty()
        );
    }

    #[test]
    fn a_post_is_no_email() {
        assert!(found("{}", &serde_json::json!({"text": "Hi."})).is_empty());
    }
}
