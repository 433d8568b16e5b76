//! Limits: they leave room.

use jiff::Timestamp;

use super::{
    super::{observed::Observed, plan::GateState},
    target::channel,
};
use crate::api::AssetPhase;

pub(super) fn limits(observed: &Observed, now: Timestamp) -> GateState {
    match channel(observed)
        .ok()
        .and_then(|channel| channel.rate_limited_until)
    {
        Some(until) if until > now => GateState::Waiting {
            until,
            phase: AssetPhase::Scheduled,
            reason: "RateLimited".to_owned(),
            message: "The platform asked us to wait.".to_owned(),
        },
        _ => GateState::Open,
    }
}
