//! A row of the sheet as a post: every cell read as what it means, every problem at its cell.

mod time;

use jiff::civil::Date;

use super::{
    announcement::announces_thread,
    diagnostic::Diagnostic,
    intent::intent,
    rendering::{LinkProblem, check_link},
    sheet::{Column, Record},
    target::{MAX_TARGETS, accounts},
    text::{Text, quoted},
    thread::{self, Item},
};
use crate::{
    api::{Intent, LinkPlacement, TimeOfDay},
    domain::{items, language, slot},
};

/// The code of a problem that is no mistake: the value is known, and nothing honours it yet.
pub const NOT_HANDLED: &str = "NotHandled";

// Bounds of the identity fields of an Asset, in characters.
const MAX_POST_ID: usize = 256;
const MAX_PLATFORM: usize = 63;
const MAX_ACCOUNT: usize = 128;
const MAX_LOCALE: usize = 35;
const MAX_OCCURRENCE: usize = 64;
const MAX_TITLE: usize = 1024;
/// An Asset names at most this many metrics.
const MAX_CLAIMS: usize = 20;
const MAX_CLAIM: usize = 256;
/// Reddit's own limit of a title.
const MAX_REDDIT_TITLE: usize = 300;

/// A row, read.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// The row itself.
    pub record: Record<'a>,
    /// What the team wants; `Draft` where the status cannot be read.
    pub intent: Intent,
    /// The platform in its compared form.
    pub platform: String,
    /// The accounts, as written; none where the row has no identity and so can be no Asset.
    pub accounts: Vec<String>,
    /// The canonical locale; the compared words where they are no locale.
    pub locale: String,
    /// The day, if it can be read.
    pub date: Option<Date>,
    /// The row's own time of day.
    pub time: Option<TimeOfDay>,
    /// The row's own time zone.
    pub time_zone: Option<String>,
    /// Where the link stands.
    pub placement: LinkPlacement,
    /// The further items of its thread.
    pub thread: Vec<Item>,
    /// Names of the metrics that stand behind the numbers of the post, each once.
    pub claims: Vec<String>,
    /// The id of the post that has to be published first, in its compared form.
    pub after: Option<String>,
    /// Everything that is wrong with the row; what nothing honours yet comes last.
    pub problems: Vec<Diagnostic>,
}

impl<'a> Post<'a> {
    /// Reads a row; `closed` is `Skip` or `Posted` where the task of its sheet closes all rows that are still open.
    pub fn read(text: &Text<'_>, record: Record<'a>, closed: Option<Intent>) -> Self {
        let mut row = Row {
            text,
            problems: record.problems.clone(),
            record: &record,
        };
        let own = row.intent();
        let is_closed = matches!(own, Intent::Skip | Intent::Posted);
        let intent = closed.filter(|_| !is_closed).unwrap_or(own);
        let platform = slot::compared_platform(record.words(Column::Platform));
        let locale = row.locale();
        let date = row.date();
        let (time, time_zone) = (row.time(), row.time_zone());
        let accounts = row.accounts(&platform);
        let placement = row.placement();
        let thread = row.thread(matches!(intent, Intent::Skip | Intent::Posted));
        let claims = row.claims();
        let after = row.after();
        if !matches!(intent, Intent::Skip | Intent::Posted) {
            row.words(&platform, placement);
        }
        let problems = row.problems;
        Self {
            record,
            intent,
            platform,
            accounts,
            locale,
            date,
            time,
            time_zone,
            placement,
            thread,
            claims,
            after,
            problems,
        }
    }

    /// The names of its items, in the order in which they go out.
    pub fn items(&self) -> Vec<String> {
        let further = (2..).take(self.thread.len()).map(items::of_thread);
        let comment = self.has_first_comment().then(|| items::FIRST_COMMENT.to_owned());
        [items::MAIN.to_owned()]
            .into_iter()
            .chain(further)
            .chain(comment)
            .collect()
    }

    /// True where something stands under the post: words of their own, or its link.
    pub fn has_first_comment(&self) -> bool {
        let placed = self.placement == LinkPlacement::FirstComment && self.link().is_some();
        placed || !self.record.words(Column::FirstComment).is_empty()
    }

    /// The link of the row, if it has one.
    pub fn link(&self) -> Option<&str> {
        Some(self.record.words(Column::UtmUrl)).filter(|link| !link.is_empty())
    }
}

/// A row while it is read.
struct Row<'r, 'a> {
    text: &'r Text<'r>,
    record: &'r Record<'a>,
    problems: Vec<Diagnostic>,
}

impl Row<'_, '_> {
    fn error(&mut self, column: Column, code: &'static str, message: String, help: &str) {
        let problem = self.text.error(self.record.place(column), code, message, help);
        self.problems.push(problem);
    }

    fn intent(&mut self) -> Intent {
        let words = self.record.words(Column::Status);
        match intent(words) {
            Ok(intent) => intent,
            Err(help) => {
                let message = format!("The status {} can be read in more than one way.", quoted(words));
                self.error(Column::Status, "AmbiguousStatus", message, help);
                Intent::Draft
            }
        }
    }

