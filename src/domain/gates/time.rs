//! Time: it has come, and has not passed.

use jiff::{SignedDuration, Timestamp};

use super::{
    super::{
        halts::{Resumption, holds_on},
        observed::{AssetFacts, CampaignFacts, Observed},
        plan::GateState,
    },
    closed,
};
use crate::api::{AssetPhase, MissedPolicyKind};

/// How late a send may be and still count as on time under the policy Skip: what a busy minute costs.
const ON_TIME: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn time(observed: &Observed, now: Timestamp) -> GateState {
    let Observed { asset, campaign, .. } = observed;
    let Some(campaign) = campaign else {
        return GateState::Open;
    };
    let Some(publish_at) = asset.publish_at else {
        return without_time(asset);
    };
    if now < publish_at {
        return GateState::Waiting {
            until: publish_at,
            phase: AssetPhase::Scheduled,
            reason: "WaitingForTime".to_owned(),
            message: format!("It goes out at {publish_at}."),
        };
    }
    if let Some(Resumption::Within(latest)) = holds_on(observed, now) {
        return after_a_halt(asset, now, latest);
    }
    if asset.is_state() || campaign.missed.policy == MissedPolicyKind::Publish {
        return GateState::Open;
    }
    let approved_at = approved_at(asset);
    if matches!((approved_at, asset.day_ends_at), (Some(at), Some(end)) if at >= end) {
        let message = "It was approved after its day had ended. Give it a new date.";
        return closed(AssetPhase::Missed, "NotApprovedInTime", message);
    }
    let due_at = approved_at.map_or(publish_at, |at| publish_at.max(at));
    if now.duration_since(due_at) <= allowed_lateness(campaign) {
        return GateState::Open;
    }
    closed(
        AssetPhase::Missed,
        "NotPublishedInTime",
        format!(
            "Its time was {publish_at}, and the campaign publishes nothing that late. Give it a new date."
        ),
    )
}

/// A Halt that has gone says itself how late is still in time, whatever its campaign would say.
fn after_a_halt(asset: &AssetFacts, now: Timestamp, latest: Timestamp) -> GateState {
    if now <= latest {
        return GateState::Open;
    }
    let halt = asset.hold.as_ref().map_or("", |hold| hold.halt.as_str());
    let message = format!(
        "It was due while Halt {halt} stood, which ended later than it allowed for. Give it a new date."
    );
    closed(AssetPhase::Missed, "NotPublishedInTime", message)
}

/// A page or template may go at any time; a post whose time nobody knows goes at none.
fn without_time(asset: &AssetFacts) -> GateState {
    if asset.is_state() {
        return GateState::Open;
    }
    let message = "Nobody can tell when it is to be published. Give it a date.";
    closed(AssetPhase::Invalid, "TimeUnknown", message)
}

/// The instant of an approval that came after the asset was first seen.
fn approved_at(asset: &AssetFacts) -> Option<Timestamp> {
    let approval = asset.approval.as_ref()?;
    approval.at.as_ref().map(|time| time.0)
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
