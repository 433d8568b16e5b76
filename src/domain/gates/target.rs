//! Target: it resolves to one channel, and the channel can publish.

use super::{
    super::{
        channels::Replies,
        observed::{ChannelFacts, Observed},
        plan::GateState,
    },
    closed,
};
use crate::api::AssetPhase;

/// The one channel of the asset's target.
pub(in super::super) fn channel(observed: &Observed) -> Result<&ChannelFacts, GateState> {
    let target = &observed.asset.target;
    match observed.channels.as_slice() {
        [channel] => Ok(channel),
        [] => Err(closed(
            AssetPhase::Blocked,
            "NoChannel",
            format!(
                "No ChannelConfig has platform {} and account {}. Create one.",
                target.platform, target.account
            ),
        )),
        several => Err(closed(
            AssetPhase::Blocked,
            "AmbiguousChannel",
            format!(
                "More than one ChannelConfig has platform {} and account {}: {}. Delete all but one.",
                target.platform,
                target.account,
                several
                    .iter()
                    .map(|channel| channel.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
    }
}

pub(super) fn target(observed: &Observed) -> GateState {
    let channel = match channel(observed) {
        Ok(channel) => channel,
        Err(state) => return state,
    };
    if observed.asset.is_of_several && channel.replies == Replies::No {
        return closed(
            AssetPhase::Blocked,
            "ThreadsNotSupported",
            format!(
                "ChannelConfig {} publishes no threads and no first comments. Empty these columns of the row, or publish the \
                 post by hand and write posted.",
                channel.name
            ),
        );
    }
    if !channel.missing.is_empty() {
        let missing = channel.missing.join(", ");
        return closed(
            AssetPhase::Blocked,
            "MissingConfig",
            format!(
                "ChannelConfig {} needs what is not there: {missing}.",
                channel.name
            ),
        );
    }
    if let Some((reason, message)) = &channel.unusable {
        return closed(AssetPhase::Blocked, reason, message.clone());
    }
    channel.refused.as_ref().map_or(GateState::Open, |said| {
        closed(
            AssetPhase::Blocked,
            "ChannelRefused",
            format!(
                "The platform refused ChannelConfig {}: {said}. Change its Secret or its spec to try again.",
                channel.name
            ),
        )
    })
}
