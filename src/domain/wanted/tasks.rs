//! The task queues: what each task asks for, and of which file.

use std::collections::BTreeMap;

use super::{Inputs, Wanted, reading};
use crate::{
    api::{Intent, Newsletters, Severity, Target},
    domain::{
        content::{
            diagnostic::Diagnostic,
            intent::intent,
            post::NOT_HANDLED,
            queue::{self, Queue, Task},
            text::quoted,
        },
        slot::compared,
    },
};

/// The parser's own bound of a queue.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// A queue that was read.
pub(super) struct ReadQueue<'a> {
    path: String,
    pages: Option<&'a Target>,
    newsletters: Option<&'a Newsletters>,
    queue: Queue,
}

/// What the tasks of all queues come to.
#[derive(Default)]
pub(super) struct Tasks<'a> {
    /// Pages to be published.
    pub(super) pages: Vec<PageTask<'a>>,
    /// Issues to be sent.
    pub(super) newsletters: Vec<NewsletterTask<'a>>,
    sequences: BTreeMap<&'a str, Sequence<'a>>,
    closed: BTreeMap<&'a str, Intent>,
}

/// A `content_publish` task.
pub(super) struct PageTask<'a> {
    pub(super) queue: &'a str,
    pub(super) task: &'a Task,
    pub(super) target: &'a Target,
    pub(super) intent: Intent,
    pub(super) problems: Vec<Diagnostic>,
}

/// A `newsletter_send` task.
pub(super) struct NewsletterTask<'a> {
    pub(super) queue: &'a str,
    pub(super) task: &'a Task,
    pub(super) newsletters: &'a Newsletters,
    pub(super) intent: Intent,
    pub(super) problems: Vec<Diagnostic>,
}

/// An `email_sequence` task: status and date of the templates of a file.
#[derive(Clone, Debug)]
pub(super) struct Sequence<'a> {
    pub(super) task: &'a Task,
    pub(super) intent: Intent,
    pub(super) problems: Vec<Diagnostic>,
}

/// Reads the queues; a broken one stops what comes from it, not the campaign.
pub(super) fn queues<'a>(inputs: &Inputs<'a>, wanted: &mut Wanted) -> Vec<ReadQueue<'a>> {
    let mut queues: Vec<ReadQueue<'a>> = Vec::new();
    for file in &inputs.campaign.source.queues {
        let paths = reading::paths(inputs, &file.path, wanted, false);
        wanted.queue_unread |= paths.is_empty();
        for path in paths {
            if queues.iter().any(|queue| queue.path == path) {
                continue;
            }
            let Some(content) = reading::read(inputs, path, (MAX_BYTES, false), wanted) else {
                wanted.queue_unread = true;
                continue;
            };
            let (queue, problems) = queue::parse(&content.path, &content.bytes);
            wanted.diagnostics.extend(problems);
            let usable = queue.readable && is_of_week(inputs, &content.path, &queue, wanted);
            if usable {
                queues.push(ReadQueue {
                    path: content.path,
                    pages: file.pages.as_ref(),
                    newsletters: file.newsletters.as_ref(),
                    queue,
                });
            } else {
                wanted.queue_unread = true;
                wanted.unread.push(content.path);
            }
        }
    }
    queues
}

fn is_of_week(inputs: &Inputs<'_>, path: &str, queue: &Queue, wanted: &mut Wanted) -> bool {
    let week = inputs.campaign.week_id.as_deref();
    let Some(named) = &queue.week_id else {
        return false;
    };
    if week.is_some_and(|week| compared(week) == compared(&named.value)) {
        return true;
    }
    let campaign = week.map_or_else(
        || "names no week".to_owned(),
        |week| format!("is for {}", quoted(week)),
    );
    let message = format!(
        "The queue is for {}, the Campaign {campaign}.",
        quoted(&named.value)
    );
    let help = "Repair week_id, or spec.weekId of the Campaign; nothing of the queue is used until then.";
    wanted.diagnostics.push(Diagnostic::at(
        path,
        named.span,
        (Severity::Error, "WeekMismatch"),
        (message, help),
    ));
    false
}

