//! Whether the words are really in the language of the post, and arrived whole.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{Examine, banned_phrases::some_phrases, pattern::bounded};
use crate::{
    api::{self, ContentField},
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::Phrases,
            reading::{At, Hits, Part, Reading},
            words::{handles_in, hashtags_in, link_ranges, placeholders_in, without},
        },
    },
};

/// The script that a language is written in, by its Unicode name, where it is not Latin (CLDR, likely subtags).
const SCRIPTS: [(&str, &str); 40] = [
    ("am", "Ethiopic"),
    ("ar", "Arabic"),
    ("be", "Cyrillic"),
    ("bg", "Cyrillic"),
    ("bn", "Bengali"),
    ("ckb", "Arabic"),
    ("dv", "Thaana"),
    ("el", "Greek"),
    ("fa", "Arabic"),
    ("gu", "Gujarati"),
    ("he", "Hebrew"),
    ("hi", "Devanagari"),
    ("hy", "Armenian"),
    ("ja", "Han"),
    ("ka", "Georgian"),
    ("kk", "Cyrillic"),
    ("km", "Khmer"),
    ("kn", "Kannada"),
    ("ko", "Hangul"),
    ("ky", "Cyrillic"),
    ("lo", "Lao"),
    ("mk", "Cyrillic"),
    ("ml", "Malayalam"),
    ("mn", "Cyrillic"),
    ("mr", "Devanagari"),
    ("my", "Myanmar"),
    ("ne", "Devanagari"),
    ("pa", "Gurmukhi"),
    ("ps", "Arabic"),
    ("ru", "Cyrillic"),
    ("sd", "Arabic"),
    ("si", "Sinhala"),
    ("sr", "Cyrillic"),
    ("ta", "Tamil"),
    ("te", "Telugu"),
    ("th", "Thai"),
    ("uk", "Cyrillic"),
    ("ur", "Arabic"),
    ("yi", "Hebrew"),
    ("zh", "Han"),
];
/// Script subtags of a locale (ISO 15924) that go before its language.
const SUBTAGS: [(&str, &str); 8] = [
    ("arab", "Arabic"),
    ("cyrl", "Cyrillic"),
    ("deva", "Devanagari"),
    ("grek", "Greek"),
    ("hans", "Han"),
    ("hant", "Han"),
    ("hebr", "Hebrew"),
    ("latn", "Latin"),
];
/// Fewer letters than these tell no language: `ATS 2026`.
const FEWEST_LETTERS: usize = 8;

/// UTF-8 that was read as Windows-1252 or Latin 1 and written again, and the sign that a character was lost.
static BROKEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        "\u{fffd}|",
        "[\u{d7}\u{d6}][\u{80}-\u{bf}\u{2018}-\u{2026}\u{20ac}\u{2122}]|",
        "[\u{c2}\u{c3}][\u{a0}-\u{bf}\u{80}-\u{9f}]|",
        "\u{e2}\u{20ac}[\u{2122}\u{153}\u{2013}\u{201d}\u{a6}\u{2dc}\u{9d}]|",
        "\u{f0}\u{178}[\u{80}-\u{bf}\u{2018}-\u{2026}]"
    ))
    .ok()
});

/// Words of two to six capitals, digits among them: names of formats, tools and methods, in every language alike.
static ABBREVIATIONS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u:\b)[A-Z][A-Z0-9]{1,5}(?-u:\b)").ok());

/// The letters of every script of a known language.
static LETTERS_OF: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let mut names: Vec<&str> = SCRIPTS.iter().map(|(_, script)| *script).collect();
    names.push("Latin");
    names.sort_unstable();
    names.dedup();
    let letters = names.into_iter().map(|name| Some((name, letters_of(name).ok()?)));
    letters.flatten().collect()
});

static LETTERS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{L}+").ok());

