//! A file decoded to text that knows its lines, and makes diagnostics with place and excerpt.

use super::diagnostic::{Diagnostic, Position};
use crate::api::Severity;

/// Lines longer than this get no excerpt: cutting one out costs a walk over the line for each problem.
const LONGEST_EXCERPTED_LINE: usize = 64 * 1024;
const EXCERPT: usize = 200;
const BEFORE_PLACE: u32 = 100;
const QUOTED: usize = 60;

/// A decoded file: UTF-8 without NUL, a byte order mark dropped, lines ended by LF or CR LF.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    path: &'a str,
    content: &'a str,
    starts: Vec<usize>,
}

/// A place and how many characters from there are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub position: Position,
    /// How many characters; 0 for none in particular.
    pub length: u32,
}

/// A line of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: u32,
    /// Its words, without the line ending.
    pub words: &'a str,
}

impl<'a> Text<'a> {
    /// Decodes a file of at most `limit` bytes; an error is fatal and names line and byte.
    pub fn decode(path: &'a str, bytes: &'a [u8], limit: usize) -> Result<Self, Box<Diagnostic>> {
        if bytes.len() > limit {
            return Err(Box::new(too_large(path, bytes.len(), limit)));
        }
        let content = std::str::from_utf8(bytes)
            .map_err(|error| Box::new(not_utf8(path, bytes, error.valid_up_to())))?;
        let content = content.strip_prefix('\u{feff}').unwrap_or(content);
        let text = Self {
            path,
            content,
            starts: line_starts(content),
        };
        match content.find('\0') {
            Some(offset) => Err(Box::new(text.nul(offset))),
            None => Ok(text),
        }
    }

    /// Path of the file, as the campaign reads it.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The whole text.
    pub fn content(&self) -> &'a str {
        self.content
    }

    /// The lines in order; a text that ends in a line break has no empty line after it.
    pub fn lines(&self) -> impl Iterator<Item = Line<'a>> {
        self.content
            .lines()
            .zip(1..)
            .map(|(words, number)| Line { number, words })
    }

    /// The words of a line, from 1; empty where there is no such line.
    pub fn line(&self, number: u32) -> &'a str {
        let Some(start) = index(number).and_then(|index| self.starts.get(index)) else {
            return "";
        };
        let next = index(number).and_then(|index| self.starts.get(index + 1));
        let end = next.copied().unwrap_or(self.content.len());
        let line = self.content.get(*start..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The place of a byte offset into the text.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index));
        let before = start.and_then(|start| self.content.get(*start..offset));
        Position {
            line: count(line),
            column: before.map_or(0, |before| count(before.chars().count() + 1)),
        }
    }

    /// A problem that stops what it stands in.
    pub fn error(&self, span: Span, code: &'static str, message: String, help: &str) -> Diagnostic {
        self.diagnostic(span, (Severity::Error, code), message, help)
    }

    /// A problem that is said and stops nothing.
    pub fn warning(&self, span: Span, code: &'static str, message: String, help: &str) -> Diagnostic {
        self.diagnostic(span, (Severity::Warning, code), message, help)
    }

    fn diagnostic(
        &self,
        span: Span,
        code: (Severity, &'static str),
        message: String,
        help: &str,
    ) -> Diagnostic {
        Diagnostic {
            excerpt: excerpt(self.line(span.position.line), span.position.column),
            ..Diagnostic::at(self.path, span, code, (message, help))
        }
    }

    fn nul(&self, offset: usize) -> Diagnostic {
        let span = Span {
            position: self.position(offset),
            length: 1,
        };
        let message = format!("Byte {offset} of the file is NUL, which is no character of a text.");
        let help = "Save the file again as plain text in UTF-8.";
        Diagnostic {
            fatal: true,
            ..self.error(span, "NulByte", message, help)
        }
    }
}

impl Span {
    /// A place and a length in characters.
    pub fn new(position: Position, length: usize) -> Self {
        Self {
            position,
            length: count(length),
        }
    }

    /// From a column (from 1, in characters) of a line, over the characters of `words`.
    pub fn of(line: u32, column: usize, words: &str) -> Self {
        let position = Position {
            line,
            column: count(column),
        };
        Self::new(position, words.chars().count())
    }
}

