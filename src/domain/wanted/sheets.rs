//! From the rows of the sheets to publications: one for each account that a row names.

use std::collections::BTreeSet;

use super::{
    Inputs, Rows, Wanted,
    candidate::{Candidate, Origin, Slots},
    tasks::Tasks,
    times::{OwnTime, Times},
};
use crate::{
    api::Intent,
    domain::{
        content::{
            diagnostic::Diagnostic,
            post::Post,
            rendering::has_parameter,
            sheet::{self, Column, Record},
            text::{Text, quoted},
        },
        slot::{Slot, compared, compared_locale},
    },
};

/// The platform whose rows are parts of an issue.
const NEWSLETTER: &str = "newsletter";
/// More problems of one file than a person reads; the rest are counted.
const MAX_DIAGNOSTICS: usize = 10_000;

/// The posts of one sheet.
pub(super) struct Posts<'a> {
    pub(super) path: &'a str,
    /// Rows that are sent by themselves.
    pub(super) alone: Vec<Post<'a>>,
    /// Rows that an issue takes up: no Assets of their own.
    parts: Vec<Post<'a>>,
}

/// Reads every sheet, and collects the problems of its rows.
pub(super) fn read<'a>(
    inputs: &Inputs<'_>,
    rows: Rows,
    (texts, tasks, issues): (&[Text<'a>], &Tasks<'_>, &BTreeSet<String>),
    wanted: &mut Wanted,
) -> Vec<Posts<'a>> {
    let read = texts.iter().map(|text| {
        let closed = tasks.closes(text.path());
        posts(inputs, rows, (text, closed, issues), wanted)
    });
    read.collect()
}

fn posts<'a>(
    inputs: &Inputs<'_>,
    rows: Rows,
    (text, closed, issues): (&Text<'a>, Option<Intent>, &BTreeSet<String>),
    wanted: &mut Wanted,
) -> Posts<'a> {
    let sheet = sheet::read(text);
    let readable = sheet.is_readable();
    if !readable {
        wanted.unread.push(text.path().to_owned());
    }
    let mut found = sheet.diagnostics;
    let mut left_out = 0;
    let all_named = sheet
        .records
        .iter()
        .all(|record| !record.words(Column::Campaign).is_empty());
    if let Some(file) = wanted.files.iter_mut().find(|file| file.path == text.path()) {
        file.names_its_campaigns = readable && all_named && !sheet.records.is_empty();
    }
    let mut posts = Vec::with_capacity(sheet.records.len());
    let mut parts = Vec::new();
    for record in sheet.records {
        if rows == Rows::OfCampaign && !belongs(inputs, &record) {
            continue;
        }
        let mut post = Post::read(text, record, closed);
        if is_part(&post, issues) {
            found.push(part_of_issue(text, &post));
            parts.push(post);
            continue;
        }
        post.problems.extend(taken_parameter(inputs, text, &post));
        let room = MAX_DIAGNOSTICS.saturating_sub(found.len());
        found.extend(post.problems.iter().take(room).cloned());
        left_out += post.problems.len().saturating_sub(room);
        // The row keeps its problems for its Assets, which show no excerpt.
        for problem in &mut post.problems {
            problem.excerpt = String::new();
        }
        posts.push(post);
    }
    found.extend((left_out > 0).then(|| more_problems(text, left_out)));
    found.sort_by_key(|diagnostic| diagnostic.position);
    wanted.diagnostics.extend(found);
    Posts {
        path: text.path(),
        alone: posts,
        parts,
    }
}

/// True for an open row on platform newsletter in a language that an issue is sent in.
fn is_part(post: &Post<'_>, issues: &BTreeSet<String>) -> bool {
    let closed = matches!(post.intent, Intent::Skip | Intent::Posted);
    !closed && post.platform == NEWSLETTER && issues.contains(&compared_locale(&post.locale))
}

