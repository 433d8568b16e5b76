//! Comma-separated values (RFC 4180) in which every cell knows its place, and broken quoting is an error.

use std::borrow::Cow;

use super::Cell;
use crate::domain::content::{diagnostic::Position, text::Span};

/// Why a text is no CSV, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BrokenQuoting {
    pub(super) span: Span,
    pub(super) message: String,
}

/// Reads one record after the other.
pub(super) struct Records<'a> {
    text: &'a str,
    offset: usize,
    cursor: Cursor<'a>,
    ended: bool,
}

/// What follows a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Cell,
    Record,
    End,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            offset: 0,
            cursor: Cursor {
                rest: text.as_bytes(),
                offset: 0,
                position: Position { line: 1, column: 1 },
            },
            ended: text.is_empty(),
        }
    }

    fn record(&mut self) -> Result<Vec<Cell<'a>>, BrokenQuoting> {
        let mut cells = Vec::new();
        loop {
            let (cell, after) = self.cell()?;
            cells.push(cell);
            match after {
                After::Cell => {}
                After::Record => {
                    self.ended = self.offset >= self.text.len();
                    return Ok(cells);
                }
                After::End => {
                    self.ended = true;
                    return Ok(cells);
                }
            }
        }
    }

    fn cell(&mut self) -> Result<(Cell<'a>, After), BrokenQuoting> {
        let rest = self.rest();
        if rest.starts_with('"') {
            return self.quoted();
        }
        let length = rest.find([',', '\n', '\r']).unwrap_or(rest.len());
        let words = rest.get(..length).unwrap_or_default();
        if words.trim_start().starts_with('"') {
            return Err(BrokenQuoting {
                span: Span::new(self.cursor.at(self.offset), words.chars().count()),
                message: "There are spaces between the comma and the opening quote of this cell.".to_owned(),
            });
        }
        let cell = self.make(self.offset, Cow::Borrowed(words));
        self.offset += length;
        Ok((cell, self.after()))
    }

    fn quoted(&mut self) -> Result<(Cell<'a>, After), BrokenQuoting> {
        let start = self.offset + 1;
        let mut from = start;
        let mut doubled = false;
        let close = loop {
            let Some(found) = self.text.get(from..).and_then(|rest| rest.find('"')) else {
                return Err(self.unclosed());
            };
            let quote = from + found;
            if self.text.as_bytes().get(quote + 1) != Some(&b'"') {
                break quote;
            }
            doubled = true;
            from = quote + 2;
        };
        let words = self.text.get(start..close).unwrap_or_default();
        let words = if doubled {
            Cow::Owned(words.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(words)
        };
        let cell = self.make(start, words);
        self.offset = close + 1;
        match self.text.as_bytes().get(self.offset) {
            None | Some(b',' | b'\r' | b'\n') => Ok((cell, self.after())),
            Some(_) => Err(BrokenQuoting {
                span: Span::new(self.cursor.at(self.offset), 1),
                message: format!(
                    "The quote that was opened on line {} is closed, and then more words follow.",
                    cell.span.position.line
                ),
            }),
        }
    }

    fn unclosed(&mut self) -> BrokenQuoting {
        BrokenQuoting {
            span: Span::new(self.cursor.at(self.offset), 1),
            message: "The quote that is opened here is never closed.".to_owned(),
        }
    }

    fn make(&mut self, start: usize, words: Cow<'a, str>) -> Cell<'a> {
        let position = self.cursor.at(start);
        let length = words.chars().count();
        Cell {
            words,
            span: Span::new(position, length),
        }
    }

    /// Steps over what stands between this cell and the next one.
    fn after(&mut self) -> After {
        let rest = self.rest();
        let (after, length) = if rest.starts_with(',') {
            (After::Cell, 1)
        } else if rest.starts_with("\r\n") {
            (After::Record, 2)
        } else if rest.is_empty() {
            (After::End, 0)
        } else {
            (After::Record, 1)
        };
        self.offset += length;
        after
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Vec<Cell<'a>>, BrokenQuoting>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let record = self.record();
        self.ended |= record.is_err();
        Some(record)
    }
}

/// Walks over the text once, so that the place of every cell costs no more than reading it.
struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
    position: Position,
}

