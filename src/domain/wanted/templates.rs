//! E-mail templates: one for each heading of an e-mail file that names locale and step.

use super::{
    Inputs, Wanted,
    candidate::{Candidate, Made, Origin, Slots},
    reading,
    tasks::{Sequence, Tasks},
    times::{OwnTime, Times},
};
use crate::{
    api::{
        AssetContent, AssetType, ContentField, EmailFile, EmailHtml, FieldPlace, Intent, LinkPlacement,
        Severity,
    },
    domain::{
        content::{
            diagnostic::Diagnostic,
            email::{self, EmailFileContent, EmailTemplate},
            text::{Span, quoted},
        },
        language, schedule,
        slot::{compared, compared_locale},
    },
};

/// The parser's own bound of an e-mail file.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The parser's own bound of finished HTML.
const MAX_HTML_BYTES: u64 = 512 * 1024;
const PLATFORM: &str = "email";

/// An e-mail file that was read.
pub(super) struct ReadEmails<'a> {
    file: &'a EmailFile,
    path: String,
    content: EmailFileContent,
}

/// Reads the e-mail files; a broken one stops what comes from it, not the campaign.
pub(super) fn files<'a>(inputs: &Inputs<'a>, wanted: &mut Wanted) -> Vec<ReadEmails<'a>> {
    let mut emails: Vec<ReadEmails<'a>> = Vec::new();
    for file in &inputs.campaign.source.emails {
        let first = emails.len();
        for path in reading::paths(inputs, &file.path, wanted, false) {
            let Some(read) = reading::read(inputs, path, (MAX_BYTES, false), wanted) else {
                continue;
            };
            let (content, problems) = email::parse(&read.path, &read.bytes, &file.labels);
            wanted.diagnostics.extend(problems);
            if content.readable {
                emails.push(ReadEmails {
                    file,
                    path: read.path,
                    content,
                });
            } else {
                wanted.unread.push(read.path);
            }
        }
        unused_html(file, emails.get(first..).unwrap_or_default(), wanted);
    }
    emails
}

/// Makes a candidate of every template.
pub(super) fn candidates<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    (emails, tasks): (&'a [ReadEmails<'a>], &Tasks<'_>),
    (candidates, wanted): (&mut Vec<Candidate<'a>>, &mut Wanted),
) {
    for read in emails {
        let sequence = tasks.sequence_of(&read.path);
        for template in &read.content.templates {
            candidates.push(candidate(slots, times, (read, template, sequence), wanted));
        }
    }
}

fn candidate<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    (read, template, sequence): (&'a ReadEmails<'a>, &'a EmailTemplate, Option<&Sequence<'_>>),
    wanted: &mut Wanted,
) -> Candidate<'a> {
    let account = &read.file.account;
    let id = format!("{account}-{}", template.id_step);
    let slot = slots.slot(&id, (PLATFORM, account), &template.locale);
    let own = OwnTime {
        date: sequence.and_then(|sequence| schedule::date(&sequence.task.due_date.value).ok()),
        ..OwnTime::default()
    };
    let (schedule, instant) = times.schedule(own, (PLATFORM, account), &template.locale);
    let intent = sequence.map_or(Intent::Draft, |sequence| sequence.intent);
    let mut found = email::undeclared(template, &read.file.variables);
    let content = content(slots.inputs, (read.file, template), &mut found, wanted);
    wanted.diagnostics.extend(found.iter().cloned());
    let made = Made {
        slot: &slot,
        type_: AssetType::Template,
        intent,
        schedule,
        content,
    };
    let mut candidate = Candidate {
        origin: Origin::Made(Box::new(made.spec(slots.inputs)), places(read.file, template)),
        slot,
        instant,
        intent,
        path: &read.path,
        span: Span::new(template.position, 0),
        findings: Vec::new(),
    };
    candidate.find_all(&template.problems);
    candidate.find_all(&found);
    candidate.find_all(sequence.map_or(&[], |sequence| sequence.problems.as_slice()));
    candidate
}

fn content(
    inputs: &Inputs<'_>,
    (file, template): (&EmailFile, &EmailTemplate),
    found: &mut Vec<Diagnostic>,
    wanted: &mut Wanted,
) -> AssetContent {
    let direction = language::direction(&template.locale);
    let finished = file.html.iter().find(|html| is_for(html, template));
    let html = match finished {
        Some(finished) => finished_html(inputs, (file, finished), found, wanted),
        None => Some(email::render_html(template, &template.locale, direction)),
    };
    AssetContent {
        text: template.body.clone(),
        html,
        subject: Some(template.subject.clone()),
        preview_text: template.preview_text.clone(),
        link_placement: LinkPlacement::None,
        language: template.locale.clone(),
        direction,
        ..AssetContent::default()
    }
}

fn finished_html(
    inputs: &Inputs<'_>,
    (file, finished): (&EmailFile, &EmailHtml),
    found: &mut Vec<Diagnostic>,
    wanted: &mut Wanted,
) -> Option<String> {
    let path = finished.path.as_str();
    match inputs.files.read(path, MAX_HTML_BYTES) {
        Ok(bytes) => {
            reading::note(wanted, path);
            let (html, problems) = email::parse_html(path, &bytes);
            found.extend(problems);
            let html = html?;
            found.extend(email::undeclared_in(path, &html.placeholders, &file.variables));
            Some(html.html)
        }
        Err(problem) => {
            found.push(reading::unread(path, &problem, false));
            None
        }
    }
}

/// Where the parts of a template stand; finished HTML is its file to the letter.
fn places(file: &EmailFile, template: &EmailTemplate) -> Vec<FieldPlace> {
    let mut places = template.places.clone();
    let finished = file.html.iter().find(|html| is_for(html, template));
    places.extend(finished.map(|finished| FieldPlace {
        field: ContentField::Html,
        path: Some(finished.path.clone()),
        from: 1,
        line: 1,
        column: 1,
        quoted: false,
    }));
    places
}

fn is_for(html: &EmailHtml, template: &EmailTemplate) -> bool {
    compared(&html.step) == compared(&template.id_step)
        && compared_locale(&html.locale) == compared_locale(&template.locale)
}

/// Finished HTML for a step or locale that no file has would be left out in silence.
fn unused_html(file: &EmailFile, read: &[ReadEmails<'_>], wanted: &mut Wanted) {
    let templates = || read.iter().flat_map(|read| &read.content.templates);
    let unused = file
        .html
        .iter()
        .filter(|html| !read.is_empty() && !templates().any(|template| is_for(html, template)));
    for html in unused {
        let message = format!(
            "There is no e-mail {} in {} for the HTML {}.",
            quoted(&html.step),
            quoted(&html.locale),
            quoted(&html.path)
        );
        let help = "Repair step or locale in emails[].html of the Campaign.";
        let code = (Severity::Error, "UnknownStep");
        wanted
            .diagnostics
            .push(Diagnostic::at(&file.path, Span::default(), code, (message, help)));
    }
}
