//! What the limits of account, app and campaign leave to an asset that is due.

use jiff::Timestamp;

use super::{
    super::{
        limits::{AccountKey, Asker, Candidate, Group, Limit, Opening, Order},
        observed::{ChannelFacts, Observed},
        plan::{Action, GateState, Plan, Warning},
        receipt::shortened,
    },
    channel,
    due::{Due, slot},
    time::{WAITING_FOR_ITEM, WAITING_FOR_POST},
};
use crate::{
    api::{AssetPhase, AssetType, GoDuration},
    domain::limits::DailyCap,
};

/// What is asked about an asset: its account, its time, and the target that it is.
struct Question<'a> {
    observed: &'a Observed,
    channel: &'a ChannelFacts,
    due: Due,
    group: Group,
}

impl<'a> Question<'a> {
    /// None where nothing limits the asset.
    fn of(observed: &'a Observed, now: Timestamp) -> Option<Self> {
        let channel = channel(observed).ok()?;
        if !is_limited(observed, channel) {
            return None;
        }
        Some(Self {
            observed,
            channel,
            due: Due::of(observed, now)?,
            group: Group::of(slot(observed)?.fields()),
        })
    }

    fn asker(&self) -> Asker<'_> {
        let lane = &self.observed.lane;
        let waits = [self.channel.rate_limited_until, lane.bucket_waits_until];
        Asker {
            campaign_cap: self.campaign_cap(),
            waits_until: waits.into_iter().flatten().max(),
            is_stored: self.observed.asset.type_ == AssetType::Template,
            ..lane.asker(&self.group, &self.channel.limits)
        }
    }

    fn campaign_cap(&self) -> Option<&DailyCap> {
        self.observed.campaign.as_ref()?.cap.as_ref()
    }

    /// What keeps it at an instant, of what counts or of what is a matter of the time.
    fn held_by(&self, counts: bool, now: Timestamp) -> Option<Limit> {
        let turn = self.observed.lane.turn;
        let later = turn.filter(|turn| turn.at.is_none_or(|at| at > now));
        let others = later.and_then(|turn| turn.limit);
        self.asker()
            .held_by(counts, now)
            .or_else(|| others.filter(|limit| limit.counts() == counts))
    }

    /// From when on nothing keeps it, those before it in line included.
    fn opening(&self, now: Timestamp) -> Opening {
        let alone = self.asker().opening(now.max(self.due.at));
        let Some(turn) = self.observed.lane.turn else {
            return alone;
        };
        Opening {
            at: alone.at.zip(turn.at).map(|(alone, turn)| alone.max(turn)),
            limit: alone.limit.or(turn.limit),
        }
    }

    fn said(&self, limit: Limit, now: Timestamp) -> String {
        let channel = &self.channel.name;
        let limits = &self.channel.limits;
        let cap = |cap: Option<&DailyCap>| cap.map_or(0, |cap| cap.limit);
        match limit {
            Limit::RetryAfter => "The platform asked us to wait.".to_owned(),
            Limit::ChannelCap => format!(
                "ChannelConfig {channel} publishes at most {} targets a day (limits.maxPublishesPerDay).",
                cap(limits.cap.as_ref())
            ),
            Limit::CampaignCap => format!(
                "Campaign {} publishes at most {} targets a day (maxPublishesPerDay).",
                self.observed.asset.campaign,
                cap(self.campaign_cap())
            ),
            Limit::RateBucket => self.observed.lane.bucket.as_ref().map_or_else(String::new, |bucket| {
                format!(
                    "The channels of the rate bucket {} make at most {} requests in {} (limits.rateBucket).",
                    bucket.name,
                    bucket.limit,
                    GoDuration(bucket.per.unsigned_abs())
                )
            }),
            Limit::QuietHours => format!("ChannelConfig {channel} has quiet hours (limits.quietHours)."),
            Limit::Window => match limits.calendar.shut(now).and_then(|shut| shut.window) {
                Some(window) => format!("Nothing goes out in the window {window} of ChannelConfig {channel}."),
                None => format!("No window of ChannelConfig {channel} is open (limits.windows)."),
            },
            Limit::MinimumGap => format!(
                "ChannelConfig {channel} keeps {} between two publications (limits.minimumGap).",
                GoDuration(limits.gap.unsigned_abs())
            ),
        }
    }
}

