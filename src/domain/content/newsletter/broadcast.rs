//! A version with its names put in: what a reader receives.

use super::{
    Filling, Version,
    label::Part,
    preview::preview,
    render::{self, Letter},
    version::{Written, WrittenLine},
};
use crate::{
    api::{ContentField, FieldPlace, Severity},
    domain::{
        content::{
            diagnostic::Diagnostic,
            email::template::place,
            rendering::{LinkProblem, check_link, has_parameter, with_parameter},
            text::{Span, quoted},
        },
        language,
    },
};

const LONGEST_SUBJECT: usize = 1_000;
/// An Asset keeps no more places.
const MAX_PLACES: usize = 60;

/// What a reader of one version receives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broadcast {
    /// The subject line; empty only where a problem says so.
    pub subject: String,
    /// What mail programs show beside the subject.
    pub preview_text: String,
    /// Introduction, main points, call to action, link and closing words, an empty line between them.
    pub text: String,
    /// The same as a whole HTML document.
    pub html: String,
    /// The link with its tracking; none where a problem says so.
    pub link: Option<String>,
    /// Where subject, preview text, link and the lines of the text stand.
    pub places: Vec<FieldPlace>,
}

impl Version {
    /// What readers receive, and what is wrong with it beside the problems of the version.
    pub fn broadcast(&self, filling: &Filling<'_>) -> (Broadcast, Vec<Diagnostic>) {
        let mut found = filling.problems(self);
        let subject = self.subject(filling, &mut found);
        let (link, address) = self.link(filling, &mut found);
        let intro = self.filled(Part::Intro, filling);
        let preview_text = preview(&intro);
        let (above, closing) = self.around(filling);
        let html = render::html(&Letter {
            language: &self.locale,
            direction: language::direction(&self.locale),
            subject: &subject,
            preview: &preview_text,
            above: &above,
            link: &address,
            closing: &closing,
        });
        let broadcast = Broadcast {
            subject,
            preview_text,
            text: format!("{above}\n{address}\n\n{closing}").trim().to_owned(),
            html,
            link,
            places: self.places(),
        };
        (broadcast, found)
    }

    fn written(&self, part: Part) -> &[WrittenLine] {
        self.parts
            .get(&part)
            .map_or(&[], |written| written.lines.as_slice())
    }

    fn filled(&self, part: Part, filling: &Filling<'_>) -> Vec<String> {
        let lines = self.written(part).iter();
        lines.map(|line| filling.fill(&line.words)).collect()
    }

    /// The words above the link, and those below it.
    fn around(&self, filling: &Filling<'_>) -> (String, String) {
        let above = [Part::Intro, Part::MainPoints, Part::Cta];
        let above = above.map(|part| self.filled(part, filling).join("\n"));
        (above.join("\n\n"), self.filled(Part::Closing, filling).join("\n"))
    }

    fn subject(&self, filling: &Filling<'_>, found: &mut Vec<Diagnostic>) -> String {
        let subject = self.filled(Part::Subject, filling).join(" ");
        if subject.chars().nth(LONGEST_SUBJECT).is_none() {
            return subject;
        }
        let message = format!("The subject has more than {LONGEST_SUBJECT} characters.");
        found.extend(self.at(
            Part::Subject,
            (Severity::Error, "TooLong"),
            (message, "Shorten it."),
        ));
        String::new()
    }

    /// The link where it can be used, and the words that stand in its place.
    fn link(&self, filling: &Filling<'_>, found: &mut Vec<Diagnostic>) -> (Option<String>, String) {
        let words = self.filled(Part::Link, filling).join(" ");
        let line = self.written(Part::Link).first().map(|line| line.number);
        let is_reported = found.iter().any(|one| Some(one.position.line) == line);
        let error = |code: &'static str| (Severity::Error, code);
        let (code, message, help) = match check_link(&words) {
            _ if words.is_empty() || is_reported => return (None, words),
            _ if words.contains("{{") => (
                error("BadLink"),
                "The link is known to the provider alone, so nobody can check or approve it.".to_owned(),
                "Write the address, or give the name a value in queues[].newsletters.variables of the Campaign.",
            ),
            Ok(()) => {
                found.extend(self.taken_parameter(&words, filling));
                let tracked = with_parameter(&words, filling.parameter);
                return (Some(tracked.clone()), tracked);
            }
            Err(LinkProblem::UtmMissing(names)) => (
                error("UtmMissing"),
                format!("The link lacks {}.", names.join(", ")),
                "Clicks are counted by them: add them as ?utm_source=...&utm_medium=...&utm_campaign=...",
            ),
            Err(LinkProblem::NotALink) => (
                error("BadLink"),
                format!("{} is no link.", quoted(&words)),
                "Write an address that begins with https:// and has no spaces.",
            ),
            Err(LinkProblem::TooLong) => (
                error("BadLink"),
                "The link is too long.".to_owned(),
                "Shorten it to 4,000 characters.",
            ),
        };
        found.extend(self.at(Part::Link, code, (message, help)));
        (None, words)
    }

    fn taken_parameter(&self, link: &str, filling: &Filling<'_>) -> Option<Diagnostic> {
        let name = filling.parameter.0;
        if name.is_empty() || !has_parameter(link, name) {
            return None;
        }
        let message = format!(
            "The link has a parameter {} of its own, which stays.",
            quoted(name)
        );
        let help =
            "Clicks on this issue cannot be told apart by list; remove it, or set tracking.slotParameter.";
        self.at(
            Part::Link,
            (Severity::Warning, "SlotParameterTaken"),
            (message, help),
        )
    }

    /// A problem of a part that is one line.
    fn at(&self, part: Part, code: (Severity, &'static str), said: (String, &str)) -> Option<Diagnostic> {
        let Written { lines, label } = self.parts.get(&part)?;
        let span = lines.first().map_or(*label, |line| {
            let column = usize::try_from(line.column).unwrap_or_default();
            Span::of(line.number, column, &line.words)
        });
        Some(Diagnostic::at(&self.path, span, code, said))
    }

    fn places(&self) -> Vec<FieldPlace> {
        let first = |part: Part, field: ContentField| {
            let line = self.written(part).first();
            line.map(|line| place(field, 1, (line.number, line.column)))
        };
        let single = [
            first(Part::Subject, ContentField::Subject),
            first(Part::Intro, ContentField::PreviewText),
            first(Part::Link, ContentField::Link),
        ];
        let mut places: Vec<FieldPlace> = single.into_iter().flatten().collect();
        let mut expected = (0, 0, 0);
        for (from, line) in self.lines_of_text() {
            let written = (from, line.number, line.column);
            if written != expected && places.len() < MAX_PLACES {
                places.push(place(ContentField::Text, from, (line.number, line.column)));
            }
            expected = (from.saturating_add(1), line.number.saturating_add(1), 1);
        }
        places
    }

    /// The lines of the text with their numbers in it: an empty one stands between two parts, none above the link.
    fn lines_of_text(&self) -> impl Iterator<Item = (u32, &WrittenLine)> {
        let parts = [
            Part::Intro,
            Part::MainPoints,
            Part::Cta,
            Part::Link,
            Part::Closing,
        ];
        let mut next = 1;
        let mut numbered = Vec::new();
        for part in parts {
            if part == Part::Link {
                next -= 1;
            }
            let lines = self.written(part);
            numbered.extend((next..).zip(lines));
            next += u32::try_from(lines.len()).unwrap_or(u32::MAX / 8) + 1;
        }
        numbered.into_iter()
    }
}
