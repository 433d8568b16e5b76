//! Newsletters: one broadcast for each version of the issue of a `newsletter_send` task.

use std::collections::BTreeSet;

use super::{
    Inputs, Wanted,
    candidate::{Candidate, Made, Origin, Slots},
    reading,
    tasks::{NewsletterTask, Tasks},
    times::{OwnTime, Times},
};
use crate::{
    api::{AssetContent, AssetType, Link, LinkPlacement, Severity},
    domain::{
        content::{
            diagnostic::Diagnostic,
            newsletter::{self, Broadcast, Filling, Issue, Version},
            text::{Span, quoted},
        },
        language, schedule,
        slot::{compared, compared_locale},
    },
};

/// The longest account of a target, in characters.
const MAX_ACCOUNT: usize = 128;

/// The issue of a task.
pub(super) struct ReadIssue<'a> {
    task: &'a NewsletterTask<'a>,
    issue: Issue,
    problems: Vec<Diagnostic>,
}

/// Reads the issue of every task; a broken one stops what comes from it, not the campaign.
pub(super) fn issues<'a>(
    inputs: &Inputs<'_>,
    tasks: &'a Tasks<'a>,
    wanted: &mut Wanted,
) -> Vec<ReadIssue<'a>> {
    let mut issues: Vec<ReadIssue<'a>> = Vec::new();
    for task in &tasks.newsletters {
        let again = issues.iter_mut().find(|first| first.task.meets(task));
        let problems: Vec<Diagnostic> = again.map(|first| twice(first, task)).into_iter().collect();
        wanted.diagnostics.extend(problems.iter().cloned());
        issues.extend(read(inputs, task, wanted).map(|issue| ReadIssue {
            task,
            issue,
            problems,
        }));
    }
    issues
}

/// A list would receive the issue once for each of the tasks: neither goes.
fn twice(first: &mut ReadIssue<'_>, task: &NewsletterTask<'_>) -> Diagnostic {
    let message = format!(
        "The issue {} has a task already, {}, for the same list.",
        quoted(&task.task.asset.value),
        quoted(&first.task.task.id.value)
    );
    let help = "Keep one of the two: the list would receive the issue twice.";
    let code = (Severity::Error, "DuplicateTask");
    let problem = Diagnostic::at(task.queue, task.task.id.span, code, (message, help));
    first.problems.push(problem.clone());
    problem
}

/// An issue that can be used; what stands from one that cannot is kept as it is.
fn read(inputs: &Inputs<'_>, task: &NewsletterTask<'_>, wanted: &mut Wanted) -> Option<Issue> {
    let path = task.task.asset.value.as_str();
    if path.is_empty() {
        return None;
    }
    let bytes = match inputs.files.read(path, newsletter::LIMIT as u64) {
        Ok(bytes) => bytes,
        Err(problem) => {
            let unread = reading::unread(path, &problem, false);
            let (code, said) = ((Severity::Error, unread.code), (unread.message, &*unread.help));
            let problem = Diagnostic::at(task.queue, task.task.asset.span, code, said);
            wanted.diagnostics.push(problem);
            wanted.unread.push(path.to_owned());
            return None;
        }
    };
    reading::note(wanted, path);
    let (issue, problems) = newsletter::parse(path, &bytes, &task.newsletters.labels);
    wanted.diagnostics.extend(problems);
    if !issue.readable {
        wanted.unread.push(path.to_owned());
        return None;
    }
    if let Some(locale) = &task.task.locale
        && task.versions(&issue).next().is_none()
    {
        let message = format!(
            "The issue {} has no version in {}.",
            quoted(path),
            quoted(&locale.value)
        );
        let help = "Write one, or leave the locale out of the task: then every version is sent.";
        let code = (Severity::Error, "VersionMissing");
        wanted
            .diagnostics
            .push(Diagnostic::at(task.queue, locale.span, code, (message, help)));
    }
    Some(issue)
}

