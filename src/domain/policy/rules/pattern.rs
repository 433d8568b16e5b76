//! A pattern that must or must not be there.

use regex::{Regex, RegexBuilder};

use super::Examine;
use crate::{
    api::{self, ContentField, Presence},
    domain::{
        content::text::quoted,
        policy::reading::{At, Hits, Reading},
    },
};

/// What a compiled pattern may take, in bytes: `\w{100}{100}` and its like are refused when the pack is read.
const MAX_PROGRAM: usize = 1 << 20;
const MAX_NESTING: u32 = 32;

/// A pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    presence: Presence,
    field: Option<ContentField>,
}

impl Pattern {
    pub(super) fn new(parameters: &api::RegexRule) -> Result<Self, String> {
        Ok(Self {
            regex: bounded(&parameters.pattern, parameters.ignore_case)?,
            presence: parameters.presence,
            field: parameters.field,
        })
    }
}

impl Examine for Pattern {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let mut seen = false;
        let looked_at = |field: ContentField| self.field.is_none_or(|wanted| wanted == field);
        for part in reading.parts().iter().filter(|part| looked_at(part.field)) {
            if self.presence == Presence::Required {
                seen |= self.regex.is_match(&part.words);
                continue;
            }
            for found in self
                .regex
                .find_iter(&part.words)
                .filter(|found| !found.is_empty())
            {
                let message = format!(
                    "{} matches a pattern that is not allowed.",
                    quoted(found.as_str())
                );
                hits.fail(part.at(found.range()), message, "Change or remove it.");
            }
        }
        if looked_at(ContentField::Link) && self.field.is_some() {
            seen |= self.links(reading, hits);
        }
        if self.presence == Presence::Required && !seen {
            let message = format!("Nothing matches the pattern {}.", quoted(self.regex.as_str()));
            hits.fail(
                self.field.map_or(At::Whole, At::Field),
                message,
                "Add what it asks for.",
            );
        }
    }
}

impl Pattern {
    /// Links are no part of their own; a rule that asks for them gets them all.
    fn links(&self, reading: &Reading<'_>, hits: &mut Hits) -> bool {
        let matching = reading
            .subject
            .links
            .iter()
            .filter(|link| self.regex.is_match(link));
        let mut seen = false;
        for link in matching {
            seen = true;
            if self.presence == Presence::Forbidden {
                let message = format!("{} matches a pattern that is not allowed.", quoted(link));
                hits.fail(reading.place_of(link), message, "Change or remove it.");
            }
        }
        seen
    }
}

/// Compiles a pattern within bounds: matching takes linear time, and a pattern that would take too much memory is refused.
pub(super) fn bounded(pattern: &str, ignore_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(MAX_PROGRAM)
        .dfa_size_limit(MAX_PROGRAM)
        .nest_limit(MAX_NESTING)
        .build()
        .map_err(|error| {
            let message = error.to_string();
            let last = message
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            format!("The pattern {} cannot be used: {last}.", quoted(pattern))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::fixtures::{check, failing, passing, rule};

    const EMOJI_WALL: &str = r#"{"regex": {"pattern": "!{3,}|[\\u05d0-\\u05ea]{2,}!{2,}"}}"#;

    #[test]
    fn what_matches_is_found_at_its_place() {
        failing(
            EMOJI_WALL,
            &[("en", "Wow!!!"), ("en", "Now!!!!"), ("he", "עכשיו!!")],
        );
        passing(EMOJI_WALL, &[("en", "Wow!"), ("en", "Wow!!"), ("he", "עכשיו!")]);
        let found = check(&rule(EMOJI_WALL), r#"{"text": "a b Wow!!! c"}"#);
        assert_eq!(found[0].excerpt, "!!!");
    }

    #[test]
    fn a_required_pattern_has_to_be_somewhere() {
        let terms =
            r#"{"regex": {"pattern": "terms apply|תנאים", "presence": "Required", "ignoreCase": true}}"#;
        passing(terms, &[("en", "Terms apply."), ("he", "בכפוף לתנאים")]);
        failing(terms, &[("en", "Come in."), ("he", "היכנסו")]);
    }

    #[test]
    fn only_the_named_field_is_looked_at() {
        let title = rule(r#"{"regex": {"pattern": "^[a-z]", "field": "Title"}}"#);
        assert_eq!(check(&title, r#"{"title": "lower", "text": "lower"}"#).len(), 1);
        let link = rule(r#"{"regex": {"pattern": "bit\\.ly", "field": "Link"}}"#);
        assert_eq!(check(&link, r#"{"text": "bit.ly https://bit.ly/x"}"#).len(), 1);
    }

    #[test]
    fn a_bomb_is_refused_when_the_pack_is_read() {
        for bomb in [
            "\\w{1000}{1000}",
            "(((a{100}){100}){100}){100}",
            "(?:",
            "a{9999999999}",
            &"(".repeat(500),
        ] {
            assert!(bounded(bomb, false).is_err(), "{bomb}");
        }
    }
}
