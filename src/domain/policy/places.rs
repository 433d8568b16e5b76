//! From an offset in what a reader receives back to line and column of the file in which it was written.

use crate::{
    api::{AssetSource, ContentField, FieldPlace},
    domain::content::diagnostic::Position,
};

/// Where the parts of an asset stand in their files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Path of the file.
    pub path: String,
    /// The line at which row, heading or file begins.
    pub line: u32,
    /// Where the parts stand, in the order of their fields and lines.
    pub fields: Vec<FieldPlace>,
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Path of the file.
    pub path: String,
    /// Line and column.
    pub position: Position,
}

impl Places {
    /// The places that an Asset's status keeps.
    pub fn of(source: &AssetSource) -> Self {
        Self {
            path: source.path.clone(),
            line: source.line,
            fields: source.places.clone().unwrap_or_default(),
        }
    }

    /// Where the asset as a whole stands.
    pub fn whole(&self) -> Spot {
        let position = Position {
            line: self.line,
            column: u32::from(self.line > 0),
        };
        self.spot(None, position)
    }

    /// Where a part begins; the asset where nothing is known of the part.
    pub fn beginning(&self, field: ContentField) -> Spot {
        self.locate(field, "", 0)
    }

    /// Where a byte offset into the words of a part stands; the asset where nothing is known of the part.
    pub fn locate(&self, field: ContentField, words: &str, offset: usize) -> Spot {
        // Lines and columns are counted only where somebody can be shown them.
        if !self.fields.iter().any(|place| place.field == field) {
            return self.whole();
        }
        let before = words.get(..offset).unwrap_or(words);
        let line = count(before.bytes().filter(|byte| *byte == b'\n').count()).saturating_add(1);
        let on_line = before.rsplit('\n').next().unwrap_or_default();
        let known = self
            .fields
            .iter()
            .filter(|place| place.field == field && place.from <= line)
            .max_by_key(|place| place.from);
        let Some(place) = known else { return self.whole() };
        let doubled = if place.quoted {
            on_line.matches('"').count()
        } else {
            0
        };
        let column = count(on_line.chars().count() + doubled);
        let below = line.saturating_sub(place.from);
        let start = if below == 0 { place.column.max(1) } else { 1 };
        let position = Position {
            line: place.line.saturating_add(below),
            column: start.saturating_add(column),
        };
        self.spot(place.path.as_deref(), position)
    }

    fn spot(&self, path: Option<&str>, position: Position) -> Spot {
        Spot {
            path: path.unwrap_or(&self.path).to_owned(),
            position,
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let place = |field, from, line, column, quoted| FieldPlace {
            field,
            path: None,
            from,
            line,
            column,
            quoted,
        };
        Places {
            path: "docs/sheet.csv".to_owned(),
            line: 4,
            fields: vec![
                place(ContentField::Text, 1, 4, 20, true),
                place(ContentField::Text, 4, 5, 30, false),
            ],
        }
    }

    fn at(words: &str, of: &str) -> (u32, u32) {
        let spot = places().locate(ContentField::Text, words, words.find(of).unwrap());
        (spot.position.line, spot.position.column)
    }

    #[test]
    fn an_offset_is_counted_in_characters_from_where_the_cell_begins() {
        assert_eq!(at("שלום guaranteed", "guaranteed"), (4, 25));
    }

    #[test]
    fn doubled_quotes_and_line_breaks_of_a_cell_are_counted() {
        assert_eq!(at("say \"hi\" now", "now"), (4, 31));
        assert_eq!(at("one\ntwo three", "three"), (5, 5));
    }

    #[test]
    fn the_link_under_the_copy_stands_in_its_own_cell() {
        assert_eq!(at("one\ntwo\n\nhttps://example.com", "https"), (5, 30));
    }

    #[test]
    fn a_part_of_which_nothing_is_known_stands_where_the_asset_does() {
        let spot = places().locate(ContentField::Title, "Title", 2);
        assert_eq!((spot.position.line, spot.position.column), (4, 1));
        assert_eq!(spot.path, "docs/sheet.csv");
    }
}
