//! Words that may not be said.

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            folded::{Case, Folded},
            phrases::{Found, Phrases},
            reading::{Hits, Reading},
            words::Places,
        },
    },
};

/// Phrases, and longer ones in which they may stand.
#[derive(Debug)]
pub(super) struct BannedPhrases {
    phrases: Phrases,
    exceptions: Option<Phrases>,
}

impl BannedPhrases {
    pub(super) fn new(parameters: &api::BannedPhrases) -> Result<Self, String> {
        let case = if parameters.ignore_case {
            Case::Ignored
        } else {
            Case::Kept
        };
        Ok(Self {
            phrases: Phrases::new(&parameters.phrases, case, parameters.whole_word)?,
            exceptions: some_phrases(&parameters.exceptions, case)?,
        })
    }
}

impl Examine for BannedPhrases {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let case = self.phrases.case();
        for part in reading.parts() {
            let folded = part.folded(case);
            for found in outside(&self.phrases, self.exceptions.as_ref(), folded) {
                let at = part.at_folded(case, found.range.clone());
                let words = folded.text().get(found.range).unwrap_or_default();
                let message = format!("{} may not be said.", quoted(words));
                hits.fail(at, message, "Say it in another way.");
            }
        }
    }
}

/// Whole phrases, where there are any.
pub(super) fn some_phrases(phrases: &[String], case: Case) -> Result<Option<Phrases>, String> {
    if phrases.is_empty() {
        return Ok(None);
    }
    Phrases::new(phrases, case, true).map(Some)
}

/// Where phrases stand outside of the exceptions, each place once.
pub(super) fn outside(phrases: &Phrases, exceptions: Option<&Phrases>, folded: &Folded) -> Vec<Found> {
    let mut found = phrases.find_apart(folded);
    if found.is_empty() {
        return found;
    }
    if let Some(exceptions) = exceptions {
        let excepted = exceptions.find(folded).into_iter().map(|excepted| excepted.range);
        let excepted = Places::of(excepted.collect());
        found.retain(|found| !excepted.hold(&found.range));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const HYPE: &str = r#"{"bannedPhrases": {"phrases": ["guaranteed", "100% success", "מובטח", "ללא סיכון"], "exceptions": ["not guaranteed", "לא מובטח"]}}"#;

    #[test]
    fn hype_is_found_in_english_and_hebrew_however_it_is_written() {
        failing(
            HYPE,
            &[
                ("en", "Guaranteed interviews"),
                ("en", "GUARANTEED!"),
                ("en", "Interviews, guaranteed."),
                ("en", "gua\u{200b}ranteed interviews"),
                ("en", "ｇｕａｒａｎｔｅｅｄ interviews"),
                ("en", "guаrаnteed interviews"),
                ("en", "100%\u{a0}success"),
                ("en", "100%\nsuccess rate"),
                ("en", "\"guaranteed\""),
                ("en", "guaranteed-interviews"),
                ("he", "ראיונות מובטחים? מובטח!"),
                ("he", "הראיון שמובטח לכם"),
                ("he", "וכשמובטח ראיון"),
                ("he", "מֻבְטָח? מוּבְטָח"),
                ("he", "ללא\u{200f} סיכון"),
                ("he", "ההצלחה ללא  סיכון"),
            ],
        );
    }

    #[test]
    fn what_only_resembles_it_passes() {
        passing(
            HYPE,
            &[
                ("en", "Our guarantees are none."),
                ("en", "unguaranteed"),
                ("en", "Results are not guaranteed."),
                ("en", "100% successful"),
                ("en", "A 100 success stories"),
                ("he", "מובטחים"),
                ("he", "זה לא מובטח"),
                ("he", "אבטחה"),
                ("he", "ללאסיכון"),
            ],
        );
    }

    #[test]
    fn it_is_found_in_every_part_that_a_reader_receives() {
        let rule = rule(HYPE);
        for part in [
            r#"{"title": "Guaranteed"}"#,
            r#"{"subject": "Guaranteed"}"#,
            r#"{"previewText": "Guaranteed"}"#,
            r#"{"excerpt": "Guaranteed"}"#,
            r#"{"altTexts": ["", "Guaranteed"]}"#,
            r#"{"html": "<p>Guaran<b>teed</b></p>"}"#,
            r#"{"html": "<p>Guaran&shy;teed</p>"}"#,
        ] {
            assert_eq!(check(&rule, part).len(), 1, "{part}");
        }
    }

    #[test]
    fn case_counts_where_it_is_asked_for() {
        let strict = r#"{"bannedPhrases": {"phrases": ["Apple"], "ignoreCase": false}}"#;
        failing(strict, &[("en", "Apple")]);
        passing(strict, &[("en", "an apple")]);
    }
}
