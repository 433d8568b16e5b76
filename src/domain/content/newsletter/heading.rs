//! The headings that name the locale of a version.

use crate::domain::content::email::heading::{Heading, is_dash, locale_of, stripped};

/// Words for a version, in the languages that labels are shipped in.
const VERSION: [&str; 4] = ["version", "edition", "גרסה", "מהדורה"];

/// The canonical locale of a heading, if it names one: `EN`, `EN Version`, `Version: EN`, `he-IL — words`.
///
/// What follows must be a word for a version, or stand apart by a dash, a colon or a bracket, so that a sentence
/// (`In this issue`) is none.
pub(super) fn locale(heading: &Heading<'_>) -> Option<String> {
    if heading.level < 2 {
        return None;
    }
    let words = heading.words.trim_matches(['*', '_', '\u{200e}', '\u{200f}']);
    let mut words = words.split_whitespace();
    let first = words.next()?;
    let rest: Vec<&str> = words.take(3).collect();
    match rest.as_slice() {
        [] => locale_of(stripped(first)),
        [second, ..] if is_version(first) => {
            let named = rest.iter().find(|word| !is_dash(word)).unwrap_or(second);
            locale_of(stripped(named))
        }
        [second, ..] => {
            let apart = is_version(second) || is_dash(second) || stands_apart(first, second);
            locale_of(stripped(first)).filter(|_| apart)
        }
    }
}

fn is_version(word: &str) -> bool {
    let word = stripped(word).to_lowercase();
    VERSION.contains(&word.as_str())
}

fn stands_apart(first: &str, second: &str) -> bool {
    first.ends_with([':', ',', ']', ')']) || second.starts_with(['(', '[', ':', '–', '—', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::text::Line;

    fn of(words: &str) -> Option<String> {
        locale(&Heading::read(Line { number: 1, words })?)
    }

    #[test]
    fn a_locale_is_found_in_every_way_that_people_write_it() {
        for words in [
            "## EN Version",
            "## EN",
            "### en",
            "## EN version (final)",
            "## EN: spring",
            "## EN — spring",
            "## [EN] spring",
            "## Version EN",
            "## Version: en",
            "## Version - EN",
            "## **EN Version** ##",
        ] {
            assert_eq!(of(words).as_deref(), Some("en"), "{words}");
        }
        assert_eq!(of("## iw_IL Version").as_deref(), Some("he-IL"));
        assert_eq!(of("## HE גרסה").as_deref(), Some("he"));
        assert_eq!(of("## pt-BR").as_deref(), Some("pt-BR"));
    }

    #[test]
    fn other_headings_are_prose() {
        for words in [
            "## In this issue",
            "## Send rules",
            "## Version history",
            "# EN Version of the newsletter",
            "##EN",
            "##",
        ] {
            assert_eq!(of(words), None, "{words}");
        }
    }
}
