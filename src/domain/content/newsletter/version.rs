//! One section of the file read as a version of the issue.

use std::collections::BTreeMap;

use super::label::{Labels, Part};
use crate::{
    api::Severity,
    domain::content::{
        diagnostic::{Diagnostic, Position},
        email::{
            Placeholder,
            label::is_mark,
            placeholder::{Piece, Placeholders},
            section::Section,
            template::is_rule,
        },
        text::{Line, Span, Text, quoted},
    },
};

const LONGEST_VERSION: usize = 128 * 1024;
/// A line that ends with a colon and is no longer than this was perhaps meant as a label.
const LONGEST_LABEL: usize = 40;
/// More of them than a person reads in one sentence.
const MAX_DOUBTFUL: usize = 5;

/// One version of an issue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Path of its file.
    pub path: String,
    /// The canonical locale.
    pub locale: String,
    /// The words of the heading.
    pub heading: String,
    /// Where the heading stands.
    pub position: Position,
    /// Its placeholders, in the order of the file.
    pub placeholders: Vec<Placeholder>,
    /// Errors that stand in the version; one with any may not be used.
    pub problems: Vec<Diagnostic>,
    pub(super) parts: BTreeMap<Part, Written>,
}

/// The words of a part, line by line, without empty lines around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) label: Span,
    pub(super) lines: Vec<WrittenLine>,
}

/// A line as the file has it, without spaces at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct WrittenLine {
    pub(super) number: u32,
    pub(super) column: u32,
    pub(super) words: String,
}

/// Reads a section as a version; its problems are in the list, the errors of them in the version too.
pub(super) fn read(
    text: &Text<'_>,
    labels: &Labels,
    section: &Section<'_>,
    locale: String,
) -> (Version, Vec<Diagnostic>) {
    let mut reading = Reading {
        text,
        labels,
        heading: section.span(),
        placeholders: Placeholders::new(text, false),
        version: Version {
            path: text.path().to_owned(),
            locale,
            position: section.span().position,
            ..Version::default()
        },
        open: None,
        doubtful: Vec::new(),
        diagnostics: Vec::new(),
        unlabelled: false,
    };
    if let Some(heading) = &section.heading {
        heading.words.clone_into(&mut reading.version.heading);
    }
    for line in &section.lines {
        reading.line(*line);
    }
    reading.finish()
}

struct Reading<'t> {
    text: &'t Text<'t>,
    labels: &'t Labels,
    heading: Span,
    placeholders: Placeholders<'t>,
    version: Version,
    /// The part that lines belong to.
    open: Option<Part>,
    /// Lines that look like a label and are none.
    doubtful: Vec<String>,
    diagnostics: Vec<Diagnostic>,
    /// Whether words without a label were already reported.
    unlabelled: bool,
}