    fn locale(&mut self) -> String {
        let words = self.record.words(Column::Locale);
        match language::canonical(words).filter(|locale| locale.len() <= MAX_LOCALE) {
            Some(locale) => locale,
            None if words.is_empty() => {
                let help = "Write the language of the post, such as en or he.";
                self.error(
                    Column::Locale,
                    "LocaleMissing",
                    "The row has no locale.".to_owned(),
                    help,
                );
                String::new()
            }
            None => {
                let message = format!("{} is no locale.", quoted(words));
                let help = "Write a BCP 47 tag such as en, he or pt-BR.";
                self.error(Column::Locale, "BadLocale", message, help);
                slot::compared(words)
            }
        }
    }

    /// The accounts of a row that has an identity.
    fn accounts(&mut self, platform: &str) -> Vec<String> {
        let named = [
            (Column::PostId, "PostIdMissing", MAX_POST_ID),
            (Column::Platform, "PlatformMissing", MAX_PLATFORM),
            (Column::AccountTarget, "TargetMissing", usize::MAX),
        ];
        let mut identified = true;
        for (column, missing, limit) in named {
            identified &= self.named(column, missing, limit);
        }
        identified &= self.bounded(Column::Occurrence, MAX_OCCURRENCE);
        identified &= (1..=MAX_LOCALE).contains(&self.record.words(Column::Locale).chars().count());
        let accounts = self.named_accounts(platform);
        if identified { accounts } else { Vec::new() }
    }

    fn named(&mut self, column: Column, missing: &'static str, limit: usize) -> bool {
        if self.record.words(column).is_empty() {
            let message = format!("The row has no {}.", column.name());
            self.error(
                column,
                missing,
                message,
                "Without it the post has no identity, and no Asset is made.",
            );
            return false;
        }
        self.bounded(column, limit)
    }

    fn bounded(&mut self, column: Column, limit: usize) -> bool {
        let words = self.record.words(column);
        let fits = words.chars().count() <= limit && !words.contains(char::is_control);
        if !fits {
            let message = format!("{} is no {}.", quoted(words), column.name());
            let help = format!("Write at most {limit} characters on one line.");
            self.error(column, "BadName", message, &help);
        }
        fits
    }

    fn named_accounts(&mut self, platform: &str) -> Vec<String> {
        let words = self.record.words(Column::AccountTarget);
        if words.is_empty() {
            return Vec::new();
        }
        let mut kept: Vec<String> = Vec::new();
        let mut compared: Vec<String> = Vec::new();
        for account in accounts(words).into_iter().take(MAX_TARGETS + 1) {
            let name = slot::compared(account);
            if name.is_empty() || name.chars().count() > MAX_ACCOUNT || name.contains(char::is_control) {
                let message = format!("{} is no account on {}.", quoted(account), quoted(platform));
                let help = "Write the names of accounts with one | between them.";
                self.error(Column::AccountTarget, "BadTarget", message, help);
            } else if compared.contains(&name) {
                let message = format!("The account {} is named twice.", quoted(account));
                self.error(Column::AccountTarget, "DuplicateTarget", message, "Keep it once.");
            } else {
                kept.push(account.to_owned());
                compared.push(name);
            }
        }
        if kept.len() > MAX_TARGETS {
            let message = format!("The row names more than {MAX_TARGETS} accounts.");
            self.error(
                Column::AccountTarget,
                "TooManyTargets",
                message,
                "Split it into several rows.",
            );
            kept.truncate(MAX_TARGETS);
        }
        kept
    }

    fn placement(&mut self) -> LinkPlacement {
        let words = self.record.words(Column::LinkPlacement);
        match slot::compared(words).as_str() {
            "" | "end" => LinkPlacement::End,
            "card" => LinkPlacement::Card,
            "first_comment" => LinkPlacement::FirstComment,
            "none" => LinkPlacement::None,
            _ => {
                let message = format!("{} is no place for a link.", quoted(words));
                let help = "Write end, card, first_comment or none.";
                self.error(Column::LinkPlacement, "BadLinkPlacement", message, help);
                LinkPlacement::End
            }
        }
    }

    /// The names in the claims column, split at `|`; one that is written twice is meant once.
    fn claims(&mut self) -> Vec<String> {
        let words = self.record.words(Column::Claims);
        let mut kept: Vec<String> = Vec::new();
        for name in words
            .split('|')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .take(MAX_CLAIMS + 1)
        {
            if name.chars().count() > MAX_CLAIM || name.contains(char::is_control) {
                let message = format!("{} is no name of a metric.", quoted(name));
                let help = format!("Write at most {MAX_CLAIM} characters, with one | between two metrics.");
                self.error(Column::Claims, "BadClaim", message, &help);
            } else if !kept
                .iter()
                .any(|known| slot::compared(known) == slot::compared(name))
            {
                kept.push(name.to_owned());
            }
        }
        if kept.len() > MAX_CLAIMS {
            let message = format!("The row names more than {MAX_CLAIMS} metrics.");
            self.error(
                Column::Claims,
                "TooManyClaims",
                message,
                "Keep those that the copy quotes.",
            );
            kept.truncate(MAX_CLAIMS);
        }
        kept
    }

