//! Problems of a file, each with its place, a code, and what to do.

use std::fmt;

use super::text::Span;
use crate::api::{Finding, Severity};

/// A place in a file: line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1; 0 where the whole file is meant.
    pub line: u32,
    /// From 1, in characters; 0 where the whole line is meant.
    pub column: u32,
}

/// One problem of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Path of the file, as the campaign reads it.
    pub path: String,
    /// Where in the file.
    pub position: Position,
    /// How many characters from there are meant; 0 for none in particular.
    pub length: u32,
    /// How much it weighs.
    pub severity: Severity,
    /// One CamelCase word; the reason of an Invalid asset.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do about it, in a sentence.
    pub help: String,
    /// The line of the file that it stands in, cut to 200 characters around the place.
    pub excerpt: String,
    /// True where the file as a whole cannot be read as what it is: nothing of the campaign is sent until repaired.
    pub fatal: bool,
}

impl Diagnostic {
    /// A problem at a place of a file whose text is not at hand: without an excerpt. The help may be empty.
    pub fn at(
        path: &str,
        span: Span,
        (severity, code): (Severity, &'static str),
        (message, help): (String, &str),
    ) -> Self {
        Self {
            path: path.to_owned(),
            position: span.position,
            length: span.length,
            severity,
            code,
            message,
            help: help.to_owned(),
            excerpt: String::new(),
            fatal: false,
        }
    }

    /// The finding that an Asset carries.
    pub fn finding(&self) -> Finding {
        Finding {
            code: self.code.to_owned(),
            severity: self.severity,
            message: self.sentence(500),
            path: self.path.chars().take(1000).collect(),
            line: self.position.line,
            column: self.position.column,
        }
    }

    /// The same, as one for which nothing of the campaign is sent until the file is repaired.
    #[must_use]
    pub fn fatal(self) -> Self {
        Self { fatal: true, ..self }
    }

    /// The same, as one that stops nothing but what comes from its file.
    #[must_use]
    pub fn not_fatal(self) -> Self {
        Self { fatal: false, ..self }
    }

    /// Message and help in one text of at most `limit` characters.
    pub fn sentence(&self, limit: usize) -> String {
        let whole = if self.help.is_empty() {
            self.message.clone()
        } else {
            format!("{} {}", self.message, self.help)
        };
        whole.chars().take(limit).collect()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path)?;
        // A file as a whole has no place in it.
        match (self.position.line, self.position.column) {
            (0, _) => {}
            (line, 0) => write!(formatter, ":{line}")?,
            (line, column) => write!(formatter, ":{line}:{column}")?,
        }
        write!(formatter, ": {}: {}", self.code, self.sentence(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_a_whole_file_names_no_place_in_it() {
        let told = |line, column| {
            let diagnostic = Diagnostic {
                path: "docs/sheet.csv".to_owned(),
                position: Position { line, column },
                length: 0,
                severity: Severity::Error,
                code: "FileTooLarge",
                message: "It is too large.".to_owned(),
                help: String::new(),
                excerpt: String::new(),
                fatal: true,
            };
            diagnostic.to_string()
        };
        assert_eq!(told(0, 0), "docs/sheet.csv: FileTooLarge: It is too large.");
        assert_eq!(told(7, 0), "docs/sheet.csv:7: FileTooLarge: It is too large.");
        assert_eq!(told(7, 3), "docs/sheet.csv:7:3: FileTooLarge: It is too large.");
    }
}
