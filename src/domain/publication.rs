//! What a publisher is given to publish.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    plan::SendOrder,
    receipt::{prepared_id, reply_to, undecided, written},
    slot::Slot,
};
use crate::api::{AssetContent, AssetType, Attempt, ReceiptStatus};

/// What is published, apart from what the receipt knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The slot.
    pub slot: Slot,
    /// What it is.
    pub type_: AssetType,
    /// What a reader receives.
    pub content: AssetContent,
    /// When it is meant to go out, where the receipt has not said so yet.
    pub due: Option<Timestamp>,
}

/// One publication, complete: what to publish, under which key, and what earlier attempts are on record.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// The slot.
    pub slot: Slot,
    /// The slot's epoch.
    pub epoch: u32,
    /// The version of a page or template that is written, from 1; 0 for posts and e-mails.
    pub revision: u32,
    /// The id of the attempt that publishes.
    pub attempt: String,
    /// Ids of every earlier attempt on record of this epoch and revision.
    pub earlier_attempts: Vec<String>,
    /// What it is.
    pub type_: AssetType,
    /// What a reader receives, complete: stored content has been read.
    pub content: AssetContent,
    /// Its digest.
    pub content_digest: String,
    /// When it was meant to go out: the same for every attempt, so that a repeated request is the same to the byte.
    pub scheduled_for: Timestamp,
    /// What was prepared for this epoch and revision, if anything was.
    pub prepared_id: Option<String>,
    /// The platform's own id of the item that it replies to, where it is a part of a thread or a first comment.
    pub reply_to: Option<String>,
    /// For a page or template that was published before: what we wrote then.
    pub replaces: Option<Written>,
}

/// What we wrote at a place before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The platform's id of the place.
    pub remote_id: String,
    /// The epoch that wrote it.
    pub epoch: u32,
    /// The revision that was written.
    pub revision: u32,
    /// Every attempt that may have written it.
    pub attempts: Vec<String>,
}

impl Words {
    /// The words that were sent, whatever the branch says by now, where the receipt keeps them: another link or parameter
    /// would be looked for in vain, and its absence prove nothing.
    #[must_use]
    pub fn as_sent(mut self, status: &ReceiptStatus) -> Self {
        let sent = status.sent.as_deref();
        if let Some(content) = sent.and_then(|sent| serde_json::from_str(sent).ok()) {
            self.content = content;
        }
        self
    }
}

impl Publication {
    /// Words as they are ordered to be sent, over what the receipt says of earlier attempts.
    pub fn of(words: Words, order: &SendOrder, before: &ReceiptStatus, attempt: &str) -> Self {
        let same = |other: &&Attempt| other.epoch == order.epoch && other.revision == order.revision;
        Self {
            scheduled_for: scheduled_for(words.due, order, before),
            slot: words.slot,
            epoch: order.epoch,
            revision: order.revision,
            attempt: attempt.to_owned(),
            earlier_attempts: before
                .attempts
                .iter()
                .filter(same)
                .map(|attempt| attempt.id.clone())
                .collect(),
            type_: words.type_,
            content: words.content,
            content_digest: order.content_digest.clone(),
            prepared_id: order.prepared_id.clone(),
            reply_to: order.reply_to.clone(),
            replaces: written(before),
        }
    }

    /// What an undecided attempt on record tried to publish, for looking it up.
    pub fn of_record(words: Words, status: &ReceiptStatus) -> Self {
        let last = undecided(status).last();
        let revision = last.map_or(status.revision, |attempt| attempt.revision);
        let content_digest = last.map_or_else(String::new, |attempt| attempt.content_digest.clone());
        let order = SendOrder {
            epoch: status.epoch,
            prepared_id: prepared_id(status, status.epoch, revision, &content_digest),
            revision,
            content_digest,
            channel: String::new(),
            endpoint_digest: String::new(),
            reply_to: reply_to(status, status.epoch),
        };
        Self::of(
            words,
            &order,
            status,
            last.map_or("", |attempt| attempt.id.as_str()),
        )
    }

    /// The idempotency key: equal for equal slot, epoch and revision.
    pub fn key(&self) -> String {
        self.slot.idempotency_key(self.epoch, self.revision)
    }

    /// The marker that names this attempt in the bytes of a page, template or file.
    pub fn marker(&self) -> Marker {
        Marker {
            slot: self.slot.receipt_name(),
            epoch: self.epoch,
            revision: self.revision,
            attempt: self.attempt.clone(),
        }
    }
}

/// The instant that stands in the bytes: a resend says what the first attempt under its key said.
fn scheduled_for(due: Option<Timestamp>, order: &SendOrder, before: &ReceiptStatus) -> Timestamp {
    let resends = before
        .attempts
        .iter()
        .any(|attempt| attempt.epoch == order.epoch && attempt.revision == order.revision);
    let recorded = before
        .scheduled_for
        .as_ref()
        .filter(|_| resends)
        .map(|time| time.0);
    recorded.or(due).unwrap_or_default()
}

/// Names slot, epoch, revision and attempt in published bytes, so that no two writes are ever equal to the letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Marker {
    /// Name of the slot's Receipt.
    pub slot: String,
    /// The epoch.
    pub epoch: u32,
    /// The revision.
    pub revision: u32,
    /// The attempt.
    pub attempt: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{Environment, Link, ReceiptSlot},
        domain::slot::Slot,
    };

    fn words(url: &str) -> Words {
        let slot = ReceiptSlot {
            environment: Environment::Production,
            campaign: "week1".into(),
            post_id: "launch".into(),
            platform: "x".into(),
            account: "main".into(),
            locale: "en".into(),
            item: "main".into(),
            occurrence: String::new(),
        };
        Words {
            slot: Slot::new(&slot),
            type_: AssetType::Post,
            content: AssetContent {
                text: "We open.".into(),
                links: vec![Link { url: url.into() }],
                ..AssetContent::default()
            },
            due: None,
        }
    }

    #[test]
    fn a_lost_reply_is_looked_up_with_the_words_that_were_sent_whatever_the_branch_says_by_now() {
        let sent = words("https://example.com/?cid=abc").content;
        let status = ReceiptStatus {
            sent: serde_json::to_string(&sent).ok(),
            ..ReceiptStatus::default()
        };
        let edited = words("https://example.com/another");
        assert_eq!(edited.clone().as_sent(&status).content, sent);
        let unkept = ReceiptStatus::default();
        assert_eq!(edited.clone().as_sent(&unkept), edited);
    }
}
