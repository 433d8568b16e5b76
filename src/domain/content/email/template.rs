//! One section of the e-mail file read as a template.

use super::{
    EmailTemplate,
    heading::Names,
    label::{Labels, Part, is_mark},
    placeholder::{Piece, Placeholders},
    section::{Section, is_fence},
};
use crate::{
    api::{ContentField, FieldPlace, Severity},
    domain::content::{
        diagnostic::Diagnostic,
        text::{Line, Span, Text, quoted},
    },
};

const LONGEST_SUBJECT: usize = 1_000;
const LONGEST_BODY: usize = 512 * 1024;
/// An Asset keeps no more places.
const MAX_PLACES: usize = 60;

/// Reads a section as a template; its problems are in the list, the errors of them in the template too.
pub(super) fn read(
    text: &Text<'_>,
    labels: &Labels,
    section: &Section<'_>,
    names: Names,
) -> (EmailTemplate, Vec<Diagnostic>) {
    let mut reading = Reading {
        text,
        labels,
        heading: section.span(),
        placeholders: Placeholders::new(text, false),
        subject: None,
        preview: None,
        body: None,
        places: Vec::new(),
        diagnostics: Vec::new(),
        unlabelled: false,
        subject_refused: false,
    };
    for line in &section.lines {
        reading.line(*line);
    }
    let mut template = EmailTemplate {
        path: text.path().to_owned(),
        id_step: names.step,
        locale: names.locale,
        position: section.span().position,
        ..EmailTemplate::default()
    };
    if let Some(heading) = &section.heading {
        heading.words.clone_into(&mut template.heading);
    }
    reading.finish(template)
}

struct Reading<'t> {
    text: &'t Text<'t>,
    labels: &'t Labels,
    heading: Span,
    placeholders: Placeholders<'t>,
    subject: Option<String>,
    preview: Option<String>,
    body: Option<Body>,
    /// Where subject and preview text stand.
    places: Vec<FieldPlace>,
    diagnostics: Vec<Diagnostic>,
    /// Whether a line without a label was already reported.
    unlabelled: bool,
    /// Whether the subject is there and was reported as one that cannot be used.
    subject_refused: bool,
}

impl Reading<'_> {
    fn line(&mut self, line: Line<'_>) {
        if let Some(body) = &mut self.body {
            body.push(line.words, (line.number, 1));
            self.placeholders.read(Piece {
                line: line.number,
                column: 1,
                words: line.words,
            });
            return;
        }
        match self.labels.read(line.words) {
            Some((part, offset)) => self.labelled(line, part, offset),
            None => self.no_label(line),
        }
    }

    fn labelled(&mut self, line: Line<'_>, part: Part, offset: usize) {
        let (label, rest) = line.words.split_at_checked(offset).unwrap_or((line.words, ""));
        let words = rest.trim_matches(|one: char| one.is_whitespace() || is_mark(one));
        self.placeholders.read(Piece {
            line: line.number,
            column: label.chars().count() + 1,
            words: rest,
        });
        let span = Span::of(line.number, 1, line.words);
        let (name, slot) = match part {
            Part::Body => {
                let mut body = Body::default();
                body.push(rest.trim(), (line.number, column(label, rest, rest.trim())));
                self.body = Some(body);
                return;
            }
            Part::Subject => ("subject", &mut self.subject),
            Part::Preview => ("preview text", &mut self.preview),
        };
        if slot.is_some() {
            let message = format!("The {name} stands twice in this template.");
            self.error(span, "DuplicateLabel", message, "Keep one of the two.");
        } else if words.chars().nth(LONGEST_SUBJECT).is_some() {
            let message = format!("The {name} has more than {LONGEST_SUBJECT} characters.");
            *slot = Some(String::new());
            self.subject_refused |= part == Part::Subject;
            self.error(span, "TooLong", message, "Shorten it.");
        } else if words.chars().any(char::is_control) {
            let message = format!("The {name} has a control character in it.");
            *slot = Some(String::new());
            self.subject_refused |= part == Part::Subject;
            self.error(span, "BadField", message, "Type the line again.");
        } else {
            *slot = Some(words.to_owned());
            let field = if part == Part::Subject {
                ContentField::Subject
            } else {
                ContentField::PreviewText
            };
            let column = column(label, rest, words);
            self.places.push(place(field, 1, (line.number, column)));
        }
    }

    fn no_label(&mut self, line: Line<'_>) {
        if line.words.trim().is_empty() || is_rule(line.words) || self.unlabelled {
            return;
        }
        self.unlabelled = true;
        let message = format!(
            "{} stands before the body and has no label: it is no part of the e-mail.",
            quoted(line.words)
        );
        let help = "Begin it with `Subject:`, `Preview:` or `Body:`, or declare the words that you use in `emails[].labels`.";
        let span = Span::of(line.number, 1, line.words);
        self.diagnostics
            .push(self.text.warning(span, "NoLabel", message, help));
    }

    fn finish(mut self, mut template: EmailTemplate) -> (EmailTemplate, Vec<Diagnostic>) {
        let nothing = self.subject.is_none() && self.preview.is_none() && self.body.is_none();
        template.subject = self.subject.take().unwrap_or_default();
        template.preview_text = self.preview.take().filter(|words| !words.is_empty());
        template.places = std::mem::take(&mut self.places);
        if let Some(body) = self.body.take() {
            let (text, places) = body.text();
            template.body = text;
            template.places.extend(places);
        }
        if nothing {
            let message = "The heading names a template, but nothing under it is labelled.".to_owned();
            let help = "Write `Subject:`, `Preview:` and `Body:` under it, or declare the words that you use in `emails[].labels`.";
            self.error(self.heading, "NoLabels", message, help);
        } else {
            self.complete(&template);
        }
        template.placeholders = std::mem::take(&mut self.placeholders.found);
        self.diagnostics.append(&mut self.placeholders.diagnostics);
        let errors = |found: &&Diagnostic| found.severity == Severity::Error;
        template.problems = self.diagnostics.iter().filter(errors).cloned().collect();
        (template, self.diagnostics)
    }

    fn complete(&mut self, template: &EmailTemplate) {
        if template.subject.is_empty() && !self.subject_refused {
            let message = "The template has no subject.".to_owned();
            let help = "Write a line `Subject: ...` under the heading, before the body.";
            self.error(self.heading, "SubjectMissing", message, help);
        }
        if template.body.is_empty() {
            let message = "The template has no body.".to_owned();
            let help = "Write a line `Body:` and the words of the e-mail under it.";
            self.error(self.heading, "BodyMissing", message, help);
        } else if template.body.len() > LONGEST_BODY {
            let message = format!("The body has more than {LONGEST_BODY} bytes.");
            self.error(self.heading, "TooLong", message, "Shorten it.");
        }
    }

    fn error(&mut self, span: Span, code: &'static str, message: String, help: &str) {
        self.diagnostics.push(self.text.error(span, code, message, help));
    }
}

