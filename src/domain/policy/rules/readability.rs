//! How hard a text is to read.

use super::Examine;
use crate::{
    api,
    domain::policy::{
        reading::{At, Hits, Part, Reading},
        words::{link_ranges, placeholders_in, sentences_in, without, words_in},
    },
};

/// Bounds of sentences.
#[derive(Debug)]
pub(super) struct Readability {
    sentence_words: Option<usize>,
    average_words: Option<u32>,
    grade: Option<u32>,
}

impl Readability {
    pub(super) fn new(parameters: &api::Readability) -> Result<Self, String> {
        if *parameters == api::Readability::default() {
            return Err(
                "The rule bounds nothing: add maxSentenceWords, maxAverageWords or maxGrade.".to_owned(),
            );
        }
        Ok(Self {
            sentence_words: parameters.max_sentence_words.map(|max| max as usize),
            average_words: parameters.max_average_words,
            grade: parameters.max_grade,
        })
    }

    fn examine_part(&self, part: &Part<'_>, english: bool, hits: &mut Hits) {
        let mut left_out = link_ranges(&part.words);
        left_out.extend(placeholders_in(&part.words));
        let words = without(&part.words, &left_out);
        let mut count = Count::default();
        for sentence in sentences_in(&words) {
            let length = count.sentence(words.get(sentence.clone()).unwrap_or_default());
            if let Some(max) = self.sentence_words.filter(|max| length > *max) {
                let start = words
                    .get(sentence.clone())
                    .map_or(0, |words| words.len() - words.trim_start().len());
                let message = format!("The sentence has {length} words; at most {max} are allowed.");
                hits.fail(
                    part.at(sentence.start + start..sentence.end),
                    message,
                    "Make two sentences of it.",
                );
            }
        }
        self.whole(&count, english, hits);
    }

    fn whole(&self, count: &Count, english: bool, hits: &mut Hits) {
        if count.sentences == 0 {
            return;
        }
        let average = count.average();
        if let Some(max) = self.average_words.filter(|max| average > f64::from(*max)) {
            let message =
                format!("A sentence has {average:.1} words in the average; at most {max} are allowed.");
            hits.fail(
                At::Field(api::ContentField::Text),
                message,
                "Write shorter sentences.",
            );
        }
        let grade = count.grade();
        if let Some(max) = self.grade.filter(|max| english && grade > f64::from(*max)) {
            let message = format!("It reads like grade {grade:.1}; at most {max} is allowed.");
            hits.fail(
                At::Field(api::ContentField::Text),
                message,
                "Write shorter sentences and shorter words.",
            );
        }
    }
}

impl Examine for Readability {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let english = reading.subject.locale.split('-').next() == Some("en");
        for part in reading.running() {
            self.examine_part(part, english, hits);
        }
    }
}

#[derive(Debug, Default)]
struct Count {
    sentences: u32,
    words: u32,
    syllables: u32,
}

impl Count {
    /// Counts a sentence, and says how many words it has.
    fn sentence(&mut self, sentence: &str) -> usize {
        let mut length = 0;
        for word in words_in(sentence) {
            length += 1;
            self.words = self.words.saturating_add(1);
            self.syllables = self.syllables.saturating_add(syllables(word));
        }
        self.sentences = self.sentences.saturating_add(u32::from(length > 0));
        length
    }

    fn average(&self) -> f64 {
        f64::from(self.words) / f64::from(self.sentences.max(1))
    }

    /// The grade by J. P. Kincaid and others, Navy Research Branch Report 8-75 (1975).
    fn grade(&self) -> f64 {
        let syllables = f64::from(self.syllables) / f64::from(self.words.max(1));
        0.39 * self.average() + 11.8 * syllables - 15.59
    }
}

/// English syllables, near enough: groups of vowels, without a silent e at the end.
fn syllables(word: &str) -> u32 {
    let lower = word.to_ascii_lowercase();
    let vowel = |one: char| "aeiouy".contains(one);
    let mut groups = 0;
    let mut before = false;
    for one in lower.chars() {
        groups += u32::from(vowel(one) && !before);
        before = vowel(one);
    }
    let silent = lower.ends_with('e') && !lower.ends_with("le") && groups > 1;
    (groups - u32::from(silent)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    #[test]
    fn a_long_sentence_is_found_where_it_begins() {
        let short = r#"{"readability": {"maxSentenceWords": 6}}"#;
        failing(
            short,
            &[
                ("en", "This sentence has far more words than six of them."),
                ("he", "במשפט הזה יש הרבה יותר מדי מילים בשביל שש."),
            ],
        );
        passing(
            short,
            &[
                ("en", "Short one. Another short one! And one more?"),
                ("he", "משפט קצר. עוד משפט קצר."),
                ("en", "One line\nand another line\nand a third"),
            ],
        );
        let found = check(
            &rule(short),
            r#"{"text": "Fine. This one is not fine at all, no."}"#,
        );
        assert!(found[0].excerpt.starts_with("This one"));
    }

    #[test]
    fn a_grade_is_for_english_alone() {
        let plain = r#"{"readability": {"maxGrade": 8}}"#;
        let hard = "Organizational characteristics demonstrate considerable heterogeneity, notwithstanding institutional standardization.";
        failing(plain, &[("en", hard)]);
        passing(
            plain,
            &[("en", "We fix it fast. You can try it now."), ("he", hard)],
        );
    }

    #[test]
    fn syllables_are_near_enough() {
        for (word, count) in [
            ("cat", 1),
            ("table", 2),
            ("resume", 2),
            ("interview", 3),
            ("rhythm", 1),
            ("shalom", 2),
        ] {
            assert_eq!(syllables(word), count, "{word}");
        }
    }
}
