//! The gates, in order: each answers open, waiting until an instant, or closed for a reason.

pub mod approval;
mod due;
mod guards;
mod limits;
mod room;
mod source;
mod switches;
mod target;
mod time;

use jiff::Timestamp;

pub use self::guards::is_stopping;
pub use self::room::{candidate, needs_a_lane, room, would_be_missed};
pub use self::time::reply_to;
pub(super) use self::{approval::newest_approval, target::channel};
use super::{
    observed::Observed,
    plan::{Gate, GateName, GateState},
};
use crate::api::AssetPhase;

/// Every gate with its state; the first that is not open says where the asset is.
pub fn gates(observed: &Observed, now: Timestamp) -> Vec<Gate> {
    let states = [
        (GateName::Source, source::source(observed, now)),
        (GateName::Target, target::target(observed)),
        (GateName::Guards, guards::guards(observed)),
        (GateName::Approval, approval::approval(observed, now)),
        (GateName::Switches, switches::switches(observed, now)),
        (GateName::Limits, limits::limits(observed, now)),
        (GateName::Time, time::time(observed, now)),
    ];
    states
        .into_iter()
        .map(|(name, state)| Gate { name, state })
        .collect()
}

/// The state of the first gate that is not open.
pub fn first_held(gates: &[Gate]) -> Option<&GateState> {
    gates
        .iter()
        .map(|gate| &gate.state)
        .find(|state| **state != GateState::Open)
}

fn closed(phase: AssetPhase, reason: &str, message: impl Into<String>) -> GateState {
    GateState::Closed {
        phase,
        reason: reason.to_owned(),
        message: message.into(),
        until: None,
    }
}
