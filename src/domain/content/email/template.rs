//! One section of the e-mail file read as a template.

use super::{
    EmailTemplate,
    heading::Names,
    label::{Labels, Part, is_mark},
    placeholder::{Piece, Placeholders},
    section::{Section, is_fence},
};
use crate::{
    api::Severity,
    domain::content::{
        diagnostic::Diagnostic,
        text::{Line, Span, Text, quoted},
    },
};

const LONGEST_SUBJECT: usize = 1_000;
const LONGEST_BODY: usize = 512 * 1024;

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
    diagnostics: Vec<Diagnostic>,
    /// Whether a line without a label was already reported.
    unlabelled: bool,
    /// Whether the subject is there and was reported as one that cannot be used.
    subject_refused: bool,
}

impl Reading<'_> {
    fn line(&mut self, line: Line<'_>) {
        if let Some(body) = &mut self.body {
            body.push(line.words);
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
                body.push(rest.trim());
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
        template.body = self.body.take().map(Body::text).unwrap_or_default();
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
    fenced: bool,
    after_rule: bool,
}

impl Body {
    fn push(&mut self, words: &str) {
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
    }

    fn text(self) -> String {
        self.text.trim_matches('\n').trim_end().to_owned()
    }
}

/// Whether a line is a rule: three or more of one of `-*_`, and nothing else.
fn is_rule(words: &str) -> bool {
    let marks: String = words.chars().filter(|one| !one.is_whitespace()).collect();
    let rule = |mark: char| marks.chars().all(|one| one == mark);
    marks.len() >= 3 && (rule('-') || rule('*') || rule('_'))
}