fn part_of_issue(text: &Text<'_>, post: &Post<'_>) -> Diagnostic {
    let message = format!(
        "The row {} is a part of the issue in {}: it is not sent by itself.",
        quoted(post.record.words(Column::PostId)),
        post.locale
    );
    let help = "Readers receive what stands in the file of the issue. Write skip if the row is done with.";
    let place = post.record.place(Column::Platform);
    text.warning(place, "PartOfIssue", message, help)
}

/// The slots of rows that an issue takes up: they have not vanished.
pub(super) fn slots_of_parts(slots: &Slots<'_>, sheets: &[Posts<'_>]) -> Vec<Slot> {
    let parts = sheets.iter().flat_map(|sheet| &sheet.parts);
    let of = |post: &Post<'_>| {
        let (id, occurrence) = (
            post.record.words(Column::PostId),
            post.record.words(Column::Occurrence),
        );
        let accounts = post.accounts.iter();
        let slots =
            accounts.map(|account| slots.repeated(id, (&post.platform, account), &post.locale, occurrence));
        slots.collect::<Vec<_>>()
    };
    parts.flat_map(of).collect()
}

/// A row that names a campaign belongs to that one alone.
fn belongs(inputs: &Inputs<'_>, record: &Record<'_>) -> bool {
    let named = compared(record.words(Column::Campaign));
    named.is_empty() || named == compared(inputs.campaign_name) || named == compared(inputs.campaign_id())
}

fn taken_parameter(inputs: &Inputs<'_>, text: &Text<'_>, post: &Post<'_>) -> Option<Diagnostic> {
    let name = inputs.campaign.tracking.slot_parameter.as_str();
    let link = post.link()?;
    // Most links do not hold the name at all: spare them the parsing.
    if name.is_empty() || !link.contains(name) || !has_parameter(link, name) {
        return None;
    }
    let message = format!(
        "The link has a parameter {} of its own, which stays.",
        quoted(name)
    );
    let help =
        "Clicks on this post cannot be told apart by account; remove it, or set tracking.slotParameter.";
    Some(text.warning(
        post.record.place(Column::UtmUrl),
        "SlotParameterTaken",
        message,
        help,
    ))
}

fn more_problems(text: &Text<'_>, left_out: usize) -> Diagnostic {
    let message = format!("{left_out} more problems of this file are not shown.");
    let span = crate::domain::content::text::Span::default();
    text.error(
        span,
        "MoreProblems",
        message,
        "Repair those that are shown first.",
    )
}

/// Makes a candidate of every item of every row, for each of its accounts.
pub(super) fn candidates<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    sheets: &'a [Posts<'a>],
    candidates: &mut Vec<Candidate<'a>>,
) {
    for sheet in sheets {
        for post in &sheet.alone {
            for account in &post.accounts {
                let main = candidate(slots, times, (sheet.path, post), account);
                let further = post.items().into_iter().skip(1).map(|item| Candidate {
                    slot: main.slot.of_item(&item),
                    ..main.clone()
                });
                let further: Vec<Candidate<'a>> = further.collect();
                candidates.push(main);
                candidates.extend(further);
            }
        }
    }
}

fn candidate<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    (path, post): (&'a str, &'a Post<'a>),
    account: &str,
) -> Candidate<'a> {
    let post_id = post.record.words(Column::PostId);
    let occurrence = post.record.words(Column::Occurrence);
    let slot = slots.repeated(post_id, (&post.platform, account), &post.locale, occurrence);
    let own = OwnTime {
        date: post.date,
        time: post.time,
        zone: post.time_zone.as_deref(),
    };
    let (schedule, instant) = times.schedule(own, (&post.platform, account), &post.locale);
    let mut candidate = Candidate {
        slot,
        instant,
        intent: post.intent,
        path,
        span: post.record.span,
        findings: Vec::new(),
        origin: Origin::Row { post, schedule },
    };
    candidate.find_all(&post.problems);
    candidate
}
