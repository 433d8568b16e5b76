//! Topics that a person has to look at.

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::Phrases,
            reading::{Hits, Reading},
        },
    },
};

/// Topics by the words that they show by.
#[derive(Debug)]
pub(super) struct Sensitivity {
    phrases: Phrases,
    /// The topic of each phrase.
    topics: Vec<String>,
}

impl Sensitivity {
    pub(super) fn new(parameters: &api::Sensitivity) -> Result<Self, String> {
        let (mut phrases, mut topics) = (Vec::new(), Vec::new());
        for topic in &parameters.topics {
            phrases.extend(topic.phrases.iter().cloned());
            topics.extend(topic.phrases.iter().map(|_| topic.name.clone()));
        }
        Ok(Self {
            phrases: Phrases::new(&phrases, Case::Ignored, true)?,
            topics,
        })
    }
}

impl Examine for Sensitivity {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for part in reading.parts() {
            let folded = part.folded(Case::Ignored);
            for found in self.phrases.find_apart(folded) {
                let topic = self.topics.get(found.phrase).map_or("", String::as_str);
                let words = folded.text().get(found.range.clone()).unwrap_or_default();
                let message = format!("{} touches the topic {}.", quoted(words), quoted(topic));
                let at = part.at_folded(Case::Ignored, found.range);
                hits.fail(at, message, "A person has to read it before it goes out.");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const RULE: &str = r#"{"action": "BlockAsset", "sensitivity": {"topics": [
        {"name": "war", "phrases": ["war", "hostages", "מלחמה", "חטופים"]},
        {"name": "layoffs", "phrases": ["layoff", "layoffs", "laid off", "פיטורים"]}]}}"#;

    #[test]
    fn a_topic_shows_by_its_words() {
        failing(
            RULE,
            &[
                ("en", "After the war"),
                ("en", "Laid\noff? Start here."),
                ("en", "LAYOFFS"),
                ("he", "אחרי המלחמה"),
                ("he", "בזמן פיטורים"),
                ("he", "למען החטופים"),
            ],
        );
        passing(
            RULE,
            &[
                ("en", "Award-winning software, hardware and warm words"),
                ("en", "Take off soon"),
                ("he", "מלחמתי בשעון"),
                ("he", "פיטרו"),
            ],
        );
        let found = check(&rule(RULE), r#"{"text": "After layoffs"}"#);
        assert!(found[0].message.contains("`layoffs`"));
    }
}
