//! Numbers that claim something, and the registry of metrics that stands behind them.
//!
//! What is a claim and what is none is written down in `docs/claims.md`, and held by a labelled corpus.

mod decide;
mod judge;
mod measure;
mod quantity;
mod registry;
mod tokens;
mod words;

use std::{ops::Range, sync::LazyLock};

pub use judge::{DEFAULT_MAX_AGE, Judgement, Outcome, Question, Ruling, judge};
pub use quantity::{Amount, Quantity, Unit};
pub use registry::{Metric, Registry};
pub use words::{Words, WordsProblem};

use super::super::language;

/// A text has more claims than a person reads; the rest would say the same.
pub const MAX_CLAIMS: usize = 1_000;

/// A number that claims something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where it stands, in bytes of the text.
    pub span: Range<usize>,
    /// What it says.
    pub quantity: Quantity,
}

/// Finds claims: the words of English and Hebrew, and those that a pack adds.
#[derive(Clone, Debug, Default)]
pub struct Finder {
    shipped: Words,
    added: Vec<(String, Words)>,
}

/// English and Hebrew, compiled once.
static SHIPPED: LazyLock<Finder> = LazyLock::new(|| Finder {
    shipped: words::shipped(),
    added: Vec::new(),
});

impl Finder {
    /// Finds with the words of English and Hebrew, in texts of any locale.
    pub fn shipped() -> Self {
        SHIPPED.clone()
    }

    /// The same, with one more language for the texts of its locale; what is wrong with its words comes back.
    pub fn with(mut self, language: &crate::api::ClaimLanguage) -> Result<Self, Vec<WordsProblem>> {
        let mut words = self.shipped.clone();
        words.add(language)?;
        let locale = language::canonical(&language.locale).unwrap_or_else(|| language.locale.clone());
        self.added.push((locale, words));
        Ok(self)
    }

    /// The claims of a text in their order, at most [`MAX_CLAIMS`]; its time grows with the length of the text alone.
    pub fn find(&self, text: &str, locale: &str) -> Vec<Claim> {
        let tokens = tokens::read(text, self.words(locale));
        decide::claims(&tokens, text)
    }

    /// The words of a locale: those of `pt` are meant for `pt-BR` too.
    fn words(&self, locale: &str) -> &Words {
        let locale = language::canonical(locale).unwrap_or_default();
        let primary = locale.split('-').next().unwrap_or_default();
        let of = |wanted: &str| self.added.iter().rfind(|(known, _)| known == wanted);
        of(&locale)
            .or_else(|| of(primary))
            .map_or(&self.shipped, |(_, words)| words)
    }
}

/// The claims of a text, by the words of English and Hebrew.
pub fn find(text: &str, locale: &str) -> Vec<Claim> {
    SHIPPED.find(text, locale)
}

/// Reads what a registry or a list of prices says: `42%`, `$9`, `1,200`, `30-45 min`; `None` where it says no number.
pub fn quantity(text: &str) -> Option<Quantity> {
    let tokens = tokens::read(text, &SHIPPED.shipped);
    measure::only(&tokens, text)
}

#[cfg(test)]
mod tests;
