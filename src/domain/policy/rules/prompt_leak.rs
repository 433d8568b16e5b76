//! Leftovers of drafting: prompts, placeholders, notes to oneself.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Examine,
    banned_phrases::{outside, some_phrases},
};
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::Phrases,
            reading::{Hits, Part, Reading},
            words::placeholders_in,
        },
    },
};

/// What language models and templates leave behind, in English and Hebrew.
const KNOWN: [&str; 42] = [
    "as an ai language model",
    "as an ai assistant",
    "as an ai model",
    "as an ai, i",
    "as an ai i",
    "as a large language model",
    "as a language model",
    "i'm an ai language model",
    "i cannot fulfill",
    "i can't fulfill",
    "i'm sorry, but i can't",
    "i'm sorry, but i cannot",
    "i don't have access to real-time",
    "my knowledge cutoff",
    "my training data",
    "here is your post",
    "here's your post",
    "here is a draft",
    "here's a draft",
    "here is the revised",
    "here's the revised",
    "here are a few options",
    "sure! here",
    "sure, here",
    "certainly! here",
    "let me know if you'd like me to",
    "would you like me to",
    "i hope this helps",
    "regenerate response",
    "lorem ipsum",
    "dolor sit amet",
    "your text here",
    "placeholder text",
    "כמודל שפה",
    "כבינה מלאכותית, אני",
    "אני מודל שפה",
    "הנה הפוסט שלך",
    "הנה טיוטה",
    "מצטער, אבל אני לא יכול",
    "האם תרצה שא",
    "טקסט לדוגמה",
    "לורם איפסום",
];

/// Notes to oneself, and places that were to be filled in. Borders of words are those of ASCII: the fast engine knows no
/// others outside of it.
static NOTES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u:\b)(?:TODO|FIXME|TBD|TKTK|XXX)(?-u:\b)|",
        r"(?i)\[\s*(?:insert|your|add|enter|company|product|customer|first|last|link|cta|date|name|url|image|placeholder|הכנס|הכניסו|שם|קישור|תאריך|להשלים)(?:[\s:_-][^\]\n]{0,60})?\]|",
        r"<\s*(?:insert|your|placeholder)(?:[\s_-][^>\n]{0,60})?>|",
        r"(?-u:\b)(?:system|user|assistant)\s*prompt\s*:|",
        r"<\|(?:im_start|im_end|endoftext|system|user|assistant)\|>"
    ))
    .ok()
});

/// Phrases that give a draft away, and those that are meant.
#[derive(Debug)]
pub(super) struct PromptLeak {
    phrases: Phrases,
    allow: Option<Phrases>,
}

impl PromptLeak {
    pub(super) fn new(parameters: &api::PromptLeak) -> Result<Self, String> {
        let mut phrases: Vec<String> = KNOWN.map(str::to_owned).to_vec();
        phrases.extend(parameters.phrases.iter().cloned());
        Ok(Self {
            phrases: Phrases::new(&phrases, Case::Ignored, false)?,
            allow: some_phrases(&parameters.allow, Case::Ignored)?,
        })
    }

    fn is_allowed(&self, words: &str) -> bool {
        let folded = crate::domain::policy::folded::Folded::of(words, Case::Ignored);
        self.allow.as_ref().is_some_and(|allow| allow.is_in(&folded))
    }

    fn notes(&self, part: &Part<'_>, hits: &mut Hits) {
        for found in NOTES.iter().flat_map(|notes| notes.find_iter(&part.words)) {
            if !self.is_allowed(found.as_str()) {
                leftover(part, found.range(), hits);
            }
        }
    }
}

impl Examine for PromptLeak {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let fills_in = reading.subject.is_email();
        for part in reading.parts() {
            let folded = part.folded(Case::Ignored);
            for found in outside(&self.phrases, self.allow.as_ref(), folded) {
                leftover(part, folded.origin(found.range), hits);
            }
            self.notes(part, hits);
            // A mail program fills in what stands in braces; nothing else does.
            for range in placeholders_in(&part.words).into_iter().filter(|_| !fills_in) {
                leftover(part, range, hits);
            }
        }
    }
}

fn leftover(part: &Part<'_>, range: std::ops::Range<usize>, hits: &mut Hits) {
    let words = part.words.get(range.clone()).unwrap_or_default();
    let message = format!("{} is left over from drafting.", quoted(words));
    hits.fail(
        part.at(range),
        message,
        "Write what was meant to stand there, or take it out.",
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const RULE: &str =
        r#"{"promptLeak": {"phrases": ["DRAFT ONLY", "לעריכה"], "allow": ["[name your price]"]}}"#;

    #[test]
    fn leftovers_are_found_in_english_and_hebrew() {
        assert!(NOTES.is_some());
        failing(
            RULE,
            &[
                ("en", "As an AI language model, I cannot say."),
                ("en", "As an AI, I think resumes matter."),
                ("en", "Sure! Here is a LinkedIn post:"),
                ("en", "Here’s your post about resumes"),
                ("en", "Lorem ipsum dolor"),
                ("en", "Hi {{first_name}}, look"),
                ("en", "Join us on TODO"),
                ("en", "Price: TBD"),
                ("en", "Welcome to [Company Name]"),
                ("en", "[insert link here]"),
                ("en", "Dear <your name>,"),
                ("en", "<|im_start|>system"),
                ("en", "draft only - do not send"),
                ("he", "כמודל שפה, איני יכול"),
                ("he", "הנה הפוסט שלך:"),
                ("he", "ברוכים הבאים ל-[שם החברה]"),
                ("he", "נפגש ב-TBD"),
                ("he", "היי {{first_name}}"),
                ("he", "לעריכה בלבד"),
            ],
        );
    }

    #[test]
    fn what_people_write_themselves_passes() {
        passing(
            RULE,
            &[
                ("en", "As an AI company we care about people."),
                ("en", "I hope this finds you well."),
                ("en", "My to-do list: todo, todos."),
                ("en", "Add [brackets] and [1] where you like"),
                ("en", "[Name your price] at the fair"),
                ("en", "3 < 4 and your > mine"),
                ("he", "הנה שבע טעויות נפוצות"),
                ("he", "שם החברה [1]"),
            ],
        );
    }

    #[test]
    fn a_mail_program_fills_in_placeholders() {
        let found = check(
            &rule(RULE),
            r#"{"type": "Template", "text": "Hi {{first_name | there}}"}"#,
        );
        assert!(found.is_empty());
    }
}
