//! When an asset is due, and until when it is still in time.

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{
        halts::{Resumption, holds_on},
        limits::{self, Followed},
        observed::{CampaignFacts, Observed},
        slot::Slot,
    },
    approval, channel,
};
use crate::api::MissedPolicyKind;

/// How late a send may be and still count as on time under the policy Skip: what a busy minute costs.
const ON_TIME: SignedDuration = SignedDuration::from_mins(1);
/// How soon after the last instant it is looked at again, to say that it is missed.
const A_SECOND: SignedDuration = SignedDuration::from_secs(1);

/// When an asset is due, and until when it is still in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Before this instant it does not go out: its time, and what the jitter of its account adds.
    pub(super) at: Timestamp,
    /// After this instant it is missed; none where it never is.
    pub(super) last: Option<Timestamp>,
}

impl Due {
    /// None where there is no campaign, or nobody knows its time.
    pub(super) fn of(observed: &Observed, now: Timestamp) -> Option<Self> {
        let Observed { asset, campaign, .. } = observed;
        let campaign = campaign.as_ref()?;
        let at = match asset.publish_at {
            Some(publish_at) => with_jitter(observed, campaign, publish_at),
            None if asset.is_state() => Timestamp::MIN,
            None => return None,
        };
        let never = asset.is_state() || campaign.missed.policy == MissedPolicyKind::Publish;
        let since = approval::since(observed, now).map_or(at, |approved_at| at.max(approved_at));
        // What replies is late from when the item before was published: a thread that has begun is finished.
        let begun = replied_to(observed).and_then(|before| before.published_at);
        let since = begun.map_or(since, |begun| since.max(begun));
        let last = since.checked_add(allowed_lateness(campaign)).ok();
        let last = match holds_on(observed, now) {
            // A Halt that has gone says itself how late is still in time.
            Some(Resumption::Within(latest)) => Some(latest).filter(|latest| *latest < Timestamp::MAX),
            _ => last.filter(|_| !never),
        };
        Some(Self { at, last })
    }

    /// True once it is missed.
    pub(super) fn is_over(self, now: Timestamp) -> bool {
        self.last.is_some_and(|last| now > last)
    }

    /// When to look again at what waits until an instant: then, or when it is missed.
    pub(super) fn no_later(self, until: Option<Timestamp>) -> Option<Timestamp> {
        let missed = self.last.and_then(|last| last.checked_add(A_SECOND).ok());
        [until, missed].into_iter().flatten().min()
    }
}

/// The slot of an asset under its campaign and in the environment of its channel.
pub(super) fn slot(observed: &Observed) -> Option<Slot> {
    let channel = channel(observed).ok()?;
    let campaign = observed.campaign.as_ref()?;
    Some(observed.asset.slot(&campaign.id, channel.environment))
}

/// The item that an asset replies to, as it stands.
pub(super) fn replied_to(observed: &Observed) -> Option<&Followed> {
    limits::replied_to(&slot(observed)?, &observed.lane.followed)
}

fn with_jitter(observed: &Observed, campaign: &CampaignFacts, publish_at: Timestamp) -> Timestamp {
    let Ok(channel) = channel(observed) else {
        return publish_at;
    };
    if channel.limits.jitter.is_zero() || observed.asset.is_state() {
        return publish_at;
    }
    let slot = observed.asset.slot(&campaign.id, channel.environment);
    publish_at
        .checked_add(channel.limits.offset(&slot))
        .unwrap_or(publish_at)
}

fn allowed_lateness(campaign: &CampaignFacts) -> SignedDuration {
    match campaign.missed.policy {
        MissedPolicyKind::Skip => ON_TIME,
        MissedPolicyKind::PublishWithin => SignedDuration::try_from(campaign.missed.within.0)
            .unwrap_or(SignedDuration::MAX)
            .max(ON_TIME),
        MissedPolicyKind::Publish => SignedDuration::MAX,
    }
}
