//! Switches: nobody has stopped it.

use jiff::Timestamp;

use super::{
    super::{
        halts::{HaltFacts, Resumption, Stage, holds_on},
        observed::Observed,
        plan::GateState,
        receipt::shortened,
    },
    closed,
    target::channel,
};
use crate::api::{AssetPhase, MissedPolicyKind, ResumePolicy};

pub(super) fn switches(observed: &Observed, now: Timestamp) -> GateState {
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
        _ => under_a_halt(observed, now)
            .or_else(|| after_a_halt(observed, now))
            .or_else(|| while_another_is_tried(observed, now))
            .unwrap_or(GateState::Open),
    }
}

/// A Halt in force stops it; of several the eldest is named.
fn under_a_halt(observed: &Observed, now: Timestamp) -> Option<GateState> {
    let in_force = || {
        let halts = observed.halts.iter();
        halts.filter(|halt| halt.stage(now) == Stage::InForce)
    };
    let eldest = in_force().min_by(|a, b| (a.since, &a.name).cmp(&(b.since, &b.name)))?;
    let others = match in_force().count() {
        1 => String::new(),
        2 => " Another Halt stops it as well.".to_owned(),
        several => format!(" {} other Halts stop it as well.", several - 1),
    };
    let until = in_force().filter_map(HaltFacts::ends).min();
    let message = format!(
        "Halt {} of {} stops it: {} {} {}{others}",
        eldest.name,
        eldest.owner,
        sentence(&eldest.reason),
        opens(eldest),
        follows(eldest)
    );
    Some(GateState::Closed {
        phase: AssetPhase::Halted,
        reason: "Halted".to_owned(),
        message: shortened(&message, 1000),
        until,
    })
}

fn sentence(reason: &str) -> String {
    let reason = reason.trim();
    if reason.ends_with(['.', '!', '?']) {
        reason.to_owned()
    } else {
        format!("{reason}.")
    }
}

fn opens(halt: &HaltFacts) -> String {
    match halt.ends() {
        Some(until) => format!(
            "It ends at {until}, or when the Halt is deleted (campanile resume {}).",
            halt.name
        ),
        None => format!(
            "It ends when the Halt is deleted (campanile resume {}).",
            halt.name
        ),
    }
}

fn follows(halt: &HaltFacts) -> String {
    match (halt.resume.policy, halt.resume.within) {
        (ResumePolicy::AskApproval, _) => "What was due by then has to be approved anew.".to_owned(),
        (ResumePolicy::Skip, _) => "What was due by then is not sent.".to_owned(),
        (ResumePolicy::PublishWithin, within) => format!(
            "What was due by then goes out at most {} late.",
            within.unwrap_or_default()
        ),
    }
}

/// A Halt has gone that stood when this was due: nothing bursts out.
fn after_a_halt(observed: &Observed, now: Timestamp) -> Option<GateState> {
    let hold = observed.asset.hold.as_ref()?;
    match holds_on(observed, now)? {
        Resumption::Free | Resumption::Within(_) => None,
        Resumption::Skip => Some(closed(
            AssetPhase::Skipped,
            "SkippedByHalt",
            format!(
                "It was due while Halt {} of {} stood, which wants such posts not to be sent. Give it a new date to publish it.",
                hold.halt, hold.owner
            ),
        )),
        Resumption::Ask { .. } => Some(asks(observed, now)),
    }
}

/// It waits for a person as anything does that nobody has approved: until its day ends.
fn asks(observed: &Observed, now: Timestamp) -> GateState {
    let asset = &observed.asset;
    let (halt, owner) = asset
        .hold
        .as_ref()
        .map_or(("", ""), |hold| (hold.halt.as_str(), hold.owner.as_str()));
    let waits_for_ever = observed
        .campaign
        .as_ref()
        .is_some_and(|campaign| campaign.missed.policy == MissedPolicyKind::Publish);
    let end = asset.day_ends_at.filter(|_| !asset.is_state() && !waits_for_ever);
    if end.is_some_and(|end| now >= end) {
        let message = format!(
            "Halt {halt} of {owner} stood when it was due, and nobody approved it anew before its day ended."
        );
        return closed(AssetPhase::Missed, "NotApprovedInTime", message);
    }
    GateState::Closed {
        phase: AssetPhase::AwaitingApproval,
        reason: "HaltEnded".to_owned(),
        message: format!(
            "Halt {halt} of {owner} stood when it was due and has ended. Approve it anew, with an Approval or by a commit with the trailer Campanile-Approve: and its post id; or give it a new date."
        ),
        until: end,
    }
}

/// The Halt of a breaker has run out: one asset goes before the rest.
fn while_another_is_tried(observed: &Observed, now: Timestamp) -> Option<GateState> {
    let ours = Some(observed.asset.name.as_str());
    let half_open = |halt: &&HaltFacts| halt.stage(now) == Stage::HalfOpen && halt.tries(now) != ours;
    let halt = observed.halts.iter().find(half_open)?;
    let message = match halt.tries(now) {
        Some(tried) => format!(
            "Halt {} of {} has run out. {tried} is tried first; the rest follows when it is published.",
            halt.name, halt.owner
        ),
        None => format!(
            "Halt {} of {} has run out. One asset is tried first; the rest follows when it is published.",
            halt.name, halt.owner
        ),
    };
    Some(closed(AssetPhase::Halted, "HalfOpen", message))
}
