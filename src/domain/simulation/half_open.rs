//! The Halt of a breaker that has run out: one asset goes first, and when that went well the rest follows.

use jiff::Timestamp;

use super::super::{
    halts::{Probe, Stage},
    observed::Observed,
    plan::{GateName, GateState, Plan},
};
use crate::api::ProbeOutcome;

/// Why an asset waits for the one that is tried.
const HALF_OPEN: &str = "HalfOpen";

/// The Halt that an asset is to be tried under: nothing else holds it, and no other is tried.
pub(super) fn to_be_tried(observed: &Observed, plan: &Plan, now: Timestamp) -> Option<String> {
    let gates = plan.gates.iter();
    let free = gates
        .filter(|gate| gate.name != GateName::Switches)
        .all(|gate| gate.state == GateState::Open);
    let halts = observed.halts.iter();
    let mut untried = halts.filter(|halt| halt.stage(now) == Stage::HalfOpen && halt.tries(now).is_none());
    let halt = untried.next().filter(|_| free && plan.reason == HALF_OPEN);
    halt.map(|halt| halt.name.clone())
}

/// Every asset that the Halt stops knows which one is tried.
pub(super) fn try_first(assets: &mut [Observed], asset: usize, halt: &str) {
    let Some(name) = assets.get(asset).map(|observed| observed.asset.name.clone()) else {
        return;
    };
    let halts = assets.iter_mut().flat_map(|observed| &mut observed.halts);
    for known in halts.filter(|known| known.name == halt) {
        known.probe = Some(Probe {
            asset: name.clone(),
            outcome: None,
        });
    }
}

/// Notes that the asset is published; tells whether it was one that was tried.
pub(super) fn went_well(assets: &mut [Observed], asset: usize, now: Timestamp) -> bool {
    let Some(name) = assets.get(asset).map(|observed| observed.asset.name.clone()) else {
        return false;
    };
    let mut tried = false;
    let halts = assets.iter_mut().flat_map(|observed| &mut observed.halts);
    for probe in halts.filter_map(|halt| halt.probe.as_mut()) {
        if probe.asset == name && probe.outcome.is_none() {
            probe.outcome = Some((ProbeOutcome::Passed, now));
            tried = true;
        }
    }
    tried
}

/// When an asset that waits for the one that is tried is free of everything else.
pub(super) fn wake_at(plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    if plan.reason != HALF_OPEN {
        return None;
    }
    let later = plan.gates.iter().filter_map(|gate| gate.state.until());
    later.filter(|at| *at > now).min()
}
