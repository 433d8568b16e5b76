//! The task queue: what is to be done in a week, by task.

mod fields;

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::{
    diagnostic::{Diagnostic, Position},
    json::{self, Limits, Member, Node},
    text::{Span, Text, quoted},
};
use crate::{api::Severity, domain::language};
use fields::Fields;

const LIMIT: usize = 4 * 1024 * 1024;
const MAX_TASKS: usize = 10_000;
const MAX_DIAGNOSTICS: usize = 1_000;
const LIMITS: Limits = Limits {
    depth: 64,
    // 10,000 tasks of 20 members, and what stands around them.
    values: 220_000,
};
const QUEUE_NAMES: [&str; 3] = ["week_id", "date_range", "tasks"];
const TASK_NAMES: [&str; 6] = ["id", "type", "locale", "asset", "due_date", "status"];

/// A task queue, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// False where the file as a whole cannot be used: what stands from it is to be kept as it is.
    pub readable: bool,
    /// The week that the queue says it is for; must be the campaign's.
    pub week_id: Option<Field>,
    /// First and last day.
    pub date_range: Option<(Field, Field)>,
    /// Tasks that have an id, in the order of the file; an id that stands twice is here once, with its problem.
    pub tasks: Vec<Task>,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Where the task begins.
    pub position: Position,
    /// What it is called; unique in the queue.
    pub id: Field,
    /// What is to be done, as written: `content_publish`, `email_sequence`, `social_batch`, `newsletter_send`, others.
    pub type_: Field,
    /// The canonical locale.
    pub locale: Option<Field>,
    /// Path of the file that it is about.
    pub asset: Field,
    /// The day, YYYY-MM-DD.
    pub due_date: Field,
    /// The status, trimmed and in lower case; what it means is decided with the sheet's.
    pub status: Field,
    /// Errors that stand in the task; one with any may not be acted on, and its fields may be empty.
    pub problems: Vec<Diagnostic>,
}

/// A string of the file and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The string, trimmed.
    pub value: String,
    /// Its place, quotes included.
    pub span: Span,
}

/// Reads a task queue, with every problem at its place; nothing of an unreadable one is used.
pub fn parse(path: &str, bytes: &[u8]) -> (Queue, Vec<Diagnostic>) {
    let decoded = Text::decode(path, bytes, LIMIT);
    let read = decoded.and_then(|text| {
        let node = json::parse(&text, LIMITS)?;
        Ok((text, node))
    });
    match read {
        Ok((text, node)) => queue(&text, &node),
        // A broken queue stops what comes from it, not the campaign.
        Err(error) => (Queue::default(), vec![error.not_fatal()]),
    }
}

fn queue(text: &Text<'_>, node: &Node) -> (Queue, Vec<Diagnostic>) {
    let mut fields = Fields::new(text, node.span());
    let Some(members) = node.object() else {
        fields.error(
            node.span(),
            "NotAQueue",
            format!("A task queue is an object; this file holds {}.", node.kind()),
            "Write {\"week_id\": \"...\", \"tasks\": [...]}.",
        );
        return (Queue::default(), fields.diagnostics);
    };
    fields.known(members, &QUEUE_NAMES);
    let week_id = fields.text(members, "week_id", 128);
    let date_range = node.get("date_range").and_then(|range| days(&mut fields, range));
    let nodes = task_nodes(&mut fields, node);
    let mut diagnostics = fields.diagnostics;
    let readable = week_id.is_some() && nodes.is_some();
    let mut queue = Queue {
        readable,
        week_id,
        date_range,
        tasks: Vec::new(),
    };
    for node in nodes.unwrap_or_default() {
        let (task, found) = task(text, node);
        diagnostics.extend(found);
        queue.tasks.extend(task);
    }
    drop_repeated(text, &mut queue.tasks, &mut diagnostics);
    diagnostics.truncate(MAX_DIAGNOSTICS);
    (queue, diagnostics)
}

