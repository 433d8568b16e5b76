//! Placeholders: `{{name | fallback}}`, and `{{name}}` where the campaign declares the name.

use super::EmailTemplate;
use crate::{
    api::Severity,
    domain::content::{
        diagnostic::Diagnostic,
        text::{Span, Text, nearest, quoted},
    },
};

const MAX_PLACEHOLDERS: usize = 200;
const LONGEST_NAME: usize = 128;
/// Bytes between the braces.
const LONGEST_INNER: usize = 1_024;

/// A placeholder of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placeholder {
    /// What is to be filled in.
    pub name: String,
    /// What stands there where nothing is known.
    pub fallback: Option<String>,
    /// Where it stands, braces included.
    pub span: Span,
    /// The line that it stands in, cut for a diagnostic.
    pub excerpt: String,
}

/// One error for each placeholder of a template that has no fallback and is not declared.
pub fn undeclared(template: &EmailTemplate, declared: &[String]) -> Vec<Diagnostic> {
    undeclared_in(&template.path, &template.placeholders, declared)
}

/// One error for each of the placeholders of a file that has no fallback and is not declared.
pub fn undeclared_in(path: &str, placeholders: &[Placeholder], declared: &[String]) -> Vec<Diagnostic> {
    let known: Vec<&str> = declared.iter().map(String::as_str).collect();
    placeholders
        .iter()
        .filter(|one| one.fallback.is_none() && !known.contains(&one.name.as_str()))
        .map(|one| not_declared(path, one, &known))
        .collect()
}

fn not_declared(path: &str, placeholder: &Placeholder, known: &[&str]) -> Diagnostic {
    let Placeholder {
        name, span, excerpt, ..
    } = placeholder;
    let meant = nearest(name, known).map_or_else(String::new, |known| format!("Did you mean `{known}`? "));
    let message = format!(
        "The placeholder {} is not declared and has no fallback.",
        quoted(name)
    );
    let help =
        format!("{meant}List it in `emails[].variables` of the campaign, or write `{{{{{name} | words}}}}`.");
    let code = (Severity::Error, "PlaceholderUndeclared");
    Diagnostic {
        excerpt: excerpt.clone(),
        ..Diagnostic::at(path, *span, code, (message, &help))
    }
}

/// Where a piece of text that may hold placeholders stands: its words begin at a column (from 1) of a line.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain::content) struct Piece<'a> {
    pub(in crate::domain::content) line: u32,
    pub(in crate::domain::content) column: usize,
    pub(in crate::domain::content) words: &'a str,
}

/// Placeholders as they are read, piece by piece, and what is wrong with them.
#[derive(Debug)]
pub(in crate::domain::content) struct Placeholders<'t> {
    text: &'t Text<'t>,
    /// In HTML two closing braces are ordinary: style sheets end so.
    html: bool,
    pub(in crate::domain::content) found: Vec<Placeholder>,
    pub(in crate::domain::content) diagnostics: Vec<Diagnostic>,
}

