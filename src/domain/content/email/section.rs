//! The e-mail file cut at its headings.

use super::{Prose, heading::Heading};
use crate::domain::content::{
    diagnostic::Position,
    text::{Line, Span, Text},
};

/// A heading and the lines under it, up to the next heading.
#[derive(Clone, Debug, Default)]
pub(in crate::domain::content) struct Section<'a> {
    /// None for what stands before the first heading.
    pub(in crate::domain::content) heading: Option<Heading<'a>>,
    pub(in crate::domain::content) lines: Vec<Line<'a>>,
}

/// Cuts a text at its headings. A `#` between code fences is none, unless it names a template: a fence that
/// somebody forgot to close must not swallow the next e-mail.
pub(super) fn split<'a>(text: &Text<'a>) -> Vec<Section<'a>> {
    split_where(text, |heading| heading.names().is_some())
}

/// Cuts a text at its headings; between code fences only at those that name something of ours.
pub(in crate::domain::content) fn split_where<'a>(
    text: &Text<'a>,
    is_ours: impl Fn(&Heading<'a>) -> bool,
) -> Vec<Section<'a>> {
    let mut sections = vec![Section::default()];
    let mut fenced = false;
    for line in text.lines() {
        let heading = Heading::read(line).filter(|heading| !fenced || is_ours(heading));
        if let Some(heading) = heading {
            fenced = false;
            sections.push(Section {
                heading: Some(heading),
                lines: Vec::new(),
            });
            continue;
        }
        fenced ^= is_fence(line.words);
        if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        }
    }
    sections
}

/// Whether a line opens or closes a block of code.
pub(super) fn is_fence(words: &str) -> bool {
    let words = words.trim_start();
    words.starts_with("```") || words.starts_with("~~~")
}

impl Section<'_> {
    pub(in crate::domain::content) fn level(&self) -> Option<usize> {
        self.heading.as_ref().map(|heading| heading.level)
    }

    /// The place of the heading.
    pub(in crate::domain::content) fn span(&self) -> Span {
        self.heading.as_ref().map_or_else(Span::default, |heading| {
            let marks = heading.level + 1 + heading.words.chars().count();
            let span = Span::of(heading.line, heading.column, "");
            Span::new(span.position, marks)
        })
    }

    pub(in crate::domain::content) fn prose(&self) -> Prose {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.words).collect();
        let text = lines.join("\n");
        let text = text.trim().trim_end_matches("---").trim_end();
        let first = Position { line: 1, column: 1 };
        Prose {
            heading: self
                .heading
                .as_ref()
                .map_or_else(String::new, |heading| heading.words.to_owned()),
            position: self.heading.as_ref().map_or(first, |_| self.span().position),
            text: text.to_owned(),
        }
    }
}
