//! What people read of a Halt, and which asset is tried after the Halt of a breaker.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    super::{context::Shared, error::Error, report::Notice},
    observe::Observed,
};
use crate::{
    api::{Condition, Halt, HaltProbe, HaltStatus, ProbeOutcome},
    domain::halts::{HaltReport, Seen, Stage, halt_report, merged, probe_candidate, probed},
};

/// Writes what changed; answers when to look again before anything happens.
pub(super) async fn summarise(
    halt: &Halt,
    observed: &Observed,
    shared: &Shared,
) -> Result<Option<Duration>, Error> {
    let before = halt.status.clone().unwrap_or_default();
    let report = report(halt, observed, &before, shared);
    if !differs(&before, &report, false) {
        return Ok(None);
    }
    let (uid, now) = (halt.uid().unwrap_or_default(), shared.clock.steady());
    if !differs(&before, &report, true)
        && let Some(pause) = shared.halts_told.pause(&uid, now)
    {
        return Ok(Some(pause));
    }
    let telling = match shared.repeats.telling(&uid, &report, now) {
        Ok(telling) => telling,
        Err(pause) => return Ok(Some(pause)),
    };
    shared.halts_told.note(&uid, now);
    write(halt, &report, shared).await?;
    telling.told();
    notices(halt, &before, &report, shared).await;
    Ok(None)
}

fn report(halt: &Halt, observed: &Observed, before: &HaltStatus, shared: &Shared) -> HaltReport {
    let now = shared.clock.now();
    let probe = next_probe(observed, before.probe.clone(), shared);
    let mut facts = observed.facts.clone();
    if probe != before.probe {
        let tried = Halt {
            status: Some(HaltStatus {
                probe: probe.clone(),
                ..before.clone()
            }),
            ..halt.clone()
        };
        facts = crate::domain::halts::HaltFacts::of(&facts.name, &tried, facts.since);
    }
    let seen = Seen {
        generation: halt.metadata.generation.unwrap_or(0),
        scope: observed.scope.clone(),
        matched: &observed.matched,
        in_flight: merged(&before.in_flight, observed.in_flight.clone()),
        probe,
        before: &before.conditions,
    };
    halt_report(&facts, seen, now)
}

/// The asset that is tried: what it came to, or the next one where there is none or it cannot go any more.
fn next_probe(observed: &Observed, before: Option<HaltProbe>, shared: &Shared) -> Option<HaltProbe> {
    let now = shared.clock.now();
    if observed.facts.stage(now) != Stage::HalfOpen {
        return before;
    }
    let next = || {
        let candidate = probe_candidate(&observed.matched, now)?;
        Some(HaltProbe {
            asset: candidate.name.clone(),
            since: Time(now),
            outcome: None,
            ended_at: None,
        })
    };
    let Some(probe) = before.filter(|probe| probe.outcome.is_none()) else {
        return next();
    };
    if let Some(outcome) = probed(&probe, observed.tried.as_deref()) {
        return Some(HaltProbe {
            outcome: Some(outcome),
            ended_at: Some(Time(now)),
            ..probe
        });
    }
    let goes_on = observed
        .matched
        .iter()
        .any(|view| view.name == probe.asset && view.may_be_tried());
    if goes_on {
        Some(probe)
    } else {
        next().or(Some(probe))
    }
}

/// Whether a report says anything new; with `at_once`, anything new but counts.
fn differs(before: &HaltStatus, report: &HaltReport, at_once: bool) -> bool {
    let stated = |conditions: &[Condition]| -> Vec<_> {
        conditions
            .iter()
            .map(|condition| {
                (
                    condition.type_.clone(),
                    condition.status,
                    condition.reason.clone(),
                    condition.message.clone(),
                )
            })
            .collect()
    };
    let counts = before.affected.as_ref() != Some(&report.affected);
    let rest = before.observed_generation != report.observed_generation
        || before.scope.as_ref() != Some(&report.scope)
        || before.in_flight != report.in_flight
        || before.in_flight_count != report.in_flight_count
        || before.probe.as_ref().map(shown) != report.probe.as_ref().map(shown)
        || stated(&before.conditions) != stated(&report.conditions);
    rest || (counts && !at_once)
}

/// Instants are kept in whole seconds.
fn shown(probe: &HaltProbe) -> (&str, i64, Option<ProbeOutcome>) {
    (&probe.asset, probe.since.0.as_second(), probe.outcome)
}

async fn write(halt: &Halt, report: &HaltReport, shared: &Shared) -> Result<(), Error> {
    let namespace = halt.namespace().unwrap_or_default();
    let api: Api<Halt> = Api::namespaced(shared.client.clone(), &namespace);
    // Conditional: of two that choose an asset to try, one does.
    let patch = json!({"metadata": {"resourceVersion": halt.resource_version()}, "status": report});
    let written = api
        .patch_status(&halt.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(source) => Err(Error::api("write the status of a Halt")(source)),
    }
}

/// An Event where a Halt begins to hold, holds nothing, or has ended.
async fn notices(halt: &Halt, before: &HaltStatus, report: &HaltReport, shared: &Shared) {
    let Some(said) = report.conditions.first() else {
        return;
    };
    let told = before.conditions.iter().any(|old| old.reason == said.reason);
    if told {
        return;
    }
    let note = format!(
        "{} ({}, {} assets): {} {}",
        report.scope, halt.spec.owner, report.affected.assets, halt.spec.reason, said.message
    );
    let occurrence = format!("{}/{}", said.reason, said.last_transition_time.0);
    let notice = Notice {
        warns: said.reason != "Ended",
        reason: &said.reason,
        action: "Halt",
        note: &note,
        occurrence: &occurrence,
    };
    shared
        .reporter
        .emit(halt.object_ref(&()), notice, shared.clock.now())
        .await;
}
