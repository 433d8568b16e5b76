//! A sheet as a JSON array of records.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Cell, Column, MAX_COLUMNS, MAX_ROWS, Record, Sheet, cell_too_long, too_many_rows};
use crate::domain::content::{
    json::{self, Limits, Member, Node, Value},
    text::{Text, quoted},
};

const LIMITS: Limits = Limits {
    depth: 8,
    values: MAX_ROWS * (Column::ALL.len() + 2) + 1,
};

/// Reads an array of objects, one for each row.
pub(super) fn read<'a>(text: &Text<'a>) -> Sheet<'a> {
    let root = match json::parse(text, LIMITS) {
        Ok(root) => root,
        Err(error) => return Sheet::unreadable(vec![*error]),
    };
    let Some(nodes) = root.list() else {
        let message = format!(
            "A JSON sheet is an array of records; this file holds {}.",
            root.kind()
        );
        let help = "Write [{\"post_id\": \"...\", ...}, ...].";
        return Sheet::unreadable(vec![text.error(root.span(), "NotASheet", message, help).fatal()]);
    };
    if let Some(node) = nodes.get(MAX_ROWS) {
        return Sheet::unreadable(vec![too_many_rows(text, node.span())]);
    }
    let mut sheet = Sheet::default();
    let mut unknown = BTreeSet::new();
    for node in nodes {
        let record = record(text, node, &mut sheet, &mut unknown);
        sheet.records.push(record);
    }
    missing_columns(text, &root, &mut sheet);
    sheet
}

fn record<'a>(
    text: &Text<'a>,
    node: &Node,
    sheet: &mut Sheet<'a>,
    unknown: &mut BTreeSet<String>,
) -> Record<'a> {
    let mut record = Record {
        span: node.span(),
        ..Record::default()
    };
    let Some(members) = node.object() else {
        let message = format!("A record is an object; this is {}.", node.kind());
        record.problems.push(text.error(
            node.span(),
            "NotARecord",
            message,
            "Write {\"post_id\": \"...\", ...}.",
        ));
        return record;
    };
    for member in members {
        let Some(column) = Column::of_name(&member.name) else {
            if unknown.len() < MAX_COLUMNS && unknown.insert(member.name.clone()) {
                sheet
                    .diagnostics
                    .push(super::unknown_column(text, member.span, &member.name));
            }
            continue;
        };
        if record.cell(column).is_some() {
            let message = format!("The record has the column {} twice.", column.name());
            let problem = text.error(member.span, "DuplicateColumn", message, "Keep one of the two.");
            record.problems.push(problem);
            continue;
        }
        let cell = cell(text, member, &mut record);
        if cell.words.len() > super::MAX_CELL {
            sheet.diagnostics.push(cell_too_long(text, &cell));
        }
        record.cells.push((column, cell));
    }
    record
}

fn cell<'a>(text: &Text<'_>, member: &Member, record: &mut Record<'a>) -> Cell<'a> {
    let node = &member.node;
    let words = match &node.value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(words) | Value::Text(words) => words.clone(),
        Value::List(_) | Value::Object(_) => {
            let message = format!("{} is {}, not text.", quoted(&member.name), node.kind());
            let help = "Write it as one text; several items stand in one text, separated by |.";
            record
                .problems
                .push(text.error(node.span(), "NotText", message, help));
            String::new()
        }
    };
    Cell {
        words: Cow::Owned(words),
        span: node.span(),
    }
}

/// A required column is missing where no record at all has it; one that a single record lacks is empty there.
fn missing_columns(text: &Text<'_>, root: &Node, sheet: &mut Sheet<'_>) {
    if sheet.records.is_empty() {
        return;
    }
    let present: BTreeSet<Column> = sheet
        .records
        .iter()
        .flat_map(|record| record.cells.iter().map(|(column, _)| *column))
        .collect();
    let missing = Column::REQUIRED
        .into_iter()
        .filter(|column| !present.contains(column));
    for column in missing {
        sheet
            .diagnostics
            .push(super::column_missing(text, root.span(), column, &[]));
    }
}
