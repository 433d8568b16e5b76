//! Pages: one for each `content_publish` task.

use super::{
    Inputs, Wanted,
    candidate::{Candidate, Made, Origin, Slots},
    reading,
    tasks::{PageTask, Tasks},
    times::{OwnTime, Times},
};
use crate::{
    api::{AssetContent, AssetType, FieldPlace, Severity},
    domain::{
        content::{
            diagnostic::Diagnostic,
            page::{self, Page},
            text::{Span, quoted},
        },
        language, schedule,
    },
};

/// The parser's own bound of a page.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Makes a candidate of every page task.
pub(super) fn candidates<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    tasks: &'a Tasks<'a>,
    (candidates, wanted): (&mut Vec<Candidate<'a>>, &mut Wanted),
) {
    for page in &tasks.pages {
        candidates.extend(candidate(slots, times, page, wanted));
    }
}

fn candidate<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    page: &'a PageTask<'a>,
    wanted: &mut Wanted,
) -> Option<Candidate<'a>> {
    let PageTask { task, target, .. } = page;
    let Some(locale) = &task.locale else {
        wanted.diagnostics.extend(no_locale(page));
        return None;
    };
    let locale = &locale.value;
    let slot = slots.slot(&task.id.value, (&target.platform, &target.account), locale);
    let own = OwnTime {
        date: schedule::date(&task.due_date.value).ok(),
        ..OwnTime::default()
    };
    let (schedule, instant) = times.schedule(own, (&target.platform, &target.account), locale);
    let (content, places, problems) = content(slots.inputs, page, locale, wanted);
    let made = Made {
        slot: &slot,
        type_: AssetType::Page,
        intent: page.intent,
        schedule,
        content,
    };
    let mut candidate = Candidate {
        origin: Origin::Made(Box::new(made.spec(slots.inputs)), places),
        slot,
        instant,
        intent: page.intent,
        path: if task.asset.value.is_empty() {
            page.queue
        } else {
            &task.asset.value
        },
        span: if task.asset.value.is_empty() {
            task.id.span
        } else {
            Span::of(1, 1, "")
        },
        findings: Vec::new(),
    };
    candidate.find_all(&page.problems);
    candidate.find_all(&problems);
    Some(candidate)
}

/// Reads the page of a task, and where its parts stand; what is wrong with it is reported and given back.
fn content(
    inputs: &Inputs<'_>,
    task: &PageTask<'_>,
    locale: &str,
    wanted: &mut Wanted,
) -> (AssetContent, Vec<FieldPlace>, Vec<Diagnostic>) {
    let empty = AssetContent {
        language: locale.to_owned(),
        direction: language::direction(locale),
        ..AssetContent::default()
    };
    let path = task.task.asset.value.as_str();
    if path.is_empty() {
        return (empty, Vec::new(), Vec::new());
    }
    let (page, problems) = match inputs.files.read(path, MAX_BYTES) {
        Ok(bytes) => {
            reading::note(wanted, path);
            page::parse(path, &bytes)
        }
        Err(problem) => {
            let unread = reading::unread(path, &problem, false);
            let span = task.task.asset.span;
            let shown = (unread.message, unread.help.as_str());
            (
                None,
                vec![Diagnostic::at(
                    task.queue,
                    span,
                    (Severity::Error, unread.code),
                    shown,
                )],
            )
        }
    };
    wanted.diagnostics.extend(problems.iter().cloned());
    let places = page.as_ref().map(|page| page.places.clone()).unwrap_or_default();
    (
        page.map_or(empty.clone(), |page| of_page(&page, empty)),
        places,
        problems,
    )
}

fn of_page(page: &Page, empty: AssetContent) -> AssetContent {
    AssetContent {
        text: page.text.clone(),
        html: Some(page::document(page, &empty.language, empty.direction, None)),
        title: Some(page.title.clone()),
        excerpt: page.excerpt.clone(),
        tags: page.tags.clone(),
        date: page.date.clone(),
        ..empty
    }
}

/// A locale that is none has its problem already.
fn no_locale(page: &PageTask<'_>) -> Option<Diagnostic> {
    let known = page.problems.iter().any(|problem| problem.code == "BadLocale");
    let message = format!(
        "The task {} names no locale for its page.",
        quoted(&page.task.id.value)
    );
    let help = "Add \"locale\": \"en\", or the language that the page is written in.";
    let problem = Diagnostic::at(
        page.queue,
        page.task.id.span,
        (Severity::Error, "LocaleMissing"),
        (message, help),
    );
    (!known).then_some(problem)
}