/// A body as it grows: rules left out, and the empty line after one that is left out.
#[derive(Debug, Default)]
struct Body {
    text: String,
    /// Line and column of the file for each line of the text.
    lines: Vec<(u32, u32)>,
    fenced: bool,
    after_rule: bool,
}

impl Body {
    fn push(&mut self, words: &str, written: (u32, u32)) {
        self.fenced ^= is_fence(words);
        if !self.fenced && is_rule(words) {
            self.after_rule = true;
            return;
        }
        let empty = words.trim().is_empty();
        if empty && self.after_rule && self.text.ends_with("\n\n") {
            return;
        }
        self.after_rule = self.after_rule && empty;
        self.text.push_str(words.trim_end());
        self.text.push('\n');
        self.lines.push(written);
    }

    /// The text, and where its lines stand.
    fn text(self) -> (String, Vec<FieldPlace>) {
        let started = self.text.trim_start_matches('\n');
        let dropped = self.text.len() - started.len();
        let mut places: Vec<FieldPlace> = Vec::new();
        let mut expected = (0, 0);
        for (written, from) in self.lines.into_iter().skip(dropped).zip(1..) {
            if written != expected && places.len() < MAX_PLACES {
                places.push(place(ContentField::Text, from, written));
            }
            expected = (written.0.saturating_add(1), 1);
        }
        (started.trim_end_matches('\n').trim_end().to_owned(), places)
    }
}

pub(in crate::domain::content) fn place(
    field: ContentField,
    from: u32,
    (line, column): (u32, u32),
) -> FieldPlace {
    FieldPlace {
        field,
        path: None,
        from,
        line,
        column,
        quoted: false,
    }
}

/// The column of words that stand somewhere behind a label.
fn column(label: &str, rest: &str, words: &str) -> u32 {
    let before = rest.find(words).and_then(|at| rest.get(..at)).unwrap_or_default();
    let column = label.chars().count() + before.chars().count() + 1;
    u32::try_from(column).unwrap_or(u32::MAX)
}

/// Whether a line is a rule: three or more of one of `-*_`, and nothing else.
pub(in crate::domain::content) fn is_rule(words: &str) -> bool {
    let marks: String = words.chars().filter(|one| !one.is_whitespace()).collect();
    let rule = |mark: char| marks.chars().all(|one| one == mark);
    marks.len() >= 3 && (rule('-') || rule('*') || rule('_'))
}
