//! How often something may be said.

use super::Examine;
use crate::{
    api,
    domain::policy::{
        folded::Case,
        phrases::Phrases,
        reading::{At, Hits, Reading},
    },
};

/// Phrases that are counted together.
#[derive(Debug)]
pub(super) struct Occurrence {
    phrases: Phrases,
    min: usize,
    max: usize,
}

impl Occurrence {
    pub(super) fn new(parameters: &api::Occurrence) -> Result<Self, String> {
        if parameters.min.is_none() && parameters.max.is_none() {
            return Err("The rule has neither min nor max: add one.".to_owned());
        }
        Ok(Self {
            phrases: Phrases::new(&parameters.phrases, Case::Ignored, parameters.whole_word)?,
            min: parameters.min.map_or(0, |min| min as usize),
            max: parameters.max.map_or(usize::MAX, |max| max as usize),
        })
    }
}

impl Examine for Occurrence {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let mut count = 0;
        let mut first_too_many = None;
        for part in reading.running() {
            for found in self.phrases.find_apart(part.folded(Case::Ignored)) {
                count += 1;
                if count > self.max && first_too_many.is_none() {
                    first_too_many = Some(part.at_folded(Case::Ignored, found.range));
                }
            }
        }
        if let Some(at) = first_too_many {
            let message = format!("It is said {count} times; at most {} are allowed.", self.max);
            hits.fail(at, message, "Say it less often.");
        } else if count < self.min {
            let message = format!("It is said {count} times; at least {} are needed.", self.min);
            hits.fail(At::Whole, message, "Say it more often.");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const ONE_FREE: &str = r#"{"occurrence": {"phrases": ["free", "חינם"], "max": 1}}"#;

    #[test]
    fn more_than_allowed_is_found_where_it_is_too_many() {
        passing(
            ONE_FREE,
            &[
                ("en", "Free."),
                ("en", "Freedom for free"),
                ("he", "חינם"),
                ("en", ""),
            ],
        );
        failing(
            ONE_FREE,
            &[("en", "Free, free."), ("he", "בחינם וחינם"), ("he", "free חינם")],
        );
        let found = check(&rule(ONE_FREE), r#"{"text": "free FREE Free"}"#);
        assert_eq!((found.len(), found[0].excerpt.as_str()), (1, "FREE"));
    }

    #[test]
    fn fewer_than_needed_is_found() {
        let named = r#"{"occurrence": {"phrases": ["Resumely"], "min": 1}}"#;
        failing(named, &[("en", "Try it.")]);
        passing(named, &[("en", "Try Resumely."), ("he", "נסו את Resumely")]);
    }
}