impl Reading<'_> {
    fn line(&mut self, line: Line<'_>) {
        match (self.labels.read(line.words), self.open) {
            (Some((part, offset)), _) => self.labelled(line, part, offset),
            (None, Some(part)) => {
                self.doubt(line);
                self.push(part, (line.number, 1), line.words);
            }
            (None, None) => self.no_label(line),
        }
    }

    fn labelled(&mut self, line: Line<'_>, part: Part, offset: usize) {
        let (label, rest) = line.words.split_at_checked(offset).unwrap_or((line.words, ""));
        let span = Span::of(line.number, 1, line.words);
        if let Some(first) = self.version.parts.get(&part) {
            let message = format!(
                "{} stands twice in the version in {}: it is on line {} already.",
                part.name(),
                self.version.locale,
                first.label.position.line
            );
            self.error(span, "DuplicateLabel", message, "Keep one of the two.");
            // What follows belongs to neither, and one problem is enough.
            (self.open, self.unlabelled) = (None, true);
            return;
        }
        let written = Written {
            label: span,
            lines: Vec::new(),
        };
        self.version.parts.insert(part, written);
        self.open = Some(part);
        let spaces = rest.len() - rest.trim_start_matches(is_around).len();
        let (before, words) = rest.split_at_checked(spaces).unwrap_or(("", rest));
        let column = label.chars().count() + before.chars().count() + 1;
        self.push(part, (line.number, column), words);
    }

    fn push(&mut self, part: Part, (number, column): (u32, usize), words: &str) {
        let words = words.trim_end_matches(is_around);
        self.placeholders.read(Piece {
            line: number,
            column,
            words,
        });
        let Some(written) = self.version.parts.get_mut(&part) else {
            return;
        };
        let empty = words.trim().is_empty();
        if is_rule(words) || (empty && written.lines.is_empty()) {
            return;
        }
        written.lines.push(WrittenLine {
            number,
            column: u32::try_from(column).unwrap_or(u32::MAX),
            words: if empty { String::new() } else { words.to_owned() },
        });
    }

    fn doubt(&mut self, line: Line<'_>) {
        let words = line.words.trim_matches(is_around);
        let short = words.chars().count() <= LONGEST_LABEL;
        if words.ends_with(':') && short && self.doubtful.len() < MAX_DOUBTFUL {
            self.doubtful
                .push(format!("{} on line {}", quoted(words), line.number));
        }
    }

    fn no_label(&mut self, line: Line<'_>) {
        if line.words.trim().is_empty() || is_rule(line.words) || self.unlabelled {
            return;
        }
        self.unlabelled = true;
        let message = format!("{} stands before the first label.", quoted(line.words));
        let help =
            "Write it under `Intro:`, or move it above the first version; to leave it out would be a guess.";
        self.error(Span::of(line.number, 1, line.words), "NoLabel", message, help);
    }

    fn finish(mut self) -> (Version, Vec<Diagnostic>) {
        for written in self.version.parts.values_mut() {
            let last = written.lines.iter().rposition(|line| !line.words.is_empty());
            written.lines.truncate(last.map_or(0, |last| last + 1));
        }
        if self.version.parts.is_empty() {
            let message = "The heading names a version, but nothing under it is labelled.".to_owned();
            let help = "Write Subject:, Intro:, Main points:, CTA:, Link: and Closing: under it, or declare the words that \
                        you use in queues[].newsletters.labels.";
            self.error(self.heading, "NoLabels", message, help);
        } else {
            self.complete();
        }
        self.version.placeholders = std::mem::take(&mut self.placeholders.found);
        self.diagnostics.append(&mut self.placeholders.diagnostics);
        let errors = |found: &&Diagnostic| found.severity == Severity::Error;
        let errors = self.diagnostics.iter().filter(errors).cloned();
        self.version.problems = errors.take(super::MAX_PROBLEMS).collect();
        (self.version, self.diagnostics)
    }

    fn complete(&mut self) {
        for part in Part::ALL {
            match self.version.parts.get(&part) {
                None => self.missing(part, self.heading),
                Some(written) if written.lines.is_empty() => self.missing(part, written.label),
                Some(written) if matches!(part, Part::Subject | Part::Link) => {
                    let written = written.clone();
                    self.one_line(part, &written);
                }
                Some(_) => {}
            }
        }
        let bytes: usize = self.version.bytes();
        if bytes > LONGEST_VERSION {
            let message = format!("The version has {bytes} bytes; the limit is {LONGEST_VERSION}.");
            let help = "Shorten it: mail programs cut long letters.";
            self.error(self.heading, "TooLong", message, help);
            self.version.parts.clear();
        }
    }

    /// A part without a label, or a label without words.
    fn missing(&mut self, part: Part, span: Span) {
        let (name, locale) = (part.name(), &self.version.locale);
        let code = match part {
            Part::Subject => "SubjectMissing",
            Part::Link => "LinkMissing",
            _ if span == self.heading => "LabelMissing",
            _ => "PartEmpty",
        };
        let message = match part {
            Part::Link => format!("The call to action of the version in {locale} has no link."),
            _ if span == self.heading => format!("The version in {locale} has no {name}."),
            _ => format!("{name} of the version in {locale} has no words."),
        };
        let doubt = if span == self.heading && !self.doubtful.is_empty() {
            format!(" No label: {}.", self.doubtful.join(", "))
        } else {
            String::new()
        };
        let help = format!(
            "Write a line `{name}: ...` under the heading, or declare the word that you use in \
             queues[].newsletters.labels.{doubt}"
        );
        self.error(span, code, message, &help);
    }

    fn one_line(&mut self, part: Part, written: &Written) {
        let name = part.name();
        let [only] = written.lines.as_slice() else {
            let message = format!("{name} goes over more than one line.");
            self.error(
                written.label,
                "BadField",
                message,
                "Write it on the line of its label.",
            );
            return;
        };
        if only.words.chars().any(char::is_control) {
            let message = format!("{name} has a control character in it.");
            self.error(written.label, "BadField", message, "Type the line again.");
        }
    }

    fn error(&mut self, span: Span, code: &'static str, message: String, help: &str) {
        self.diagnostics.push(self.text.error(span, code, message, help));
    }
}

impl Version {
    fn bytes(&self) -> usize {
        let lines = self.parts.values().flat_map(|written| &written.lines);
        lines.map(|line| line.words.len() + 1).sum()
    }
}

fn is_around(one: char) -> bool {
    one.is_whitespace() || is_mark(one)
}
