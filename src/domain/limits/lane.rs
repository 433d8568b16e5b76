//! What a decision about one asset may know of its lanes: what others took, and whose turn it is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    super::slot::{Slot, compared, compared_platform},
    Asker, Bucket, Effect, EffectKind, Followed, Group, LONGEST_MEMORY, Ledger, Limits, Turn,
};
use crate::api::{AssetType, Environment, ReceiptSlot};

/// An account: platform and name in their compared form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountKey {
    /// The platform.
    pub platform: String,
    /// The name on it.
    pub account: String,
}

impl AccountKey {
    /// The account of a target, whatever its spelling.
    pub fn of(platform: &str, account: &str) -> Self {
        Self {
            platform: compared_platform(platform),
            account: compared(account),
        }
    }

    /// Whether a slot in its compared form is on this account.
    pub fn has(&self, slot: &ReceiptSlot) -> bool {
        self.platform == slot.platform && self.account == slot.account
    }

    /// The account of a slot.
    pub fn of_slot(slot: &ReceiptSlot) -> Self {
        Self {
            platform: slot.platform.clone(),
            account: slot.account.clone(),
        }
    }
}

/// What one receipt says.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its slot, in the compared form.
    pub slot: &'a ReceiptSlot,
    /// What it is; none before its first attempt.
    pub type_: Option<AssetType>,
    /// What it left.
    pub effects: &'a [Effect],
}

/// Whose room is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// For real, or for trying out: one never takes the other's room.
    pub environment: Environment,
    /// The account.
    pub account: AccountKey,
    /// The campaign's id, where it has a cap.
    pub campaign: Option<String>,
    /// The accounts that share the bucket, its own included; none without a bucket.
    pub sharing: BTreeSet<AccountKey>,
}

/// What the lanes of an asset leave to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaneFacts {
    /// What was taken of the account's room.
    pub account: Ledger,
    /// What was taken of the campaign's.
    pub campaign: Ledger,
    /// When requests of the bucket were made, in order.
    pub requests: Vec<Timestamp>,
    /// The bucket, as strict as the strictest of the channels that share it.
    pub bucket: Option<Bucket>,
    /// Until when a platform asked one of those channels to wait.
    pub bucket_waits_until: Option<Timestamp>,
    /// True where readers see another item of its thread.
    pub has_begun: bool,
    /// When it has its turn among those who wait; none where nobody waits before it, or nobody has looked.
    pub turn: Option<Turn>,
    /// How the post that it goes out after stands, on each of its targets.
    pub followed: Vec<Followed>,
}

impl LaneFacts {
    /// What receipts leave to a slot. The attempt that is being made for the slot itself is no part of it.
    pub fn of<'a>(
        own: &Slot,
        scope: &Scope,
        records: impl Iterator<Item = Record<'a>>,
        now: Timestamp,
    ) -> Self {
        let mut facts = Self::default();
        let since = now.checked_sub(LONGEST_MEMORY).unwrap_or(Timestamp::MIN);
        let group = Group::of(own.fields());
        let is_part = own.fields().item != "main";
        for record in records {
            let is_own = record.slot == own.fields();
            for effect in record.effects {
                let counts = effect.at >= since && !(is_own && effect.kind == EffectKind::Open);
                if counts {
                    facts.take(scope, &record, *effect);
                }
            }
            let shows = |effect: &Effect| effect.kind == EffectKind::Visible;
            facts.has_begun |=
                is_part && !is_own && Group::of(record.slot) == group && record.effects.iter().any(shows);
        }
        facts.requests.sort();
        facts
    }

    fn take(&mut self, scope: &Scope, record: &Record<'_>, effect: Effect) {
        if scope.sharing.iter().any(|account| account.has(record.slot)) {
            self.requests.push(effect.over());
        }
        let is_seen = effect.kind != EffectKind::Asked && record.type_ != Some(AssetType::Template);
        if !is_seen || record.slot.environment != scope.environment {
            return;
        }
        if scope.account.has(record.slot) {
            self.account.record(Group::of(record.slot), effect);
        }
        if scope.campaign.as_ref() == Some(&record.slot.campaign) {
            self.campaign.record(Group::of(record.slot), effect);
        }
    }

    /// These facts as they answer for a group under limits.
    pub fn asker<'a>(&'a self, group: &'a Group, limits: &'a Limits) -> Asker<'a> {
        Asker {
            group,
            limits,
            campaign_cap: None,
            bucket: self.bucket.as_ref(),
            waits_until: self.bucket_waits_until,
            is_stored: false,
            has_begun: self.has_begun,
            account: &self.account,
            campaign: &self.campaign,
            requests: &self.requests,
        }
    }
}

/// The bucket of several channels that name it: the strictest of what they say holds for all.
pub fn shared_bucket<'a>(name: &str, said: impl Iterator<Item = &'a Bucket>) -> Option<Bucket> {
    said.filter(|bucket| bucket.name == name)
        .cloned()
        .reduce(|one, other| Bucket {
            name: one.name,
            limit: one.limit.min(other.limit),
            per: one.per.max(other.per),
        })
}
