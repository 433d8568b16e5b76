//! The issue of a newsletter: one version for each heading with a locale, and prose around them.

mod broadcast;
mod heading;
mod label;
mod preview;
mod render;
mod variables;
mod version;

use super::{
    diagnostic::Diagnostic,
    email::{Prose, section},
    text::{Span, Text, quoted},
};
use crate::api::NewsletterLabels;
pub use broadcast::Broadcast;
use label::{Labels, labels};
pub use variables::Filling;
pub use version::Version;

/// The largest file of an issue, in bytes.
pub const LIMIT: usize = 1024 * 1024;
/// Long enough for a paragraph; it bounds the walk that counts the columns of a line.
const LONGEST_LINE: usize = 64 * 1024;
const MAX_VERSIONS: usize = 32;
const MAX_DIAGNOSTICS: usize = 1_000;
const MAX_PROBLEMS: usize = 20;

/// What the file of an issue holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issue {
    /// False where the file as a whole cannot be used: what stands from it is to be kept as it is.
    pub readable: bool,
    /// The versions in the order of the file; a locale that stands twice is here once, with its problem.
    pub versions: Vec<Version>,
    /// Everything else, in the order of the file.
    pub prose: Vec<Prose>,
}

/// Reads the file of an issue, with every problem at its place.
///
/// `more` labels are known beside the English and the Hebrew ones. Problems never are fatal: a broken issue stops what
/// comes from it, not the campaign.
pub fn parse(path: &str, bytes: &[u8], more: &[NewsletterLabels]) -> (Issue, Vec<Diagnostic>) {
    let read = Text::decode(path, bytes, LIMIT).and_then(|text| bounded(&text).map(|()| text));
    match read {
        Ok(text) => Reading::new(&text, labels(more)).finish(),
        Err(error) => (Issue::default(), vec![error.not_fatal()]),
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
    issue: Issue,
    diagnostics: Vec<Diagnostic>,
    /// Level of the heading of the version that we are under.
    under: Option<usize>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t Text<'t>, labels: Labels) -> Self {
        Self {
            text,
            labels,
            issue: Issue {
                readable: true,
                ..Issue::default()
            },
            diagnostics: Vec::new(),
            under: None,
        }
    }

    fn finish(mut self) -> (Issue, Vec<Diagnostic>) {
        let sections = section::split_where(self.text, |heading| heading::locale(heading).is_some());
        for section in sections {
            match section.heading.as_ref().and_then(heading::locale) {
                Some(locale) => self.version(&section, locale),
                None => self.prose(&section),
            }
            if self.issue.versions.len() > MAX_VERSIONS {
                self.too_many(&section);
                break;
            }
        }
        if self.issue.readable && self.issue.versions.is_empty() {
            self.no_versions();
        }
        self.diagnostics.sort();
        self.diagnostics.truncate(MAX_DIAGNOSTICS);
        (self.issue, self.diagnostics)
    }

    fn version(&mut self, section: &section::Section<'_>, locale: String) {
        self.under = section.level();
        let (version, found) = version::read(self.text, &self.labels, section, locale);
        self.diagnostics.extend(found);
        let same = |other: &&mut Version| other.locale == version.locale;
        let Some(first) = self.issue.versions.iter_mut().find(same) else {
            self.issue.versions.push(version);
            return;
        };
        let message = format!(
            "The issue has a version in {} already, on line {}.",
            version.locale, first.position.line
        );
        let help = "Keep one of the two: a list receives an issue once.";
        let problem = self.text.error(section.span(), "DuplicateVersion", message, help);
        self.diagnostics.push(problem.clone());
        first.stop(problem);
    }

    fn prose(&mut self, section: &section::Section<'_>) {
        let prose = section.prose();
        if prose.heading.is_empty() && prose.text.is_empty() {
            return;
        }
        let level = section.level().unwrap_or_default();
        if let Some(under) = self.under.filter(|under| level > *under) {
            self.inside(section, under);
        } else {
            self.under = None;
            self.not_enforced(section);
        }
        self.issue.prose.push(prose);
    }

    /// Said at the first words: a title with nothing under it asks nothing of us.
    fn not_enforced(&mut self, section: &section::Section<'_>) {
        let first = section.lines.iter().find(|line| {
            let words = line.words.trim();
            !words.is_empty() && !super::email::template::is_rule(words)
        });
        let Some(first) = first else { return };
        let words = first.words.trim();
        let column = first.words.chars().take_while(|one| one.is_whitespace()).count() + 1;
        let message = format!(
            "{} and what follows is no part of a version: it is kept and shown, and not enforced.",
            quoted(words)
        );
        let help = "The day of an issue is the due_date of its task, the time is the Campaign's.";
        let span = Span::of(first.number, column, words);
        let warning = self.text.warning(span, "NotEnforced", message, help);
        self.diagnostics.push(warning);
    }

    /// A heading below a version's own: to send what follows, or to leave it out, would both be a guess.
    fn inside(&mut self, section: &section::Section<'_>, level: usize) {
        let Some(version) = self.issue.versions.last_mut() else {
            return;
        };
        let message = format!("This heading stands inside the version in {}.", version.locale);
        let help = format!(
            "If it is a label, write it without `#` and with a colon; if it is no part of the issue, give it {level} `#` or \
             fewer."
        );
        let problem = self
            .text
            .error(section.span(), "HeadingInVersion", message, &help);
        self.diagnostics.push(problem.clone());
        version.stop(problem);
    }

    fn too_many(&mut self, section: &section::Section<'_>) {
        let message = format!("The issue has more than {MAX_VERSIONS} versions.");
        let help = "Split it into several files, with a task for each.";
        let error = self.text.error(section.span(), "TooManyVersions", message, help);
        self.diagnostics.push(error);
        self.issue = Issue::default();
    }

    fn no_versions(&mut self) {
        let message = "No heading of the file names a locale, so there is nothing to send.".to_owned();
        let help = "Write a heading for each language, such as `## EN Version` and `## HE Version`.";
        let error = self.text.error(Span::of(1, 1, ""), "NoVersions", message, help);
        self.diagnostics.push(error);
        self.issue.readable = false;
    }
}

impl Version {
    /// One is enough to stop it.
    fn stop(&mut self, problem: Diagnostic) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

#[cfg(test)]
mod tests;
