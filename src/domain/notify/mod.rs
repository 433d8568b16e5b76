//! Who is to be told what: from what stands and what happened to messages, each told once.
//!
//! What stands is compared with what a route was told: nothing is queued, so a sink that fails loses nothing and
//! holds nothing back, and a restart knows what was told from the memory of each route.

mod memory;
mod message;
mod pass;

pub use memory::{Mark, Memory, RouteMemory, Told};
pub use message::Message;
pub use pass::{Round, messages};

use jiff::Timestamp;

use super::{digest, gates::approval::open_review, observed::CampaignFacts, schedule};
use crate::api::{AssetPhase, NotifyEvent};

/// Something that stands until it is dealt with, or that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// What it is true of: asset/NAME, campaign/NAME.
    pub object: String,
    /// What kind of thing it is.
    pub event: NotifyEvent,
    /// One word.
    pub reason: String,
    /// Digest of what it is true of; other words are another situation.
    pub digest: String,
    /// Platform and account, where there is one.
    pub channel: String,
    /// A sentence for people.
    pub message: String,
    /// When it happened; `None` for what stands.
    pub at: Option<Timestamp>,
}

impl Situation {
    /// What tells it from others: object, reason and digest, in 16 characters.
    pub fn key(&self) -> String {
        let digest = digest::of_json(&(&self.object, self.event, &self.reason, &self.digest));
        digest.chars().skip("sha256:".len()).take(16).collect()
    }
}

/// That the review window is open, where something waits for a decision: told once for each opening.
pub fn review_opens(
    name: &str,
    campaign: &CampaignFacts,
    waiting: usize,
    now: Timestamp,
) -> Option<Situation> {
    let (from, until) = open_review(campaign, now).filter(|_| waiting > 0)?;
    let until = schedule::local_text(until, &campaign.review_zone).unwrap_or_else(|_| until.to_string());
    Some(Situation {
        object: format!("campaign/{name}"),
        event: NotifyEvent::ReviewWindowOpens,
        reason: "ReviewWindowOpens".to_owned(),
        digest: from.to_string(),
        channel: String::new(),
        message: format!(
            "{waiting} wait for a decision, and the window is open until {until}: campanile review."
        ),
        at: Some(from),
    })
}

/// What a phase is told as; `None` for those that nobody needs to hear of.
pub fn event_of(phase: AssetPhase, reason: &str) -> Option<NotifyEvent> {
    match phase {
        AssetPhase::Invalid => Some(NotifyEvent::InvalidRows),
        AssetPhase::Blocked => Some(NotifyEvent::Blocked),
        // Nobody waits for a draft.
        AssetPhase::AwaitingApproval if reason == "Draft" => None,
        AssetPhase::AwaitingApproval | AssetPhase::AwaitingPerson => Some(NotifyEvent::ApprovalNeeded),
        AssetPhase::Failed => Some(NotifyEvent::Failed),
        AssetPhase::Unknown => Some(NotifyEvent::Unknown),
        AssetPhase::Missed => Some(NotifyEvent::Missed),
        AssetPhase::Halted => Some(NotifyEvent::Halted),
        AssetPhase::Pending
        | AssetPhase::Scheduled
        | AssetPhase::Publishing
        | AssetPhase::Posted
        | AssetPhase::Skipped
        | AssetPhase::Retracted => None,
    }
}

#[cfg(test)]
mod tests;