    /// The further items of the thread; of one that is never sent nothing is demanded.
    fn thread(&mut self, closed: bool) -> Vec<Item> {
        let cell = self
            .record
            .cell(Column::Thread)
            .map_or("", |cell| cell.words.as_ref());
        let is_path = thread::is_path(cell);
        let mut items = if is_path { Vec::new() } else { thread::items(cell) };
        if is_path && !closed {
            self.not_handled(Column::Thread);
        }
        if !closed && items.iter().any(|item| item.words.is_empty()) {
            let message = "The thread has an item without words.".to_owned();
            let help = "Write the items with one line --- between two of them, and none before the first or after the last.";
            self.error(Column::Thread, "ThreadItemEmpty", message, help);
        }
        if !closed && items.len() > thread::MAX_ITEMS {
            let message = format!(
                "The thread has {} further items; the limit is {}.",
                items.len(),
                thread::MAX_ITEMS
            );
            self.error(
                Column::Thread,
                "TooManyThreadItems",
                message,
                "Shorten it, or make two posts of it.",
            );
        }
        items.truncate(thread::MAX_ITEMS);
        items
    }

    fn after(&mut self) -> Option<String> {
        let named = slot::compared(self.record.words(Column::After));
        let fits = self.bounded(Column::After, MAX_POST_ID);
        Some(named).filter(|named| fits && !named.is_empty())
    }

    /// Checks what a reader would receive.
    fn words(&mut self, platform: &str, placement: LinkPlacement) {
        self.copy(platform);
        self.title(platform);
        self.link(placement);
        for column in Column::NOT_HANDLED {
            if !self.record.words(column).is_empty() {
                self.not_handled(column);
            }
        }
    }

    fn copy(&mut self, platform: &str) {
        let copy = self.record.words(Column::PostCopy);
        if copy.is_empty() {
            let message = "The row has no post_copy.".to_owned();
            self.error(
                Column::PostCopy,
                "CopyMissing",
                message,
                "Write the words of the post.",
            );
        } else if announces_thread(platform, copy) && self.record.words(Column::Thread).is_empty() {
            let message = "The copy announces a thread, and the row has one item.".to_owned();
            let help =
                "Put the further items into a column thread, or take the announcement out of the copy.";
            self.error(Column::PostCopy, "ThreadItemsMissing", message, help);
        }
        if platform == "newsletter" {
            let message =
                "A row on platform newsletter is a part of an issue, and no issue takes it up.".to_owned();
            let help = "It is never sent alone: add a newsletter_send task whose file has a version in this language, or write \
                        skip if the issue is sent elsewhere.";
            self.error(Column::Platform, "IssueMissing", message, help);
        }
    }

    fn title(&mut self, platform: &str) {
        let title = self.record.words(Column::Title);
        let reddit = platform == "reddit";
        if title.is_empty() && reddit {
            let message = "A post on reddit needs a title; none is made from the copy.".to_owned();
            self.error(
                Column::Title,
                "TitleMissing",
                message,
                "Add a column title, with at most 300 characters.",
            );
        }
        let limit = if reddit { MAX_REDDIT_TITLE } else { MAX_TITLE };
        let length = title.chars().count();
        if length > limit {
            let message = format!("The title has {length} characters; the limit is {limit}.");
            self.error(Column::Title, "TitleTooLong", message, "Shorten it.");
        }
    }

    fn link(&mut self, placement: LinkPlacement) {
        let link = self.record.words(Column::UtmUrl);
        if link.is_empty() && placement == LinkPlacement::None {
            return;
        }
        let help = "Clicks are counted by them: add them as ?utm_source=...&utm_medium=...&utm_campaign=...";
        let (code, message, help) = match check_link(link) {
            Ok(()) => return,
            Err(_) if link.is_empty() => (
                "UtmMissing",
                "The row has no utm_url.".to_owned(),
                "Write the link with its utm parameters, or link_placement none for a post without a link.",
            ),
            Err(LinkProblem::UtmMissing(names)) => (
                "UtmMissing",
                format!("The link lacks {}.", names.join(", ")),
                help,
            ),
            Err(LinkProblem::NotALink) => (
                "BadLink",
                format!("{} is no link.", quoted(link)),
                "Write an address that begins with https:// and has no spaces.",
            ),
            Err(LinkProblem::TooLong) => (
                "BadLink",
                "The link is too long.".to_owned(),
                "Shorten it to 4,000 characters.",
            ),
        };
        self.error(Column::UtmUrl, code, message, help);
    }

    fn not_handled(&mut self, column: Column) {
        let words = self.record.words(column);
        let message = format!("Nothing honours {} in {} yet.", quoted(words), column.name());
        let help = "Leaving it out would publish something else than was meant. Empty the cell, or publish the \
                    post by hand and write posted.";
        self.error(column, NOT_HANDLED, message, help);
    }
}

#[cfg(test)]
mod tests;