fn is_limited(observed: &Observed, channel: &ChannelFacts) -> bool {
    channel.rate_limited_until.is_some()
        || channel.limits != crate::domain::limits::Limits::default()
        || observed
            .campaign
            .as_ref()
            .is_some_and(|campaign| campaign.cap.is_some())
}

/// What keeps an asset that is due: of what counts for the gate Limits, of what is a matter of the time for the gate Time.
pub(super) fn held(observed: &Observed, counts: bool, now: Timestamp) -> GateState {
    let Some(question) = Question::of(observed, now) else {
        return GateState::Open;
    };
    // What is not due yet is held by its time, and what is missed is told as missed.
    if now < question.due.at || question.due.is_over(now) {
        return GateState::Open;
    }
    let Some(limit) = question.held_by(counts, now) else {
        return GateState::Open;
    };
    let said = question.said(limit, now);
    let opens = question.opening(now).at;
    let reason = limit.reason().to_owned();
    match (opens, question.due.no_later(opens)) {
        (Some(opens), Some(until)) => GateState::Waiting {
            until,
            phase: AssetPhase::Scheduled,
            reason,
            message: if limit == Limit::RetryAfter {
                said
            } else {
                format!("{said} There is room for it at {opens}.")
            },
        },
        (_, until) => GateState::Closed {
            phase: AssetPhase::Blocked,
            reason,
            message: format!("{said} Within a year there is no room for it. Change the limits."),
            until,
        },
    }
}

/// Says ahead of time that an asset cannot go out before it is missed.
pub fn would_be_missed(observed: &Observed, phase: AssetPhase, now: Timestamp) -> Option<Warning> {
    if !matches!(phase, AssetPhase::Scheduled | AssetPhase::AwaitingApproval) {
        return None;
    }
    let question = Question::of(observed, now)?;
    let last = question.due.last?;
    let opening = question.opening(now);
    let limit = opening.limit?;
    if question.due.is_over(now) || opening.at.is_some_and(|at| at <= last) {
        return None;
    }
    let said = question.said(limit, now.max(question.due.at));
    let message = format!(
        "{said} There is no room for it before it is missed, after {last}. Give it another time, or change the limits."
    );
    Some(Warning {
        reason: limit.reason().to_owned(),
        message: shortened(&message, 900),
    })
}

/// True where it depends on what others publish whether an asset may go out: it is judged in a lane.
pub fn needs_a_lane(observed: &Observed) -> bool {
    let capped = observed
        .campaign
        .as_ref()
        .is_some_and(|campaign| campaign.cap.is_some());
    capped || channel(observed).is_ok_and(|channel| channel.limits.need_a_lane())
}

/// How many like an asset may be under way at once, in what it is judged by.
pub fn room(observed: &Observed, now: Timestamp) -> usize {
    Question::of(observed, now).map_or(1, |question| question.asker().room(now))
}

/// The place of an asset in the line of those who wait for room; none where it does not wait, or needs no room.
pub fn candidate(observed: &Observed, plan: &Plan, now: Timestamp) -> Option<Candidate> {
    let acts = plan.action.publishes();
    let waits = plan.action == Action::Wait && plan.phase == AssetPhase::Scheduled;
    if !needs_a_lane(observed)
        || !(acts || waits)
        || [WAITING_FOR_ITEM, WAITING_FOR_POST].contains(&plan.reason.as_str())
    {
        return None;
    }
    let question = Question::of(observed, now)?;
    let asker = question.asker();
    let asset = &observed.asset;
    let receipt = observed.receipt.as_ref();
    let not_before = receipt.and_then(|receipt| receipt.status.not_before.as_ref());
    Some(Candidate {
        order: Order {
            publish_at: asset.publish_at,
            is_moment: !asset.is_state(),
            post_id: asset.post_id.clone(),
            name: asset.name.clone(),
        },
        environment: question.channel.environment,
        account: AccountKey::of(&asset.target.platform, &asset.target.account),
        campaign: slot(observed)?.fields().campaign.clone(),
        limits: question.channel.limits.clone(),
        campaign_cap: asker.campaign_cap.cloned(),
        bucket: asker.bucket.cloned(),
        waits_until: asker.waits_until,
        is_stored: asker.is_stored,
        has_begun: asker.has_begun,
        from: not_before.map_or(question.due.at, |at| question.due.at.max(at.0)),
        last: question.due.last,
        group: question.group.clone(),
    })
}