impl<'t> Placeholders<'t> {
    pub(in crate::domain::content) fn new(text: &'t Text<'t>, html: bool) -> Self {
        Self {
            text,
            html,
            found: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Reads the placeholders of one piece, which ends where its line ends.
    pub(in crate::domain::content) fn read(&mut self, piece: Piece<'_>) {
        let mut rest = piece;
        while let Some((before, mark)) = next_mark(rest.words) {
            rest = rest.after(before.len());
            if mark == "}}" {
                if !self.html {
                    self.malformed(rest, 2, "closes a placeholder that was not opened");
                }
                rest = rest.after(2);
                continue;
            }
            let inner = rest.words.get(2..).unwrap_or_default();
            match before_close(inner) {
                Some(inner) if !inner.contains('{') => {
                    self.one(rest, inner);
                    rest = rest.after(inner.len() + 4);
                }
                _ => {
                    self.malformed(
                        rest,
                        2,
                        "opens a placeholder that is not closed by `}}` on its line",
                    );
                    rest = rest.after(2);
                }
            }
        }
    }

    fn one(&mut self, piece: Piece<'_>, inner: &str) {
        let length = inner.chars().count() + 4;
        let (name, fallback) = match inner.split_once('|') {
            Some((name, fallback)) => (name.trim(), Some(plain(fallback.trim()))),
            None => (inner.trim(), None),
        };
        let after = piece.words.get(inner.len() + 4..).unwrap_or_default();
        if !is_name(name) {
            self.malformed(piece, length, "has no name of letters, digits, `_`, `-` and `.`");
        } else if after.starts_with('}') {
            self.malformed(piece, length, "has more braces after it than before it");
        } else if fallback.as_ref().is_some_and(String::is_empty) {
            self.malformed(piece, length, "has nothing after its `|`");
        } else if !self.html && inner.contains(['<', '>']) {
            self.malformed(
                piece,
                length,
                "has `<` or `>` in it, which HTML would take as a tag",
            );
        } else if self.found.len() >= MAX_PLACEHOLDERS {
            self.malformed(piece, length, "is one too many: the limit of a template is 200");
        } else {
            let span = Span::new(piece.span(0).position, length);
            let excerpt = self.text.error(span, "", String::new(), "").excerpt;
            self.found.push(Placeholder {
                name: name.to_owned(),
                fallback,
                span,
                excerpt,
            });
        }
    }

    fn malformed(&mut self, piece: Piece<'_>, length: usize, why: &str) {
        if self.diagnostics.len() >= 100 {
            return;
        }
        let shown: String = piece.words.chars().take(length).collect();
        let message = format!("{} {why}.", quoted(&shown));
        let help = "Write `{{name}}` or `{{name | words for when nothing is known}}`.";
        let error = self
            .text
            .error(piece.span(length), "PlaceholderMalformed", message, help);
        self.diagnostics.push(error);
    }
}

impl Piece<'_> {
    fn after(self, bytes: usize) -> Self {
        let (skipped, words) = self.words.split_at_checked(bytes).unwrap_or((self.words, ""));
        Self {
            column: self.column + skipped.chars().count(),
            words,
            ..self
        }
    }

    fn span(self, length: usize) -> Span {
        Span::new(Span::of(self.line, self.column, "").position, length)
    }
}

/// What stands before the next pair of braces, and the pair.
fn next_mark(words: &str) -> Option<(&str, &str)> {
    let mut pairs = words.as_bytes().windows(2);
    let at = pairs.position(|pair| matches!(pair, b"{{" | b"}}"))?;
    Some((words.get(..at)?, words.get(at..at + 2)?))
}

/// What stands before the closing braces, which must be near: a search to the end for each opening pair of a long
/// line would take for ever.
fn before_close(words: &str) -> Option<&str> {
    let near = words.as_bytes().get(..LONGEST_INNER).unwrap_or(words.as_bytes());
    let at = near.windows(2).position(|pair| pair == b"}}")?;
    words.get(..at)
}

fn is_name(name: &str) -> bool {
    let first = name
        .chars()
        .next()
        .is_some_and(|one| one.is_alphabetic() || one == '_');
    let rest = name
        .chars()
        .all(|one| one.is_alphanumeric() || matches!(one, '_' | '-' | '.'));
    first && rest && name.len() <= LONGEST_NAME
}

/// The words of a fallback; the form `default:"words"` of other template languages means the same.
fn plain(fallback: &str) -> String {
    let words = fallback.strip_prefix("default:").map_or(fallback, str::trim);
    let unquoted = ['"', '\'']
        .iter()
        .find_map(|quote| words.strip_prefix(*quote)?.strip_suffix(*quote));
    match unquoted {
        Some(unquoted) if fallback.starts_with("default:") => unquoted.to_owned(),
        _ => words.to_owned(),
    }
}
