//! The e-mail file: one template for each heading with a locale and a step, and prose around them.

mod finished;
pub(super) mod heading;
pub(super) mod label;
pub(super) mod placeholder;
pub(super) mod render;
pub(super) mod section;
pub(super) mod template;

use super::{
    diagnostic::{Diagnostic, Position},
    text::{Span, Text},
};
use crate::api::{EmailLabels, FieldPlace};
pub use finished::{FinishedHtml, parse_html};
use label::Labels;
pub use placeholder::{Placeholder, undeclared, undeclared_in};
pub use render::render_html;
use section::Section;

const LIMIT: usize = 8 * 1024 * 1024;
/// Long enough for a paragraph; it bounds the walk that counts the columns of a line.
const LONGEST_LINE: usize = 64 * 1024;
const MAX_TEMPLATES: usize = 500;
const MAX_DIAGNOSTICS: usize = 1_000;

/// What an e-mail file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailFileContent {
    /// False where the file as a whole cannot be used: what stands from it is to be kept as it is.
    pub readable: bool,
    /// The templates in the order of the file; a locale and step that stand twice are here once, with their problem.
    pub templates: Vec<EmailTemplate>,
    /// Everything else, in the order of the file.
    pub prose: Vec<Prose>,
}

/// One template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailTemplate {
    /// Path of its file.
    pub path: String,
    /// The step, in upper case: `D0`.
    pub id_step: String,
    /// The canonical locale.
    pub locale: String,
    /// The words of the heading.
    pub heading: String,
    /// Where the heading stands.
    pub position: Position,
    /// The subject line; empty only where a problem says so.
    pub subject: String,
    /// The preview text, where there is one.
    pub preview_text: Option<String>,
    /// The body: plain text with LF, trimmed, without `---` rules; empty only where a problem says so.
    pub body: String,
    /// Placeholders of subject, preview text and body, in the order of the file.
    pub placeholders: Vec<Placeholder>,
    /// Where subject, preview text and the lines of the body stand.
    pub places: Vec<FieldPlace>,
    /// Errors that stand in the template; one with any may not be used.
    pub problems: Vec<Diagnostic>,
}

/// Words of the file that are no template: shown to people, enforced by nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    /// The words of the heading; empty for what stands before the first.
    pub heading: String,
    /// Where it begins.
    pub position: Position,
    /// What stands under the heading, trimmed.
    pub text: String,
}

/// Reads an e-mail file, with every problem at its place.
///
/// `labels` are known beside the English and the Hebrew ones. Problems never are fatal: a broken e-mail file stops
/// what comes from it, not the campaign.
pub fn parse(path: &str, bytes: &[u8], labels: &[EmailLabels]) -> (EmailFileContent, Vec<Diagnostic>) {
    let read = Text::decode(path, bytes, LIMIT).and_then(|text| bounded(&text).map(|()| text));
    match read {
        Ok(text) => Reading::new(&text, Labels::with(labels)).finish(),
        Err(error) => (EmailFileContent::default(), vec![error.not_fatal()]),
    }
}

fn bounded(text: &Text<'_>) -> Result<(), Box<Diagnostic>> {
    let Some(line) = text.lines().find(|line| line.words.len() > LONGEST_LINE) else {
        return Ok(());
    };
    let message = format!(
        "The line has {} bytes; the limit is {LONGEST_LINE}.",
        line.words.len()
    );
    let span = Span::of(line.number, 1, "");
    Err(Box::new(text.error(
        span,
        "LineTooLong",
        message,
        "Break the line.",
    )))
}

struct Reading<'t> {
    text: &'t Text<'t>,
    labels: Labels,
    content: EmailFileContent,
    diagnostics: Vec<Diagnostic>,
    /// Level of the heading of the template that we are under.
    under: Option<usize>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t Text<'t>, labels: Labels) -> Self {
        let content = EmailFileContent {
            readable: true,
            ..EmailFileContent::default()
        };
        Self {
            text,
            labels,
            content,
            diagnostics: Vec::new(),
            under: None,
        }
    }

    fn finish(mut self) -> (EmailFileContent, Vec<Diagnostic>) {
        for section in section::split(self.text) {
            match section.heading.as_ref().and_then(heading::Heading::names) {
                Some(names) => self.template(&section, names),
                None => self.prose(&section),
            }
            if self.content.templates.len() > MAX_TEMPLATES {
                self.too_many(&section);
                break;
            }
        }
        self.diagnostics.sort();
        self.diagnostics.truncate(MAX_DIAGNOSTICS);
        (self.content, self.diagnostics)
    }

    fn template(&mut self, section: &Section<'_>, names: heading::Names) {
        self.under = section.level();
        let (template, found) = template::read(self.text, &self.labels, section, names);
        self.diagnostics.extend(found);
        let same =
            |other: &&mut EmailTemplate| other.locale == template.locale && other.id_step == template.id_step;
        let Some(first) = self.content.templates.iter_mut().find(same) else {
            self.content.templates.push(template);
            return;
        };
        let EmailTemplate { locale, id_step, .. } = &template;
        let line = first.position.line;
        let problem = self.text.error(
            section.span(),
            "DuplicateTemplate",
            format!("The template {id_step} in {locale} is already on line {line}."),
            "Give each template its own step and locale.",
        );
        self.diagnostics.push(problem.clone());
        // One is enough to stop both.
        if first.problems.len() < 20 {
            first.problems.push(problem);
        }
    }

    fn prose(&mut self, section: &Section<'_>) {
        let prose = section.prose();
        if prose.heading.is_empty() && prose.text.is_empty() {
            return;
        }
        let level = section.level().unwrap_or_default();
        if let Some(under) = self.under.filter(|under| level > *under) {
            self.inside(section, under);
        } else {
            self.under = None;
            // The title of the file asks nothing of us, nor does a heading with nothing under it.
            if level > 1 && !prose.text.is_empty() {
                self.not_enforced(section, &prose);
            }
        }
        self.content.prose.push(prose);
    }

    fn not_enforced(&mut self, section: &Section<'_>, prose: &Prose) {
        let message = format!(
            "What stands under {} is kept and shown, and not enforced: it names no template.",
            super::text::quoted(&prose.heading)
        );
        let help = "A template's heading begins with locale and step: `EN D0 — ...`.";
        let warning = self.text.warning(section.span(), "NotEnforced", message, help);
        self.diagnostics.push(warning);
    }

    /// A heading below a template's own: to send what follows, or to leave it out, would both be a guess.
    fn inside(&mut self, section: &Section<'_>, level: usize) {
        let Some(template) = self.content.templates.last_mut() else {
            return;
        };
        let problem = self.text.error(
            section.span(),
            "HeadingInTemplate",
            format!(
                "This heading stands inside the template {} in {}.",
                template.id_step, template.locale
            ),
            &format!(
                "If it is part of the e-mail, write it without `#`; if not, give it {level} `#` or fewer."
            ),
        );
        self.diagnostics.push(problem.clone());
        if template.problems.len() < 20 {
            template.problems.push(problem);
        }
    }

    fn too_many(&mut self, section: &Section<'_>) {
        let message = format!("The file has more than {MAX_TEMPLATES} templates.");
        let help = "Split it into several files.";
        let error = self.text.error(section.span(), "TooManyTemplates", message, help);
        self.diagnostics.push(error);
        self.content = EmailFileContent::default();
    }
}

#[cfg(test)]
mod tests;
