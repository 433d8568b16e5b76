//! What the limits of account, campaign and app are, and whose turn it is.

use super::Origin;
use crate::{
    api::GoDuration,
    domain::{
        limits::DailyCap,
        observed::{ChannelFacts, Observed},
    },
};

/// What counts: caps, the requests of an app, and what a platform asked for.
pub(super) fn counted(observed: &Observed, origin: &Origin) -> Vec<String> {
    let channels = observed.channels.iter();
    let mut facts: Vec<String> = channels.flat_map(|channel| of_channel(channel, origin)).collect();
    let cap = observed
        .campaign
        .as_ref()
        .and_then(|campaign| campaign.cap.as_ref());
    facts.extend(cap.map(|cap| format!("Campaign {}: {}", observed.asset.campaign, a_day(cap))));
    facts.extend(observed.lane.bucket.as_ref().map(|bucket| {
        format!(
            "rate bucket {}: at most {} requests in {} by all of its channels",
            bucket.name,
            bucket.limit,
            GoDuration(bucket.per.unsigned_abs())
        )
    }));
    facts.extend(observed.lane.turn.and_then(|turn| turn.at).map(|at| {
        format!(
            "those before it in line leave room for it from {} on",
            origin.local(at)
        )
    }));
    facts
}

fn of_channel(channel: &ChannelFacts, origin: &Origin) -> Vec<String> {
    let asked = channel.rate_limited_until.map(|until| {
        format!(
            "the platform asked ChannelConfig {} to wait until {}",
            channel.name,
            origin.local(until)
        )
    });
    let cap = channel.limits.cap.as_ref();
    let cap = cap.map(|cap| format!("ChannelConfig {}: {}", channel.name, a_day(cap)));
    asked.into_iter().chain(cap).collect()
}

fn a_day(cap: &DailyCap) -> String {
    let zone = cap.zone.iana_name().unwrap_or("its zone");
    format!("at most {} targets a day of {zone}", cap.limit)
}

/// What is a matter of the time: gaps and windows.
pub(super) fn spaced(observed: &Observed, origin: &Origin) -> Vec<String> {
    let channels = observed.channels.iter();
    channels
        .flat_map(|channel| {
            let limits = &channel.limits;
            let gap = (!limits.gap.is_zero()).then(|| {
                format!(
                    "ChannelConfig {}: {} between two publications",
                    channel.name,
                    GoDuration(limits.gap.unsigned_abs())
                )
            });
            let at = observed.asset.publish_at;
            let shut = at
                .and_then(|at| limits.calendar.shut(at))
                .and_then(|shut| shut.until);
            let opens = shut.map(|until| {
                format!(
                    "ChannelConfig {}: shut at its time, open from {} on",
                    channel.name,
                    origin.local(until)
                )
            });
            gap.into_iter().chain(opens)
        })
        .collect()
}
