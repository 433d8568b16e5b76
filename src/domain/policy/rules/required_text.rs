//! Words that must be said.

use super::Examine;
use crate::{
    api::{self, PhraseMatch},
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::Phrases,
            reading::{At, Hits, Reading},
        },
    },
};

/// Phrases of which one, or every one, has to be there.
#[derive(Debug)]
pub(super) struct RequiredText {
    phrases: Vec<(String, Phrases)>,
    match_: PhraseMatch,
}

impl RequiredText {
    pub(super) fn new(parameters: &api::RequiredText) -> Result<Self, String> {
        let case = if parameters.ignore_case {
            Case::Ignored
        } else {
            Case::Kept
        };
        Ok(Self {
            phrases: each(&parameters.phrases, case)?,
            match_: parameters.match_,
        })
    }
}

impl Examine for RequiredText {
    fn demands(&self) -> bool {
        true
    }

    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let missing: Vec<&str> = self
            .phrases
            .iter()
            .filter(|(_, phrase)| !is_said(phrase, reading))
            .map(|(written, _)| written.as_str())
            .collect();
        let help = "Add it to the copy.";
        match self.match_ {
            PhraseMatch::All => {
                for missing in missing {
                    hits.fail(At::Whole, format!("{} is missing.", quoted(missing)), help);
                }
            }
            PhraseMatch::Any if missing.len() == self.phrases.len() => {
                let one_of: Vec<String> = missing.into_iter().take(5).map(quoted).collect();
                let message = format!("One of these is missing: {}.", one_of.join(", "));
                hits.fail(At::Whole, message, help);
            }
            PhraseMatch::Any => {}
        }
    }
}

/// Each phrase by itself.
pub(super) fn each(phrases: &[String], case: Case) -> Result<Vec<(String, Phrases)>, String> {
    let one = |phrase: &String| {
        let prepared = Phrases::new(std::slice::from_ref(phrase), case, false)?;
        Ok((phrase.clone(), prepared))
    };
    phrases.iter().map(one).collect()
}

/// True where any part says one of the phrases.
pub(super) fn is_said(phrases: &Phrases, reading: &Reading<'_>) -> bool {
    let parts = reading.parts().iter();
    parts
        .map(|part| part.folded(phrases.case()))
        .any(|folded| phrases.is_in(folded))
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const DISCLAIMER: &str = r#"{"requiredText": {"phrases": ["Results vary.", "התוצאות משתנות"]}}"#;

    #[test]
    fn one_of_the_phrases_is_enough() {
        passing(
            DISCLAIMER,
            &[
                ("en", "Try it.\n\nResults\nvary."),
                ("en", "RESULTS VARY. Try it."),
                ("he", "נסו עכשיו. התוצאות משתנות."),
                ("he", "הַתּוֹצָאוֹת משתנות? התוצאות\u{200f} משתנות"),
            ],
        );
        failing(
            DISCLAIMER,
            &[
                ("en", "Try it."),
                ("en", "Results may vary."),
                ("he", "נסו עכשיו."),
            ],
        );
    }

    #[test]
    fn all_of_them_are_named_one_by_one() {
        let rule = rule(r#"{"requiredText": {"phrases": ["one", "two", "three"], "match": "All"}}"#);
        let found = check(&rule, r#"{"text": "two"}"#);
        assert_eq!(found.len(), 2);
        assert!(found[0].message.contains("`one`") && found[1].message.contains("`three`"));
    }

    #[test]
    fn the_footer_of_an_email_counts() {
        let rule = rule(DISCLAIMER);
        assert!(check(&rule, r#"{"text": "x", "html": "<p>Results&nbsp;vary.</p>"}"#).is_empty());
    }
}