fn days(fields: &mut Fields<'_>, range: &Node) -> Option<(Field, Field)> {
    let Some(members) = range.object() else {
        fields.wrong_kind("date_range", range, "an object with `start` and `end`");
        return None;
    };
    fields.known(members, &["start", "end"]);
    let start = fields.day(members, "start");
    let end = fields.day(members, "end");
    let (start, end) = (start?, end?);
    // Days in this form compare as text.
    if end.value < start.value {
        fields.error(
            end.span,
            "BadDate",
            "The range ends before it starts.".to_owned(),
            "Swap the two days.",
        );
    }
    Some((start, end))
}

fn task_nodes<'n>(fields: &mut Fields<'_>, queue: &'n Node) -> Option<&'n [Node]> {
    let Some(tasks) = queue.get("tasks") else {
        fields.missing("tasks");
        return None;
    };
    let Some(nodes) = tasks.list() else {
        fields.wrong_kind("tasks", tasks, "a list");
        return None;
    };
    if nodes.len() > MAX_TASKS {
        fields.error(
            tasks.span(),
            "TooManyTasks",
            format!("The queue has {} tasks; the limit is {MAX_TASKS}.", nodes.len()),
            "Split it into several queues.",
        );
        return None;
    }
    Some(nodes)
}

fn task(text: &Text<'_>, node: &Node) -> (Option<Task>, Vec<Diagnostic>) {
    let mut fields = Fields::new(text, node.span());
    let Some(members) = node.object() else {
        fields.wrong_kind("tasks", node, "a list of objects");
        return (None, fields.diagnostics);
    };
    fields.known(members, &TASK_NAMES);
    let id = fields.text(members, "id", 256);
    let mut task = Task {
        position: node.position,
        id: Field::default(),
        type_: fields.text(members, "type", 64).unwrap_or_default(),
        locale: locale(&mut fields, members),
        asset: fields.text(members, "asset", 1024).unwrap_or_default(),
        due_date: fields.day(members, "due_date").unwrap_or_default(),
        status: fields.text(members, "status", 64).unwrap_or_default(),
        problems: Vec::new(),
    };
    task.status.value = task.status.value.to_lowercase();
    let errors = |found: &&Diagnostic| found.severity == Severity::Error;
    task.problems = fields.diagnostics.iter().filter(errors).cloned().collect();
    let task = id.map(|id| Task { id, ..task });
    (task, fields.diagnostics)
}

fn locale(fields: &mut Fields<'_>, members: &[Member]) -> Option<Field> {
    members.iter().find(|member| member.name == "locale")?;
    let field = fields.text(members, "locale", 64)?;
    let canonical = language::canonical(&field.value);
    if canonical.is_none() {
        fields.error(
            field.span,
            "BadLocale",
            format!("{} is no locale.", quoted(&field.value)),
            "Write a BCP 47 tag such as `en`, `he` or `pt-BR`.",
        );
    }
    Some(Field {
        value: canonical?,
        ..field
    })
}

/// Keeps the first task of each id, and puts the problem of the second onto it: neither may be acted on.
fn drop_repeated(text: &Text<'_>, tasks: &mut Vec<Task>, diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Task> = Vec::with_capacity(tasks.len());
    for task in tasks.drain(..) {
        // As identities are compared everywhere: NFC, lower case.
        let id = task.id.value.nfc().collect::<String>().to_lowercase();
        let index = *seen.entry(id).or_insert(kept.len());
        let Some(first) = kept.get_mut(index) else {
            kept.push(task);
            continue;
        };
        let line = first.id.span.position.line;
        let problem = text.error(
            task.id.span,
            "DuplicateTask",
            format!("The task {} is already on line {line}.", quoted(&task.id.value)),
            "Give each task its own id.",
        );
        diagnostics.push(problem.clone());
        if first.problems.len() < 20 {
            first.problems.push(problem);
        }
    }
    *tasks = kept;
}

#[cfg(test)]
mod tests;
