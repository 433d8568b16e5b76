//! How names and terms are written.

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::Phrases,
            reading::{Hits, Part, Reading},
        },
    },
};

/// Terms, and what may not be written in their place.
#[derive(Debug)]
pub(super) struct Glossary {
    forbidden: Option<Phrases>,
    /// The term for each forbidden phrase.
    instead: Vec<String>,
    exact: Option<Phrases>,
    /// The term for each of those whose case counts.
    exact_terms: Vec<String>,
}

impl Glossary {
    pub(super) fn new(parameters: &api::Glossary) -> Result<Self, String> {
        let (mut forbidden, mut instead, mut exact_terms) = (Vec::new(), Vec::new(), Vec::new());
        for term in &parameters.terms {
            for phrase in &term.forbidden {
                forbidden.push(phrase.clone());
                instead.push(term.term.clone());
            }
            exact_terms.extend(term.exact_case.then(|| term.term.clone()));
            if term.forbidden.is_empty() && !term.exact_case {
                return Err(format!(
                    "The term {} asks for nothing: add forbidden or exactCase.",
                    quoted(&term.term)
                ));
            }
        }
        Ok(Self {
            forbidden: super::banned_phrases::some_phrases(&forbidden, Case::Ignored)?,
            instead,
            exact: super::banned_phrases::some_phrases(&exact_terms, Case::Ignored)?,
            exact_terms,
        })
    }

    fn forbidden(&self, part: &Part<'_>, hits: &mut Hits) {
        let Some(forbidden) = &self.forbidden else { return };
        let folded = part.folded(Case::Ignored);
        for found in forbidden.find_apart(folded) {
            let origin = folded.origin(found.range);
            let term = self.instead.get(found.phrase).map_or("", String::as_str);
            let words = part.words.get(origin.clone()).unwrap_or_default();
            if !part.is_address(&origin) && words != term {
                let message = format!(
                    "{} is not our word for it: we write {}.",
                    quoted(words),
                    quoted(term)
                );
                hits.fail(part.at(origin), message, "Put our word there.");
            }
        }
    }

    fn exact(&self, part: &Part<'_>, hits: &mut Hits) {
        let Some(exact) = &self.exact else { return };
        let folded = part.folded(Case::Ignored);
        for found in exact.find_apart(folded) {
            let origin = folded.origin(found.range);
            let term = self.exact_terms.get(found.phrase).map_or("", String::as_str);
            let words = part.words.get(origin.clone()).unwrap_or_default();
            if words != term && !part.is_address(&origin) && !is_part_of_a_name(&part.words, &origin) {
                let message = format!("{} is written {}.", quoted(words), quoted(term));
                hits.fail(part.at(origin), message, "Write it so.");
            }
        }
    }
}

impl Examine for Glossary {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for part in reading.parts() {
            self.forbidden(part, hits);
            self.exact(part, hits);
        }
    }
}

/// True in a hashtag, an e-mail address or the name of a host: those have a spelling of their own.
fn is_part_of_a_name(words: &str, range: &std::ops::Range<usize>) -> bool {
    let before = words
        .get(..range.start)
        .and_then(|before| before.chars().next_back());
    let mut after = words.get(range.end..).unwrap_or_default().chars();
    let next = after.next();
    matches!(before, Some('#' | '@' | '.' | '/'))
        || matches!(next, Some('@'))
        || (next == Some('.') && after.next().is_some_and(|one| one.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const TERMS: &str = r#"{"glossary": {"terms": [
        {"term": "Resumely", "exactCase": true, "forbidden": ["Resume.ly", "רזומלי"]},
        {"term": "ATS check", "forbidden": ["ATS test", "resume scan"]},
        {"term": "קורות חיים", "forbidden": ["סי וי"]}]}}"#;

    #[test]
    fn other_words_and_other_spellings_are_found() {
        failing(
            TERMS,
            &[
                ("en", "Try resumely now."),
                ("en", "RESUMELY helps."),
                ("en", "Run an ATS test."),
                ("he", "נסו את רזומלי"),
                ("he", "שלחו סי וי"),
                ("he", "ה-resumely שלנו"),
            ],
        );
        let found = check(&rule(TERMS), r#"{"text": "Run an ATS test."}"#);
        assert!(found[0].message.contains("we write `ATS check`"));
    }

    #[test]
    fn our_words_and_addresses_pass() {
        passing(
            TERMS,
            &[
                ("en", "Try Resumely: run an ATS check."),
                (
                    "en",
                    "https://resumelybuilderai.com/?x=resumely and @resumely, #resumely",
                ),
                ("en", "hello@resumely.com and resumely.com"),
                ("he", "צוות Resumely וקורות חיים"),
            ],
        );
    }
}
