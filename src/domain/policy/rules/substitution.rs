//! Words that have a better one.

use super::Examine;
use crate::{
    api,
    domain::{
        content::text::quoted,
        policy::{
            folded::Case,
            phrases::{Found, Phrases},
            reading::{Hits, Part, Reading},
        },
    },
};

/// What people write, and what to write instead.
#[derive(Debug)]
pub(super) struct Substitution {
    instead_of: Phrases,
    use_: Phrases,
    written: Vec<String>,
}

impl Substitution {
    pub(super) fn new(parameters: &api::Substitution) -> Result<Self, String> {
        let case = if parameters.ignore_case {
            Case::Ignored
        } else {
            Case::Kept
        };
        let all = |which: fn(&api::SubstitutionPair) -> &String| -> Vec<String> {
            parameters.pairs.iter().map(|pair| which(pair).clone()).collect()
        };
        let written = all(|pair| &pair.use_);
        Ok(Self {
            instead_of: Phrases::new(&all(|pair| &pair.instead_of), case, true)?,
            use_: Phrases::new(&written, case, true)?,
            written,
        })
    }

    fn examine_part(&self, part: &Part<'_>, hits: &mut Hits) {
        let case = self.instead_of.case();
        let folded = part.folded(case);
        let found = self.instead_of.find_apart(folded);
        if found.is_empty() {
            return;
        }
        let right = self.use_.find(folded);
        for found in found {
            let Some(use_) = self.written.get(found.phrase) else {
                continue;
            };
            let origin = folded.origin(found.range.clone());
            let words = part.words.get(origin.clone()).unwrap_or_default();
            let is_right = near(&right, found.range.start).iter().any(|right| {
                let around = right.range.start <= found.range.start && found.range.end <= right.range.end;
                right.phrase == found.phrase && around && (right.range != found.range || words == use_)
            });
            if !is_right && words != use_ && !part.is_address(&origin) {
                let message = format!("{} is written instead of {}.", quoted(words), quoted(use_));
                hits.fail(part.at(origin), message, "Put the right word there.");
            }
        }
    }
}

impl Examine for Substitution {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        for part in reading.parts() {
            self.examine_part(part, hits);
        }
    }
}

/// Those that may stand around a place: a phrase has at most 256 characters.
fn near(found: &[Found], place: usize) -> &[Found] {
    const LONGEST: usize = 256 * 4;
    let first = found.partition_point(|found| found.range.start + LONGEST < place);
    let last = found.partition_point(|found| found.range.start <= place);
    found.get(first..last).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const WORDS: &str = r#"{"substitution": {"pairs": [
        {"insteadOf": "CV", "use": "resume"}, {"insteadOf": "Linkedin", "use": "LinkedIn"},
        {"insteadOf": "checker", "use": "ATS checker"}, {"insteadOf": "רזומה", "use": "קורות חיים"}]}}"#;

    #[test]
    fn the_better_word_is_named() {
        failing(
            WORDS,
            &[
                ("en", "Send your CV."),
                ("en", "Follow us on linkedin."),
                ("en", "Run the checker."),
                ("he", "שלחו רזומה"),
                ("he", "והרזומה שלכם"),
            ],
        );
        let found = check(&rule(WORDS), r#"{"text": "Send your CV."}"#);
        assert!(found[0].message.contains("`CV` is written instead of `resume`"));
        assert_eq!(found[0].excerpt, "CV");
    }

    #[test]
    fn what_is_right_and_what_is_an_address_stays() {
        passing(
            WORDS,
            &[
                ("en", "Send your resume."),
                ("en", "Follow us on LinkedIn."),
                ("en", "Run the ATS checker."),
                ("en", "https://example.com/cv?utm_source=linkedin"),
                ("he", "שלחו קורות חיים"),
            ],
        );
    }
}