/// Characters that turn the direction of what follows (Unicode Standard Annex 9, explicit formatting).
fn turns_direction(one: char) -> bool {
    matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is asked of the words.
#[derive(Debug)]
pub(super) struct LocaleQuality {
    min_share: usize,
    script: Option<Regex>,
    keep: Option<Phrases>,
    allow_bidi_controls: bool,
    required_parts: Vec<ContentField>,
}

impl LocaleQuality {
    pub(super) fn new(parameters: &api::LocaleQuality) -> Result<Self, String> {
        let script = parameters.script.as_deref().map(letters_of);
        Ok(Self {
            min_share: parameters.min_script_share as usize,
            script: script.transpose()?,
            keep: some_phrases(&parameters.keep, Case::Ignored)?,
            allow_bidi_controls: parameters.allow_bidi_controls,
            required_parts: parameters.required_parts.clone(),
        })
    }

    fn script(&self, locale: &str) -> Option<(&str, &Regex)> {
        if let Some(script) = &self.script {
            return Some(("the script that the rule names", script));
        }
        let name = script_of(locale);
        let found = LETTERS_OF.iter().find(|(known, _)| *known == name);
        found.map(|(name, letters)| (*name, letters))
    }

    fn share(&self, part: &Part<'_>, locale: &str, hits: &mut Hits) {
        let Some((name, script)) = self.script(locale) else {
            return;
        };
        let words = without(&part.words, &self.left_out(part));
        let count = |letters: &Regex| -> usize {
            letters
                .find_iter(&words)
                .map(|found| found.as_str().chars().count())
                .sum()
        };
        let all = LETTERS.as_ref().map_or(0, count);
        let of_script = count(script);
        if all < FEWEST_LETTERS || of_script * 100 >= self.min_share * all {
            return;
        }
        let message = format!(
            "{} percent of the letters are {name}; in {locale} at least {} are needed.",
            of_script * 100 / all,
            self.min_share
        );
        let help = "Translate it, correct the locale, or list names that stay as they are under keep.";
        hits.fail(part.at(first_line(&part.words)), message, help);
    }

    /// What is the same in every language.
    fn left_out(&self, part: &Part<'_>) -> Vec<Range<usize>> {
        let words = &part.words;
        let mut ranges = link_ranges(words);
        ranges.extend(handles_in(words));
        ranges.extend(hashtags_in(words));
        ranges.extend(placeholders_in(words));
        ranges.extend(
            ABBREVIATIONS
                .iter()
                .flat_map(|short| short.find_iter(words))
                .map(|found| found.range()),
        );
        ranges.extend(words.match_indices('@').map(|(at, _)| address_around(words, at)));
        if let Some(keep) = &self.keep {
            let folded = part.folded(Case::Ignored);
            ranges.extend(
                keep.find(folded)
                    .into_iter()
                    .map(|found| folded.origin(found.range)),
            );
        }
        ranges
    }

    fn characters(&self, part: &Part<'_>, hits: &mut Hits) {
        if part.words.is_ascii() {
            return;
        }
        if !self.allow_bidi_controls {
            for (at, one) in part.words.char_indices().filter(|(_, one)| turns_direction(*one)) {
                let message = format!(
                    "An invisible character, U+{:04X}, turns the direction of words.",
                    u32::from(one)
                );
                hits.fail(
                    part.at(at..at + one.len_utf8()),
                    message,
                    "Delete it and type the words again.",
                );
            }
        }
        if let Some(found) = BROKEN.as_ref().and_then(|broken| broken.find(&part.words)) {
            let message = format!("{} is what remains of other characters.", quoted(found.as_str()));
            hits.fail(
                part.at(found.range()),
                message,
                "Save the file as UTF-8 and write the words again.",
            );
        }
    }
}

impl Examine for LocaleQuality {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let subject = reading.subject;
        for part in reading.parts() {
            self.share(part, &subject.locale, hits);
            self.characters(part, hits);
            if !subject.is_email() {
                for range in placeholders_in(&part.words) {
                    let words = part.words.get(range.clone()).unwrap_or_default();
                    let message = format!("Nothing fills in {} here.", quoted(words));
                    hits.fail(part.at(range), message, "Write the words themselves.");
                }
            }
        }
        for field in &self.required_parts {
            if reading.parts_of(*field).all(|part| part.words.trim().is_empty()) {
                let message = format!("It has no {} in {}.", name_of(*field), subject.locale);
                hits.fail(At::Field(*field), message, "Translate it.");
            }
        }
    }
}

/// The letters of a script.
fn letters_of(script: &str) -> Result<Regex, String> {
    // Japanese and Korean mix their own letters with Chinese ones.
    let class = match script {
        "Han" => r"[\p{Han}\p{Hiragana}\p{Katakana}]+".to_owned(),
        "Hangul" => r"[\p{Hangul}\p{Han}]+".to_owned(),
        script => format!(r"[\p{{L}}&&\p{{Script={script}}}]+"),
    };
    bounded(&class, false).map_err(|_| format!("There is no script {} in Unicode.", quoted(script)))
}

fn script_of(locale: &str) -> &'static str {
    let lower = locale.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let language = parts.next().unwrap_or_default();
    let named = parts.find_map(|part| SUBTAGS.iter().find(|(tag, _)| *tag == part));
    let by_language = SCRIPTS.iter().find(|(known, _)| *known == language);
    named.or(by_language).map_or("Latin", |(_, script)| script)
}

/// The e-mail address around an `@`; neither side of one is longer than 254 characters (RFC 5321).
fn address_around(words: &str, at: usize) -> Range<usize> {
    const LONGEST: usize = 254;
    let of_address = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | '_' | '+' | '@');
    let before = words.get(..at).unwrap_or_default();
    let start = before.len()
        - before
            .chars()
            .rev()
            .take(LONGEST)
            .take_while(|one| of_address(*one))
            .count();
    let after = words.get(at..).unwrap_or_default();
    let end = at
        + after
            .chars()
            .take(LONGEST)
            .take_while(|one| of_address(*one))
            .count();
    start..end
}

/// The first line that is not empty.
fn first_line(words: &str) -> Range<usize> {
    let start = words.len() - words.trim_start().len();
    let line = words
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default();
    start..start + line.len()
}

