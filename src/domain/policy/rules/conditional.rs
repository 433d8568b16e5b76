//! Where one thing is said, another has to be said too.

use super::{Examine, required_text::is_said};
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

/// What asks, and what answers.
#[derive(Debug)]
pub(super) struct Conditional {
    when: Phrases,
    then: Phrases,
    first: String,
}

impl Conditional {
    pub(super) fn new(parameters: &api::Conditional) -> Result<Self, String> {
        Ok(Self {
            when: Phrases::new(&parameters.when, Case::Ignored, true)?,
            then: Phrases::new(&parameters.then, Case::Ignored, false)?,
            first: parameters.then.first().cloned().unwrap_or_default(),
        })
    }
}

impl Examine for Conditional {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let asks = reading.parts().iter().find_map(|part| {
            let found = self
                .when
                .find_apart(part.folded(Case::Ignored))
                .into_iter()
                .next()?;
            Some((part, found))
        });
        let Some((part, found)) = asks else { return };
        if is_said(&self.then, reading) {
            return;
        }
        let at = part.at_folded(Case::Ignored, found.range.clone());
        let words = part
            .folded(Case::Ignored)
            .text()
            .get(found.range)
            .unwrap_or_default();
        let message = format!(
            "Where {} is said, {} has to be said too.",
            quoted(words),
            quoted(&self.first)
        );
        hits.fail(at, message, "Add it, or leave the other out.");
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{failing, passing};

    #[test]
    fn what_asks_needs_its_answer() {
        let trial = r#"{"conditional": {"when": ["free trial", "ניסיון חינם"], "then": ["no credit card", "ללא כרטיס אשראי"]}}"#;
        failing(
            trial,
            &[
                ("en", "Start your free trial."),
                ("he", "התחילו ניסיון חינם"),
                ("he", "לניסיון חינם"),
            ],
        );
        passing(
            trial,
            &[
                ("en", "Start your free trial, no credit card needed."),
                ("en", "Start your trial."),
                ("he", "ניסיון חינם, ללא כרטיס אשראי"),
                ("he", "התחילו"),
            ],
        );
    }
}
