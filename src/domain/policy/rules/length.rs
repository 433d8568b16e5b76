//! How long a text may be.

use unicode_segmentation::UnicodeSegmentation;

use super::{Examine, weighted};
use crate::{
    api::{self, ContentField, LengthUnit},
    domain::policy::{
        reading::{At, Hits, Part, Reading},
        words::words_in,
    },
};

/// What a platform takes of a text: the most, and what is counted. From the platforms' own documentation; a server of
/// Mastodon may allow more, which a rule with `max` says.
const PLATFORMS: [(&str, usize, LengthUnit); 12] = [
    ("x", 280, LengthUnit::XWeighted),
    ("linkedin", 3000, LengthUnit::Characters),
    ("bluesky", 300, LengthUnit::Graphemes),
    ("mastodon", 500, LengthUnit::Characters),
    ("threads", 500, LengthUnit::Characters),
    ("instagram", 2200, LengthUnit::Characters),
    ("facebook", 63_206, LengthUnit::Characters),
    ("reddit", 40_000, LengthUnit::Characters),
    ("telegram", 4096, LengthUnit::Utf16),
    ("discord", 2000, LengthUnit::Characters),
    ("slack", 40_000, LengthUnit::Characters),
    ("whatsapp", 4096, LengthUnit::Characters),
];

/// Bounds of a field.
#[derive(Debug)]
pub(super) struct Length {
    min: Option<usize>,
    max: Option<usize>,
    unit: LengthUnit,
    field: ContentField,
}

impl Length {
    pub(super) fn new(parameters: &api::Length) -> Result<Self, String> {
        if let (Some(min), Some(max)) = (parameters.min, parameters.max)
            && min > max
        {
            return Err(format!("min is {min} and max is {max}: nothing can be both."));
        }
        Ok(Self {
            min: parameters.min.map(|min| min as usize),
            max: parameters.max.map(|max| max as usize),
            unit: parameters.unit,
            field: parameters.field,
        })
    }

    /// Bounds and unit for a platform: its own where the rule names none.
    fn bounds(&self, platform: &str) -> (Option<usize>, Option<usize>, LengthUnit) {
        if self.min.is_some() || self.max.is_some() {
            return (self.min, self.max, self.unit);
        }
        let known = PLATFORMS.iter().find(|(name, _, _)| *name == platform);
        known
            .filter(|_| self.field == ContentField::Text)
            .map_or((None, None, self.unit), |(_, max, unit)| {
                (None, Some(*max), *unit)
            })
    }

    fn parts<'r, 's>(&self, reading: &'r Reading<'s>) -> Vec<&'r Part<'s>> {
        match self.field {
            ContentField::Text => reading.running().collect(),
            field => reading.parts_of(field).collect(),
        }
    }
}

impl Examine for Length {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let (min, max, unit) = self.bounds(&reading.subject.platform);
        let parts = self.parts(reading);
        if parts.is_empty() && min.is_some_and(|min| min > 0) {
            let message = format!(
                "It is empty; at least {} are needed.",
                counted(min.unwrap_or_default(), unit)
            );
            hits.fail(At::Field(self.field), message, "Write it.");
        }
        for part in parts {
            let length = measure(&part.words, unit);
            if let Some(max) = max.filter(|max| length > *max) {
                let message = format!("It has {}; at most {max} are allowed.", counted(length, unit));
                hits.fail(
                    part.at(cut(&part.words, max, unit)..part.words.len()),
                    message,
                    "Shorten it.",
                );
            } else if let Some(min) = min.filter(|min| length < *min) {
                let message = format!("It has {}; at least {min} are needed.", counted(length, unit));
                hits.fail(part.at(0..part.words.len()), message, "Say more.");
            }
        }
    }
}

/// The length of a text in a unit.
fn measure(text: &str, unit: LengthUnit) -> usize {
    match unit {
        LengthUnit::Characters => text.chars().count(),
        LengthUnit::Graphemes => text.graphemes(true).count(),
        LengthUnit::Words => words_in(text).count(),
        LengthUnit::Bytes => text.len(),
        LengthUnit::Utf16 => text.encode_utf16().count(),
        LengthUnit::XWeighted => weighted::length(text),
    }
}

/// The byte from which on a text is too long, as far as the unit tells it without counting again.
fn cut(text: &str, max: usize, unit: LengthUnit) -> usize {
    match unit {
        LengthUnit::Characters => text.char_indices().nth(max).map_or(0, |(at, _)| at),
        LengthUnit::Graphemes => text.grapheme_indices(true).nth(max).map_or(0, |(at, _)| at),
        _ => 0,
    }
}

fn counted(length: usize, unit: LengthUnit) -> String {
    let unit = match unit {
        LengthUnit::Characters => "characters",
        LengthUnit::Graphemes => "characters as a reader sees them",
        LengthUnit::Words => "words",
        LengthUnit::Bytes => "bytes",
        LengthUnit::Utf16 => "UTF-16 units",
        LengthUnit::XWeighted => "characters as X counts them",
    };
    format!("{length} {unit}")
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    #[test]
    fn each_unit_counts_its_own() {
        for (unit, text, length) in [
            ("Characters", "שלום 👨‍👩‍👧", 10),
            ("Graphemes", "שלום 👨‍👩‍👧", 6),
            ("Words", "One two-three, ארבע", 3),
            ("Bytes", "שלום", 8),
            ("Utf16", "👍a", 3),
            ("XWeighted", "👍 https://example.com/x", 26),
        ] {
            let of = |max: usize| format!(r#"{{"length": {{"max": {max}, "unit": "{unit}"}}}}"#);
            passing(&of(length), &[("en", text)]);
            failing(&of(length - 1), &[("en", text)]);
        }
    }

    #[test]
    fn a_field_may_be_too_short_or_empty() {
        let subject = rule(r#"{"length": {"min": 5, "max": 50, "field": "Subject"}}"#);
        assert_eq!(check(&subject, r#"{"text": "no subject"}"#).len(), 1);
        assert_eq!(check(&subject, r#"{"subject": "Hi"}"#).len(), 1);
        assert!(check(&subject, r#"{"subject": "Hello there"}"#).is_empty());
    }

    #[test]
    fn without_bounds_the_platform_says_them() {
        let rule = rule(r#"{"length": {}}"#);
        let long = "a".repeat(290);
        let on = |platform: &str| {
            check(
                &rule,
                &format!(r#"{{"platform": "{platform}", "text": "{long}"}}"#),
            )
            .len()
        };
        assert_eq!(
            (on("x"), on("twitter"), on("bluesky"), on("linkedin"), on("own")),
            (1, 1, 0, 0, 0)
        );
    }

    #[test]
    fn bounds_that_contradict_each_other_are_refused() {
        let kind = serde_json::from_str(r#"{"length": {"min": 9, "max": 5}}"#).unwrap();
        assert!(super::super::prepare(&kind).is_err());
    }
}