fn name_of(field: ContentField) -> &'static str {
    match field {
        ContentField::Text => "text",
        ContentField::Title => "title",
        ContentField::Subject => "subject",
        ContentField::PreviewText => "preview text",
        ContentField::Excerpt => "excerpt",
        ContentField::Link => "link",
        ContentField::AltText => "alt text",
        ContentField::Html => "HTML",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const RULE: &str = r#"{"localeQuality": {"minScriptShare": 60, "keep": ["Resumely", "LinkedIn"]}}"#;

    #[test]
    fn hebrew_is_hebrew_and_english_is_english() {
        passing(
            RULE,
            &[
                (
                    "he",
                    "אם קורות החיים לא מקבלים תגובות, הבעיה לרוב היא בהירות ולא ניסיון. 7 טעויות ATS.",
                ),
                (
                    "he",
                    "בדיקת ATS חינמית ב-Resumely וב-LinkedIn\n\nhttps://resumelybuilderai.com/he?utm_source=x&utm_medium=social",
                ),
                ("he", "ייצוא PDF + DOCX"),
                (
                    "he",
                    "שלום @somebody_with_a_long_name #LongEnglishHashtag me@example.com",
                ),
                (
                    "he",
                    "היי {{first_name_of_the_reader | שם}}"
                        .split(" {{")
                        .next()
                        .unwrap(),
                ),
                ("he", "ATS 2026"),
                ("en", "If your resume keeps getting ignored, read this."),
                ("en", "Shalom שלום to everybody in the office"),
                ("en-US", "Plain English"),
                ("ru", "Проверьте резюме бесплатно"),
                ("he-Latn", "Shalom lekulam, ma nishma"),
                ("ja", "履歴書を無料でチェック"),
            ],
        );
        failing(
            RULE,
            &[
                ("he", "If your resume keeps getting ignored, read this."),
                ("he", "קורות חיים: the issue is often clarity, not capability"),
                ("he-IL", "Free checker for everybody"),
                ("en", "אם קורות החיים לא מקבלים תגובות"),
                ("ru", "Check your resume for free"),
                ("en", "Проверьте резюме бесплатно"),
                ("ar", "קורות חיים וניסיון"),
            ],
        );
    }

    #[test]
    fn the_share_is_exact_at_its_border() {
        passing(RULE, &[("he", "אבגדהו abcd")]);
        failing(RULE, &[("he", "אבגדה abcd")]);
    }

    #[test]
    fn each_part_counts_by_itself() {
        let found = check(
            &rule(RULE),
            r#"{"locale": "he", "text": "הכול בעברית כאן", "title": "Seven mistakes to fix"}"#,
        );
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn characters_that_turn_the_direction_and_broken_ones_are_found() {
        failing(
            RULE,
            &[
                ("he", "שלום \u{202e}עולם טוב"),
                ("he", "שלום \u{2066}עולם\u{2069} טוב"),
                ("en", "Itâ€™s a broken sentence"),
                ("en", "RÃ©sumÃ© check for all"),
                ("he", "×©×œ×•× ×¢×•×œ×"),
                ("en", "Lost \u{fffd} character here"),
            ],
        );
        passing(
            RULE,
            &[
                ("he", "שלום\u{200f} עולם טוב"),
                ("en", "It’s a résumé — naïve, São Paulo, 3 × 4"),
            ],
        );
    }

    #[test]
    fn placeholders_are_for_emails_alone() {
        let rule = rule(RULE);
        let found = |type_: &str| {
            check(
                &rule,
                &format!(r#"{{"type": "{type_}", "text": "Hi there {{{{name}}}}"}}"#),
            )
            .len()
        };
        assert_eq!(
            (found("Post"), found("Page"), found("Template"), found("Email")),
            (1, 1, 0, 0)
        );
    }

    #[test]
    fn a_part_that_was_forgotten_is_named() {
        let rule = rule(r#"{"localeQuality": {"requiredParts": ["PreviewText"]}}"#);
        let found = check(
            &rule,
            r#"{"type": "Template", "locale": "he", "text": "שלום לכולם", "subject": "שלום"}"#,
        );
        assert!(found[0].message.contains("no preview text in he"));
    }

    #[test]
    fn the_script_of_every_known_language_is_known() {
        for (_, script) in SCRIPTS.iter().chain(&SUBTAGS) {
            assert!(LETTERS_OF.iter().any(|(known, _)| known == script), "{script}");
        }
    }

    #[test]
    fn a_new_script_is_data() {
        let rule = rule(r#"{"localeQuality": {"script": "Cherokee"}}"#);
        assert!(check(&rule, r#"{"locale": "chr", "text": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ"}"#).is_empty());
        assert_eq!(
            check(&rule, r#"{"locale": "chr", "text": "Not translated"}"#).len(),
            1
        );
        let unknown = serde_json::from_str(r#"{"localeQuality": {"script": "Klingon"}}"#).unwrap();
        assert!(super::super::prepare(&unknown).is_err());
    }
}
