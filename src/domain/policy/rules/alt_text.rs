//! Every picture needs words for those who cannot see it.

use super::Examine;
use crate::{
    api::{self, ContentField},
    domain::{
        content::text::quoted,
        policy::reading::{At, Hits, Reading},
    },
};

/// Bounds of the words.
#[derive(Debug)]
pub(super) struct AltText {
    min: usize,
    max: usize,
}

impl AltText {
    pub(super) fn new(parameters: &api::AltText) -> Self {
        Self {
            min: parameters.min_length.map_or(1, |min| min as usize).max(1),
            max: parameters.max_length.map_or(usize::MAX, |max| max as usize),
        }
    }
}

impl Examine for AltText {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for (number, picture) in reading.subject.media.iter().enumerate() {
            let length = picture.alt_text.trim().chars().count();
            let name = if picture.path.is_empty() {
                format!("Picture {}", number + 1)
            } else {
                quoted(&picture.path)
            };
            let problem = if length == 0 {
                "has no words for those who cannot see it".to_owned()
            } else if length < self.min {
                format!(
                    "has an alt text of {length} characters; at least {} are needed",
                    self.min
                )
            } else if length > self.max {
                format!(
                    "has an alt text of {length} characters; at most {} are allowed",
                    self.max
                )
            } else {
                continue;
            };
            let help = "Say in alt_text what it shows.";
            hits.fail(
                At::Field(ContentField::AltText),
                format!("{name} {problem}."),
                help,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, rule};

    #[test]
    fn each_picture_without_words_is_named() {
        let rule = rule(r#"{"altText": {"minLength": 5, "maxLength": 20}}"#);
        for (alt_texts, count) in [
            ("[]", 0),
            (r#"["A resume"]"#, 0),
            (r#"["קורות חיים"]"#, 0),
            (r#"["", " "]"#, 2),
            (r#"["ok"]"#, 1),
            (r#"["שם"]"#, 1),
            (r#"["A resume with far too many words about it"]"#, 1),
        ] {
            let found = check(&rule, &format!(r#"{{"altTexts": {alt_texts}}}"#));
            assert_eq!(found.len(), count, "{alt_texts}");
        }
    }
}
