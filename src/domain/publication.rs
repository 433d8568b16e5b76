//! What a publisher is given to publish.

use jiff::Timestamp;
use serde::Serialize;

use super::slot::Slot;
use crate::api::{AssetContent, AssetType};

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

impl Publication {
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
