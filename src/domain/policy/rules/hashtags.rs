//! How many hashtags, which not, and which one at least.

use std::collections::BTreeMap;

use super::Examine;
use crate::{
    api::{self, ContentField},
    domain::{
        content::text::quoted,
        policy::{
            folded::{Case, Folded},
            reading::{At, Hits, Reading},
            words::hashtags_in,
        },
    },
};

/// Bounds and lists of hashtags.
#[derive(Debug)]
pub(super) struct Hashtags {
    min: usize,
    max: usize,
    deny: BTreeMap<String, String>,
    require: BTreeMap<String, String>,
}

impl Hashtags {
    pub(super) fn new(parameters: &api::Hashtags) -> Self {
        Self {
            min: parameters.min.map_or(0, |min| min as usize),
            max: parameters.max.map_or(usize::MAX, |max| max as usize),
            deny: by_name(&parameters.deny),
            require: by_name(&parameters.require),
        }
    }
}

impl Examine for Hashtags {
    fn examine(&self, reading: &Reading<'_>, hits: &mut Hits) {
        let (mut count, mut required) = (0, self.require.is_empty());
        let mut first_too_many = None;
        for part in reading.running() {
            for range in hashtags_in(&part.words) {
                let tag = part.words.get(range.clone()).unwrap_or_default();
                let name = compared(tag);
                count += 1;
                required |= self.require.contains_key(&name);
                if self.deny.contains_key(&name) {
                    let message = format!("The hashtag {} may not be used.", quoted(tag));
                    hits.fail(part.at(range), message, "Take it out.");
                } else if count > self.max && first_too_many.is_none() {
                    first_too_many = Some(part.at(range));
                }
            }
        }
        if let Some(at) = first_too_many {
            let message = format!("There are {count} hashtags; at most {} are allowed.", self.max);
            hits.fail(at, message, "Keep the ones that matter.");
        }
        if count < self.min {
            let message = format!("There are {count} hashtags; at least {} are needed.", self.min);
            hits.fail(At::Field(ContentField::Text), message, "Add some.");
        }
        if !required {
            let one_of: Vec<&str> = self.require.values().map(String::as_str).take(5).collect();
            let message = format!("One of these hashtags is missing: {}.", one_of.join(", "));
            hits.fail(At::Field(ContentField::Text), message, "Add it.");
        }
    }
}

fn by_name(tags: &[String]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (compared(tag), tag.clone())).collect()
}

fn compared(tag: &str) -> String {
    let folded = Folded::of(tag, Case::Ignored);
    folded.text().trim().trim_start_matches('#').to_owned()
}

#[cfg(test)]
mod tests {
    use crate::domain::policy::fixtures::{failing, passing};

    const TAGS: &str = r##"{"hashtags": {"max": 2, "deny": ["#followback", "מבצע"]}}"##;

    #[test]
    fn too_many_and_denied_ones_are_found() {
        failing(
            TAGS,
            &[
                ("en", "#a1 #b1 #c1"),
                ("en", "Go #FollowBack"),
                ("en", "Go #follow\u{200b}back"),
                ("he", "עכשיו #מבצע"),
                ("he", "#אחת #שתיים #שלוש"),
            ],
        );
        passing(
            TAGS,
            &[
                ("en", "#jobs #resume"),
                ("en", "No tags, #1 and issue#2"),
                ("en", "https://example.com/#a #b1 #c1"),
                ("he", "#קורות_חיים #משרה"),
                ("he", "#מבצעים"),
            ],
        );
    }

    #[test]
    fn too_few_and_missing_ones_are_found() {
        let ours = r#"{"hashtags": {"min": 1, "require": ["resumely"]}}"#;
        failing(ours, &[("en", "Nothing"), ("en", "#other"), ("he", "#אחר")]);
        passing(ours, &[("en", "#Resumely"), ("he", "נסו #resumely")]);
    }
}
