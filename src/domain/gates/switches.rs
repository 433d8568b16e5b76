//! Switches: nobody has stopped it.

use super::{
    super::{observed::Observed, plan::GateState},
    closed,
    target::channel,
};
use crate::api::AssetPhase;

pub(super) fn switches(observed: &Observed) -> GateState {
    if let Some((reason, message)) = &observed.process.closed {
        return closed(AssetPhase::Blocked, reason, message.clone());
    }
    if observed
        .campaign
        .as_ref()
        .is_some_and(|campaign| campaign.suspend)
    {
        return closed(
            AssetPhase::Halted,
            "CampaignSuspended",
            "The Campaign has suspend: true.",
        );
    }
    if observed
        .campaign
        .as_ref()
        .is_some_and(|campaign| !campaign.publish_enabled)
    {
        return closed(
            AssetPhase::Halted,
            "CampaignDisabled",
            "The Campaign has publishEnabled: false.",
        );
    }
    match channel(observed) {
        Ok(channel) if !channel.publish_enabled => closed(
            AssetPhase::Halted,
            "ChannelDisabled",
            format!("ChannelConfig {} has publishEnabled: false.", channel.name),
        ),
        _ => GateState::Open,
    }
}
