//! The line: everybody who waits for room, in order, each with the first instant that is left to it.

use std::{cmp::Ordering, collections::BTreeMap};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    AccountKey, Asker, Bucket, DailyCap, Effect, EffectKind, Group, LONGEST_MEMORY, Ledger, Limit, Limits,
    Record,
};
use crate::api::{AssetType, Environment};

/// How many wait in one line: the rest follow when these have gone.
pub const LONGEST_LINE: usize = 1_000;

/// The order in which those who wait go: by time, pages first, then by post id and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// When it is meant to go out; what has no time goes first.
    pub publish_at: Option<Timestamp>,
    /// False for pages and templates, which go first.
    pub is_moment: bool,
    /// The id of its post.
    pub post_id: String,
    /// The name of its Asset.
    pub name: String,
}

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its place in the line.
    pub order: Order,
    /// The target.
    pub group: Group,
    /// For real, or for trying out.
    pub environment: Environment,
    /// The account.
    pub account: AccountKey,
    /// The campaign's id.
    pub campaign: String,
    /// The limits of the account.
    pub limits: Limits,
    /// The cap of the campaign.
    pub campaign_cap: Option<DailyCap>,
    /// The bucket of the account: the strictest of what those that share it say.
    pub bucket: Option<Bucket>,
    /// Until when the platform asked to wait.
    pub waits_until: Option<Timestamp>,
    /// True for what is stored and not published.
    pub is_stored: bool,
    /// True for the rest of a thread that readers see the beginning of.
    pub has_begun: bool,
    /// Before this instant it does not want to go.
    pub from: Timestamp,
    /// After this instant it is missed; none where it never is.
    pub last: Option<Timestamp>,
}

/// When somebody who waits has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// The first instant that those before it leave to it; none where there is none within a year.
    pub at: Option<Timestamp>,
    /// What keeps it from being earlier.
    pub limit: Option<Limit>,
    /// True where it will be missed before that.
    pub too_late: bool,
}

impl Turn {
    /// Whether somebody has to look again: the turn comes sooner, or they are to say that it comes too late.
    pub fn is_news_after(&self, before: Option<&Self>) -> bool {
        let Some(before) = before else { return true };
        let sooner = match (before.at, self.at) {
            (Some(before), Some(at)) => at < before,
            (before, at) => before != at,
        };
        sooner || before.too_late != self.too_late
    }
}

/// A line: the turn of each, by the name of its Asset.
pub type Line = BTreeMap<String, Turn>;

/// What was taken of the room of every account, campaign and bucket of a namespace.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    accounts: BTreeMap<(Environment, AccountKey), Ledger>,
    campaigns: BTreeMap<(Environment, String), Ledger>,
    requests: BTreeMap<String, Vec<Timestamp>>,
}

impl Taken {
    /// Enters what a receipt says; `bucket` is the one of its account.
    pub fn record(&mut self, record: &Record<'_>, bucket: Option<&str>, now: Timestamp) {
        let since = now.checked_sub(LONGEST_MEMORY).unwrap_or(Timestamp::MIN);
        for effect in record.effects.iter().filter(|effect| effect.at >= since) {
            self.record_effect(record, bucket, *effect);
        }
    }

    fn record_effect(&mut self, record: &Record<'_>, bucket: Option<&str>, effect: Effect) {
        if let Some(bucket) = bucket {
            self.request(bucket, effect.over());
        }
        if effect.kind == EffectKind::Asked || record.type_ == Some(AssetType::Template) {
            return;
        }
        let (environment, group) = (record.slot.environment, Group::of(record.slot));
        let account = (environment, AccountKey::of_slot(record.slot));
        let campaign = (environment, record.slot.campaign.clone());
        self.accounts
            .entry(account)
            .or_default()
            .record(group.clone(), effect);
        self.campaigns.entry(campaign).or_default().record(group, effect);
    }

    fn request(&mut self, bucket: &str, at: Timestamp) {
        let requests = self.requests.entry(bucket.to_owned()).or_default();
        let place = requests.partition_point(|known| *known <= at);
        requests.insert(place, at);
    }

    fn reserve(&mut self, candidate: &Candidate, at: Timestamp) {
        if let Some(bucket) = &candidate.bucket {
            self.request(&bucket.name, at);
        }
        if candidate.is_stored {
            return;
        }
        let (account, campaign) = candidate.keys();
        let group = &candidate.group;
        self.accounts
            .entry(account)
            .or_default()
            .reserve(group.clone(), at);
        self.campaigns
            .entry(campaign)
            .or_default()
            .reserve(group.clone(), at);
    }
}

impl Candidate {
    fn keys(&self) -> ((Environment, AccountKey), (Environment, String)) {
        (
            (self.environment, self.account.clone()),
            (self.environment, self.campaign.clone()),
        )
    }

    fn turn(&self, taken: &Taken, now: Timestamp) -> Turn {
        let (account, campaign) = self.keys();
        let nothing = Ledger::default();
        let requests = self
            .bucket
            .as_ref()
            .and_then(|bucket| taken.requests.get(&bucket.name));
        let asker = Asker {
            group: &self.group,
            limits: &self.limits,
            campaign_cap: self.campaign_cap.as_ref(),
            bucket: self.bucket.as_ref(),
            waits_until: self.waits_until,
            is_stored: self.is_stored,
            has_begun: self.has_begun,
            account: taken.accounts.get(&account).unwrap_or(&nothing),
            campaign: taken.campaigns.get(&campaign).unwrap_or(&nothing),
            requests: requests.map_or(&[], Vec::as_slice),
        };
        let opening = asker.opening(self.from.max(now));
        let too_late = match (opening.at, self.last) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(at), Some(last)) => at > last,
        };
        Turn {
            at: opening.at,
            limit: opening.limit,
            too_late,
        }
    }
}

/// Gives everybody who waits its turn: the first come first, and nobody takes room from one before it.
///
/// Who would be missed before its turn takes no room. Equal inputs give equal lines.
pub fn turns(mut candidates: Vec<Candidate>, mut taken: Taken, now: Timestamp) -> Line {
    candidates.sort_by(in_order);
    let mut line = Line::new();
    for candidate in candidates {
        let turn = candidate.turn(&taken, now);
        if let Some(at) = turn.at.filter(|_| !turn.too_late) {
            taken.reserve(&candidate, at);
        }
        line.insert(candidate.order.name, turn);
    }
    line
}

fn in_order(one: &Candidate, other: &Candidate) -> Ordering {
    one.order.cmp(&other.order)
}
