//! Where the parts of an asset stand in the file that they were written in.

use std::borrow::Cow;

use super::candidate::{Candidate, Origin};
use crate::{
    api::{ContentField, FieldPlace},
    domain::{
        content::{
            post::Post,
            sheet::{Cell, Column},
        },
        items,
    },
};

/// An Asset keeps no more places.
const MAX_PLACES: usize = 64;

/// The places of a publication whose rendered text is given.
pub(super) fn of(candidate: &Candidate<'_>, text: &str) -> Vec<FieldPlace> {
    let mut places = match &candidate.origin {
        Origin::Row { post, .. } if candidate.is_main() => of_row(post, text, is_json(candidate.path)),
        Origin::Row { post, .. } => of_item(post, candidate, is_json(candidate.path)),
        Origin::Made(_, places) => places.clone(),
    };
    places.truncate(MAX_PLACES);
    places
}

/// The column that the words of an item stand in.
pub(super) fn column(candidate: &Candidate<'_>) -> Column {
    match candidate.slot.fields().item.as_str() {
        items::MAIN => Column::PostCopy,
        items::FIRST_COMMENT => Column::FirstComment,
        _ => Column::Thread,
    }
}

/// The place of an item: its line in the cell, and in JSON the cell, which is one line there.
fn of_item(post: &Post<'_>, candidate: &Candidate<'_>, json: bool) -> Vec<FieldPlace> {
    let Some(cell) = post.record.cell(column(candidate)) else {
        return Vec::new();
    };
    let number = items::number(&candidate.slot.fields().item);
    let item = number.and_then(|number| post.thread.get(number - 2));
    let line = item.filter(|_| !json).map_or(0, |item| item.line);
    let first = place(ContentField::Text, 1, (cell, json));
    if line == 0 {
        return vec![first];
    }
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    vec![FieldPlace {
        line: cell.span.position.line.saturating_add(line),
        column: 1,
        ..first
    }]
}

/// In a JSON sheet a cell is one line of the file, whatever line breaks it means.
fn is_json(path: &str) -> bool {
    path.rsplit('.')
        .next()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn of_row(post: &Post<'_>, text: &str, json: bool) -> Vec<FieldPlace> {
    let mut places = Vec::new();
    let link = post.record.cell(Column::UtmUrl);
    let mut copied = 0;
    if let Some(copy) = post.record.cell(Column::PostCopy) {
        copied = copy.words.trim().lines().count();
        lines(ContentField::Text, copy, json, &mut places);
    }
    // Below the copy and an empty line stands the link of the row.
    let below = text.lines().count();
    if let Some(link) = link.filter(|_| below > copied) {
        let from = u32::try_from(below).unwrap_or(u32::MAX);
        places.push(place(ContentField::Text, from, (link, json)));
    }
    places.extend(link.map(|link| place(ContentField::Link, 1, (link, json))));
    for (field, column) in [
        (ContentField::Title, Column::Title),
        (ContentField::AltText, Column::AltText),
    ] {
        let cell = post
            .record
            .cell(column)
            .filter(|cell| !cell.words.trim().is_empty());
        places.extend(cell.map(|cell| place(field, 1, (cell, json))));
    }
    places
}

/// The lines of a cell, without the space around its words.
fn lines(field: ContentField, cell: &Cell<'_>, json: bool, places: &mut Vec<FieldPlace>) {
    let first = place(field, 1, (cell, json));
    if !json {
        places.push(first);
        return;
    }
    // A line break is written as two characters, as is a quote.
    let mut column = first.column;
    for (words, from) in cell.words.trim().lines().zip(1..).take(MAX_PLACES / 2) {
        places.push(FieldPlace {
            from,
            column,
            ..first.clone()
        });
        let length = words.chars().count() + words.matches('"').count() + 2;
        column = column.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
    }
}

/// The place at which the words of a cell begin, space before them left out.
fn place(field: ContentField, from: u32, (cell, json): (&Cell<'_>, bool)) -> FieldPlace {
    let words = cell.words.as_ref();
    let space = words
        .get(..words.len() - words.trim_start().len())
        .unwrap_or_default();
    let breaks = if json { 0 } else { space.matches('\n').count() };
    // JSON begins with its quote, and writes a line break as two characters.
    let after = if json {
        1 + space.chars().count() + space.matches('\n').count()
    } else {
        space.rsplit('\n').next().unwrap_or_default().chars().count()
    };
    let start = if breaks == 0 { cell.span.position.column } else { 1 };
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    FieldPlace {
        field,
        path: None,
        from,
        line: cell.span.position.line.saturating_add(number(breaks)),
        column: start.saturating_add(number(after)),
        // Words that differ from what is written had quotes to resolve.
        quoted: matches!(cell.words, Cow::Owned(_)),
    }
}