impl<'a> Tasks<'a> {
    /// Sorts the tasks by what they ask for, and reports what nothing handles.
    pub(super) fn of(inputs: &Inputs<'_>, queues: &'a [ReadQueue<'a>], wanted: &mut Wanted) -> Self {
        let mut tasks = Self::default();
        for queue in queues {
            for task in &queue.queue.tasks {
                tasks.add(inputs, queue, task, wanted);
            }
        }
        tasks
    }

    fn add(&mut self, inputs: &Inputs<'_>, queue: &'a ReadQueue<'a>, task: &'a Task, wanted: &mut Wanted) {
        let path = queue.path.as_str();
        let (intent, problem) = read_intent(path, task);
        wanted.diagnostics.extend(problem.clone());
        let problems: Vec<Diagnostic> = task.problems.iter().cloned().chain(problem).collect();
        match task.type_.value.as_str() {
            "content_publish" => match &queue.pages {
                Some(target) => self.pages.push(PageTask {
                    queue: path,
                    task,
                    target,
                    intent,
                    problems,
                }),
                None => wanted.diagnostics.push(no_target(path, task)),
            },
            "newsletter_send" => match queue.newsletters {
                Some(newsletters) => self.newsletters.push(NewsletterTask {
                    queue: path,
                    task,
                    newsletters,
                    intent,
                    problems,
                }),
                None => wanted.diagnostics.push(no_list(path, task)),
            },
            "email_sequence" => self.sequence(
                inputs,
                path,
                Sequence {
                    task,
                    intent,
                    problems,
                },
                wanted,
            ),
            "social_batch" => self.batch(path, task, (intent, problems.is_empty()), wanted),
            // A task without a type has its problem already.
            "" => {}
            other => wanted.diagnostics.push(not_handled(path, task, other)),
        }
    }

    fn sequence(&mut self, inputs: &Inputs<'_>, path: &str, sequence: Sequence<'a>, wanted: &mut Wanted) {
        let (task, asset) = (sequence.task, sequence.task.asset.value.as_str());
        let emails = &inputs.campaign.source.emails;
        let named = emails.iter().any(|email| email.path == asset)
            || wanted.files.iter().any(|file| file.path == asset)
            || wanted.is_unread(asset);
        if !asset.is_empty() && !named {
            wanted.diagnostics.push(not_named(path, task, "emails"));
        }
        if let Some(first) = self.sequences.get_mut(asset) {
            let message = format!("The e-mails of {} have a task already.", quoted(asset));
            let problem = Diagnostic::at(
                path,
                task.id.span,
                (Severity::Error, "DuplicateTask"),
                (
                    message,
                    "Keep one of the two: they may not agree on status and date.",
                ),
            );
            wanted.diagnostics.push(problem.clone());
            first.problems.push(problem);
            return;
        }
        self.sequences.insert(asset, sequence);
    }

    fn batch(&mut self, path: &str, task: &'a Task, (intent, sound): (Intent, bool), wanted: &mut Wanted) {
        let asset = task.asset.value.as_str();
        let read = wanted.files.iter().any(|file| file.path == asset);
        if !asset.is_empty() && !read {
            wanted.diagnostics.push(not_named(path, task, "sheets"));
        }
        if sound && matches!(intent, Intent::Skip | Intent::Posted) {
            self.closed.entry(asset).or_insert(intent);
        }
    }

    /// What a `social_batch` task makes of the open rows of a sheet: `Skip`, `Posted`, or nothing.
    pub(super) fn closes(&self, sheet: &str) -> Option<Intent> {
        self.closed.get(sheet).copied()
    }

    /// The task of the templates of a file.
    pub(super) fn sequence_of(&self, emails: &str) -> Option<&Sequence<'a>> {
        self.sequences.get(emails)
    }
}

fn read_intent(path: &str, task: &Task) -> (Intent, Option<Diagnostic>) {
    match intent(&task.status.value) {
        Ok(intent) => (intent, None),
        Err(help) => {
            let words = quoted(&task.status.value);
            let message = format!("The status {words} can be read in more than one way.");
            let problem = Diagnostic::at(
                path,
                task.status.span,
                (Severity::Error, "AmbiguousStatus"),
                (message, help),
            );
            (Intent::Draft, Some(problem))
        }
    }
}

fn no_target(path: &str, task: &Task) -> Diagnostic {
    let message = format!("The page of task {} has no place to go.", quoted(&task.id.value));
    let help = "Write pages: {platform: web, account: ...} beside the queue's path in the Campaign.";
    Diagnostic::at(
        path,
        task.id.span,
        (Severity::Error, "PagesTargetMissing"),
        (message, help),
    )
}

fn no_list(path: &str, task: &Task) -> Diagnostic {
    let message = format!(
        "The issue of task {} has no list to go to.",
        quoted(&task.id.value)
    );
    let help =
        "Write newsletters: {platform: newsletter, account: ...} beside the queue's path in the Campaign.";
    Diagnostic::at(
        path,
        task.id.span,
        (Severity::Error, "NewslettersTargetMissing"),
        (message, help),
    )
}

fn not_named(path: &str, task: &Task, list: &str) -> Diagnostic {
    let asset = quoted(&task.asset.value);
    let message = format!(
        "The task {} is about {asset}, which the Campaign does not read.",
        quoted(&task.id.value)
    );
    let help = format!("Add it to spec.source.{list}, or repair the path.");
    Diagnostic::at(
        path,
        task.asset.span,
        (Severity::Error, "FileNotNamed"),
        (message, &help),
    )
}

fn not_handled(path: &str, task: &Task, type_: &str) -> Diagnostic {
    let message = format!(
        "The task {} is of type {}, which is not handled yet.",
        quoted(&task.id.value),
        quoted(type_)
    );
    let help = "Nothing is done for it here; see to it by hand.";
    Diagnostic::at(
        path,
        task.type_.span,
        (Severity::Warning, NOT_HANDLED),
        (message, help),
    )
}
