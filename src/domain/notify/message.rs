//! A message to people.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Situation,
    memory::{Mark, Told},
};
use crate::{api::NotifyEvent, domain::digest};

/// Lines of a message; the rest is counted.
const MAX_LINES: usize = 20;
const MAX_LINE: usize = 300;

/// A message to people, and what its delivery changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The same for the same news: a receiver that sees it twice may drop one.
    pub id: String,
    /// What kind of news it is, the gravest of all.
    pub event: NotifyEvent,
    /// True where what was told no longer stands.
    pub resolved: bool,
    /// True where another route was told and nothing was done.
    pub escalated: bool,
    /// The namespace.
    pub namespace: String,
    /// The campaign.
    pub campaign: String,
    /// A line that says it all.
    pub title: String,
    /// What it is about, a line each.
    pub lines: Vec<String>,
    /// How many lines were left out.
    pub left_out: usize,
    /// When it was made.
    pub at: Timestamp,
    #[serde(skip)]
    pub(super) marks: Vec<Mark>,
}

impl Message {
    /// What its delivery changes in the memory of its route.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Title and lines as plain text.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for line in &self.lines {
            text.push_str("\n- ");
            text.push_str(line);
        }
        if self.left_out > 0 {
            text.push_str("\n- and ");
            text.push_str(&self.left_out.to_string());
            text.push_str(" more");
        }
        text
    }
}

/// What a message is made of: news of one group.
pub(super) struct Draft<'d> {
    pub(super) namespace: &'d str,
    pub(super) campaign: &'d str,
    pub(super) now: Timestamp,
    pub(super) resolved: bool,
    pub(super) escalated: bool,
    /// What stands or happened, with its key.
    pub(super) news: Vec<(String, &'d Situation)>,
    /// What no longer stands.
    pub(super) gone: Vec<(String, &'d Told)>,
}

impl Draft<'_> {
    pub(super) fn message(self) -> Option<Message> {
        let events = self.news.iter().map(|(_, one)| one.event);
        let event = events.chain(self.gone.iter().map(|(_, told)| told.event)).min()?;
        let count = self.news.len() + self.gone.len();
        let mut lines: Vec<String> = self.news.iter().map(|(_, one)| line(one)).collect();
        lines.extend(
            self.gone
                .iter()
                .map(|(_, told)| format!("{} ({})", told.object, told.reason)),
        );
        lines.truncate(MAX_LINES);
        let keys: Vec<&String> = self.news.iter().map(|(key, _)| key).collect();
        let gone: Vec<(&String, Timestamp)> = self.gone.iter().map(|(key, told)| (key, told.at)).collect();
        let id = digest::of_json(&(self.namespace, self.campaign, &keys, &gone, self.escalated));
        Some(Message {
            id: format!(
                "note_{}",
                id.chars().skip("sha256:".len()).take(32).collect::<String>()
            ),
            event: if self.resolved && event == NotifyEvent::Halted {
                NotifyEvent::Resumed
            } else {
                event
            },
            resolved: self.resolved,
            escalated: self.escalated,
            namespace: self.namespace.to_owned(),
            campaign: self.campaign.to_owned(),
            title: self.title(event, count),
            left_out: count.saturating_sub(lines.len()),
            lines,
            at: self.now,
            marks: self.marks(),
        })
    }

    fn title(&self, event: NotifyEvent, count: usize) -> String {
        let same = self.news.iter().all(|(_, one)| one.event == event)
            && self.gone.iter().all(|(_, told)| told.event == event);
        let what = if same { words(event) } else { "news" };
        let head = match (self.escalated, self.resolved) {
            (true, _) => format!("nobody has dealt with {count} {what}"),
            (_, true) => format!("{count} {what} no longer"),
            _ => format!("{count} {what}"),
        };
        format!("{}: {head}", self.campaign)
    }

    fn marks(&self) -> Vec<Mark> {
        let news = self.news.iter().map(|(key, one)| match one.at {
            Some(at) => Mark::Happened(key.clone(), at),
            None => Mark::Told(key.clone(), told(one, self.now)),
        });
        let gone = self.gone.iter().map(|(key, _)| Mark::Gone(key.clone()));
        news.chain(gone).chain([Mark::Sent(self.now)]).collect()
    }
}

fn told(situation: &Situation, now: Timestamp) -> Told {
    Told {
        at: now,
        event: situation.event,
        object: situation.object.clone(),
        reason: situation.reason.clone(),
        channel: situation.channel.clone(),
    }
}

fn line(situation: &Situation) -> String {
    let mut line = format!("{}: {}", situation.object, situation.reason);
    if !situation.message.is_empty() {
        line.push_str(". ");
        line.push_str(&situation.message);
    }
    // Words of a branch may not break the lines of a message.
    let plain = line.chars().map(|one| if one.is_control() { ' ' } else { one });
    plain.take(MAX_LINE).collect()
}

fn words(event: NotifyEvent) -> &'static str {
    match event {
        NotifyEvent::SourceFailed => "problem with the branch",
        NotifyEvent::Unknown => "unknown: nobody knows whether it arrived",
        NotifyEvent::Breaker => "stopped by a breaker",
        NotifyEvent::Failed => "failed",
        NotifyEvent::Missed => "missed",
        NotifyEvent::Blocked => "blocked",
        NotifyEvent::InvalidRows => "invalid",
        NotifyEvent::RowsWithdrawn => "withdrawn from the branch",
        NotifyEvent::Halted => "halted",
        NotifyEvent::Resumed => "resumed",
        NotifyEvent::ReviewWindowOpens => "review window open",
        NotifyEvent::ApprovalNeeded => "waiting for a person",
        NotifyEvent::Published => "published",
        NotifyEvent::Summary => "summary",
    }
}