/// Words of a file as a message quotes them: in backquotes, at most 60 characters, nothing that steers a terminal.
pub fn quoted(words: &str) -> String {
    let mut shown: String = words.chars().take(QUOTED).map(visible).collect();
    if words.chars().nth(QUOTED).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The known name that a mistyped one most resembles, if any does.
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |name: &str| -> String {
        let kept = name.chars().filter(|one| one.is_alphanumeric());
        kept.take(64).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(name);
    let distance = |known: &str| edits(&wanted, &plain(known));
    known
        .iter()
        .map(|known| (distance(known), *known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance * 3 <= known.len().max(3))
        .map(|(_, known)| known)
}

/// The Levenshtein distance of two short words, in characters.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((right, diagonal), above) in other.iter().zip(&row).zip(row.iter().skip(1)) {
            let beside = next.last().copied().unwrap_or_default();
            let replaced = diagonal + usize::from(left != *right);
            next.push(replaced.min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn line_starts(content: &str) -> Vec<usize> {
    let breaks = content.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    std::iter::once(0)
        .chain(breaks.map(|(offset, _)| offset + 1))
        .collect()
}

fn index(number: u32) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn visible(one: char) -> char {
    if one.is_control() && one != '\t' {
        '\u{fffd}'
    } else {
        one
    }
}

/// How many characters of its line stand before the excerpt of a diagnostic.
pub fn excerpt_start(column: u32) -> u32 {
    column.saturating_sub(BEFORE_PLACE)
}

fn excerpt(line: &str, column: u32) -> String {
    if line.len() > LONGEST_EXCERPTED_LINE {
        return String::new();
    }
    let skipped = usize::try_from(excerpt_start(column)).unwrap_or_default();
    line.chars().skip(skipped).take(EXCERPT).map(visible).collect()
}

fn too_large(path: &str, size: usize, limit: usize) -> Diagnostic {
    let message = format!("The file has {size} bytes; the limit is {limit}.");
    whole(path, "FileTooLarge", message, "Split it into smaller files.")
}

fn not_utf8(path: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let before = bytes.get(..valid).unwrap_or_default();
    let before = std::str::from_utf8(before).unwrap_or_default();
    let last = before.rsplit('\n').next().unwrap_or_default();
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let message = format!("Byte {valid} of the file, 0x{byte:02X}, is not UTF-8.");
    let help = "Save the file as UTF-8; Excel and older editors write Windows-1255 or another code page.";
    let position = Position {
        line: count(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
        column: count(last.chars().count() + 1),
    };
    Diagnostic {
        position,
        length: 1,
        excerpt: excerpt(last, position.column),
        ..whole(path, "NotUtf8", message, help)
    }
}

fn whole(path: &str, code: &'static str, message: String, help: &str) -> Diagnostic {
    Diagnostic::at(path, Span::default(), (Severity::Error, code), (message, help)).fatal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_not_utf8_is_named_with_its_line_and_offset() {
        let error = Text::decode("a.md", b"one\ntw\xE9\n", 100).unwrap_err();
        assert_eq!(error.code, "NotUtf8");
        assert_eq!(error.position, Position { line: 2, column: 3 });
        assert!(error.message.contains("Byte 6") && error.message.contains("0xE9"));
        assert!(error.fatal);
    }

    #[test]
    fn a_nul_byte_is_named_with_its_line() {
        let error = Text::decode("a.md", b"one\nt\0", 100).unwrap_err();
        assert_eq!(
            (error.code, error.position.line, error.position.column),
            ("NulByte", 2, 2)
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let text = Text::decode("a.md", "\u{feff}one\r\ntwo".as_bytes(), 100).unwrap();
        assert_eq!(text.line(1), "one");
        assert_eq!(text.position(5), Position { line: 2, column: 1 });
    }

    #[test]
    fn a_file_over_the_bound_is_refused_whole() {
        assert_eq!(Text::decode("a.md", b"four", 3).unwrap_err().code, "FileTooLarge");
    }

    #[test]
    fn columns_count_characters_and_not_bytes() {
        let text = Text::decode("a.md", "שלום x".as_bytes(), 100).unwrap();
        assert_eq!(text.position("שלום ".len()), Position { line: 1, column: 6 });
    }

    #[test]
    fn an_excerpt_steers_no_terminal() {
        let text = Text::decode("a.md", b"a\x1b[31mb", 100).unwrap();
        let error = text.error(Span::of(1, 1, "a"), "Code", String::new(), "");
        assert_eq!(error.excerpt, "a\u{fffd}[31mb");
    }

    #[test]
    fn the_nearest_name_is_found_by_its_letters_and_a_stranger_has_none() {
        assert_eq!(nearest("dueDate", &["due_date", "id"]), Some("due_date"));
        assert_eq!(nearest("stauts", &["status", "type"]), Some("status"));
        assert_eq!(nearest("colour", &["status", "type"]), None);
    }
}
