//! Which line of the file each line of a page's plain text was written on.
//!
//! The plain text is made from sanitised HTML, which knows no lines. So each line of it is looked for by its first
//! letters in the lines that follow the last one found; what is found nowhere has no place of its own.

use super::Page;
use crate::{
    api::{ContentField, FieldPlace},
    domain::content::text::Text,
};

/// So many letters tell a line; a line of the file that is shorter is told by all of its letters.
const KEY: usize = 24;
/// So many lines of the file are looked at for one line of the text.
const AHEAD: usize = 200;
/// An Asset keeps no more places.
const MAX_PLACES: usize = 60;

/// Where title, excerpt and text of a page stand; the body begins at a byte offset of the text.
pub(super) fn places(text: &Text<'_>, body: usize, page: &Page) -> Vec<FieldPlace> {
    let mut places: Vec<FieldPlace> = Vec::new();
    let described = if page.positions.contains_key("excerpt") {
        "excerpt"
    } else {
        "description"
    };
    for (field, name) in [(ContentField::Title, "title"), (ContentField::Excerpt, described)] {
        places.extend(page.positions.get(name).map(|position| {
            let after = usize::try_from(position.column)
                .unwrap_or_default()
                .saturating_sub(1);
            let quote = text.line(position.line).chars().nth(after);
            FieldPlace {
                field,
                path: None,
                from: 1,
                line: position.line,
                column: position.column + u32::from(matches!(quote, Some('"' | '\''))),
                quoted: false,
            }
        }));
    }
    let first = text.position(body).line;
    let lines: Vec<(u32, &str)> = text
        .lines()
        .filter(|line| line.number >= first)
        .map(|line| (line.number, line.words))
        .collect();
    aligned(&lines, &page.text, &mut places);
    places
}

fn aligned(lines: &[(u32, &str)], plain: &str, places: &mut Vec<FieldPlace>) {
    let letters: Vec<String> = lines.iter().map(|(_, words)| letters(words)).collect();
    let mut cursor = 0;
    let mut expected = (0, 0);
    for (words, from) in plain.lines().zip(1_u32..) {
        let key: String = self::letters(words).chars().take(KEY).collect();
        if key.is_empty() || places.len() >= MAX_PLACES {
            continue;
        }
        let ahead = letters.iter().enumerate().skip(cursor).take(AHEAD);
        let found = ahead
            .filter(|(_, line)| !line.is_empty())
            .find(|(_, line)| line.starts_with(&key) || (line.len() > 3 && key.starts_with(line.as_str())));
        let Some((number, (line, written))) =
            found.and_then(|(number, _)| Some((number, *lines.get(number)?)))
        else {
            continue;
        };
        cursor = number + 1;
        let column = column(words, written);
        // A place holds for the lines that follow it, as long as they follow in the file too.
        if expected != (line.wrapping_sub(from), column) || column != 1 {
            places.push(FieldPlace {
                field: ContentField::Text,
                path: None,
                from,
                line,
                column,
                quoted: false,
            });
        }
        expected = (line.wrapping_sub(from), 1);
    }
}

/// The column at which words of the text begin on their line of the file.
fn column(words: &str, written: &str) -> u32 {
    let marks = words.chars().take_while(|one| !one.is_alphanumeric()).count();
    let start = words.find(char::is_alphanumeric).unwrap_or_default();
    let rest = words.get(start..).unwrap_or_default();
    let word: String = rest.chars().take_while(|one| one.is_alphanumeric()).collect();
    let before = written
        .find(&word)
        .and_then(|at| written.get(..at))
        .unwrap_or_default();
    let column = (before.chars().count() + 1).saturating_sub(marks).max(1);
    u32::try_from(column).unwrap_or(u32::MAX)
}

/// The letters and digits of a line: what is the same in Markdown and in the text.
fn letters(words: &str) -> String {
    words
        .chars()
        .filter(|one| one.is_alphanumeric())
        .take(400)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::{api::AssetSource, domain::policy::Places};

    const FILE: &str = "---\ntitle: \"A title\"\nexcerpt: In short\n---\n\n# Heading one\n\nFirst **bold** words.\nmore of it\n\n## Two\n\n- one item\n- two items\n\n1) numbered\n\nLast [link](https://example.com) here.\n";

    fn at(field: crate::api::ContentField, of: &str) -> (u32, u32) {
        let (page, _) = parse("page.md", FILE.as_bytes());
        let page = page.unwrap();
        let words = match field {
            crate::api::ContentField::Title => page.title.clone(),
            crate::api::ContentField::Excerpt => page.excerpt.clone().unwrap(),
            _ => page.text.clone(),
        };
        let places = Places::of(&AssetSource {
            path: "page.md".to_owned(),
            line: 1,
            places: Some(page.places),
            ..AssetSource::default()
        });
        let spot = places.locate(field, &words, words.find(of).unwrap());
        (spot.position.line, spot.position.column)
    }

    #[test]
    fn each_line_of_the_text_is_found_in_the_file() {
        use crate::api::ContentField::{Excerpt, Text, Title};
        assert_eq!(at(Title, "title"), (2, 11));
        assert_eq!(at(Excerpt, "short"), (3, 13));
        for (words, place) in [
            ("Heading", (6, 3)),
            ("First", (8, 1)),
            ("Two", (11, 4)),
            ("one item", (13, 3)),
            ("two items", (14, 3)),
            ("numbered", (16, 4)),
            ("Last", (18, 1)),
        ] {
            assert_eq!(at(Text, words), place, "{words}");
        }
    }
}