impl NewsletterTask<'_> {
    /// True where a list would receive a version from both.
    fn meets(&self, other: &Self) -> bool {
        let list = |task: &Self| {
            let newsletters = task.newsletters;
            (compared(&newsletters.platform), compared(&newsletters.account))
        };
        let locale = |task: &Self| {
            task.task
                .locale
                .as_ref()
                .map(|locale| compared_locale(&locale.value))
        };
        let apart = matches!((locale(self), locale(other)), (Some(one), Some(other)) if one != other);
        let asset = &self.task.asset.value;
        !asset.is_empty() && *asset == other.task.asset.value && list(self) == list(other) && !apart
    }

    /// The versions that the task sends: all, or that of its locale.
    fn versions<'i>(&self, issue: &'i Issue) -> impl Iterator<Item = &'i Version> {
        let only = self.task.locale.as_ref();
        let only = only.map(|locale| compared_locale(&locale.value));
        issue.versions.iter().filter(move |version| {
            let locale = compared_locale(&version.locale);
            only.as_ref().is_none_or(|only| *only == locale)
        })
    }
}

/// The locales that an issue is sent in, in their compared form.
pub(super) fn locales(issues: &[ReadIssue<'_>]) -> BTreeSet<String> {
    let versions = issues.iter().flat_map(|read| read.task.versions(&read.issue));
    versions.map(|version| compared_locale(&version.locale)).collect()
}

/// Makes a candidate of every version.
pub(super) fn candidates<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    issues: &'a [ReadIssue<'a>],
    (candidates, wanted): (&mut Vec<Candidate<'a>>, &mut Wanted),
) {
    for read in issues {
        for version in read.task.versions(&read.issue) {
            candidates.extend(candidate(slots, times, (read, version), wanted));
        }
    }
}

fn candidate<'a>(
    slots: &Slots<'_>,
    times: &mut Times,
    (read, version): (&'a ReadIssue<'a>, &'a Version),
    wanted: &mut Wanted,
) -> Option<Candidate<'a>> {
    let NewsletterTask {
        task,
        newsletters,
        intent,
        ..
    } = read.task;
    let account = newsletters.account.replace("{locale}", &version.locale);
    if account.chars().count() > MAX_ACCOUNT {
        wanted.diagnostics.push(long_account(read.task, &account));
        return None;
    }
    let target = (newsletters.platform.as_str(), account.as_str());
    let slot = slots.slot(&task.id.value, target, &version.locale);
    let own = OwnTime {
        date: schedule::date(&task.due_date.value).ok(),
        ..OwnTime::default()
    };
    let (schedule, instant) = times.schedule(own, target, &version.locale);
    let parameter = slot.parameter();
    let (broadcast, found) = version.broadcast(&Filling {
        variables: &newsletters.variables,
        parameter: (&slots.inputs.campaign.tracking.slot_parameter, &parameter),
    });
    wanted.diagnostics.extend(found.iter().cloned());
    let places = broadcast.places.clone();
    let made = Made {
        slot: &slot,
        type_: AssetType::Email,
        intent: *intent,
        schedule,
        content: content(broadcast, version),
    };
    let mut candidate = Candidate {
        origin: Origin::Made(Box::new(made.spec(slots.inputs)), places),
        slot,
        instant,
        intent: *intent,
        path: &version.path,
        span: Span::new(version.position, 0),
        findings: Vec::new(),
    };
    for problems in [&version.problems, &found, &read.problems, &read.task.problems] {
        candidate.find_all(problems);
    }
    Some(candidate)
}

fn content(broadcast: Broadcast, version: &Version) -> AssetContent {
    AssetContent {
        text: broadcast.text,
        html: Some(broadcast.html),
        subject: Some(broadcast.subject),
        preview_text: Some(broadcast.preview_text).filter(|words| !words.is_empty()),
        links: broadcast.link.into_iter().map(|url| Link { url }).collect(),
        link_placement: LinkPlacement::End,
        language: version.locale.clone(),
        direction: language::direction(&version.locale),
        ..AssetContent::default()
    }
}

fn long_account(task: &NewsletterTask<'_>, account: &str) -> Diagnostic {
    let message = format!(
        "{} is no account: it has more than {MAX_ACCOUNT} characters.",
        quoted(account)
    );
    let help = "Shorten queues[].newsletters.account in the Campaign.";
    let code = (Severity::Error, "BadTarget");
    Diagnostic::at(task.queue, task.task.id.span, code, (message, help))
}

#[cfg(test)]
mod tests;
