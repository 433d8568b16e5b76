//! Headings of the e-mail file, and the locale and step that those of templates begin with.

use crate::domain::{content::text::Line, language};

/// A heading: one to six `#`, a space, words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::domain::content) struct Heading<'a> {
    pub(super) line: u32,
    /// Column of the first `#`, from 1.
    pub(super) column: usize,
    pub(in crate::domain::content) level: usize,
    pub(in crate::domain::content) words: &'a str,
}

/// What the heading of a template names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) locale: String,
    pub(super) step: String,
}

impl<'a> Heading<'a> {
    /// The heading that a line is, if it is one.
    pub(in crate::domain::content) fn read(line: Line<'a>) -> Option<Self> {
        let marks = line.words.trim_start_matches(' ');
        let indent = line.words.len() - marks.len();
        let words = marks.trim_start_matches('#');
        let level = marks.len() - words.len();
        let apart = words.is_empty() || words.starts_with([' ', '\t', '\u{a0}']);
        if indent > 3 || !(1..=6).contains(&level) || !apart {
            return None;
        }
        Some(Self {
            line: line.number,
            column: indent + 1,
            level,
            words: words.trim().trim_end_matches('#').trim_end(),
        })
    }

    /// Locale and step, if the heading is a template's.
    ///
    /// Both orders are known; what follows must stand apart by a dash, a colon or a bracket, so that a sentence
    /// (`Is Q3 over?`) is none.
    pub(super) fn names(&self) -> Option<Names> {
        if self.level < 2 {
            return None;
        }
        let bare = self.words.trim_matches(['*', '_', '\u{200e}', '\u{200f}']);
        let mut words = bare.split_whitespace().filter(|word| !is_dash(word));
        let (first, second) = (words.next()?, words.next()?);
        if !stands_apart(bare, second) {
            return None;
        }
        let (first, second) = (stripped(first), stripped(second));
        let names = |locale: &str, step: &str| {
            Some(Names {
                locale: locale_of(locale)?,
                step: step_of(step)?,
            })
        };
        names(first, second).or_else(|| names(second, first))
    }
}

/// Whether nothing follows a word, or a dash, a colon or a bracket does.
fn stands_apart(words: &str, word: &str) -> bool {
    let after = words.split_once(word).map_or("", |(_, after)| after).trim_start();
    let ends = word.ends_with([':', ',', ']', ')']);
    let first = after.split_whitespace().next();
    ends || first.is_none_or(|next| is_dash(next) || next.starts_with(['(', '[', ':', '–', '—', '-']))
}

pub(in crate::domain::content) fn stripped(word: &str) -> &str {
    word.trim_matches(['[', ']', '(', ')', ':', ',', '*', '_', '\u{200e}', '\u{200f}'])
}

pub(in crate::domain::content) fn is_dash(word: &str) -> bool {
    let dashes = ['-', '‐', '‑', '‒', '–', '—', '―', '−', '־', '|', '/', ':', '·'];
    !word.is_empty() && word.chars().all(|one| dashes.contains(&one))
}

pub(in crate::domain::content) fn locale_of(word: &str) -> Option<String> {
    // Longer first parts are well formed too, but every word of up to eight letters would be one.
    let language = word.split(['-', '_']).next().unwrap_or_default();
    if !(2..=3).contains(&language.len()) {
        return None;
    }
    language::canonical(word).filter(|tag| tag.len() <= 35)
}

/// A step is a short word and a number: `D0`, `Day3`, `W-2`.
fn step_of(word: &str) -> Option<String> {
    let digits = word.trim_start_matches(|one: char| one.is_ascii_alphabetic());
    let letters = word.len() - digits.len();
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    let number = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    ((1..=8).contains(&letters) && number).then(|| word.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str) -> Option<(String, String)> {
        let names = Heading::read(Line { number: 1, words })?.names()?;
        Some((names.locale, names.step))
    }

    #[test]
    fn locale_and_step_are_found_in_every_way_that_people_write_them() {
        for words in [
            "## EN D0 — Welcome + Quick Wins (immediate)",
            "### en d0 - Welcome",
            "## EN D0: Welcome",
            "## EN – D0 – Welcome",
            "## [EN] D0",
            "## D0 EN (welcome)",
            "  ## **EN D0 — Welcome** ##",
        ] {
            assert_eq!(names(words), Some(("en".into(), "D0".into())), "{words}");
        }
        assert_eq!(names("## iw_IL D3 — שלום"), Some(("he-IL".into(), "D3".into())));
        assert_eq!(
            names("## pt-BR Day14 — Olá"),
            Some(("pt-BR".into(), "DAY14".into()))
        );
    }

    #[test]
    fn other_headings_are_prose() {
        for words in [
            "## Sequence Timing",
            "## Send Rules",
            "## In 3 days",
            "## Is Q3 over?",
            "## Week D0 — plan",
            "# EN D0 — the title of the file",
            "##EN D0 — no space",
            "    ## EN D0 — code",
            "##",
        ] {
            assert_eq!(names(words), None, "{words}");
        }
    }
}
