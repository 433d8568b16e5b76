//! Time: it has come, a window is open, what it follows is published, and it has not passed.

use jiff::Timestamp;

use super::{
    super::{
        channels::Replies,
        halts::{Resumption, holds_on},
        items,
        limits::{Following, following, replying},
        observed::{AssetFacts, Observed},
        plan::GateState,
    },
    approval, channel, closed,
    due::{Due, replied_to, slot},
    room,
};
use crate::api::AssetPhase;

/// Why an asset waits for another one.
pub(super) const WAITING_FOR_POST: &str = "WaitingForPost";
/// Why an asset waits for the one that it replies to.
pub(super) const WAITING_FOR_ITEM: &str = "WaitingForItem";

pub(super) fn time(observed: &Observed, now: Timestamp) -> GateState {
    let asset = &observed.asset;
    if observed.campaign.is_none() {
        return GateState::Open;
    }
    let Some(due) = Due::of(observed, now) else {
        return without_time();
    };
    let following = followed(observed);
    if let Following::Stopped(reason, message) = following {
        return closed(AssetPhase::Blocked, reason, message);
    }
    if now < due.at {
        return GateState::Waiting {
            until: due.at,
            phase: AssetPhase::Scheduled,
            reason: "WaitingForTime".to_owned(),
            message: format!("It goes out at {}.", due.at),
        };
    }
    if let (Following::Waits(message), true) = (&following, is_reply(asset)) {
        // It is missed when the one before is, and not for waiting.
        return closed(AssetPhase::Scheduled, WAITING_FOR_ITEM, message.clone());
    }
    let missed = match holds_on(observed, now) {
        Some(Resumption::Within(latest)) => after_a_halt(asset, now, latest),
        _ => missed(observed, due, now),
    };
    if let Some(missed) = missed {
        return missed;
    }
    match following {
        Following::Waits(message) => GateState::Closed {
            phase: AssetPhase::Scheduled,
            reason: WAITING_FOR_POST.to_owned(),
            message,
            until: due.no_later(None),
        },
        _ => room::held(observed, false, now),
    }
}

/// A Halt that has gone says itself how late is still in time, whatever its campaign would say.
fn after_a_halt(asset: &AssetFacts, now: Timestamp, latest: Timestamp) -> Option<GateState> {
    let halt = asset.hold.as_ref().map_or("", |hold| hold.halt.as_str());
    let message = format!(
        "It was due while Halt {halt} stood, which ended later than it allowed for. Give it a new date."
    );
    (now > latest).then(|| closed(AssetPhase::Missed, "NotPublishedInTime", message))
}

/// A post whose time nobody knows goes at none.
fn without_time() -> GateState {
    let message = "Nobody can tell when it is to be published. Give it a date.";
    closed(AssetPhase::Invalid, "TimeUnknown", message)
}

fn missed(observed: &Observed, due: Due, now: Timestamp) -> Option<GateState> {
    let asset = &observed.asset;
    // What never is missed has no last instant.
    due.last?;
    if matches!((approval::since(observed, now), asset.day_ends_at), (Some(at), Some(end)) if at >= end) {
        let message = "It was approved after its day had ended. Give it a new date.";
        return Some(closed(AssetPhase::Missed, "NotApprovedInTime", message));
    }
    let meant = asset.publish_at.unwrap_or(due.at);
    due.is_over(now).then(|| {
        closed(
            AssetPhase::Missed,
            "NotPublishedInTime",
            format!(
                "Its time was {meant}, and the campaign publishes nothing that late. Give it a new date."
            ),
        )
    })
}

fn followed(observed: &Observed) -> Following {
    let Some((post, slot)) = observed.asset.followed_post().zip(slot(observed)) else {
        return Following::Open;
    };
    if is_reply(&observed.asset) {
        let by_id = channel(observed).is_ok_and(|channel| channel.replies == Replies::ById);
        return replying(&slot, &observed.lane.followed, by_id);
    }
    following(&slot, post, &observed.lane.followed)
}

/// The platform's own id of what an asset replies to, where its channel can be told.
pub fn reply_to(observed: &Observed) -> Option<String> {
    let tells = channel(observed).is_ok_and(|channel| channel.replies != Replies::No);
    let before = replied_to(observed).filter(|_| tells)?;
    before.remote_id.clone()
}

fn is_reply(asset: &AssetFacts) -> bool {
    items::replies_to(&asset.item).is_some()
}
