//! Limits: they leave room.

use jiff::Timestamp;

use super::{
    super::{observed::Observed, plan::GateState},
    room,
};

pub(super) fn limits(observed: &Observed, now: Timestamp) -> GateState {
    room::held(observed, true, now)
}