impl Cursor<'_> {
    /// The place of an offset that is not before the last one asked for.
    fn at(&mut self, offset: usize) -> Position {
        let (passed, rest) = self
            .rest
            .split_at_checked(offset.saturating_sub(self.offset))
            .unwrap_or((self.rest, &[]));
        for byte in passed {
            match byte {
                b'\n' => {
                    self.position.line = self.position.line.saturating_add(1);
                    self.position.column = 1;
                }
                // Continuation bytes of UTF-8 are no characters of their own.
                0x80..=0xbf => {}
                _ => self.position.column = self.position.column.saturating_add(1),
            }
        }
        self.rest = rest;
        self.offset += passed.len();
        self.position
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>, BrokenQuoting> {
        Records::new(text)
            .map(|record| Ok(record?.into_iter().map(|cell| cell.words.into_owned()).collect()))
            .collect()
    }

    fn place(text: &str, record: usize, cell: usize) -> (u32, u32) {
        let records: Vec<_> = Records::new(text).map(Result::unwrap).collect();
        let Position { line, column } = records[record][cell].span.position;
        (line, column)
    }

    #[test]
    fn quotes_hold_commas_line_breaks_and_doubled_quotes() {
        let text = "a,\"b, \"\"c\"\"\r\nd\",e\r\nf,,\n";
        assert_eq!(
            read(text).unwrap(),
            [vec!["a", "b, \"c\"\r\nd", "e"], vec!["f", "", ""]]
        );
        assert_eq!(place(text, 0, 1), (1, 4));
        assert_eq!(place(text, 0, 2), (2, 4));
        assert_eq!(place(text, 1, 0), (3, 1));
    }

    #[test]
    fn columns_count_characters_in_hebrew_and_emoji() {
        assert_eq!(place("שלום,👋🏽,x", 0, 2), (1, 9));
    }

    #[test]
    fn the_last_line_needs_no_line_break() {
        assert_eq!(read("a,b").unwrap(), [["a", "b"]]);
        assert_eq!(read("a,").unwrap(), [["a", ""]]);
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn a_quote_that_is_never_closed_is_shown_where_it_opens() {
        let error = read("a,b\nc,\"d\ne,f\n").unwrap_err();
        assert_eq!(error.span.position, Position { line: 2, column: 3 });
    }

    #[test]
    fn words_after_a_closing_quote_are_broken_quoting() {
        let error = read("a,\"b\" c\n").unwrap_err();
        assert_eq!(error.span.position, Position { line: 1, column: 6 });
    }

    #[test]
    fn a_space_before_a_quote_is_broken_quoting_and_a_quote_inside_words_is_a_quote() {
        assert!(read("a, \"b\"\n").is_err());
        assert_eq!(read("say \"hi\",b\n").unwrap(), [["say \"hi\"", "b"]]);
    }

    proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_as_the_same_cells(
            records in prop::collection::vec(prop::collection::vec("[a-zא-ת,\" \r\n👋]{0,8}", 2..5), 1..6)
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for record in &records {
                writer.write_record(record).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(read(&text).unwrap(), records);
        }

        #[test]
        fn what_we_read_the_csv_crate_reads_too(text in "[ab,\"\n ]{0,24}") {
            let Ok(mut ours) = read(&text) else { return Ok(()) };
            // The csv crate leaves out empty lines; we leave them to the sheet.
            ours.retain(|record| *record != [""]);
            let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
            let theirs: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                .filter(|record: &Vec<String>| *record != [""])
                .collect();
            prop_assert_eq!(ours, theirs);
        }
    }
}
